"""A raw server on loopback for tests of the client: each test says what it answers."""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from genz.client.prompt import Prompt, Reply
from genz.client.request import InvalidAnswerError, Request

Handler = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serve(handler: Handler, path: str = "/{path:.*}"):
    """Base URL (without a version) of a server whose every request `handler` answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await handler(request, await request.json())

    app = web.Application(client_max_size=1 << 26)
    app.router.add_post(path, answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def completion(text: str, finish: str = "stop", **usage: int) -> web.Response:
    """A chat completion."""
    return web.json_response(chat_payload(text, finish, **usage))


def chat_payload(text: str | None, finish: str = "stop", **usage: int) -> dict[str, Any]:
    counts = {"prompt_tokens": 10, "completion_tokens": 2, **usage}
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {"choices": [choice], "usage": counts}


def error(status: int, message: str, headers: dict[str, str] | None = None, **names: str):
    body = {"error": {"message": message, **names}}
    return web.json_response(body, status=status, headers=headers)


def read(reply: Reply) -> str:
    """The answers of these tests are upper-case words."""
    if not reply.text.isupper():
        raise InvalidAnswerError(f"got {reply.text!r}, wanted upper case")
    return reply.text


def ask(text: str, **options: Any) -> Request:
    """A request whose prompt is `text`."""
    names = ("max_tokens", "schema", "n_logprobs", "temperature", "seed", "system")
    prompt = {name: options.pop(name) for name in names if name in options}
    prompt = {"system": "Answer in upper case.", "max_tokens": 5, **prompt}
    return Request(Prompt(parts=(text,), **prompt), "word-1", read, **options)


def said(body: dict[str, Any]) -> str:
    """What the user's message of a body says."""
    return body["messages"][-1]["content"]

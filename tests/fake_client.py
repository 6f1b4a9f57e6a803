"""A plain client of both protocols: no retries, nothing clever."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import numpy as np
from numpy.typing import NDArray

from genz.client.prompt import Prompt, Reply
from genz.prompts import read_cells
from genz.prompts.cells import ask_cells
from genz.prompts.items import Item
from genz.testing import FakeFoundationServer


@dataclass
class Got:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    payload: Any = field(init=False)

    def __post_init__(self) -> None:
        try:
            self.payload = json.loads(self.body)
        except ValueError:
            self.payload = None

    @property
    def text(self) -> str:
        """Text of an OpenAI answer."""
        return str(self.payload["choices"][0]["message"]["content"])

    @property
    def reply(self) -> Reply:
        """An OpenAI answer as the client's other parts read it."""
        choice = self.payload["choices"][0]
        first = ((choice["logprobs"] or {}).get("content") or [{"top_logprobs": []}])[0]
        candidates = tuple((c["token"], c["logprob"]) for c in first["top_logprobs"])
        return Reply(choice["message"]["content"], choice["finish_reason"], candidates)


def openai_body(prompt: Prompt, **extra: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": "fake",
        "messages": [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": "".join(map(str, prompt.parts))},
        ],
        "max_tokens": prompt.max_tokens,
        "temperature": prompt.temperature,
    }
    if prompt.n_logprobs:
        body |= {"logprobs": True, "top_logprobs": prompt.n_logprobs}
    if prompt.seed is not None:
        body["seed"] = prompt.seed
    return body | extra


def anthropic_body(prompt: Prompt, **extra: Any) -> dict[str, Any]:
    return {
        "model": "fake",
        "system": prompt.system,
        "messages": [{"role": "user", "content": "".join(map(str, prompt.parts))}],
        "max_tokens": prompt.max_tokens,
    } | extra


async def send(session: aiohttp.ClientSession, url: str, body: Any, headers: dict[str, str]) -> Got:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with session.post(url, data=data, headers=headers, allow_redirects=False) as response:
        return Got(response.status, dict(response.headers), await response.read())


async def ask_all(
    server: FakeFoundationServer,
    bodies: Sequence[Any],
    path: str = "/chat/completions",
    timeout: float = 10.0,
    **headers: str,
) -> list[Got]:
    limit = aiohttp.ClientTimeout(total=timeout)
    async with aiohttp.ClientSession(timeout=limit) as session:
        url = server.base_url + path
        return list(await asyncio.gather(*(send(session, url, b, headers) for b in bodies)))


def ask(server: FakeFoundationServer, *bodies: Any, **options: Any) -> list[Got]:
    """Ask at once; answers in the order of the bodies."""
    return asyncio.run(ask_all(server, bodies, **options))


def message(server: FakeFoundationServer, body: Any, **headers: str) -> Got:
    """Ask Anthropic's way."""
    headers = {"anthropic-version": "2023-06-01"} | headers
    return ask(server, body, path="/messages", **headers)[0]


def judge(
    server: FakeFoundationServer,
    form: str,
    texts: Sequence[str],
    features: Sequence[str],
    seed: int = 0,
) -> NDArray[np.float64]:
    """Judge by one form; shape (n_items, n_features)."""
    items = [Item(text) for text in texts]
    shape = {
        "pair": [([item], [feature]) for item in items for feature in features],
        "batch": [(items, [feature]) for feature in features],
        "tile": [(items, list(features))],
    }[form]
    asked = [ask_cells(form, some, chosen, seed) for some, chosen in shape]
    got = ask(server, *(openai_body(prompt) for prompt, _ in asked))
    judged = [read_cells(cells, g.reply) for (_, cells), g in zip(asked, got, strict=True)]
    if form == "pair":
        return np.array(judged).reshape(len(texts), len(features))
    return np.hstack(judged)

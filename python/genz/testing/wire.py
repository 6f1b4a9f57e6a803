"""A question as it arrives and an answer as it leaves, in either protocol."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from genz.client.prompt import Usage

Protocol = Literal["openai", "anthropic"]
Json = dict[str, Any]


class MalformedError(Exception):
    """A body that no endpoint of this protocol would take; the text says why."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a body asks.

    Attributes
    ----------
    model : str
    system, user : str
        Instructions and message, images left out.
    n_images : int
    max_tokens : int, optional
    sample : int
        Number of the sample: the body's seed at a temperature above 0, else 0.
    n_logprobs : int
        Candidates of each token that are wanted; 0 for none.
    tool : str, optional
        Name of the tool that the answer must call (Anthropic).
    """

    model: str
    system: str
    user: str
    n_images: int
    max_tokens: int | None
    sample: int
    n_logprobs: int
    tool: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What the fake model answers; `text` None for a null content.

    `logprobs` are the candidates of the first token with their log-probabilities, most likely
    first; empty where none were asked for.
    """

    text: str | None
    finish: Literal["stop", "length", "refusal"]
    usage: Usage
    logprobs: tuple[tuple[str, float], ...] = ()


def read_question(body: Any, protocol: Protocol, ignored: frozenset[str]) -> Question:
    """Read a body.

    Raises
    ------
    MalformedError
        Not an object, a field of a wrong type, no message, a stream wanted.
    """
    if not isinstance(body, dict):
        raise MalformedError("the body is no JSON object")
    if body.get("stream"):
        raise MalformedError("this server does not stream, wanted stream to be false or absent")
    taken = {name: value for name, value in body.items() if name not in ignored}
    model = taken.get("model")
    messages = taken.get("messages")
    if not isinstance(model, str) or not model:
        raise MalformedError("you must provide a model parameter")
    if not isinstance(messages, list) or not messages:
        raise MalformedError("messages: at least one message is required")
    system: list[str] = []
    user: list[str] = []
    n_images = 0
    if protocol == "anthropic":
        if not isinstance(taken.get("max_tokens"), int):
            raise MalformedError("max_tokens: Field required")
        system.append(_text_of(taken.get("system", ""))[0])
    for message in messages:
        if not isinstance(message, dict):
            raise MalformedError("messages: a message is no JSON object")
        text, n = _text_of(message.get("content"))
        instructs = message.get("role") in {"system", "developer"}
        if instructs and protocol == "anthropic":
            raise MalformedError('messages: Unexpected role "system"')
        (system if instructs else user).append(text)
        n_images += n
    return Question(
        model=model,
        system="\n".join(system),
        user="\n".join(user),
        n_images=n_images,
        max_tokens=_limit_of(taken),
        sample=_integer(taken, "seed") if taken.get("temperature") else 0,
        n_logprobs=max(1, _integer(taken, "top_logprobs")) if taken.get("logprobs") else 0,
        tool=_tool_of(taken) if protocol == "anthropic" else None,
    )


def payload_of(question: Question, completion: Completion, protocol: Protocol, id_: str) -> Json:
    """Write a whole answer."""
    if protocol == "anthropic":
        return _anthropic_payload(question, completion, id_)
    refused = completion.finish == "refusal"
    choice: Json = {
        "index": 0,
        "message": {
            "role": "assistant",
            "content": None if refused else completion.text,
            "refusal": completion.text if refused else None,
        },
        "logprobs": _logprobs_of(completion, question.n_logprobs),
        "finish_reason": "stop" if refused else completion.finish,
    }
    usage = completion.usage
    return {
        "id": f"chatcmpl-{id_}",
        "object": "chat.completion",
        # Answers depend on no clock: a fixed moment (2025-01-01).
        "created": 1735689600,
        "model": question.model,
        "choices": [choice],
        "usage": {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.completion,
            "total_tokens": usage.total,
            "prompt_tokens_details": {"cached_tokens": usage.cached},
        },
    }


def _anthropic_payload(question: Question, completion: Completion, id_: str) -> Json:
    content: list[Json] = [{"type": "text", "text": completion.text}]
    stop = {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal"}[completion.finish]
    if question.tool is not None and completion.finish == "stop":
        content = [
            {
                "type": "tool_use",
                "id": f"toolu_{id_}",
                "name": question.tool,
                "input": _json_in(completion.text),
            }
        ]
        stop = "tool_use"
    usage = completion.usage
    return {
        "id": f"msg_{id_}",
        "type": "message",
        "role": "assistant",
        "model": question.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {
            # Cached tokens are not among these (and among OpenAI's prompt_tokens they are).
            "input_tokens": usage.prompt - usage.cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": usage.cached,
            "output_tokens": usage.completion,
        },
    }


def _logprobs_of(completion: Completion, n: int) -> Json | None:
    if not n or not completion.logprobs:
        return None
    candidates = [_candidate(token, logprob) for token, logprob in completion.logprobs[:n]]
    return {"content": [{**candidates[0], "top_logprobs": candidates}], "refusal": None}


def _candidate(token: str, logprob: float) -> Json:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def _tool_of(body: Mapping[str, Any]) -> str | None:
    choice = body.get("tool_choice")
    return choice.get("name") if isinstance(choice, dict) else None


def _integer(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if value is not None and not isinstance(value, int):
        raise MalformedError(f"{name} is {value!r}, wanted an integer")
    return value or 0


def _limit_of(body: Mapping[str, Any]) -> int | None:
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise MalformedError(f"max_tokens is {limit!r}, wanted an integer of at least 1")
    return limit


def _text_of(content: Any) -> tuple[str, int]:
    """Text of a content and the number of its images."""
    if isinstance(content, str):
        return content, 0
    if not isinstance(content, list):
        raise MalformedError("messages: content is neither a string nor a list of parts")
    texts, n_images = [], 0
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind in {"image_url", "image"} and _is_inlined(
            part.get("image_url", part.get("source"))
        ):
            n_images += 1
        else:
            raise MalformedError(f"messages: a part of type {kind!r} cannot be read")
    return "".join(texts), n_images


def _is_inlined(image: Any) -> bool:
    """Whether an image is in the body: a server that fetches what data names is not pretended."""
    if not isinstance(image, dict):
        return False
    return image.get("type") == "base64" or str(image.get("url", "")).startswith("data:image/")


def _json_in(text: str | None) -> Any:
    try:
        return json.loads(text or "")
    except ValueError:
        return {"text": text}

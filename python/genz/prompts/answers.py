"""Replies as JSON: read generously where the meaning is plain, never guessed."""

import json
from collections.abc import Mapping
from typing import Any

from genz.client.prompt import Reply
from genz.client.request import InvalidAnswerError

MAX_READ = 200_000
"""Characters of a reply that are looked at."""

_MAX_OPENINGS = 200


def read_object(reply: Reply, key: str) -> Mapping[str, Any]:
    """Find the one JSON object with `key` in a reply.

    Fences and prose around it, and thoughts in ``<think>`` before it, are passed over; two objects
    that differ are no answer.

    Raises
    ------
    InvalidAnswerError
        No such object, or several that contradict each other.
    """
    if reply.finish != "stop":
        raise InvalidAnswerError(f"the reply ended by {reply.finish!r}, wanted a whole answer")
    text = reply.text[:MAX_READ]
    if "</think>" in text:
        text = text.rpartition("</think>")[2]
    found: list[Mapping[str, Any]] = []
    decoder = json.JSONDecoder(object_pairs_hook=_distinct)
    at = text.find("{")
    for _ in range(_MAX_OPENINGS):
        if at < 0:
            break
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            if key in value and value not in found:
                found.append(value)
        at = text.find("{", end)
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} different answers" if found else "no answer"
    raise InvalidAnswerError(f"the reply {excerpt(text)} holds {what}, wanted JSON with {key!r}")


def read_list(reply: Reply, key: str) -> list[Any]:
    """The list at `key` of the one JSON object that has it; see `read_object`."""
    value = read_object(reply, key)[key]
    if not isinstance(value, list):
        raise InvalidAnswerError(f"{key!r} of the reply is {excerpt(str(value))}, wanted a list")
    return value


def excerpt(text: str, length: int = 80) -> str:
    """A reply's beginning on one line, for messages."""
    line = " ".join(text[: 2 * length].split())
    return repr(line if len(line) <= length else line[: length - 1] + "…")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that names a key twice contradicts itself."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key occurs twice")
    return read

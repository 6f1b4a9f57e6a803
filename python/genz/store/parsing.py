"""Reading the lines of an export, which may be anybody's: every field is checked."""

import base64
import json
from collections.abc import Callable
from typing import Any

from genz.client.prompt import Usage
from genz.client.request import Cells, Failure, FailureKind
from genz.store.entry import MOST_TOKENS, N_ITEM, N_KEY, Entry
from genz.store.records import (
    AnswerRecord,
    End,
    EndpointRecord,
    FailureRecord,
    Line,
    PlanRecord,
    Start,
)

_LATEST = 253_402_300_799
"""The last second of the year 9999."""


def from_line(line: bytes) -> Line:
    """Read a line that `to_line` wrote.

    Raises
    ------
    ValueError
        The line is damaged; the text says what was got and wanted.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("no JSON, wanted one object a line") from None
    kind = fields.get("record") if isinstance(fields, dict) else None
    if not isinstance(kind, str) or kind not in _READERS:
        raise ValueError(f"no record of an answer store, wanted one of {', '.join(_READERS)}")
    names, read = _READERS[kind]
    del fields["record"]
    if set(fields) != set(names):
        raise ValueError(f"got the fields {', '.join(fields)}, wanted {', '.join(names)}")
    return read(**fields)


def _answer(
    key: Any,
    model: Any,
    version: Any,
    sample: Any,
    created: Any,
    usage: Any,
    cells: Any,
    payload: Any,
) -> AnswerRecord:
    counts = [_number("usage", count) for count in usage] if isinstance(usage, list) else []
    if len(counts) != 3:
        raise ValueError("usage is not three numbers: prompt, completion, cached")
    check_json(_text("payload", payload))
    entry = Entry(
        _bytes("key", key),
        _text("model", model),
        _text("version", version),
        payload,
        None if cells is None else _to_cells(cells),
        _number("sample", sample),
        Usage(*counts),
    )
    return AnswerRecord(entry, _number("created", created, _LATEST))


def _failure(key: Any, kind: Any, reason: Any, created: Any) -> FailureRecord:
    failure = Failure(FailureKind(kind), _encodable("reason", reason))
    return FailureRecord(_bytes("key", key, N_KEY), failure, _number("created", created, _LATEST))


def _plan(digest: Any, plan: Any, created: Any) -> PlanRecord:
    try:
        content = base64.b64decode(_text("plan", plan), validate=True)
    except ValueError as error:
        raise ValueError(f"plan is not base64: {error}") from None
    return PlanRecord(_bytes("digest", digest), content, _number("created", created, _LATEST))


def _endpoint(name: Any, facts: Any, created: Any) -> EndpointRecord:
    if not isinstance(facts, dict):
        raise ValueError("facts is no object")
    return EndpointRecord(_encodable("name", name), facts, _number("created", created, _LATEST))


def _start(**fields: Any) -> Start:
    return Start(_number("format", fields["format"]))


def _end(n_records: Any) -> End:
    return End(_number("n_records", n_records))


_READERS: dict[str, tuple[tuple[str, ...], Callable[..., Line]]] = {
    "answer": (
        ("key", "model", "version", "sample", "created", "usage", "cells", "payload"),
        _answer,
    ),
    "failure": (("key", "kind", "reason", "created"), _failure),
    "plan": (("digest", "plan", "created"), _plan),
    "endpoint": (("name", "facts", "created"), _endpoint),
    "store": (("format",), _start),
    "end": (("n_records",), _end),
}


def check_json(payload: str) -> None:
    """Raise ValueError unless a payload is JSON."""
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        raise ValueError("its payload is no JSON") from None


def _to_cells(fields: Any) -> Cells:
    if not isinstance(fields, dict) or set(fields) != {"form", "items", "features", "ids"}:
        raise ValueError("cells is no object of form, items, features and ids")
    return Cells(
        _encodable("form", fields["form"]),
        tuple(_bytes("items", item, N_ITEM) for item in _list("items", fields["items"])),
        tuple(_text("features", text) for text in _list("features", fields["features"])),
        tuple(_text("ids", text) for text in _list("ids", fields["ids"])),
    )


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{name} is no list")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value


def _encodable(name: str, value: Any) -> str:
    _text(name, value).encode()
    return str(value)


def _bytes(name: str, value: Any, length: int | None = None) -> bytes:
    try:
        content = bytes.fromhex(_text(name, value))
    except ValueError:
        raise ValueError(f"{name} is not hexadecimal") from None
    if length is not None and len(content) != length:
        raise ValueError(f"{name} is {len(content)} bytes long, wanted {length}")
    return content


def _number(name: str, value: Any, most: int = MOST_TOKENS) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"{name} is no number from 0 to {most}")
    return value

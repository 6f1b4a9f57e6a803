"""What an export holds: the records of a store, and each as one line of JSON."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from genz.client.request import Cells, Failure
from genz.store.entry import Entry

FORMAT = 1
"""Version of the format, in the first line."""


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """An answer and the second (since 1970) of its commit."""

    entry: Entry
    created: int


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """A question that has no answer."""

    key: bytes
    failure: Failure
    created: int


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan under its digest."""

    digest: bytes
    plan: bytes
    created: int


@dataclass(frozen=True, slots=True)
class EndpointRecord:
    """What is known of an endpoint."""

    name: str
    facts: dict[str, Any]
    created: int


@dataclass(frozen=True, slots=True)
class Start:
    """The first line: the format's version."""

    format: int


@dataclass(frozen=True, slots=True)
class End:
    """The last line: how many records lie between it and the first. Without it a file is cut."""

    n_records: int


Record = AnswerRecord | FailureRecord | PlanRecord | EndpointRecord
Line = Record | Start | End


def to_line(record: Line) -> str:
    """Write a record as one line of ASCII, without the line's end."""
    match record:
        case AnswerRecord(entry, created):
            usage = entry.usage
            fields: dict[str, Any] = {
                "record": "answer",
                "key": entry.key.hex(),
                "model": entry.model,
                "version": entry.version,
                "sample": entry.sample,
                "created": created,
                "usage": [usage.prompt, usage.completion, usage.cached],
                "cells": None if entry.cells is None else _from_cells(entry.cells),
                "payload": entry.payload,
            }
        case FailureRecord(key, failure, created):
            fields = {
                "record": "failure",
                "key": key.hex(),
                "kind": str(failure.kind),
                "reason": failure.reason,
                "created": created,
            }
        case PlanRecord(digest, plan, created):
            fields = {
                "record": "plan",
                "digest": digest.hex(),
                "plan": base64.b64encode(plan).decode(),
                "created": created,
            }
        case EndpointRecord(name, facts, created):
            fields = {"record": "endpoint", "name": name, "facts": facts, "created": created}
        case Start(version):
            fields = {"record": "store", "format": version}
        case End(n_records):
            fields = {"record": "end", "n_records": n_records}
    return json.dumps(fields, separators=(",", ":"))


def _from_cells(cells: Cells) -> dict[str, Any]:
    return {
        "form": cells.form,
        "items": [item.hex() for item in cells.items],
        "features": cells.features,
        "ids": cells.ids,
    }

"""``--json``: each record is one line with its event and the version of the schema.

`records.schema.json` describes the records; ``genz schema`` prints it.
"""

import json
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import click

from genz.plain_json import plain

SCHEMA = "genz/1"
"""Fields may be added under the same version; one that goes or changes its meaning counts up."""


def to_line(event: str, record: Mapping[str, Any]) -> str:
    """One record as a line of JSON; numbers that are not finite, which JSON has not, are null."""
    text = json.dumps(
        {"schema": SCHEMA, "event": event, **_finite(record)},
        ensure_ascii=False,
        allow_nan=False,
        default=plain,
    )
    # A lone surrogate, which UTF-8 has not, becomes JSON's own escape of it.
    return text.encode("utf-8", "backslashreplace").decode()


def emit(event: str, record: Mapping[str, Any]) -> None:
    """Write one record to stdout."""
    click.echo(to_line(event, record))


def schema_text() -> str:
    """The JSON Schema of the records."""
    return files("genz.cli").joinpath("records.schema.json").read_text("utf-8")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return value

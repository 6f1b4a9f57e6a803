"""A model's document as JSON that any reader takes."""

import json
import math
from typing import Any

from genz.errors import DataError


def to_json(document: dict[str, Any]) -> bytes:
    """Indented JSON as UTF-8; raises DataError at the first number that is not finite."""
    try:
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False, default=plain)
    except ValueError:
        raise DataError(
            f"{_not_finite('model', document)} is not a finite number: the model was not saved"
        ) from None
    # A lone surrogate, which UTF-8 has not, becomes JSON's own escape of it.
    return text.encode("utf-8", "backslashreplace")


def plain(value: Any) -> Any:
    """Numpy scalars and arrays among settings, dates and paths among metadata."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _not_finite(name: str, value: Any) -> str | None:
    """Where the first number is that JSON cannot hold."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return None if math.isfinite(value) else name
    if isinstance(value, dict):
        found = (_not_finite(f"{name}.{key}", entry) for key, entry in value.items())
    elif isinstance(value, list | tuple):
        found = (_not_finite(f"{name}[{ix}]", entry) for ix, entry in enumerate(value))
    else:
        return None
    return next((where for where in found if where), None)

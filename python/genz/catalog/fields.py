"""Kinds of fields, how they are inferred and how values are read."""

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Value = float | str | dt.date | tuple[str, ...] | None
"""A value of a field; None is missing."""

MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none"})
LIST_SEPARATOR = "|"

_CODE_NAME = re.compile(
    r"(^|[_\s-])(zip|zip_?code|postal|postcode|code|id)($|[_\s-])", re.IGNORECASE
)
_ZIP_NAME = re.compile(r"zip_?code|post_?code|postal", re.IGNORECASE)
_TEXT_WORDS = 6
"""Strings with more words than this on average are text."""


class FieldKind(StrEnum):
    """What the values of a field are."""

    NUMBER = "number"
    CATEGORY = "category"
    DATE = "date"
    LIST = "list"
    TEXT = "text"


@dataclass(frozen=True)
class Field:
    """A named field of a catalog and the kind of its values."""

    name: str
    kind: FieldKind


def is_missing(value: Any) -> bool:
    """Whether a raw value stands for nothing: None, NaN, NaT or a word like ``NA``."""
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT differ from themselves
        return True
    return isinstance(value, str) and value.strip().lower() in MISSING_WORDS


def infer_kind(name: str, values: Sequence[Any]) -> FieldKind:
    """Infer the kind of a field from its name and its raw values."""
    present = [value for value in values if not is_missing(value)]
    if not present:
        return FieldKind.CATEGORY
    if any(isinstance(value, list | tuple | set) for value in present):
        return FieldKind.LIST
    if all(isinstance(value, dt.date) for value in present):
        return FieldKind.DATE
    if all(isinstance(value, bool) or type(value).__name__ == "bool_" for value in present):
        return FieldKind.CATEGORY
    texts = [str(value).strip() for value in present]
    if all(as_number(text) is not None for text in texts):
        return FieldKind.CATEGORY if _looks_like_code(name, texts) else FieldKind.NUMBER
    if all(_as_date(text) is not None for text in texts):
        return FieldKind.DATE
    if sum(LIST_SEPARATOR in text for text in texts) >= max(1, 0.05 * len(texts)):
        return FieldKind.LIST
    n_words = sum(len(text.split()) for text in texts) / len(texts)
    return FieldKind.TEXT if n_words > _TEXT_WORDS else FieldKind.CATEGORY


def parse(kind: FieldKind, value: Any) -> Value:
    """Read a raw value as one of a kind; what cannot be read is missing."""
    if is_missing(value):
        return None
    match kind:
        case FieldKind.NUMBER:
            return as_number(str(value))
        case FieldKind.DATE:
            return value if isinstance(value, dt.date) else _as_date(str(value).strip())
        case FieldKind.LIST:
            entries = value if isinstance(value, list | tuple | set) else str(value).split("|")
            return tuple(text for entry in entries if (text := str(entry).strip()))
        case FieldKind.CATEGORY:
            # A data frame makes floats of whole numbers as soon as one value is missing.
            whole = isinstance(value, float) and value.is_integer()
            return str(int(value)) if whole else str(value).strip()
        case FieldKind.TEXT:
            return str(value)


def _looks_like_code(name: str, texts: list[str]) -> bool:
    if not all(text.replace(".0", "").isdigit() for text in texts):
        return False
    if _CODE_NAME.search(name) or _ZIP_NAME.search(name):
        return True
    return any(len(text) > 1 and text.startswith("0") and text.isdigit() for text in texts)


def as_number(text: str) -> float | None:
    """Read a finite number, thousands grouped by commas or not; None if it is none."""
    try:
        number = float(
            text.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text) else text
        )
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _as_date(text: str) -> dt.date | None:
    try:
        return dt.datetime.fromisoformat(text).date() if len(text) >= 10 else None
    except ValueError:
        return None

"""Conditions of the built-in model as conditions of SQL: true, false, or NULL where unknown."""

import datetime as dt
import math
import re

from genz.catalog import FieldKind
from genz.catalog.values import MISSING_WORDS, as_category, as_number
from genz.export.values import BOUNDARY, SEPARATORS, Values, mark, quoted
from genz.foundation.builtin.conditions import (
    Between,
    Both,
    Condition,
    Includes,
    Mentions,
    Missing,
    OneOf,
    StartsWith,
    Threshold,
    first_day,
)

UNKNOWN = "NULL = 1"
"""A condition that is unknown of every item, as one on a field that there is not."""


def to_condition(condition: Condition, kinds: dict[str, FieldKind], values: Values) -> str | None:
    """A condition on the `values` of fields of these kinds; None where SQL cannot say it."""
    if isinstance(condition, Both):
        parts = [to_condition(part, kinds, values) for part in (condition.first, condition.second)]
        # AND of SQL is Kleene's, as that of `Both`.
        return None if None in parts else " AND ".join(f"({part})" for part in parts)
    kind = kinds.get(condition.field)
    if kind is None or kind is FieldKind.IMAGES:
        return UNKNOWN
    match condition:
        case Threshold():
            return _threshold(condition, kind, values)
        case OneOf(field, entries) | Includes(field, entries):
            return _one_of(field, entries, kind, values)
        case Between():
            return _between(condition, kind, values)
        case StartsWith(field, prefix):
            if kind is not FieldKind.CATEGORY:
                return UNKNOWN
            start = f"SUBSTR({values.value(field)}, 1, {len(prefix)})"
            return f"{start} = {quoted(prefix)}"
        case Mentions(field, phrase):
            if kind not in (FieldKind.TEXT, FieldKind.CATEGORY) or not phrase.strip():
                return UNKNOWN
            return _mentions(field, phrase.lower(), values)
        case Missing(field):
            return f"{values.value(field)} IS NULL"


def number(value: float) -> str:
    """A number with all its digits; an infinite one as one that is too large for any."""
    return repr(float(value)) if math.isfinite(value) else f"{'-' * (value < 0)}1e999"


def _threshold(condition: Threshold, kind: FieldKind, values: Values) -> str:
    limit = condition.limit
    if kind is FieldKind.DATE and not condition.is_date:
        limit = first_day(limit)
    elif kind is not (FieldKind.DATE if condition.is_date else FieldKind.NUMBER):
        return UNKNOWN
    value = values.value(condition.field)
    if math.isinf(limit):
        # No number reaches it; a missing one still leaves the question open.
        return f"{value} {'<>' if condition.above == (limit > 0) else '='} {value}"
    known = number(limit)
    if kind is FieldKind.DATE:
        known = quoted(dt.date.fromordinal(int(limit)).isoformat())
    return f"{value} {'>=' if condition.above else '<'} {known}"


def _one_of(field: str, entries: tuple[str, ...], kind: FieldKind, values: Values) -> str:
    wanted = [v for v in map(as_category, entries) if v not in MISSING_WORDS]
    match kind:
        case FieldKind.NUMBER:
            numbers = [as_number(entry) for entry in entries]
            if None in numbers:
                return UNKNOWN
            finite = [number(n) for n in numbers if n is not None and math.isfinite(n)]
            value = values.value(field)
            return f"{value} IN ({', '.join(finite)})" if finite else f"{value} <> {value}"
        case FieldKind.CATEGORY:
            value = values.value(field)
            spelt = ", ".join(quoted(text) for entry in wanted for text in _spellings(entry))
            return f"{value} IN ({spelt})" if spelt else f"{value} <> {value}"
        case FieldKind.LIST:
            listed = values.entries(field)
            return _contains_any(listed, [f"|{entry}|" for entry in wanted])
        case _:
            return UNKNOWN


def _between(condition: Between, kind: FieldKind, values: Values) -> str:
    low, high = condition.low, condition.high
    if kind is FieldKind.NUMBER:
        least, most = as_number(low), as_number(high)
        if least is None or most is None:
            return UNKNOWN
        value = values.value(condition.field)
        return f"{value} >= {number(least)} AND {value} <= {number(most)}"
    if kind is not FieldKind.CATEGORY or len(low) != len(high):
        return UNKNOWN
    value, size = values.value(condition.field), len(low)
    lengths = f"LENGTH({value}) = {size}"
    if low.isdigit() and high.isdigit():
        # A whole number that was stored as a float.
        lengths = f"({lengths} OR SUBSTR({value}, {size + 1}) = '.0')"
    start = f"SUBSTR({value}, 1, {size})"
    return f"{start} >= {quoted(low)} AND {start} <= {quoted(high)} AND {lengths}"


def _mentions(field: str, phrase: str, values: Values) -> str | None:
    """Whole words: separators between several count alike, those within one stand for themselves.

    A separator that is none of those known, or one within a word of several, cannot be said.
    """
    words = phrase.split()
    if all(re.fullmatch(r"\w+", word) for word in words):
        return _contains_any(values.words(field), [f" {' '.join(words)} "])
    if len(words) > 1 or not all(c in SEPARATORS or re.match(r"\w", c) for c in words[0]):
        return None
    inside = "".join(mark(c) if c in SEPARATORS else c for c in words[0])
    return _contains_any(values.marked(field), [f"{BOUNDARY}{inside}{BOUNDARY}"])


def _contains_any(value: str, parts: list[str]) -> str:
    """Whether a string has one of the parts, upper and lower case apart; a missing one has none."""
    # LIKE would ignore case in some databases, POSITION is unknown to others.
    found = [f"REPLACE({value}, {quoted(part)}, '') <> {value}" for part in parts]
    return f"{value} IS NOT NULL AND ({' OR '.join(found)})" if found else "1 = 0"


def _spellings(category: str) -> tuple[str, ...]:
    """How databases write what genz reads as one category: truth values, whole numbers."""
    if category in ("True", "False"):
        # SQLite keeps BOOLEAN as 1 and 0.
        return (category, category.lower(), category.upper(), "01"[category == "True"])
    return (category, f"{category}.0") if re.fullmatch(r"-?\d+", category) else (category,)

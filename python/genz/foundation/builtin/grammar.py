"""Conditions as English sentences and back.

Names and values print bare where they are plain words and between double quotes, with JSON's
escapes, where they are not: so every sentence parses back to the condition that it was printed
from.
"""

import datetime as dt
import json
import re

from genz.foundation.builtin.conditions import (
    Both,
    Condition,
    Mentions,
    Missing,
    OneOf,
    Simple,
    StartsWith,
    Threshold,
)

_RESERVED = re.compile(
    r"(?:^|\s)(is|and|or|include|mentions|starts|missing|at|below|before|on)(?:\s|$)", re.IGNORECASE
)
_BARE = re.compile(r"[^\W][^\"',]*[^\W]|[^\W]")
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ATOM = rf"(?:{_QUOTED}|[^\"',]+?)"
_NUMBER = r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"
_VALUES = re.compile(rf"({_QUOTED}|[^\"',]+?)(?:, | or |$)")
_SIMPLE = re.compile(
    rf"(?P<field>{_ATOM}) (?:"
    rf"is at least (?P<least>{_NUMBER})"
    rf"|is below (?P<below>{_NUMBER})"
    r"|is on or after (?P<after>\d{4}-\d\d-\d\d)"
    r"|is before (?P<before>\d{4}-\d\d-\d\d)"
    r"|is (?P<missing>missing)"
    rf"|starts with (?P<prefix>{_ATOM})"
    r"|mentions '(?P<phrase>[^']+)'"
    rf"|(?:is|include) (?P<values>(?:{_ATOM})(?:, (?:{_ATOM}))*(?: or (?:{_ATOM}))?)"
    r")"
)
_AND = re.compile(rf"((?:{_QUOTED}|'[^']*'|[^\"'])+?) and (.+)", re.DOTALL)


def print_condition(condition: Condition) -> str:
    """Print a condition as a sentence that :func:`parse_condition` reads back."""
    match condition:
        case Both(first, second):
            return f"{print_condition(first)} and {print_condition(second)}"
        case Threshold(field, limit, above, is_date=True):
            day = dt.date.fromordinal(int(limit)).isoformat()
            return f"{_quote(field)} is {'on or after' if above else 'before'} {day}"
        case Threshold(field, limit, above):
            return f"{_quote(field)} is {'at least' if above else 'below'} {_number(limit)}"
        case OneOf(field, values):
            return f"{_quote(field)} is {_join(values)}"
        case StartsWith(field, prefix):
            return f"{_quote(field)} starts with {_quote(prefix)}"
        case Mentions(field, phrase):
            return f"{_quote(field)} mentions '{phrase}'"
        case Missing(field):
            return f"{_quote(field)} is missing"


def parse_condition(sentence: str) -> Condition | None:
    """Parse a sentence; None when it is not of the grammar."""
    simple = _parse_simple(sentence)
    if simple is not None:
        return simple
    joined = _AND.fullmatch(sentence)
    if joined is None:
        return None
    first, second = _parse_simple(joined[1]), _parse_simple(joined[2])
    return None if first is None or second is None else Both(first, second)


def _parse_simple(sentence: str) -> Simple | None:
    match = _SIMPLE.fullmatch(sentence)
    if match is None:
        return None
    field = _unquote(match["field"])
    values = match["values"]
    if field is None:
        return None
    for group, above in (("least", True), ("below", False)):
        if match[group]:
            return Threshold(field, float(match[group].replace(",", "")), above)
    for group, above in (("after", True), ("before", False)):
        if match[group]:
            return _date_threshold(field, match[group], above)
    if match["missing"]:
        return Missing(field)
    if match["phrase"]:
        return Mentions(field, match["phrase"])
    if match["prefix"]:
        prefix = _unquote(match["prefix"])
        return None if prefix is None else StartsWith(field, prefix)
    parts = [_unquote(part) for part in _VALUES.findall(values)]
    known = tuple(part for part in parts if part is not None)
    return OneOf(field, known) if known and len(known) == len(parts) else None


def _date_threshold(field: str, day: str, above: bool) -> Threshold | None:
    try:
        return Threshold(field, float(dt.date.fromisoformat(day).toordinal()), above, is_date=True)
    except ValueError:
        return None


def _quote(text: str) -> str:
    if _BARE.fullmatch(text) and not _RESERVED.search(text) and " " * 2 not in text:
        return text
    return json.dumps(text, ensure_ascii=False).replace("'", "\\u0027")


def _unquote(text: str) -> str | None:
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except ValueError:
            return None
    # A bare atom with a reserved word would be another sentence read wrongly.
    return None if _RESERVED.search(text) else text


def _join(values: tuple[str, ...]) -> str:
    quoted = [_quote(value) for value in values]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _number(number: float) -> str:
    if number == int(number) and abs(number) < 1e15:
        # Thousands are grouped where four digits are not a year.
        return f"{int(number):,}" if abs(number) >= 10_000 else str(int(number))
    return repr(number)

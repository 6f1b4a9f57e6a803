"""Kinds of fields, how they are inferred and how columns are read."""

import math
import re
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genz.catalog.values import (
    LIST_SEPARATOR,
    LIST_TYPES,
    NOTHING_WORDS,
    Value,
    as_category,
    as_date,
    as_entries,
    as_number,
    as_paths,
    is_bool,
    is_list,
    is_missing,
    unit_of,
)
from genz.errors import DataError, DataWarning

__all__ = [
    "Field",
    "FieldKind",
    "Value",
    "as_number",
    "infer_kind",
    "is_missing",
    "parse",
    "parse_column",
]

_CODE_WORDS = frozenset({"zip", "zipcode", "postcode", "postal", "postalcode", "code", "id"})
_CODE_SUFFIXES = frozenset({"number", "no", "nr", "postal"})
_CLOSE_SEPARATOR = re.compile(rf"\S{re.escape(LIST_SEPARATOR)}\S")
_PLAIN_NUMBERS = frozenset({int, float, type(None)})
_TEXT_WORDS = 6
"""Strings with more words than this on average are text."""

_UNREADABLE_SHARE = 0.05
"""Numbers and dates may have so many words among them (``unknown``), which are read as missing."""

_LIST_SHARE = 0.05
"""Strings of which so many have the separator are lists."""


class FieldKind(StrEnum):
    """What the values of a field are.

    Images are the paths of files; no field is taken for one unless it is named so.
    """

    NUMBER = "number"
    CATEGORY = "category"
    DATE = "date"
    LIST = "list"
    TEXT = "text"
    IMAGES = "images"


@dataclass(frozen=True)
class Field:
    """A named field of a catalog and the kind of its values."""

    name: str
    kind: FieldKind


def name_words(name: str) -> list[str]:
    """Words of a column's name in lower case: ``YearBuilt``, ``year_built`` and ``Year built``."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+", name)]


def infer_kind(name: str, values: Sequence[Any]) -> FieldKind:
    """Infer the kind of a field from its name and its raw values.

    The first that fits: a *list* if a value is one; a *category* if all are booleans; a *date* or
    *number* if all can be read as one, up to 5 % words without digits, numbers in one unit; but a
    *category* if these numbers are codes, by the name's last word (``zipcode``, ``house_id``) or a
    leading zero. Other strings are a *list* if 5 % have the separator ``|``, their entries are
    short, and no spaces surround it or the entries come again; *text* if they have more than 6
    words on average, else a *category*.
    """
    types = set(map(type, values))
    if types <= _PLAIN_NUMBERS and not _is_code_name(name):
        missing = all(is_missing(value) for value in values)
        return FieldKind.CATEGORY if missing else FieldKind.NUMBER
    if any(issubclass(each, LIST_TYPES) for each in types):
        if any(is_list(value) and not is_missing(value) for value in values):
            return FieldKind.LIST
        values = [value for value in values if not is_list(value)]
    # Of most columns the distinct values are few.
    present = Counter(values)
    present = Counter({value: n for value, n in present.items() if not is_missing(value)})
    if all(is_bool(value) for value in present):
        return FieldKind.CATEGORY
    if _are(as_date, present):
        return FieldKind.DATE
    if _are(as_number, present) and _n_units(present) == 1:
        return FieldKind.CATEGORY if _are_codes(name, present) else FieldKind.NUMBER
    return _kind_of_strings(Counter({str(value): n for value, n in present.items()}))


def parse(kind: FieldKind, value: Any) -> Value:
    """Read a raw value as one of a kind; what cannot be read is missing."""
    return None if is_missing(value) else _READERS[kind](value)


def parse_column(field: Field, values: Sequence[Any]) -> NDArray[np.object_]:
    """Read the raw values of a field, None where missing.

    Warns (DataWarning) of values that are there but cannot be read, which are missing.

    Raises
    ------
    DataError
        An infinite number.
    """
    kind = field.kind
    # Most strings come more than once, and reading is the slow part.
    read = {value: parse(kind, value) for value in {v for v in values if type(v) is str}}
    column = np.empty(len(values), dtype=object)
    column[:] = [read[v] if type(v) is str else parse(kind, v) for v in values]
    if kind is FieldKind.NUMBER:
        for row, number in enumerate(column):
            if number is not None and math.isinf(number):
                raise DataError(
                    f"column {field.name!r} is infinite in row {row} (from 0), wanted a finite "
                    "number or a missing value"
                )
    if kind in (FieldKind.NUMBER, FieldKind.DATE):
        _warn_of_unread(field, values, column)
    return column


def _text(value: Any) -> str:
    return value if isinstance(value, str) else as_category(value)


_READERS: dict[FieldKind, Callable[[Any], Value]] = {
    FieldKind.NUMBER: as_number,
    FieldKind.CATEGORY: as_category,
    FieldKind.DATE: as_date,
    FieldKind.LIST: as_entries,
    FieldKind.TEXT: _text,
    FieldKind.IMAGES: as_paths,
}


def _is_nothing(value: Any) -> bool:
    return isinstance(value, str) and value.strip() in NOTHING_WORDS


def _are(read: Callable[[Any], Value], present: Mapping[Any, int]) -> bool:
    """Whether values can be read so, up to a few words that say nothing."""
    measured = {value: n for value, n in present.items() if not _is_nothing(value)}
    n_most = _UNREADABLE_SHARE * sum(measured.values())
    n_unread = 0
    for value, n in measured.items():
        if read(value) is None:
            n_unread += n
            # A digit that cannot be read (4+, 12a) says more than that nothing is known.
            if n_unread > n_most or re.search(r"\d", str(value)):
                return False
    return bool(measured)


def _n_units(present: Iterable[Any]) -> int:
    return len({unit_of(value) for value in present if as_number(value) is not None})


def _is_code_name(name: str) -> bool:
    words = name_words(name)
    while len(words) > 1 and (words[-1] in _CODE_SUFFIXES or words[-1].isdigit()):
        words.pop()
    return bool(words) and words[-1] in _CODE_WORDS


def _are_codes(name: str, present: Iterable[Any]) -> bool:
    texts = [as_category(value) for value in present if as_number(value) is not None]
    if any(len(text) > 1 and text.startswith("0") and text.isdigit() for text in texts):
        return True
    return _is_code_name(name) and all(text.isdigit() for text in texts)


def _kind_of_strings(present: Mapping[str, int]) -> FieldKind:
    n_texts = sum(present.values())
    n_words = sum(n * len(text.split()) for text, n in present.items())
    listed = {text: n for text, n in present.items() if LIST_SEPARATOR in text}
    n_entries = n_texts + sum(n * text.count(LIST_SEPARATOR) for text, n in listed.items())
    are_short = n_words <= _TEXT_WORDS * n_entries
    if sum(listed.values()) >= max(1, _LIST_SHARE * n_texts) and are_short and _are_lists(listed):
        return FieldKind.LIST
    return FieldKind.TEXT if n_words > _TEXT_WORDS * n_texts else FieldKind.CATEGORY


def _are_lists(listed: Collection[str]) -> bool:
    """Whether strings with the separator are lists, and not titles (``Loft | near the park``)."""
    if sum(_CLOSE_SEPARATOR.search(text) is not None for text in listed) > 0.5 * len(listed):
        return True
    entries = [entry.strip() for text in listed for entry in text.split(LIST_SEPARATOR)]
    return len(set(entries)) <= 0.5 * len(entries)


def _warn_of_unread(field: Field, values: Sequence[Any], column: NDArray[np.object_]) -> None:
    unread = [
        row
        for row, value in enumerate(column)
        if value is None and not is_missing(values[row]) and not _is_nothing(values[row])
    ]
    if unread:
        warnings.warn(
            f"column {field.name!r}: {len(unread)} of {len(values)} values cannot be read as a "
            f"{field.kind} (the first is {values[unread[0]]!r} in row {unread[0]} from 0) and "
            "count as missing",
            DataWarning,
            stacklevel=4,
        )

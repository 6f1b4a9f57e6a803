"""Raw values of a catalog, whoever wrote them, read one by one.

What is read, and what on purpose is not:

* numbers: Python's and numpy's, ``1,234.5``, ``-3e-7``, and with a unit that is dropped ``$1,200``
  and ``45%`` (which is 45); not ``1.234,5`` or ``1_000``, ``inf`` or ``(3)``;
* dates: date and time types, ``2024-01-31`` and ``2024/01/31``, a time of day behind them is
  dropped; not ``01/02/2024``, which is two different days on two sides of an ocean;
* lists: sequences, sets, arrays, and strings with ``|`` between the entries.
"""

import datetime as dt
import math
import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genz.errors import DataError

Value = float | str | dt.date | tuple[str, ...] | None
"""A value of a field; None is missing."""

MISSING_WORDS = frozenset(
    {"", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "<NA>", "NaT"}
)
"""Those by which pandas writes or reads nothing, but ``None``: see `NOTHING_WORDS`."""

NOTHING_WORDS = frozenset({"None", "none", "NONE"})
"""No number and no date, but a category of its own: a house whose alley is ``None`` has none."""

LIST_SEPARATOR = "|"
LIST_TYPES = (list, tuple, set, frozenset, np.ndarray)

_NUMBER = re.compile(
    r"[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:(?<=\d)\.\d*|\.\d+)?(?:[eE][-+]?\d+)?", re.A
)
_WITH_UNIT = re.compile(r"([-+]?)([$€£¥]?)\s*([\d.][\d.,eE+-]*?)\s*(%?)", re.A)
_DATE = re.compile(r"(\d{4})([-/])(\d\d)\2(\d\d)(?:[T ]\d\d:\d\d.*)?", re.A)
_WHOLE_FLOAT = re.compile(r"(-?\d+)\.0", re.A)
_BOOLEANS = {"true": "True", "false": "False"}


def is_missing(value: Any) -> bool:
    """Whether a raw value stands for nothing: None, NaN, NaT, pandas' NA or a word like ``NA``."""
    if value is None:
        return True
    if isinstance(value, str):
        return value.strip() in MISSING_WORDS
    if is_list(value):
        return not len(value)
    try:
        return bool(value != value)  # noqa: PLR0124 - NaN and NaT differ from themselves
    except (TypeError, ArithmeticError):  # pandas' NA is neither true nor false
        return True


def is_list(value: Any) -> bool:
    """Whether a raw value is a list of entries by its type."""
    return isinstance(value, LIST_TYPES) and (not isinstance(value, np.ndarray) or value.ndim > 0)


def is_bool(value: Any) -> bool:
    """Whether a raw value is a truth value by its type."""
    return isinstance(value, bool | np.bool_)


def as_number(value: Any) -> float | None:
    """Read a number; None when it is none. An infinite one is returned as it is."""
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if isinstance(value, str):
        return _text_as_number(value.strip())[0]
    if is_bool(value) or not isinstance(value, (Real, Decimal)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if abs(value) == value else -math.inf


def unit_of(value: Any) -> str:
    """The unit that :func:`as_number` drops: a currency sign, ``%`` or nothing."""
    return _text_as_number(value.strip())[1] if isinstance(value, str) else ""


def as_date(value: Any) -> dt.date | None:
    """Read a day; None when it is none."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, np.datetime64):
        day = value.astype("datetime64[D]").item()
        return day if isinstance(day, dt.date) else None
    match = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        return dt.date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None


def as_category(value: Any) -> str:
    """Read a category; the same one whether a file, a data frame or Python wrote it."""
    if isinstance(value, str):
        text = value.strip()
    elif isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
    elif isinstance(value, (float, np.floating)) and value.is_integer():
        # A data frame makes floats of whole numbers as soon as one value is missing.
        text = str(int(value))
    else:
        text = str(value)
    if match := _WHOLE_FLOAT.fullmatch(text):
        return match[1]
    return _BOOLEANS.get(text.lower(), text)


def as_entries(value: Any) -> tuple[str, ...] | None:
    """Read a list; None when it has no entries. Those of a set are sorted."""
    entries = value if is_list(value) else str(value).split(LIST_SEPARATOR)
    read = [as_category(entry) for entry in entries if not is_missing(entry)]
    return tuple(sorted(read) if isinstance(value, set | frozenset) else read) or None


def as_paths(value: Any) -> tuple[str, ...] | None:
    """Read paths: one, a list, or several with ``|`` between them; None when there are none."""
    if is_list(value):
        entries = sorted(value) if isinstance(value, set | frozenset) else value
    else:
        entries = str(value).split(LIST_SEPARATOR)
    return tuple(str(entry).strip() for entry in entries if not is_missing(entry)) or None


def nested_type(value: Any) -> str | None:
    """Name what a value holds that no field can: a dictionary, or a list inside of a list."""
    if isinstance(value, Mapping):
        return "a dictionary"
    if is_list(value):
        entries: Collection[Any] = value
        for entry in entries:
            if isinstance(entry, Mapping) or is_list(entry):
                return "a list of dictionaries or lists"
    return None


def _text_as_number(text: str) -> tuple[float | None, str]:
    """Number and unit of a stripped string."""
    if "_" not in text and text[-1:].isdigit() and text.isascii():
        try:
            return float(text), ""
        except ValueError:
            pass
    match = _WITH_UNIT.fullmatch(text)
    if match is None or not _NUMBER.fullmatch(match[3]) or (match[2] and match[4]):
        return None, ""
    return float(match[1] + match[3].replace(",", "")), match[2] or match[4]


def distinct(what: str, values: Sequence[Any]) -> NDArray[np.intp]:
    """Number distinct values in the order of first appearance; a missing one raises.

    Raises
    ------
    DataError
    """
    codes: dict[str, int] = {}
    for row, value in enumerate(values, start=1):
        if is_missing(value):
            raise DataError(
                f"the {what} of item {row} is missing, wanted one for each item; give an item "
                f"that is in no {what} one of its own"
            )
        codes.setdefault(str(value), len(codes))
    return np.array([codes[str(value)] for value in values], dtype=np.intp)

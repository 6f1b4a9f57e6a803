"""Conditions on the fields of an item, and their truth: 1, 0 or NaN (unknown)."""

import datetime as dt
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog, FieldKind
from genz.catalog.values import as_category, as_number

Truth = NDArray[np.float64]


@dataclass(frozen=True)
class Threshold:
    """``area is at least 2,500`` or, not `above`, ``area is below 2,500``.

    With `is_date` the limit is a day (counted from year 1), else a number, which a date is
    compared with by its year.
    """

    field: str
    limit: float
    above: bool
    is_date: bool = False

    def judge(self, items: Catalog) -> Truth:
        """A missing number leaves the question open."""
        kind = items.kinds.get(self.field)
        if kind is FieldKind.DATE:
            limit = self.limit if self.is_date else first_day(self.limit)
        elif kind is FieldKind.NUMBER and not self.is_date:
            limit = self.limit
        else:
            return _unknown(items)
        numbers = items.numbers(self.field)
        holds = (numbers >= limit) == self.above
        return np.where(np.isnan(numbers), np.nan, holds.astype(float))


@dataclass(frozen=True)
class OneOf:
    """``zipcode is A, B or C``."""

    field: str
    values: tuple[str, ...]

    def judge(self, items: Catalog) -> Truth:
        """Of a category or number, whether it is one of the values; of a list, if it has one."""
        return _judge_values(items, self.field, self.values)


@dataclass(frozen=True)
class Includes:
    """``genres include Comedy or Drama``: at least one of them."""

    field: str
    values: tuple[str, ...]

    def judge(self, items: Catalog) -> Truth:
        """Read as :class:`OneOf` is: a catalog may hold one entry for each item."""
        return _judge_values(items, self.field, self.values)


@dataclass(frozen=True)
class Between:
    """``zipcode is from 92201 to 92399``: codes in their order, both ends included."""

    field: str
    low: str
    high: str

    def judge(self, items: Catalog) -> Truth:
        """Of a number, whether it lies between; of a code, among those as long as both ends."""
        kind = items.kinds.get(self.field)
        if kind is FieldKind.NUMBER:
            low, high = as_number(self.low), as_number(self.high)
            if low is None or high is None:
                return _unknown(items)
            return _map(items, self.field, lambda v: low <= v <= high, missing=np.nan)
        if kind is not FieldKind.CATEGORY:
            return _unknown(items)
        size = len(self.low)
        if size != len(self.high):
            return _unknown(items)
        return _map(
            items,
            self.field,
            lambda v: len(v) == size and self.low <= v <= self.high,
            missing=np.nan,
        )


@dataclass(frozen=True)
class StartsWith:
    """``zipcode starts with 932``."""

    field: str
    prefix: str

    def judge(self, items: Catalog) -> Truth:
        """A missing category leaves the question open."""
        if items.kinds.get(self.field) is not FieldKind.CATEGORY:
            return _unknown(items)
        return _map(items, self.field, lambda v: v.startswith(self.prefix), missing=np.nan)


@dataclass(frozen=True)
class Mentions:
    """``description mentions 'granite'``: whole words, case ignored."""

    field: str
    phrase: str

    def judge(self, items: Catalog) -> Truth:
        """A missing text mentions nothing; a phrase without words is no question."""
        kind = items.kinds.get(self.field)
        if kind not in (FieldKind.TEXT, FieldKind.CATEGORY) or not self.phrase.strip():
            return _unknown(items)
        return _map(items, self.field, _mentions(self.phrase), missing=0.0)


@dataclass(frozen=True)
class Missing:
    """``garage is missing``."""

    field: str

    def judge(self, items: Catalog) -> Truth:
        """Known of every item; images are nothing that the built-in model sees."""
        if items.kinds.get(self.field, FieldKind.IMAGES) is FieldKind.IMAGES:
            return _unknown(items)
        return _map(items, self.field, lambda _: False, missing=1.0)


@dataclass(frozen=True)
class Both:
    """Two conditions joined by ``and``, in Kleene's logic: no and unknown is no."""

    first: "Simple"
    second: "Simple"

    def judge(self, items: Catalog) -> Truth:
        """The lesser of two truths, where neither is unknown or one is no."""
        return both(self.first.judge(items), self.second.judge(items))


def both(first: Truth, second: Truth) -> Truth:
    """Truths (N,) of a conjunction: 0 where one is no, NaN where it hangs on an unknown."""
    no = (first == 0) | (second == 0)
    return np.where(no, 0.0, first * second)


Simple = Threshold | OneOf | Includes | Between | StartsWith | Mentions | Missing
Condition = Simple | Both


@lru_cache(maxsize=4096)
def _mentions(phrase: str) -> Callable[[str], bool]:
    words = phrase.split()
    between = r"\W+".join(re.escape(word) for word in words)
    search = re.compile(rf"(?<!\w){between}(?!\w)", re.IGNORECASE).search
    if not phrase.isascii():
        return lambda text: search(text) is not None
    # Most texts have not even the first word, which is found out faster without the expression;
    # beyond ASCII lower case is not what the expression ignores (the long s matches s).
    head = words[0].lower()
    return lambda text: (not text.isascii() or head in text.lower()) and search(text) is not None


def _judge_values(items: Catalog, field: str, values: tuple[str, ...]) -> Truth:
    """A missing category or number leaves the question open, a missing list includes nothing."""
    wanted = {as_category(value) for value in values}
    match items.kinds.get(field):
        case FieldKind.CATEGORY:
            return _map(items, field, lambda value: value in wanted, missing=np.nan)
        case FieldKind.LIST:
            return _map(items, field, lambda value: not wanted.isdisjoint(value), missing=0.0)
        case FieldKind.NUMBER:
            numbers = [as_number(value) for value in values]
            if None in numbers:
                return _unknown(items)
            return _map(items, field, lambda value: value in numbers, missing=np.nan)
        case _:
            return _unknown(items)


def first_day(year: float) -> float:
    """Days from year 1 to the first day of the first year that is not below `year`."""
    if year > dt.MAXYEAR:
        return np.inf
    return float(dt.date(max(dt.MINYEAR, math.ceil(year)), 1, 1).toordinal())


def _map(items: Catalog, field: str, holds: Callable[[Any], bool], missing: float) -> Truth:
    """Judge every distinct value once."""
    values, positions = items.distinct(field)
    truth = [missing if value is None else float(holds(value)) for value in values]
    return np.array(truth, dtype=float)[positions]


def _unknown(items: Catalog) -> Truth:
    return np.full(len(items), np.nan)

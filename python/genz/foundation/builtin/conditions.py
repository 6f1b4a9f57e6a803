"""Conditions on the fields of an item, and their truth: 1, 0 or NaN (unknown)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog, FieldKind

Truth = NDArray[np.float64]


@dataclass(frozen=True)
class Threshold:
    """``area is at least 2,500`` or, not `above`, ``area is below 2,500``; dates in days."""

    field: str
    limit: float
    above: bool
    is_date: bool = False

    def judge(self, items: Catalog) -> Truth:
        """A missing number leaves the question open."""
        wanted = FieldKind.DATE if self.is_date else FieldKind.NUMBER
        if items.kinds.get(self.field) is not wanted:
            return _unknown(items)
        numbers = items.numbers(self.field)
        holds = (numbers >= self.limit) == self.above
        return np.where(np.isnan(numbers), np.nan, holds.astype(float))


@dataclass(frozen=True)
class OneOf:
    """``zipcode is A, B or C``; a list field holds if it includes one of the values."""

    field: str
    values: tuple[str, ...]

    def judge(self, items: Catalog) -> Truth:
        """A missing category leaves the question open."""
        wanted = set(self.values)
        kind = items.kinds.get(self.field)
        if kind is FieldKind.CATEGORY:
            return _map(items, self.field, lambda value: value in wanted, missing=np.nan)
        if kind is FieldKind.LIST:
            return _map(items, self.field, lambda value: not wanted.isdisjoint(value), missing=0.0)
        return _unknown(items)


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
        """A missing text mentions nothing."""
        if items.kinds.get(self.field) is not FieldKind.TEXT:
            return _unknown(items)
        search = _phrase_pattern(self.phrase).search
        return _map(items, self.field, lambda v: search(v) is not None, missing=0.0)


@dataclass(frozen=True)
class Missing:
    """``garage is missing``."""

    field: str

    def judge(self, items: Catalog) -> Truth:
        """Known of every item."""
        if self.field not in items.kinds:
            return _unknown(items)
        return np.array([value is None for value in items.array(self.field)], dtype=float)


@dataclass(frozen=True)
class Both:
    """Two conditions joined by ``and``, in Kleene's logic: no and unknown is no."""

    first: "Threshold | OneOf | StartsWith | Mentions | Missing"
    second: "Threshold | OneOf | StartsWith | Mentions | Missing"

    def judge(self, items: Catalog) -> Truth:
        """The lesser of two truths, where neither is unknown or one is no."""
        first, second = self.first.judge(items), self.second.judge(items)
        no = (first == 0) | (second == 0)
        return np.where(no, 0.0, first * second)


Simple = Threshold | OneOf | StartsWith | Mentions | Missing
Condition = Simple | Both


@lru_cache(maxsize=4096)
def _phrase_pattern(phrase: str) -> re.Pattern[str]:
    words = r"\W+".join(re.escape(word) for word in phrase.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)


def _map(items: Catalog, field: str, holds: Callable[[Any], bool], missing: float) -> Truth:
    values = items.array(field)
    return np.array([missing if v is None else float(holds(v)) for v in values], dtype=float)


def _unknown(items: Catalog) -> Truth:
    return np.full(len(items), np.nan)

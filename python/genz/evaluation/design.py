"""Table fields as numbers, for the baselines: learned on training items, applied to others."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from genz.catalog import Catalog, Field, FieldKind
from genz.statistics.arrays import Floats

MAX_CATEGORIES = 200
"""The most frequent values of a category or list that get a column."""
MIN_SKEWNESS = 1.0
"""Positive numbers more skewed than this enter as logarithms."""


class _Scaling(NamedTuple):
    log: bool
    median: float
    spread: float


class Design:
    """Columns of every table field, learned from the training items alone.

    Numbers and dates: the value (the logarithm of positive and skewed ones) standardised, the
    training median where missing, and an indicator that says so. Categories and lists: an
    indicator for each of the most frequent values; a value not seen in training has none. Free
    text and images are left out. Indicators stay 0 and 1: standardised, rare ones would hardly be
    shrunk. With `numbers_only` there are no columns of categories and lists.
    """

    def __init__(self, training: Catalog, *, numbers_only: bool = False) -> None:
        self._numbers: dict[str, _Scaling] = {}
        self._categories: dict[str, dict[str, int]] = {}
        for field in training.fields:
            if field.kind in (FieldKind.NUMBER, FieldKind.DATE):
                self._learn_number(training, field)
            elif field.kind in (FieldKind.CATEGORY, FieldKind.LIST) and not numbers_only:
                counts = Counter(v for entry in _entries(training, field.name) for v in entry)
                frequent = [value for value, _ in counts.most_common(MAX_CATEGORIES)]
                self._categories[field.name] = {v: ix for ix, v in enumerate(frequent)}

    def __call__(self, items: Catalog) -> Floats:
        """Design matrix of any items, (N, M)."""
        columns = [np.zeros((len(items), 0))]
        columns += [self._number(items, name) for name in self._numbers]
        columns += [self._indicators(items, name) for name in self._categories]
        return np.hstack(columns)

    def _learn_number(self, training: Catalog, field: Field) -> None:
        values = training.numbers(field.name)
        values = values[~np.isnan(values)]
        if not len(values):
            return
        log = bool(values.min() > 0) and field.kind is FieldKind.NUMBER
        log = log and _skewness(values) > MIN_SKEWNESS
        values = np.log(values) if log else values
        self._numbers[field.name] = _Scaling(
            log, float(np.median(values)), float(np.std(values)) or 1.0
        )

    def _number(self, items: Catalog, name: str) -> Floats:
        scaling = self._numbers[name]
        values = items.numbers(name)
        # What training never showed, a number that has no logarithm, is as good as missing.
        values = np.log(np.where(values > 0, values, np.nan)) if scaling.log else values
        missing = np.isnan(values)
        scaled = (np.where(missing, scaling.median, values) - scaling.median) / scaling.spread
        return np.column_stack([scaled, missing])

    def _indicators(self, items: Catalog, name: str) -> Floats:
        column_of = self._categories[name]
        indicators = np.zeros((len(items), len(column_of)))
        for row, entry in enumerate(_entries(items, name)):
            indicators[row, [column_of[value] for value in entry if value in column_of]] = 1.0
        return indicators


def _entries(items: Catalog, name: str) -> Iterable[tuple[str, ...]]:
    return (
        () if value is None else value if isinstance(value, tuple) else (value,)
        for value in items.array(name)
    )


def _skewness(values: Floats) -> float:
    spread = values.std()
    return float(np.mean(((values - values.mean()) / spread) ** 3)) if spread > 0 else 0.0

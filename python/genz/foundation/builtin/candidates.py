"""Conditions that may separate two groups of items, field by field.

Each finder looks at one kind of field and yields conditions with their description lengths; none
of them ranks. What a finder offers depends on the two groups only: the built-in model never sees a
target.

The description length of a condition is the logarithm of the number of conditions of its form that
the finder could have chosen: what the best of so many separates by chance (Rissanen 1978).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import comb, log

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog, Field, FieldKind
from genz.foundation.builtin.conditions import (
    Between,
    Includes,
    Mentions,
    Missing,
    OneOf,
    Simple,
    StartsWith,
    Threshold,
)

MAX_THRESHOLDS = 40
MAX_UNION = 12
MIN_UNION_ITEMS = 3
"""Shown items that each value of a union must have: rarer ones would be chosen by their noise."""
MAX_PHRASES = 40
MAX_CATEGORIES = 200
MAX_INTERVALS = 40
PRIOR_STRENGTH = 2.0
"""Imagined items of a category, split as the groups are: shrinks what is seen rarely."""

Candidate = tuple[Simple, float]
"""A condition and its description length in nats."""

_WORD = re.compile(r"\w[\w'-]*\w")


def find(items: Catalog, in_high: NDArray[np.bool_]) -> Iterator[Candidate]:
    """Conditions on every field but images; `items` are those of both groups."""
    for field in items.fields:
        match field.kind:
            case FieldKind.NUMBER | FieldKind.DATE:
                yield from thresholds(items, field)
            case FieldKind.CATEGORY:
                yield from categories(items, field, in_high)
            case FieldKind.LIST:
                yield from entries(items, field, in_high)
            case FieldKind.TEXT:
                yield from phrases(items, field, in_high)
            case FieldKind.IMAGES:
                continue
        n_missing = sum(value is None for value in items.array(field.name))
        if 0 < n_missing < len(items):
            yield Missing(field.name), 0.0


def thresholds(items: Catalog, field: Field) -> Iterator[Candidate]:
    """Readable limits between the quantiles of a number or date."""
    numbers = items.numbers(field.name)
    numbers = np.unique(numbers[~np.isnan(numbers)])
    if len(numbers) < 2:
        return
    is_date = field.kind is FieldKind.DATE
    levels = np.linspace(0, 1, min(MAX_THRESHOLDS, len(numbers)) + 1)[1:]
    present = items.numbers(field.name)
    quantiles = np.unique(np.nanquantile(present, levels, method="higher"))
    spread = float(numbers[-1] - numbers[0])
    limits = {float(q) if is_date else readable(float(q), spread) for q in quantiles}
    inside = sorted(limit for limit in limits if numbers[0] < limit <= numbers[-1])
    for limit in inside:
        for above in (True, False):
            yield Threshold(field.name, limit, above, is_date=is_date), log(len(inside))


def readable(number: float, spread: float) -> float:
    """Round to about a fiftieth of the spread, a figure that people say aloud."""
    step = 10.0 ** np.floor(np.log10(spread / 50))
    for factor in (5, 2, 1):
        if step * factor <= spread / 50:
            step *= factor
            break
    if float(number).is_integer() and spread > 2:
        step = max(step, 1.0)
    return float(f"{round(number / step) * step:.10g}")


def categories(items: Catalog, field: Field, in_high: NDArray[np.bool_]) -> Iterator[Candidate]:
    """Single values, unions grown from either end of the log odds, prefixes of codes."""
    column = items.array(field.name)
    yield from _single_and_unions(field.name, _counts(((v,) for v in column), in_high), in_high)
    values = sorted({v for v in column if v is not None})
    if values and all(str(v).isalnum() and any(c.isdigit() for c in str(v)) for v in values):
        yield from intervals(field, values, items, in_high)
        for length in range(1, min(len(str(v)) for v in values)):
            prefixes = Counter(str(v)[:length] for v in column if v is not None)
            for prefix, count in sorted(prefixes.items()):
                if 1 < count < len(items):
                    yield StartsWith(field.name, prefix), log(len(prefixes))


def intervals(
    field: Field, codes: list[str], items: Catalog, in_high: NDArray[np.bool_]
) -> Iterator[Candidate]:
    """Stretches of codes as long as one another, which neighbours often share (zip codes do)."""
    if len({len(code) for code in codes}) > 1 or len(codes) < 3:
        return
    place = {code: i for i, code in enumerate(codes)}
    counts = np.zeros((len(codes), 2))
    for value, is_high in zip(items.array(field.name), in_high, strict=True):
        if value is not None:
            counts[place[value], int(is_high)] += 1
    below = np.vstack([np.zeros(2), np.cumsum(counts, axis=0)])
    starts, ends = np.triu_indices(len(codes), k=1)
    held = below[ends + 1] - below[starts]
    share = float(np.mean(in_high))
    n = held.sum(axis=1)
    z = (held[:, 1] - share * n) / np.sqrt((n + PRIOR_STRENGTH) * share * (1 - share))
    for i in np.argsort(-np.abs(z), kind="stable")[:MAX_INTERVALS]:
        yield Between(field.name, codes[starts[i]], codes[ends[i]]), log(len(z))


def entries(items: Catalog, field: Field, in_high: NDArray[np.bool_]) -> Iterator[Candidate]:
    """Entries of lists, and unions of them."""
    column = (v or () for v in items.array(field.name))
    for one_of, length in _single_and_unions(field.name, _counts(column, in_high), in_high):
        yield Includes(field.name, one_of.values), length


def phrases(items: Catalog, field: Field, in_high: NDArray[np.bool_]) -> Iterator[Candidate]:
    """Words and two-word phrases with the most extreme log odds.

    Log odds ratio with an informative Dirichlet prior over its standard deviation (Monroe,
    Colaresi & Quinn 2008, "Fightin' Words"), on the number of items that mention a phrase.
    """
    mentioned = (_phrases(v) if v is not None else () for v in items.array(field.name))
    counts = _counts(mentioned, in_high)
    sizes = np.array([in_high.sum(), (~in_high).sum()], dtype=float)
    scored = []
    for phrase, (high, low) in counts.items():
        total = high + low
        if total < 3 or total > len(items) - 3:
            continue
        prior = PRIOR_STRENGTH * total / len(items)
        odds = [
            np.log((c + prior) / (n + PRIOR_STRENGTH - c - prior))
            for c, n in zip((high, low), sizes, strict=True)
        ]
        sd = np.sqrt(1 / (high + prior) + 1 / (low + prior))
        scored.append((-abs(odds[0] - odds[1]) / sd, phrase))
    for _, phrase in sorted(scored)[:MAX_PHRASES]:
        yield Mentions(field.name, phrase), log(len(scored))


def _phrases(text: str) -> set[str]:
    """Words, and pairs of words with nothing but space between them."""
    found = [match for match in _WORD.finditer(text) if "'" not in match[0]]
    pairs = (
        f"{a[0]} {b[0]}".lower() for a, b in pairwise(found) if text[a.end() : b.start()].isspace()
    )
    return {*(match[0].lower() for match in found), *pairs}


def _counts(
    values: Iterable[Iterable[str | None]], in_high: NDArray[np.bool_]
) -> dict[str, tuple[int, int]]:
    """Number of items of the high and of the low group that have each value."""
    high: Counter[str] = Counter()
    low: Counter[str] = Counter()
    for entry, is_high in zip(values, in_high, strict=True):
        (high if is_high else low).update({value for value in entry if value is not None})
    return {value: (high[value], low[value]) for value in sorted(high.keys() | low.keys())}


def _single_and_unions(
    field: str, counts: dict[str, tuple[int, int]], in_high: NDArray[np.bool_]
) -> Iterator[tuple[OneOf, float]]:
    share = float(np.mean(in_high))
    most = sorted(counts, key=lambda value: (-sum(counts[value]), value))[:MAX_CATEGORIES]
    for value in most:
        yield OneOf(field, (value,)), log(len(most))

    # Shrunken log odds order the values; what a value adds is its z-score, so a union takes the
    # clear and frequent ones first.
    def z_score(value: str) -> float:
        high, low = counts[value]
        n = high + low
        return float((high - share * n) / np.sqrt((n + PRIOR_STRENGTH) * share * (1 - share)))

    ordered = sorted(most, key=lambda value: (z_score(value), value))
    for values in (ordered[::-1], ordered):
        sign = np.sign(z_score(values[0])) if values else 0.0
        agreeing = [
            value
            for value in values
            if sign * z_score(value) > 0 and sum(counts[value]) >= MIN_UNION_ITEMS
        ]
        for size in range(2, min(MAX_UNION, len(agreeing)) + 1):
            yield OneOf(field, tuple(sorted(agreeing[:size]))), log(comb(len(most), size))

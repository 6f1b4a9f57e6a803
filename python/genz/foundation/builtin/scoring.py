"""How much a condition tells of which group an item is in, and what it costs to say it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog
from genz.foundation.builtin.conditions import Both, Condition, Simple, both
from genz.foundation.builtin.grammar import print_condition

MAX_PARTNERS = 60
PARTNERS_OF_A_FIELD = 12
MAX_LIKENESS = 0.95
"""Share of the shown items on which two partners may agree, or contradict each other."""

C_co = TypeVar("C_co", bound=Condition, covariant=True)


@dataclass(frozen=True)
class Scored(Generic[C_co]):
    """A condition, its truth on the shown items and what speaks for it.

    `evidence` is the log likelihood ratio of the two groups' shares less the description
    `length`, in nats.
    """

    condition: C_co
    truth: NDArray[np.float64]
    length: float
    evidence: float


def score(
    conditions: Iterable[tuple[C_co, float]], items: Catalog, in_high: NDArray[np.bool_]
) -> Iterator[Scored[C_co]]:
    """Score the conditions that hold for some items and not for all."""
    for condition, length in conditions:
        truth = condition.judge(items)
        statistic = separation(truth, in_high)
        if statistic > 0:
            yield Scored(condition, truth, length, statistic / 2 - length)


def score_alone(conditions: Iterable[tuple[C_co, float]], items: Catalog) -> Iterator[Scored[C_co]]:
    """Conditions by the entropy of their truth on the items less the description length."""
    for condition, length in conditions:
        truth = condition.judge(items)
        share = float(np.mean(truth == 1))
        if 0 < share < 1:
            entropy = -share * np.log(share) - (1 - share) * np.log1p(-share)
            yield Scored(condition, truth, length, len(items) * float(entropy) - length)


def ranked(scored: Iterable[Scored[C_co]]) -> list[Scored[C_co]]:
    """Most evidence first."""
    return sorted(scored, key=lambda s: (-s.evidence, print_condition(s.condition)))


def conjunctions(
    singles: list[Scored[Simple]], in_high: NDArray[np.bool_]
) -> Iterator[Scored[Both]]:
    """Conjunctions that separate better than either of their parts, for all that they say more.

    `singles` are ranked. What depends on two fields at once shows weakly in each, so the partners
    are the best of every field, unlike one another, rather than the best of all.
    """
    partners = _partners(singles)
    if len(partners) < 2:
        return
    holds = np.array([one.truth == 1 for one in partners], dtype=float)
    n_high, n_low = int(in_high.sum()), int((~in_high).sum())
    in_both_high, in_both_low = (
        holds[:, group] @ holds[:, group].T for group in (in_high, ~in_high)
    )
    statistics = _g_squared(in_both_high, in_both_low, n_high, n_low)
    for (i, first), (j, second) in combinations(enumerate(partners), 2):
        length = first.length + second.length
        evidence = float(statistics[i, j]) / 2 - length
        if evidence > max(first.evidence, second.evidence):
            condition = Both(first.condition, second.condition)
            yield Scored(condition, both(first.truth, second.truth), length, evidence)


def _partners(singles: list[Scored[Simple]]) -> list[Scored[Simple]]:
    kept: list[Scored[Simple]] = []
    taken: list[NDArray[np.float64]] = []
    n_of_field: dict[str, int] = {}
    for one in singles:
        field = one.condition.field
        truth = signs(one.truth)
        if n_of_field.get(field, 0) == PARTNERS_OF_A_FIELD or is_like_any(truth, taken):
            continue
        n_of_field[field] = n_of_field.get(field, 0) + 1
        kept.append(one)
        taken.append(truth)
        if len(kept) == MAX_PARTNERS:
            break
    return kept


def separation(truth: NDArray[np.float64], in_high: NDArray[np.bool_]) -> float:
    """Likelihood-ratio statistic G^2 of a 2 x 2 table, half an item added to each cell."""
    holds = truth == 1
    high, low = (np.sum(holds & group, keepdims=True) for group in (in_high, ~in_high))
    return float(_g_squared(high, low, int(in_high.sum()), int((~in_high).sum()))[0])


def _g_squared(
    high: NDArray[np.float64], low: NDArray[np.float64], n_high: int, n_low: int
) -> NDArray[np.float64]:
    """G^2 of many conditions by the numbers of items of either group that have them."""
    cells = np.array([[high, low], [n_high - high, n_low - low]], dtype=float) + 0.5
    total = n_high + n_low + 2.0
    expected = cells.sum(axis=0, keepdims=True) * cells.sum(axis=1, keepdims=True) / total
    statistic = 2 * np.sum(cells * np.log(cells / expected), axis=(0, 1))
    divides = (high + low > 0) & (high + low < n_high + n_low)
    return np.where(divides, statistic, 0.0)


def signs(truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where a condition holds, else -1."""
    return np.where(truth == 1, 1.0, -1.0)


def is_like_any(truth: NDArray[np.float64], others: list[NDArray[np.float64]]) -> bool:
    """Whether signs agree with those of another, or contradict them, on nearly all items."""
    return any(abs(np.mean(truth * other)) >= 2 * MAX_LIKENESS - 1 for other in others)

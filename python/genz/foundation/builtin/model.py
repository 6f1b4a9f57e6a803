"""The built-in model behind the protocol of foundation models."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog
from genz.foundation.builtin import candidates
from genz.foundation.builtin.conditions import Both, Condition, Simple
from genz.foundation.builtin.grammar import parse_condition, print_condition
from genz.foundation.builtin.neighbours import mean_of_nearest
from genz.foundation.protocol import Contrast

MAX_AGREEMENT = 0.95
PAIRED = 12
"""Conjunctions are formed of this many best single conditions."""


C_co = TypeVar("C_co", bound=Condition, covariant=True)


class BuiltinModel:
    """Foundation model of genz's own: no key, no network, no randomness.

    It knows the catalog's fields and the words of its texts, and nothing of the world: its
    features are sentences such as ``area is at least 2,500``, ``zipcode is 92276 or 93446``,
    ``description mentions 'granite'``, and two of these joined by ``and``. To a sentence that it
    cannot parse it answers *unknown*.
    """

    name = "builtin"
    is_certain = True
    error_rate = 0.001
    rate_strength = 1e5
    group_size = 400
    n_proposals = 60

    async def judge(self, items: Catalog, features: Sequence[str]) -> NDArray[np.float64]:
        """Judge items on sentences of the grammar; see the protocol."""
        judgments = np.full((len(items), len(features)), np.nan)
        for k, feature in enumerate(features):
            condition = parse_condition(feature)
            if condition is not None:
                judgments[:, k] = condition.judge(items)
        return judgments

    async def propose(self, contrast: Contrast, n: int) -> list[str]:
        """Propose the conditions that best separate the groups; see the protocol.

        Conditions are ranked by the log likelihood ratio of the two groups' shares less their
        description length, and one that agrees with a better or a known one on nearly all shown
        items is left out. Without a second group those come first that divide the items best.
        """
        n_high, n_low = len(contrast.high), len(contrast.low)
        if not n_high or not (n_low or contrast.kind == "none"):
            return []
        items = _concatenate(contrast.high, contrast.low)
        in_high = np.arange(n_high + n_low) < n_high
        pairs: Iterable[_Scored[Both]] = ()
        if n_low:
            singles = _ranked(_score(candidates.find(items, in_high), items, in_high))
            pairs = _pairs(singles[:PAIRED], items, in_high)
        else:
            singles = _ranked(_informative(items))
        known = [parse_condition(feature) for feature in contrast.known_features]
        taken = [_signs(c.judge(items)) for c in known if c is not None]
        proposed: list[str] = []
        for candidate in _ranked([*singles, *pairs]):
            if len(proposed) == n:
                break
            signs = _signs(candidate.truth)
            if all(abs(np.mean(signs * other)) < 2 * MAX_AGREEMENT - 1 for other in taken):
                taken.append(signs)
                proposed.append(print_condition(candidate.condition))
        return proposed

    async def predict(
        self, items: Catalog, examples: Catalog, targets: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Mean target of the examples most alike; NaN without examples. See the protocol."""
        y = np.asarray(targets, dtype=np.float64)
        y = y[:, np.newaxis] if y.ndim == 1 else y
        if not len(examples):
            return np.full((len(items), y.shape[1]), np.nan)
        return mean_of_nearest(items, examples, y)


@dataclass(frozen=True)
class _Scored(Generic[C_co]):
    """A condition, its truth on the shown items and what speaks for it.

    `evidence` is the log likelihood ratio of the two groups' shares less the description
    `length`, in nats.
    """

    condition: C_co
    truth: NDArray[np.float64]
    length: float
    evidence: float


def _score(
    conditions: Iterable[tuple[C_co, float]], items: Catalog, in_high: NDArray[np.bool_]
) -> Iterator[_Scored[C_co]]:
    """Score the conditions that hold for some items and not for all."""
    for condition, length in conditions:
        truth = condition.judge(items)
        statistic = separation(truth, in_high)
        if statistic > 0:
            yield _Scored(condition, truth, length, statistic / 2 - length)


def _informative(items: Catalog) -> Iterator[_Scored[Simple]]:
    """Conditions by the entropy of their truth on the items less the description length.

    Finders that compare two groups are given the odd and the even items.
    """
    for condition, length in candidates.find(items, np.arange(len(items)) % 2 == 0):
        truth = condition.judge(items)
        share = float(np.mean(truth == 1))
        if 0 < share < 1:
            entropy = -share * np.log(share) - (1 - share) * np.log1p(-share)
            yield _Scored(condition, truth, length, len(items) * float(entropy) - length)


def _ranked(scored: Iterable[_Scored[C_co]]) -> list[_Scored[C_co]]:
    return sorted(scored, key=lambda s: (-s.evidence, print_condition(s.condition)))


def _pairs(
    best: list[_Scored[Simple]], items: Catalog, in_high: NDArray[np.bool_]
) -> Iterator[_Scored[Both]]:
    """Conjunctions that separate better than either of their parts, for all that they say more."""
    for first, second in combinations(best, 2):
        both = Both(first.condition, second.condition), first.length + second.length
        for pair in _score([both], items, in_high):
            if pair.evidence > max(first.evidence, second.evidence):
                yield pair


def separation(truth: NDArray[np.float64], in_high: NDArray[np.bool_]) -> float:
    """Likelihood-ratio statistic G^2 of a 2 x 2 table, half an item added to each cell."""
    holds = truth == 1
    if not holds.any() or holds.all():
        return 0.0
    table = (
        np.array(
            [
                [np.sum(holds & in_high), np.sum(holds & ~in_high)],
                [np.sum(~holds & in_high), np.sum(~holds & ~in_high)],
            ],
            dtype=float,
        )
        + 0.5
    )
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(2 * np.sum(table * np.log(table / expected)))


def _signs(truth: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(truth == 1, 1.0, -1.0)


def _concatenate(first: Catalog, second: Catalog) -> Catalog:
    columns = {
        field.name: np.concatenate([first.array(field.name), second.array(field.name)])
        for field in first.fields
    }
    return Catalog(first.fields, columns)

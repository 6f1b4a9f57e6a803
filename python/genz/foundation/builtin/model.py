"""The built-in model behind the protocol of foundation models."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog
from genz.foundation.builtin import candidates
from genz.foundation.builtin.conditions import Both, Condition
from genz.foundation.builtin.grammar import parse_condition, print_condition
from genz.foundation.builtin.neighbours import mean_of_nearest
from genz.foundation.protocol import Contrast

MAX_AGREEMENT = 0.95
PAIRED = 12
"""Conjunctions are formed of this many best single conditions."""
MIN_PAIR_ADVANTAGE = 1.15
"""A conjunction must separate this much better than the better of its parts."""


class BuiltinModel:
    """Foundation model of genz's own: no key, no network, no randomness.

    It knows the catalog's fields and the words of its texts, and nothing of the world: its
    features are sentences such as ``area is at least 2,500``, ``zipcode is 92276 or 93446``,
    ``description mentions 'granite'``, and two of these joined by ``and``. To a sentence that it
    cannot parse it answers *unknown*.
    """

    name = "builtin"
    group_size = 400

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

        Conditions are ranked by the likelihood-ratio statistic of the two groups' shares, and one
        that agrees with a better or a known one on nearly all shown items is left out.
        """
        n_high, n_low = len(contrast.high), len(contrast.low)
        if not n_high or not n_low:
            return []
        items = _concatenate(contrast.high, contrast.low)
        in_high = np.arange(n_high + n_low) < n_high
        scored = _score(candidates.find(items, in_high), items, in_high)
        scored += _conjunctions(scored[:PAIRED], items, in_high)
        scored.sort(key=lambda entry: (-entry[0], print_condition(entry[1])))
        known = [parse_condition(feature) for feature in contrast.known_features]
        taken = [_signs(c.judge(items)) for c in known if c is not None]
        proposed: list[str] = []
        for _, condition, truth in scored:
            if len(proposed) == n:
                break
            signs = _signs(truth)
            if all(abs(np.mean(signs * other)) < 2 * MAX_AGREEMENT - 1 for other in taken):
                taken.append(signs)
                proposed.append(print_condition(condition))
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


Scored = tuple[float, Condition, NDArray[np.float64]]


def _score(
    conditions: Iterable[Condition], items: Catalog, in_high: NDArray[np.bool_]
) -> list[Scored]:
    scored = []
    for condition in conditions:
        truth = condition.judge(items)
        statistic = separation(truth, in_high)
        if statistic > 0:
            scored.append((statistic, condition, truth))
    return sorted(scored, key=lambda entry: (-entry[0], print_condition(entry[1])))


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


def _conjunctions(best: list[Scored], items: Catalog, in_high: NDArray[np.bool_]) -> list[Scored]:
    pairs: list[Scored] = []
    for i, (score_i, first, _) in enumerate(best):
        for score_j, second, _ in best[i + 1 :]:
            if isinstance(first, Both) or isinstance(second, Both):
                continue
            both = Both(first, second)
            truth = both.judge(items)
            statistic = separation(truth, in_high)
            if statistic > MIN_PAIR_ADVANTAGE * max(score_i, score_j):
                pairs.append((statistic, both, truth))
    return pairs


def _signs(truth: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(truth == 1, 1.0, -1.0)


def _concatenate(first: Catalog, second: Catalog) -> Catalog:
    columns = {
        field.name: np.concatenate([first.array(field.name), second.array(field.name)])
        for field in first.fields
    }
    return Catalog(first.fields, columns)

"""The built-in model behind the protocol of foundation models."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog
from genz.foundation.builtin import candidates
from genz.foundation.builtin.conditions import Both
from genz.foundation.builtin.grammar import parse_condition, print_condition
from genz.foundation.builtin.neighbours import mean_of_nearest
from genz.foundation.builtin.scoring import (
    Scored,
    conjunctions,
    is_like_any,
    ranked,
    score,
    score_alone,
    signs,
)
from genz.foundation.protocol import Contrast


class BuiltinModel:
    """Foundation model of genz's own: no key, no network, no randomness.

    It knows the catalog's fields and the words of its texts, and nothing of the world: its
    features are sentences such as ``area is at least 2,500``, ``zipcode is 92276 or 93446``,
    ``zipcode is from 92201 to 92399``, ``description mentions 'granite'``, and two of these joined
    by ``and``. To a sentence that it cannot parse it answers *unknown*.
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
        pairs: Iterable[Scored[Both]] = ()
        if n_low:
            singles = ranked(score(candidates.find(items, in_high), items, in_high))
            pairs = conjunctions(singles, in_high)
        else:
            # Finders that compare two groups are given the even and the odd items.
            even = np.arange(len(items)) % 2 == 0
            singles = ranked(score_alone(candidates.find(items, even), items))
        known = [parse_condition(feature) for feature in contrast.known_features]
        taken = [signs(c.judge(items)) for c in known if c is not None]
        proposed: list[str] = []
        for candidate in ranked([*singles, *pairs]):
            if len(proposed) == n:
                break
            truth = signs(candidate.truth)
            if not is_like_any(truth, taken):
                taken.append(truth)
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


def _concatenate(first: Catalog, second: Catalog) -> Catalog:
    columns = {
        field.name: np.concatenate([first.array(field.name), second.array(field.name)])
        for field in first.fields
    }
    return Catalog(first.fields, columns)

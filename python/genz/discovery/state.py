"""What discovery has found so far, and the parting of the items for one round."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genz.statistics.arrays import Floats, Indices
from genz.statistics.groups import Grouping
from genz.statistics.parameters import Parameters
from genz.statistics.regression import LatentFeatureRegression

MIN_ITEMS = 3
"""Fewer items with a target cannot be parted and fitted."""

CHOOSING_SHARE = 0.5


@dataclass(frozen=True)
class Found:
    """Features in the order in which they came, the gain of each, and their judgments (N, K)."""

    features: tuple[str, ...]
    gains: tuple[float | None, ...]
    judgments: Floats

    def with_feature(self, description: str, gain: float | None, column: Floats) -> "Found":
        """Append a feature."""
        return Found(
            (*self.features, description),
            (*self.gains, gain),
            np.column_stack([self.judgments, column]),
        )

    def without(self, k: int) -> "Found":
        """Leave feature k out."""
        return Found(
            self.features[:k] + self.features[k + 1 :],
            self.gains[:k] + self.gains[k + 1 :],
            np.delete(self.judgments, k, axis=1),
        )


@dataclass(frozen=True)
class Fitted:
    """A regression and the features that it knows, column by column."""

    features: tuple[str, ...]
    regression: LatentFeatureRegression

    def start(self, found: Found) -> Parameters:
        """Parameters for the features of `found`: those known keep theirs, new ones have none.

        New features are the last ones of `found`, because a feature that comes is appended.
        """
        kept = [self.features.index(text) for text in found.features if text in self.features]
        parameters = self.regression.parameters_.take(kept)
        for column in found.judgments.T[len(kept) :]:
            parameters = parameters.with_feature(
                np.zeros(len(parameters.intercept)),
                error_rate=self.regression.rate_centre,
                is_hard=is_hard(column),
            )
        return parameters


@dataclass(frozen=True)
class Sides:
    """Rows of the items that choose in a round and of those that decide, in random order."""

    choosing: Indices
    deciding: Indices

    @classmethod
    def draw(
        cls, usable: NDArray[np.bool_], rng: np.random.Generator, grouping: Grouping | None = None
    ) -> "Sides":
        """Part the usable items anew: every round is decided by other items.

        Groups stay together, as what they have in common would tell the same on both sides.
        """
        rows = rng.permutation(np.flatnonzero(usable))
        group_of = np.arange(len(rows)) if grouping is None else grouping.group_of[rows]
        sizes = np.unique(group_of, return_counts=True)[1]
        if len(sizes) in (1, len(rows)):
            # What a single group has in common is the intercept.
            n_choosing = int(np.ceil(CHOOSING_SHARE * len(rows)))
            return cls(np.sort(rows[:n_choosing]), rows[n_choosing:])
        chooses = _halved(sizes, rng)[np.unique(group_of, return_inverse=True)[1]]
        return cls(np.sort(rows[chooses]), rows[~chooses])


def _halved(sizes: Indices, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Part groups (G,) of these sizes: large ones first, each to the side that has fewer items."""
    chooses = np.zeros(len(sizes), dtype=bool)
    n_items = [0, 0]
    for g in np.lexsort((rng.random(len(sizes)), -sizes)):
        side = int(rng.integers(2)) if n_items[0] == n_items[1] else int(np.argmin(n_items))
        chooses[g] = side == 0
        n_items[side] += int(sizes[g])
    return chooses


def is_hard(column: Floats) -> bool:
    """Whether judgments are only 0, 1 and NaN."""
    return bool(np.isin(column[~np.isnan(column)], (0.0, 1.0)).all())

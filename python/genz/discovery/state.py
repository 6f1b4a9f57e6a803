"""What discovery has found so far, and the parting of the items for one round."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genz.discovery.evidence import Indices
from genz.statistics.arrays import Floats
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

    def with_feature(self, description: str, gain: float, column: Floats) -> "Found":
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
    def draw(cls, usable: NDArray[np.bool_], rng: np.random.Generator) -> "Sides":
        """Part the usable items anew: every round is decided by other items."""
        rows = rng.permutation(np.flatnonzero(usable))
        n_choosing = int(np.ceil(CHOOSING_SHARE * len(rows)))
        return cls(np.sort(rows[:n_choosing]), rows[n_choosing:])


def is_hard(column: Floats) -> bool:
    """Whether judgments are only 0, 1 and NaN."""
    return bool(np.isin(column[~np.isnan(column)], (0.0, 1.0)).all())

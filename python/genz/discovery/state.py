"""What discovery has found so far, and the sides from which it looks at the items."""

from dataclasses import dataclass

import numpy as np

from genz.discovery.evidence import Indices
from genz.statistics.arrays import Floats
from genz.statistics.parameters import Parameters
from genz.statistics.regression import LatentFeatureRegression

N_SIDES = 3
"""Every item decides on one side and helps to choose on the others; no fewer items will do."""


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
class Side:
    """Items that choose and items that decide, and the fit to the choosing items.

    The fit has never seen the deciding items, in this round or an earlier one: a model that
    remembers them would seem to lose by every change.
    """

    choosing: Indices
    deciding: Indices
    fitted: Fitted | None = None

    @classmethod
    def draw(cls, n_items: int, rng: np.random.Generator) -> "list[Side]":
        """Draw sides whose deciding items part the catalog of at least `N_SIDES` items."""
        parts = np.array_split(rng.permutation(n_items), N_SIDES)
        everything = np.arange(n_items)
        return [cls(np.setdiff1d(everything, part), np.sort(part)) for part in parts]


def is_hard(column: Floats) -> bool:
    """Whether judgments are only 0, 1 and NaN."""
    return bool(np.isin(column[~np.isnan(column)], (0.0, 1.0)).all())

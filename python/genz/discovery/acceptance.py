"""Whether a candidate pays, tested on items that had no part in choosing it.

The test is least squares on the deciding items alone: the candidate beside the covariates and the
expected features E[z]. What the design leaves of the targets enters by its ranks.

A scalar target has one effect, whose sign the choosing items gave: a one-sided t test. For vectors
they gave an estimate c of the effect as well, in the units in which the deciding items estimate it,
d, with noise of variance 1. Under a flat prior the Bayes factor of both together, given c, grows
with |c + d|^2; that is a noncentral chi-square with noncentrality |c|^2 if there is no effect, so
that the choosing items direct the test and cannot spoil its level.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, chndtr, fdtrc, ndtri, stdtr

from genz.discovery.evidence import filled
from genz.statistics.arrays import Floats
from genz.statistics.groups import Grouping

MIN_DEGREES_OF_FREEDOM = 5.0

ROOM = 4
"""Spare items for each dimension that a vector is tested in; with fewer only along one direction,
because a covariance of so many dimensions would be guessed."""


@dataclass(frozen=True)
class Promise:
    """What some items say of a candidate's effect on D targets.

    Attributes
    ----------
    frame : ndarray of shape (D, Q)
        Coordinates in which the noise is white; only the direction of the effect, Q = 1, where
        items are too few for that.
    scores : ndarray of shape (Q,)
        The effect in these coordinates, in its standard errors.
    size : float
        Sum of squares of the candidate beside the design, to which variances are inverse.
    """

    frame: Floats
    scores: Floats
    size: float


@dataclass(frozen=True)
class Verdict:
    """A test of a candidate.

    Attributes
    ----------
    gain : float
        Gain in log likelihood of the items by one coefficient along the promised effect, in nats;
        0 where its sign contradicts the promise.
    p_value : float
        NaN where nothing could be tested.
    """

    gain: float
    p_value: float


UNTESTED = Verdict(0.0, float("nan"))
"""Where items are too few, or judged too much alike, for a test."""


class Trial:
    """Least squares of n items' targets (n, D) on a design (n, P), candidates beside it."""

    def __init__(
        self,
        design: Floats,
        targets: Floats,
        item_weights: Floats,
        grouping: Grouping | None = None,
    ) -> None:
        self._item_weights = item_weights
        self._grouping = grouping
        self._root = np.sqrt(item_weights)[:, np.newaxis]
        self._basis = np.linalg.qr(self._weighed(design))[0]
        self._residual = self._less_explained(self._weighed(targets))
        self._weight = float(item_weights.sum())
        self._n_effective = self._weight**2 / float(item_weights @ item_weights)
        self._n_spare = self._n_effective - design.shape[1] - 1

    def promise(self, column: Floats) -> Promise | None:
        """Estimate the effect of a candidate's judgments (n,); None where there is none to tell."""
        new = self._beside_design(column)
        size = float(new @ new)
        effect = new @ self._residual
        if not self._can_test(size) or not np.any(effect):
            return None
        frame = (effect / np.linalg.norm(effect))[:, np.newaxis]
        n_dimensions = self._residual.shape[1]
        if n_dimensions > 1 and self._n_spare >= ROOM * n_dimensions:
            axes, scale = _inverse_root(self._covariance(self._residual, new, size))
            # The symmetric root turns targets as little as can be, and ranks are taken of each.
            frame = axes * scale if axes.shape[1] < n_dimensions else (axes * scale) @ axes.T
            return Promise(frame, effect @ frame / np.sqrt(size), size)
        noise = self._covariance(self._residual @ frame, new, size)
        return Promise(frame, effect @ frame / np.sqrt(size * noise[0]), size)

    def test(self, column: Floats, promise: Promise | None) -> Verdict:
        """Test a candidate's judgments (n,) against what other items promise of it."""
        new = self._beside_design(column)
        size = float(new @ new)
        if promise is None or not self._can_test(size):
            return UNTESTED
        targets = self._normal_scores(self._residual @ promise.frame)
        noise = self._covariance(targets, new, size)
        axes, scale = _inverse_root(noise)
        scores = (axes * scale) @ axes.T @ (new @ targets) / np.sqrt(size)
        along = float(scores @ promise.scores / np.linalg.norm(promise.scores))
        gain = 0.5 * self._n_effective * np.log1p(along**2 / self._n_spare) if along > 0 else 0.0
        if len(scores) == 1:
            return Verdict(float(gain), float(stdtr(self._n_spare, -along)))
        shift = promise.scores * np.sqrt(promise.size / size)
        return Verdict(float(gain), _noncentral(self._normal(scores), shift))

    def _beside_design(self, column: Floats) -> Floats:
        """What the design leaves of a candidate's judgments, (n,)."""
        return self._less_explained(self._weighed(filled(column)))[:, 0]

    def _weighed(self, columns: Floats) -> Floats:
        """Columns (n, M) on which least squares is that of weighed and grouped items."""
        if self._grouping is not None:
            columns = self._grouping.decorrelated(columns, self._item_weights)
        return columns * self._root

    def _can_test(self, size: float) -> bool:
        return self._n_spare >= MIN_DEGREES_OF_FREEDOM and size >= 1e-8 * self._weight

    def _covariance(self, targets: Floats, new: Floats, size: float) -> Floats:
        """Of the noise of targets (n, Q), less what the candidate explains, (Q, Q)."""
        left = targets - np.outer(new, new @ targets / size)
        return np.asarray(left.T @ left / self._n_spare)

    def _normal(self, scores: Floats) -> Floats:
        """Scores (Q,) with an estimated covariance, shortened as if it were known.

        Their square has Hotelling's distribution, that of a normal vector's is chi-square.
        """
        square, q = float(scores @ scores), len(scores)
        spare = self._n_spare - q + 1
        tail = fdtrc(q, spare, square * spare / (self._n_spare * q))
        return np.asarray(scores * np.sqrt(chdtri(q, max(tail, 1e-300)) / max(square, 1e-300)))

    def _normal_scores(self, columns: Floats) -> Floats:
        """Residuals (n, Q) by their ranks, as normal quantiles, less what the design explains.

        A few items with the feature and a skewed target would make too small p-values; ranks
        keep the level whatever the distribution, and cost nothing where it is normal (Chernoff &
        Savage 1958, Ann. Math. Stat. 29, 972-994). Items without weight are left out.
        """
        root = self._root[:, 0]
        weighted = root > 0
        scores = np.zeros(columns.shape)
        for q, column in enumerate(columns.T):
            _, place, counts = np.unique(
                column[weighted] / root[weighted], return_inverse=True, return_counts=True
            )
            ranks = np.cumsum(counts) - (counts - 1) / 2
            scores[weighted, q] = ndtri((ranks[place] - 0.5) / weighted.sum())
        return self._less_explained(scores * self._root)

    def _less_explained(self, columns: Floats) -> Floats:
        return np.asarray(columns - self._basis @ (self._basis.T @ columns))


def _inverse_root(covariance: Floats) -> tuple[Floats, Floats]:
    """Axes (D, Q) of the noise, and 1 / its standard deviations; axes without noise drop out."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-9 * max(float(values[-1]), 1e-300)
    return vectors[:, kept], 1 / np.sqrt(values[kept])


def _noncentral(scores: Floats, shift: Floats) -> float:
    """P(|Z + shift| >= |scores + shift|) for a standard normal Z."""
    return float(1 - chndtr(((scores + shift) ** 2).sum(), len(scores), shift @ shift))

"""Whether a candidate pays, tested on items that had no part in choosing it.

The test is least squares on the deciding items alone: the candidate beside the covariates and the
expected features E[z], along the effect that the choosing items gave it. One number is tested,
one-sided, whatever the number of targets: a vector of many dimensions costs no power. What the
design leaves of the targets enters by its ranks.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtr

from genz.discovery.evidence import Evidence, Indices, filled
from genz.statistics.arrays import Floats

MIN_DEGREES_OF_FREEDOM = 5.0


@dataclass(frozen=True)
class Verdict:
    """A one-sided t test of a candidate.

    Attributes
    ----------
    gain : float
        Gain in log likelihood of the deciding items by this one coefficient, in nats; 0 where its
        sign contradicts the choosing items.
    p_value : float
    t : float
        NaN where nothing could be tested.
    """

    gain: float
    p_value: float
    t: float


UNTESTED = Verdict(0.0, 1.0, float("nan"))
"""Where items are too few, or judged too much alike, for a test."""


class Base:
    """What is known of all items: the design that every candidate is tried beside.

    Parameters
    ----------
    evidence : Evidence
        All items.
    expected : ndarray of shape (N, K)
        E[z] given the judgments.
    residuals : ndarray of shape (N, D)
        Of the fit, in units of the noise: 0 where the target is missing, so that what is missing
        says nothing; a mean in its place would, where known features tell who lacks a target.
    """

    def __init__(self, evidence: Evidence, expected: Floats, residuals: Floats) -> None:
        self._evidence = evidence
        self._expected = expected
        self._residuals = residuals
        one = np.ones((len(expected), 1))
        self._design = np.hstack([one, evidence.covariates, expected])

    @property
    def n_columns(self) -> int:
        """Columns of the design."""
        return int(self._design.shape[1])

    def with_feature(self, column: Floats) -> "Base":
        """Take an accepted candidate's judgments (N,) in."""
        expected = np.hstack([self._expected, filled(column)])
        return Base(self._evidence, expected, self._residuals)

    def on(self, items: Indices) -> "Trial":
        """Candidates are to be tried on these items."""
        return Trial(
            self._design[items], self._residuals[items], self._evidence.item_weights[items]
        )


class Trial:
    """Least squares of n items' targets (n, D) on a design (n, P), candidates beside it."""

    def __init__(self, design: Floats, targets: Floats, item_weights: Floats) -> None:
        self._root = np.sqrt(item_weights)[:, np.newaxis]
        self._basis = np.linalg.qr(design * self._root)[0]
        self._residual = self._less_explained(targets * self._root)
        self._weight = float(item_weights.sum())
        self._n_effective = self._weight**2 / float(item_weights @ item_weights)
        self._n_spare = self._n_effective - design.shape[1] - 1

    def effect(self, column: Floats) -> Floats:
        """Effect (D,) of a candidate's judgments (n,), in noise standard deviations."""
        new = self._less_explained(filled(column) * self._root)[:, 0]
        return np.asarray(new @ self._residual / max(float(new @ new), 1e-300))

    def test(self, column: Floats, effect: Floats) -> Verdict:
        """Test a candidate's judgments (n,) along an `effect` (D,) that other items gave."""
        length = float(np.linalg.norm(effect))
        new = self._less_explained(filled(column) * self._root)[:, 0]
        size = float(new @ new)
        enough = self._n_spare >= MIN_DEGREES_OF_FREEDOM and size >= 1e-8 * self._weight
        if not length or not enough:
            return UNTESTED
        along = self._normal_scores(self._residual @ (effect / length))
        slope = float(new @ along) / size
        variance = max(float(np.sum((along - slope * new) ** 2)), 1e-300) / self._n_spare
        t = slope * np.sqrt(size / variance)
        gain = 0.5 * self._n_effective * np.log1p(t**2 / self._n_spare) if t > 0 else 0.0
        return Verdict(float(gain), float(stdtr(self._n_spare, -t)), float(t))

    def _normal_scores(self, along: Floats) -> Floats:
        """Residuals (n,) by their ranks, as normal quantiles, less what the design explains.

        A few items with the feature and a skewed target would make too small p-values of t; ranks
        keep the level whatever the distribution, and cost nothing where it is normal (Chernoff &
        Savage 1958, Ann. Math. Stat. 29, 972-994). Items without weight are left out.
        """
        root = self._root[:, 0]
        weighted = root > 0
        _, place, counts = np.unique(
            along[weighted] / root[weighted], return_inverse=True, return_counts=True
        )
        ranks = np.cumsum(counts) - (counts - 1) / 2
        scores = np.zeros(len(along))
        scores[weighted] = ndtri((ranks[place] - 0.5) / weighted.sum())
        return self._less_explained((scores * root)[:, np.newaxis])[:, 0]

    def _less_explained(self, columns: Floats) -> Floats:
        return np.asarray(columns - self._basis @ (self._basis.T @ columns))

"""Whether a candidate pays, tested on items that had no part in choosing it.

The test is least squares on the deciding items alone: the candidate beside the covariates and the
expected features E[z], along the effect that the choosing items gave it. One number is tested,
one-sided, whatever the number of targets: a vector of many dimensions costs no power.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

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
    """

    gain: float
    p_value: float
    t: float


NOTHING = Verdict(0.0, 1.0, 0.0)


def standardised(evidence: Evidence, noise_variance: Floats) -> Floats:
    """Targets in units of the noise around their mean, (N, D); 0 where missing."""
    centred = evidence.targets - np.nanmean(evidence.targets, axis=0)
    return np.asarray(np.nan_to_num(centred / np.sqrt(noise_variance)))


class Base:
    """What is known of all items: the design that every candidate is tried beside.

    Parameters
    ----------
    evidence : Evidence
        All items.
    expected : ndarray of shape (N, K)
        E[z] given the judgments.
    noise_variance : ndarray of shape (D,)
    """

    def __init__(self, evidence: Evidence, expected: Floats, noise_variance: Floats) -> None:
        self._evidence = evidence
        self._expected = expected
        self._noise_variance = noise_variance
        one = np.ones((len(expected), 1))
        self._design = np.hstack([one, evidence.covariates, expected])
        self._targets = standardised(evidence, noise_variance)

    def with_feature(self, column: Floats) -> "Base":
        """Take an accepted candidate's judgments (N,) in."""
        expected = np.hstack([self._expected, filled(column)])
        return Base(self._evidence, expected, self._noise_variance)

    def on(self, items: Indices) -> "Trial":
        """Candidates are to be tried on these items."""
        return Trial(self._design[items], self._targets[items], self._evidence.item_weights[items])


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
            return NOTHING
        along = self._residual @ (effect / length)
        slope = float(new @ along) / size
        variance = max(float(np.sum((along - slope * new) ** 2)), 1e-300) / self._n_spare
        t = slope * np.sqrt(size / variance)
        gain = 0.5 * self._n_effective * np.log1p(t**2 / self._n_spare) if t > 0 else 0.0
        return Verdict(float(gain), float(stdtr(self._n_spare, -t)), float(t))

    def _less_explained(self, columns: Floats) -> Floats:
        return np.asarray(columns - self._basis @ (self._basis.T @ columns))

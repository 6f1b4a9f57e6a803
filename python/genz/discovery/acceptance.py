"""Whether a candidate pays, decided on items that were not used to choose it."""

from dataclasses import dataclass

import numpy as np

from genz.discovery import evidence as ev
from genz.discovery.evidence import Evidence, Indices
from genz.statistics.arrays import Floats
from genz.statistics.regression import LatentFeatureRegression

MIN_GAIN = 0.5
"""Nats of log evidence that a feature must gain on the deciding items."""

STANDARD_ERRORS = 1.0
"""And by how many standard errors of the paired differences the gain must exceed zero."""

BASE_ITERATIONS = 150
BASE_TOL = 1e-6
"""The model without the candidate starts from a fit that knew the deciding items. It must forget
them, or the candidate's fit, which moves on from it, seems to lose what was only remembered."""

TRIAL_ITERATIONS = 12
TRIAL_TOL = 1e-5


@dataclass(frozen=True)
class Verdict:
    """Gain in log evidence of the deciding items, and whether it is more than chance."""

    accepted: bool
    gain: float
    standard_error: float
    regression: LatentFeatureRegression
    log_evidence: Floats


@dataclass(frozen=True)
class Split:
    """Items that choose and items that decide."""

    choosing: Indices
    deciding: Indices

    @classmethod
    def draw(cls, n_items: int, rng: np.random.Generator) -> "Split":
        """Draw two thirds to choose and one third to decide."""
        order = rng.permutation(n_items)
        n_deciding = max(1, n_items // 3)
        return cls(choosing=np.sort(order[n_deciding:]), deciding=np.sort(order[:n_deciding]))


def decide(
    column: Floats,
    base: LatentFeatureRegression,
    base_log_evidence: Floats,
    evidence: Evidence,
    split: Split,
) -> Verdict:
    """Fit with the candidate on the choosing items, compare on the deciding items.

    Parameters
    ----------
    column : ndarray of shape (N,)
        The candidate's judgments of all items.
    base : LatentFeatureRegression
        Fitted to the choosing items without the candidate.
    base_log_evidence : ndarray of shape (n_deciding,)
        log p(y | s) of the deciding items under `base`.
    """
    trial = evidence.with_column(column)
    start = base.parameters_.with_feature(
        np.zeros(len(base.intercept_)),
        error_rate=base.rate_centre,
        is_hard=bool(np.isin(column[~np.isnan(column)], (0.0, 1.0)).all()),
    )
    regression = ev.fit(
        base,
        trial.take(split.choosing),
        start=start,
        max_iter=TRIAL_ITERATIONS,
        tol=TRIAL_TOL,
    )
    deciding = trial.take(split.deciding)
    log_evidence = ev.log_evidence(regression, deciding)
    difference = (log_evidence - base_log_evidence) * deciding.item_weights
    gain = float(difference.sum())
    standard_error = float(np.std(difference) * np.sqrt(len(difference)))
    accepted = gain > max(MIN_GAIN, STANDARD_ERRORS * standard_error)
    return Verdict(accepted, gain, standard_error, regression, log_evidence)

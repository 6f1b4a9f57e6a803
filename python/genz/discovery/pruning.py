"""Features that stopped paying once others came."""

import numpy as np

from genz.discovery import evidence as ev
from genz.discovery.evidence import Evidence
from genz.statistics.regression import LatentFeatureRegression

MIN_LOSS = 1.0
"""Nats that leaving a feature out must cost; AIC's price of one parameter."""

SUSPECT_Z = 2.0
"""Only features whose effects are all within this many standard errors of zero are tried."""

TRIAL_ITERATIONS = 20


def find_idle(
    regression: LatentFeatureRegression, evidence: Evidence, n_locked: int
) -> tuple[int, float, LatentFeatureRegression] | None:
    """Find a feature whose removal costs less than `MIN_LOSS`.

    `regression` must have its covariance. The first `n_locked` features are the user's own and
    stay. Returns the feature, the loss in nats and the regression without it, or None.
    """
    z = np.abs(regression.weights_ / regression.weights_std_error_).max(axis=1)
    for k in np.argsort(z):
        if k < n_locked or z[k] >= SUSPECT_Z:
            continue
        kept = evidence.with_judgments(np.delete(evidence.judgments, k, axis=1))
        smaller = ev.fit(
            regression,
            kept,
            start=regression.parameters_.without_feature(int(k)),
            max_iter=TRIAL_ITERATIONS,
            tol=1e-6,
        )
        loss = float(regression.log_likelihood_ - smaller.log_likelihood_)
        if loss < MIN_LOSS:
            return int(k), loss, smaller
    return None

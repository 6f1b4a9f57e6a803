"""Features that stopped paying once others came."""

import numpy as np

from genz.discovery import evidence as ev
from genz.discovery.evidence import Evidence
from genz.discovery.state import Fitted, Found
from genz.statistics.regression import LatentFeatureRegression

MIN_LOSS = 1.0
"""Nats that leaving a feature out must cost; AIC's price of one parameter."""

SUSPECT_Z = 2.0
"""Only features whose effects are all within this many standard errors of zero are tried."""

TRIAL_ITERATIONS = 20


def find_idle(
    fitted: Fitted, found: Found, everything: Evidence, n_locked: int
) -> tuple[int, float, LatentFeatureRegression] | None:
    """Find a feature whose removal costs less than `MIN_LOSS`.

    `fitted` must have its covariance. The first `n_locked` features are the user's own and stay.
    Returns the feature, the loss in nats and the regression without it, or None.
    """
    regression = fitted.regression
    z = np.abs(regression.weights_ / regression.weights_std_error_).max(axis=1)
    for k in np.argsort(z):
        if k < n_locked or z[k] >= SUSPECT_Z:
            continue
        fewer = found.without(int(k))
        smaller = ev.fit(
            regression,
            everything.with_judgments(fewer.judgments),
            start=fitted.start(fewer),
            max_iter=TRIAL_ITERATIONS,
            tol=1e-6,
        )
        loss = float(regression.log_likelihood_ - smaller.log_likelihood_)
        if loss < MIN_LOSS:
            return int(k), loss, smaller
    return None

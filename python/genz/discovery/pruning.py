"""Features that stopped paying once others came."""

from collections.abc import Callable

import numpy as np

from genz.discovery import evidence as ev
from genz.discovery.evidence import Evidence
from genz.discovery.fits import Fits
from genz.discovery.state import Fitted, Found
from genz.statistics.arrays import Floats
from genz.statistics.regression import LatentFeatureRegression

MIN_LOSS = 1.0
"""Nats for each target that leaving a feature out must cost; AIC's price of a parameter."""

SUSPECT_Z = 2.0
"""Only features whose effects are all within this many standard errors of zero are tried."""

TRIAL_ITERATIONS = 20

Weakest = tuple[int, float]
"""A feature and the nats that it is worth."""


def losses(everything: Evidence, expected: Floats, targets: Floats) -> Floats:
    """Nats of log likelihood that least squares on E[z] (N, K) loses without each feature, (K,).

    `targets` (N, D) are those of `everything` with what is missing filled in. Weights count
    relative to each other, so that their unit does not matter.
    """
    one = np.ones((len(expected), 1))
    v = everything.fit_weights
    root = np.sqrt(v)[:, np.newaxis]
    design = np.hstack([one, everything.covariates, expected]) * root
    targets = targets * root
    gram = design.T @ design
    gram[np.diag_indices_from(gram)] += 1e-9 * np.trace(gram) / len(gram)
    inverse = np.linalg.inv(gram)
    coefficients = inverse @ (design.T @ targets)
    power = np.maximum(((targets - design @ coefficients) ** 2).sum(axis=0), 1e-300)
    # Leaving column k out adds w_k^2 / (inverse gram)_kk to the residual power of each target.
    added = coefficients**2 / np.diag(inverse)[:, np.newaxis]
    n_observed = [
        everything.weighted(everything.item_weights * ~np.isnan(y)).n_effective
        for y in everything.targets.T
    ]
    lost = 0.5 * np.log1p(added / power) @ np.array(n_observed)
    return np.asarray(lost[len(lost) - expected.shape[1] :])


def find_weakest(everything: Evidence, fitted: Fitted, found: Found, n_locked: int) -> Weakest:
    """Find the feature, not one of the first `n_locked`, that least squares misses least."""
    regression = fitted.regression
    expected = regression.probabilities(found.judgments)
    noise_sd = np.sqrt(regression.noise_variance_)
    explained = regression.intercept_ + everything.covariates @ regression.covariate_weights_
    explained = explained + expected @ regression.weights_
    is_missing = np.isnan(everything.targets)
    targets = np.where(is_missing, explained, everything.targets) / noise_sd
    lost = losses(everything, expected, targets)
    lost[:n_locked] = np.inf
    k = int(np.argmin(lost))
    return k, float(lost[k])


def prune(
    fits: Fits,
    everything: Evidence,
    found: Found,
    fitted: Fitted,
    *,
    min_loss: float,
    n_features: int,
    n_locked: int,
    tell: Callable[..., None],
) -> tuple[Found, Fitted]:
    """Drop features whose loss is below `min_loss`, and the weakest of more than `n_features`.

    `tell` is told the ``description``, the ``loss`` and ``n_features``, how many are left, of each.
    """
    while len(found.features) > n_locked:
        k, loss = find_weakest(everything, fitted, found, n_locked)
        if loss >= min_loss and len(found.features) <= n_features:
            break
        description = found.features[k]
        found = found.without(k)
        fitted = fits.quick(everything, found, fitted)
        tell(description=description, loss=loss, n_features=len(found.features))
    return found, fitted


def find_idle(
    fitted: Fitted, found: Found, everything: Evidence, n_locked: int
) -> tuple[int, float, LatentFeatureRegression] | None:
    """Find a feature whose removal costs less than `MIN_LOSS` for each target.

    `fitted` must have its covariance. The first `n_locked` features are the user's own and stay.
    Returns the feature, the loss in nats and the regression without it, or None.
    """
    regression = fitted.regression
    z = np.abs(regression.weights_ / regression.weights_std_error_).max(axis=1)
    scale = everything.n_effective / float(everything.fit_weights.sum())
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
            ridge=np.delete(regression.ridge_, k, axis=0),
        )
        loss = float(regression.log_likelihood_ - smaller.log_likelihood_) * scale
        if loss < MIN_LOSS * everything.targets.shape[1]:
            return int(k), loss, smaller
    return None

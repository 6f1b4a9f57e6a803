"""The normal prior of the effects: its precision given, or learned by the evidence.

W_kd ~ N(0, var(y_d) / ridge_kd). Learned, ridge_kd = 1 / (a_k b_d): features matter more or less
(automatic relevance determination), and so do dimensions of the target. Given the fit the
posterior moments m_kd = (W_kd^2 + Var W_kd) / var(y_d) are what each prior variance would be on
its own (MacKay 1992, "Bayesian interpolation", Neural Computation 4, 415-447, in the form of EM);
b_d averages them over features and a_k over dimensions, drawn towards 1 so that a scalar target,
whose features have one effect each, is not fitted feature by feature.
"""

from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from genz.errors import UsageError
from genz.statistics.arrays import Floats, check_number
from genz.statistics.ending import parameters_of
from genz.statistics.parameters import Parameters

if TYPE_CHECKING:
    from genz import _core

EVIDENCE: Literal["evidence"] = "evidence"
START = 1.0
MAX_UPDATES = 30
TOL = 0.02
"""The ridge is learned when no entry changes by more than this share..."""

MAX_SHIFT = 1e-3
"""...or when an update moves no weight by more of its target's standard deviation."""

STRENGTH = 2.0
"""Imagined dimensions of average effect that each feature's relevance a_k is drawn towards."""

LEAST_EFFECT = 0.1
"""Effect, in standard deviations of the target, of one imagined feature beside the others: where
none has any effect on a target, b_d has a value to settle at."""


def is_learned(ridge: Any) -> bool:
    """Whether it is to be learned."""
    return isinstance(ridge, str) and ridge == EVIDENCE


def as_ridge(ridge: Any, n_features: int, n_targets: int) -> Floats:
    """Penalties (K, D) of a number, an array that broadcasts to (K, D), or the start of learning.

    Raises
    ------
    UsageError
    """
    shape = (n_features, n_targets)
    if is_learned(ridge):
        return np.full(shape, START)
    if np.ndim(ridge) == 0:
        if isinstance(ridge, str):
            raise UsageError(f"ridge is {ridge!r}, wanted a number or {EVIDENCE!r}")
        value = check_number("ridge", ridge)
        if not np.isfinite(value) or value < 0:
            raise UsageError(f"ridge is {value:g}, wanted a finite number of at least 0")
        return np.full(shape, value)
    try:
        return np.ascontiguousarray(np.broadcast_to(np.asarray(ridge, dtype=np.float64), shape))
    except (TypeError, ValueError):
        raise UsageError(
            f"ridge has shape {np.shape(ridge)}, wanted a number, 'evidence' or numbers for "
            f"{n_features} features and {n_targets} targets"
        ) from None


def learned(weights: Floats, variances: Floats, target_variance: Floats) -> Floats:
    """Penalties (K, D) that the evidence prefers, given weights and their variances (K, D)."""
    moments = (weights**2 + variances) / target_variance
    n_features, n_targets = weights.shape
    relevance = moments.mean(axis=1, keepdims=True) / moments.mean()
    relevance = (STRENGTH + n_targets * relevance) / (STRENGTH + n_targets)
    of_target = (moments.sum(axis=0) + LEAST_EFFECT**2) / (n_features + 1)
    return np.asarray(1 / (relevance * of_target))


def weighted_variance(targets: NDArray[np.floating], item_weights: Floats | None) -> Floats:
    """Variance of each target under the item weights, NaN left out, (D,)."""
    y = np.asarray(targets, dtype=np.float64)
    y = y[:, np.newaxis] if y.ndim == 1 else y
    v = np.ones(len(y)) if item_weights is None else item_weights
    weights = v[:, np.newaxis] * ~np.isnan(y)
    y = np.where(np.isnan(y), 0.0, y)
    mean = np.average(y, axis=0, weights=weights)
    return np.asarray(np.average((y - mean) ** 2, axis=0, weights=weights))


def _is_alike(new: Floats, old: Floats) -> bool:
    return bool(np.all(np.abs(new - old) <= TOL * old))


def _has_moved(new: "_core._Fit", old: "_core._Fit", target_variance: Floats) -> bool:
    shift = np.abs(new["weights"] - old["weights"])
    return bool(np.any(shift > MAX_SHIFT * np.sqrt(target_variance)))


class Em(Protocol):
    """EM on the data of a fit."""

    def __call__(
        self, starts: list[Parameters], ridge: Floats, *, covariance: bool
    ) -> "_core._Fit":
        """Fit from the starts with penalties (K, D)."""
        ...


def learn(
    em: Em, result: "_core._Fit", ridge: Floats, target_variance: Floats
) -> "tuple[_core._Fit, Floats, bool]":
    """Fit and learn the ridge by turns; the last value tells whether it has settled."""
    for _ in range(MAX_UPDATES):
        update = learned(result["weights"], result["weight_variances"], target_variance)
        if _is_alike(update, ridge):
            return result, ridge, True
        before, ridge = result, update
        result = continued(em, before, ridge, covariance=False)
        if not _has_moved(result, before, target_variance):
            return result, ridge, True
    return result, ridge, False


def continued(em: Em, before: "_core._Fit", ridge: Floats, *, covariance: bool) -> "_core._Fit":
    """Go on from where a fit ended, counting the iterations and E steps of both."""
    result = em([parameters_of(before)], ridge, covariance=covariance)
    result["n_iter"] += before["n_iter"]
    result["n_e_steps"] += before["n_e_steps"]
    return result

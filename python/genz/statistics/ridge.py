"""The normal prior of the effects: its precision given, or learned by the evidence.

W_kd ~ N(0, var(y_d) / ridge_kd). Learned, ridge_kd = 1 / (a_k b_d): features matter more or less
(automatic relevance determination), and so do dimensions of the target. Given the fit the
posterior moments m_kd = (W_kd^2 + Var W_kd) / var(y_d) are what each prior variance would be on
its own (MacKay 1992, "Bayesian interpolation", Neural Computation 4, 415-447, in the form of EM);
b_d averages them over features and a_k over dimensions, drawn towards 1 so that a scalar target,
whose features have one effect each, is not fitted feature by feature.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from genz.errors import UsageError
from genz.statistics.arrays import Floats, check_number
from genz.statistics.em import Em
from genz.statistics.moments import weighted_moments

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


def _is_alike(new: Floats, old: Floats) -> bool:
    return bool(np.all(np.abs(new - old) <= TOL * old))


def _has_moved(new: "_core._Fit", old: "_core._Fit", target_variance: Floats) -> bool:
    shift = np.abs(new["weights"] - old["weights"])
    return bool(np.any(shift > MAX_SHIFT * np.sqrt(target_variance)))


def learn(em: Em, result: "_core._Fit", ridge: Floats) -> "tuple[_core._Fit, Floats, bool]":
    """Fit and learn the ridge by turns; the last value tells whether it has settled."""
    _, target_variance = weighted_moments(em.targets, em.item_weights)
    for _ in range(MAX_UPDATES):
        update = learned(result["weights"], result["weight_variances"], target_variance)
        if _is_alike(update, ridge):
            return result, ridge, True
        before, ridge = result, update
        result = em.go_on(before, ridge)
        if not _has_moved(result, before, target_variance):
            return result, ridge, True
    return result, ridge, False

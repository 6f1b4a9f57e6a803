"""Means and variances under item weights, what is missing left out."""

import numpy as np
from numpy.typing import NDArray

from genz.statistics.arrays import Floats


def weighted_moments(
    targets: NDArray[np.floating], item_weights: Floats | None
) -> tuple[Floats, Floats]:
    """Mean and variance (D,) of targets (N, D) or (N,), NaN left out; weights are 1 if None."""
    y = np.asarray(targets, dtype=np.float64)
    y = y[:, np.newaxis] if y.ndim == 1 else y
    v = np.ones(len(y)) if item_weights is None else item_weights
    weights = v[:, np.newaxis] * ~np.isnan(y)
    y = np.where(np.isnan(y), 0.0, y)
    mean = np.average(y, axis=0, weights=weights)
    return np.asarray(mean), np.asarray(np.average((y - mean) ** 2, axis=0, weights=weights))

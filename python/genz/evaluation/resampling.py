"""Scores of resampled items, many resamples at once."""

import numpy as np

from genz.evaluation.predictions import Predictions
from genz.statistics.arrays import Floats


def scores_of_counts(
    predictions: Predictions, targets: Floats, counts: Floats, *, log: bool
) -> dict[str, Floats]:
    """Scores as :func:`genz.evaluation.scores.score` defines them, items counted several times.

    Parameters
    ----------
    predictions : Predictions
    targets : ndarray of shape (N, D)
    counts : ndarray of shape (B, N)
        How often each item is in each resample.
    log : bool
        Whether the logarithm of the target was fitted.

    Returns
    -------
    dict of str to ndarray of shape (B,)
        ``median_relative_error`` or ``cosine``, ``r2`` and ``log_predictive_density``; NaN where a
        resample has no such score.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if targets.shape[1] == 1:
            errors = (np.abs(predictions.point - targets) / np.abs(targets))[:, 0]
            closeness = {"median_relative_error": _medians(errors, counts)}
        else:
            lengths = np.linalg.norm(predictions.point, axis=1) * np.linalg.norm(targets, axis=1)
            cosines = np.sum(predictions.point * targets, axis=1) / lengths
            closeness = {"cosine": _means(cosines, counts)}
    density = np.where(np.isfinite(targets).any(axis=1), predictions.log_density, np.nan)
    fitted = np.log(targets) if log else targets
    return {
        **closeness,
        "r2": _r2(predictions.mean, fitted, counts),
        "log_predictive_density": _means(density, counts),
    }


def _means(values: Floats, counts: Floats) -> Floats:
    known = np.isfinite(values)
    n = counts[:, known].sum(axis=1)
    return _ratios(counts[:, known] @ values[known], n)


def _medians(values: Floats, counts: Floats) -> Floats:
    """Mean of the two middle values, which are one where their number is odd."""
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    ends = np.cumsum(counts[:, order], axis=1)
    medians = np.full(len(counts), np.nan)
    for b, end in enumerate(ends):
        if len(end) and (n := int(end[-1])):
            middle = np.searchsorted(end, [(n - 1) // 2, n // 2], side="right")
            medians[b] = values[order[middle]].mean()
    return medians


def _r2(mean: Floats, fitted: Floats, counts: Floats) -> Floats:
    """Mean of the dimensions that vary in the resample."""
    known = np.isfinite(mean) & np.isfinite(fitted)
    n_known = known.sum(axis=0)
    actual = np.where(known, fitted, 0.0)
    # Sums of squares lose no digits around the mean.
    centred = np.where(known, actual - actual.sum(axis=0) / np.maximum(n_known, 1), 0.0)
    residual = counts @ np.where(known, fitted - mean, 0.0) ** 2
    n = counts @ known
    total = counts @ centred**2 - (counts @ centred) ** 2 / np.maximum(n, 1)
    varies = total > 1e-12 * np.maximum(counts @ centred**2, np.finfo(np.float64).tiny)
    shares = np.divide(residual, total, out=np.zeros_like(total), where=varies)
    return 1 - _ratios(shares.sum(axis=1), varies.sum(axis=1))


def _ratios(totals: Floats, n: Floats) -> Floats:
    """Totals over their numbers, NaN where there is nothing to divide."""
    ratios: Floats = np.divide(totals, n, out=np.full(len(totals), np.nan), where=n > 0)
    return ratios

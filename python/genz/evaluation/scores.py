"""What predictions of held-out items are worth."""

import numpy as np

from genz.evaluation.predictions import Predictions
from genz.statistics.arrays import Floats

Score = float | list[float | None] | None
"""A number, one for each target dimension, or None where nothing can be scored."""


def score(predictions: Predictions, targets: Floats, *, log: bool) -> dict[str, Score]:
    """Score predictions; entries without target, and what is not finite, are left out.

    Parameters
    ----------
    predictions : Predictions
    targets : ndarray of shape (N, D)
        Observed targets on their own scale, NaN where missing.
    log : bool
        Whether the logarithm of the target was fitted.

    Returns
    -------
    dict of str to float, list or None
        ``median_relative_error`` of scalar or ``cosine`` (mean over whole items) of vector
        targets; ``r2`` on the scale that was fitted, averaged over dimensions that vary, and of
        vector targets ``r2_by_dimension``, a list of D;
        ``log_predictive_density`` (mean over items, nats, own scale); ``coverage_90`` and
        ``mean_width_90`` of the 90 % interval. None where nothing can be scored.
    """
    fitted = np.log(targets) if log else targets
    by_dimension = [
        _r2(predicted, actual)
        for predicted, actual in zip(predictions.mean.T, fitted.T, strict=True)
    ]
    varying = [value for value in by_dimension if value is not None]
    closeness: dict[str, Score]
    if targets.shape[1] == 1:
        closeness = {"median_relative_error": _median_relative_error(predictions.point, targets)}
        in_detail: dict[str, Score] = {}
    else:
        closeness = {"cosine": _cosine(predictions.point, targets)}
        in_detail = {"r2_by_dimension": by_dimension}
    inside = (predictions.lower <= targets) & (targets <= predictions.upper)
    scored = np.isfinite(targets) & np.isfinite(predictions.lower) & np.isfinite(predictions.upper)
    return {
        **closeness,
        "r2": float(np.mean(varying)) if varying else None,
        **in_detail,
        "log_predictive_density": _mean(predictions.log_density[np.isfinite(targets).any(axis=1)]),
        "coverage_90": _mean(inside[scored].astype(np.float64)),
        "mean_width_90": _mean((predictions.upper - predictions.lower)[scored]),
    }


def _median_relative_error(point: Floats, targets: Floats) -> float | None:
    """Median of |prediction - target| / |target|; a target of 0 has no relative error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.abs(point - targets) / np.abs(targets)
    errors = errors[np.isfinite(errors)]
    return float(np.median(errors)) if len(errors) else None


def _r2(predicted: Floats, actual: Floats) -> float | None:
    """1 - residual over total sum of squares of one dimension; one that is constant has none."""
    scored = np.isfinite(predicted) & np.isfinite(actual)
    if not scored.any():
        return None
    total = np.sum((actual[scored] - np.mean(actual[scored])) ** 2)
    residual = np.sum((actual[scored] - predicted[scored]) ** 2)
    return float(1 - residual / total) if total > 0 else None


def _cosine(point: Floats, targets: Floats) -> float | None:
    """Mean cosine between prediction and target; the zero vector has none."""
    lengths = np.linalg.norm(point, axis=1) * np.linalg.norm(targets, axis=1)
    usable = np.isfinite(lengths) & (lengths > 0)
    return _mean(np.sum(point * targets, axis=1)[usable] / lengths[usable])


def _mean(values: Floats) -> float | None:
    values = values[np.isfinite(values)]
    return float(np.mean(values)) if len(values) else None

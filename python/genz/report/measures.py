"""How good the predictions that a report draws are: measured here, never where they are drawn."""

import numpy as np

from genz.report.content import Floats, Predictions, TargetScale
from genz.report.figures.axis import is_drawable


def pairs(predictions: Predictions, d: int, scale: TargetScale) -> tuple[Floats, Floats]:
    """Actual and predicted values of one dimension, of the items that have both on this scale."""
    table = np.column_stack([predictions.actual[:, d], predictions.predicted[:, d]])
    keep = [is_drawable(a, scale) and is_drawable(p, scale) for a, p in table.tolist()]
    return table[keep, 0], table[keep, 1]


def r2(predictions: Predictions, d: int, scale: TargetScale) -> float:
    """Coefficient of determination on the scale that was fitted; NaN for constant targets."""
    actual, predicted = pairs(predictions, d, scale)
    if scale == "log":
        actual, predicted = np.log(actual), np.log(predicted)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        total = np.sum((actual - actual.mean()) ** 2) if len(actual) > 1 else 0.0
        return float(1 - np.sum((actual - predicted) ** 2) / total) if total > 0 else np.nan


def median_relative_error(predictions: Predictions) -> float:
    """Median of |predicted / actual - 1| of a positive scalar target; NaN without items."""
    actual, predicted = pairs(predictions, 0, "log")
    return float(np.median(np.abs(predicted / actual - 1))) if len(actual) else np.nan


def median_absolute_error(predictions: Predictions) -> float:
    """Median of |predicted - actual| of a scalar target; NaN without items."""
    actual, predicted = pairs(predictions, 0, "linear")
    return float(np.median(np.abs(predicted - actual))) if len(actual) else np.nan


def cosine(predictions: Predictions) -> float:
    """Mean cosine similarity of predicted and actual vectors, of items with a whole target."""
    actual, predicted = predictions.actual, predictions.predicted
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        norms = np.linalg.norm(actual, axis=1) * np.linalg.norm(predicted, axis=1)
        cosines = np.sum(actual * predicted, axis=1) / norms
    cosines = cosines[np.isfinite(cosines)]
    return float(cosines.mean()) if len(cosines) else np.nan


def held(predictions: Predictions, d: int) -> list[tuple[float, bool]]:
    """Prediction and whether the interval holds the target, of every item that has all of them."""
    p = predictions
    columns = np.column_stack([p.predicted[:, d], p.actual[:, d], p.lower[:, d], p.upper[:, d]])
    return [
        (predicted, lower <= actual <= upper)
        for predicted, actual, lower, upper in columns.tolist()
        if all(map(is_drawable, (predicted, actual, lower, upper)))
    ]


def coverage(predictions: Predictions) -> float:
    """Share of targets within their intervals, over all dimensions; NaN where there is none."""
    rows = [row for d in range(predictions.n_targets) for row in held(predictions, d)]
    return sum(is_held for _, is_held in rows) / len(rows) if rows else np.nan

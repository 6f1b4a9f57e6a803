"""How good the predictions that a report draws are: measured here, never where they are drawn."""

import numpy as np

from genz.report.checks import Floats, TargetScale
from genz.report.figures.axis import are_drawable, is_drawable
from genz.report.predicted import Predictions


def pairs(predictions: Predictions, d: int, scale: TargetScale) -> tuple[Floats, Floats]:
    """Actual and predicted values of one dimension, of the items that have both on this scale."""
    table = np.column_stack([predictions.actual[:, d], predictions.predicted[:, d]])
    keep = are_drawable(table, scale).all(axis=1)
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


def coverage(predictions: Predictions, d: int | None = None) -> float:
    """Share of targets of one dimension within their intervals, None = of all; NaN without any."""
    p, chosen = predictions, slice(None) if d is None else slice(d, d + 1)
    values = np.stack([p.predicted, p.actual, p.lower, p.upper])[:, :, chosen]
    drawable = are_drawable(values).all(axis=0)
    is_held = (values[2] <= values[1]) & (values[1] <= values[3])
    return float(is_held[drawable].mean()) if drawable.any() else np.nan

"""Whether predictions are right on average: mean actual against mean predicted, group by group."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from genz.report.checks import TargetScale
from genz.report.figures.axis import Axis
from genz.report.figures.coverage import MIN_BIN_SIZE
from genz.report.figures.forest import Z_95
from genz.report.figures.frame import Canvas, Frame
from genz.report.measures import pairs
from genz.report.predicted import Predictions
from genz.report.text import number, one_line

N_GROUPS = 10
_CANVAS = Canvas(420, 400)


@dataclass(frozen=True)
class Group:
    """Items of similar prediction: position, ends of the 95 % interval of the mean, label."""

    x: float
    y: float
    y_low: float
    y_high: float
    label: str


@dataclass(frozen=True)
class Calibration:
    """The figure, and the slope of actual on predicted, 1 when predictions are calibrated."""

    frame: Frame
    groups: tuple[Group, ...]
    identity: tuple[float, float, float, float]
    slope: float
    slope_error: float


def draw_calibration(
    predictions: Predictions, scale: TargetScale, target: str
) -> Calibration | None:
    """Group the items of a scalar target by prediction; None for too few, or all predicted alike.

    On the log scale means are geometric ones.
    """
    actual, predicted = pairs(predictions, 0, scale)
    n_groups = min(N_GROUPS, len(actual) // MIN_BIN_SIZE)
    if n_groups < 2:
        return None
    if scale == "log":
        actual, predicted = np.log(actual), np.log(predicted)
    order = np.argsort(predicted, kind="stable")
    x, y = predicted[order], actual[order]
    spread = float(np.sum((x - x.mean()) ** 2))
    if not spread > 0 or not math.isfinite(spread):
        return None
    slope = float(np.sum((x - x.mean()) * (y - y.mean())) / spread)
    residual = y - y.mean() - slope * (x - x.mean())
    slope_error = math.sqrt(float(np.sum(residual**2)) / max(len(x) - 2, 1) / spread)
    edges = [len(x) * g // n_groups for g in range(n_groups + 1)]
    means = []
    for a, b in pairwise(edges):
        half = Z_95 * float(np.std(y[a:b], ddof=1)) / math.sqrt(b - a)
        centre = float(y[a:b].mean())
        ends = (centre, centre - half, centre + half)
        inverse = math.exp if scale == "log" else float
        means.append((b - a, *map(inverse, (float(x[a:b].mean()), *ends))))
    values = [v for _, *row in means for v in row]
    x_axis = Axis.around(values, *_CANVAS.x_range, scale)
    y_axis = Axis.around(values, *_CANVAS.y_range, scale)
    groups = tuple(
        Group(
            x_axis.position(mean),
            y_axis.position(centre),
            y_axis.position(low),
            y_axis.position(high),
            f"{size:,} items predicted {number(mean)} on average: actual mean {number(centre)} "
            f"({number(low)} to {number(high)})",
        )
        for size, mean, centre, low, high in means
    )
    name = one_line(target.removeprefix("the "), 18)
    suffix = ", log scale" if scale == "log" else ""
    frame = Frame(
        key="calibration",
        title=f"Mean actual against mean predicted {name}",
        description="; ".join(group.label for group in groups),
        canvas=_CANVAS,
        x_label=f"Mean predicted {name}{suffix}",
        y_label=f"Mean actual {name}{suffix}",
        x_ticks=x_axis.ticks(4),
        y_ticks=y_axis.ticks(6),
    )
    (x1, x2), (y1, y2) = _CANVAS.x_range, _CANVAS.y_range
    return Calibration(frame, groups, (x1, y1, x2, y2), slope, slope_error)

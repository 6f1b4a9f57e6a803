"""Whether intervals hold as often as they promise, everywhere along the predictions."""

import math
from dataclasses import dataclass
from itertools import pairwise

from genz.report.figures.axis import Axis, Tick
from genz.report.figures.frame import Canvas, Frame
from genz.report.measures import held
from genz.report.predicted import Predictions
from genz.report.text import number, percent

MIN_BIN_SIZE = 12
"""Fewer items than this say nothing about the coverage of a bin."""
_CANVAS = Canvas(420, 470)
_Z = 1.959964


@dataclass(frozen=True)
class Bin:
    """Coverage in one group of items of similar prediction, with its 95 % interval."""

    x: float
    y: float
    y_low: float
    y_high: float
    label: str


@dataclass(frozen=True)
class Coverage:
    """Overall coverage, and the figure when there are enough items for two bins."""

    level: float
    n_held: int
    n_items: int
    frame: Frame | None
    bins: tuple[Bin, ...]
    nominal: float

    @property
    def share(self) -> float:
        """Share of items whose actual target lies within its interval."""
        return self.n_held / self.n_items


def wilson_interval(n_held: int, n_items: int) -> tuple[float, float]:
    """Return the 95 % score interval of a proportion (Wilson 1927), good for small samples too."""
    p, z2 = n_held / n_items, _Z * _Z
    centre = (p + z2 / (2 * n_items)) / (1 + z2 / n_items)
    half = math.sqrt(p * (1 - p) / n_items + z2 / (4 * n_items**2)) * _Z / (1 + z2 / n_items)
    return max(0.0, centre - half), min(1.0, centre + half)


def measure_coverage(predictions: Predictions, n_bins: int = 5) -> Coverage | None:
    """Count how often the intervals of a scalar target hold, overall and along the prediction.

    Groups along the prediction are of equal size.

    Returns
    -------
    Coverage or None
        None when no item has a target, a prediction and an interval.
    """
    level = predictions.level
    rows = sorted(held(predictions, 0))
    if not rows:
        return None
    n_held = sum(is_held for _, is_held in rows)
    n_bins = min(n_bins, len(rows) // MIN_BIN_SIZE)
    if n_bins < 2:
        return Coverage(level, n_held, len(rows), None, (), 0.0)

    edges = [len(rows) * b // n_bins for b in range(n_bins + 1)]
    groups = [rows[a:b] for a, b in pairwise(edges)]
    counts = [sum(is_held for _, is_held in group) for group in groups]
    intervals = [wilson_interval(h, len(g)) for h, g in zip(counts, groups, strict=True)]
    lowest = min(low for low, _ in intervals)
    x_axis = Axis(0.5, n_bins + 0.5, *_CANVAS.x_range)
    y_axis = Axis(min(lowest, level) - 0.03, 1.01, *_CANVAS.y_range)
    bins = []
    for b, (group, n, (low, high)) in enumerate(zip(groups, counts, intervals, strict=True), 1):
        range_text = f"{number(group[0][0])} to {number(group[-1][0])}"
        label = f"predicted {range_text}: {percent(n / len(group), decimals=1)} of {len(group):,}"
        x = x_axis.position(b)
        y = y_axis.position(n / len(group))
        bins.append(Bin(x, y, y_axis.position(low), y_axis.position(high), label))
    frame = Frame(
        key="coverage",
        title=f"Coverage of the {percent(level, decimals=0)} intervals along the prediction",
        description="; ".join(bin_.label for bin_ in bins),
        canvas=_CANVAS,
        x_label="Groups from lowest to highest prediction",
        y_label="Share of items within their interval",
        x_ticks=tuple(Tick(x_axis.position(b), str(b)) for b in range(1, n_bins + 1)),
        y_ticks=y_axis.ticks(6, percent),
    )
    return Coverage(level, n_held, len(rows), frame, tuple(bins), y_axis.position(level))

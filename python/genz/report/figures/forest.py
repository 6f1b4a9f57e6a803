"""Cells of the features table: the effect with its 95 % interval on a scale shared by all rows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from genz.report.checks import TargetScale
from genz.report.figures.axis import Axis, Tick, is_drawable, log_ticks
from genz.report.text import percent

WIDTH, HEIGHT = 320.0, 26.0
Z_95 = 1.959964
# An interval may reach this many spans of the estimates beyond them before it is cut, so that one
# ill-determined feature does not squeeze all others into a point.
_MAX_OVERHANG = 0.75


@dataclass(frozen=True)
class Whisker:
    """One estimate: positions, and whether an end of its interval lies beyond the drawing."""

    x: float
    x_low: float | None
    x_high: float | None
    is_cut_low: bool
    is_cut_high: bool


@dataclass(frozen=True)
class Forest:
    """The shared scale of all cells."""

    axis: Axis
    ticks: tuple[Tick, ...]

    @property
    def zero(self) -> float:
        """Position of no effect."""
        return self.axis.position(0.0)

    def whisker(self, weight: float, std_error: float | None) -> Whisker | None:
        """Lay out one estimate; None when there is none."""
        if not is_drawable(weight):
            return None
        x = self.axis.position(weight)
        if std_error is None or not is_drawable(std_error):
            return Whisker(x, None, None, False, False)
        low, high = weight - Z_95 * std_error, weight + Z_95 * std_error
        return Whisker(
            x=x,
            x_low=self.axis.position(low),
            x_high=self.axis.position(high),
            is_cut_low=low < self.axis.low,
            is_cut_high=high > self.axis.high,
        )


def percent_change(weight: float) -> float:
    """Relative change of the target by an effect on its logarithm, exp(w) - 1."""
    try:
        return math.expm1(weight)
    except OverflowError:
        return math.inf


def draw_forest(
    weights: Sequence[float], std_errors: Sequence[float | None], scale: TargetScale
) -> Forest:
    """Choose the scale that all estimates share; zero is always on it."""
    estimates = [0.0, *(w for w in weights if is_drawable(w))]
    low, high = min(estimates), max(estimates)
    overhang = _MAX_OVERHANG * (high - low)
    ends = list(estimates)
    for weight, std_error in zip(weights, std_errors, strict=True):
        if std_error is not None and is_drawable(weight) and is_drawable(std_error):
            ends.append(max(weight - Z_95 * std_error, low - overhang))
            ends.append(min(weight + Z_95 * std_error, high + overhang))
    axis = Axis.around(ends, 16, WIDTH - 16, padding=0.06)
    return Forest(axis, _effect_ticks(axis, scale))


def _effect_ticks(axis: Axis, scale: TargetScale) -> tuple[Tick, ...]:
    """Ticks at round effects: for log targets, at round percentages."""
    # exp() overflows beyond 700; effects that large are drawn on their own scale.
    if scale == "linear" or max(axis.high, -axis.low) > 500:
        return axis.ticks(5)
    changes = [f - 1 for f in log_ticks(math.exp(axis.low), math.exp(axis.high), 5)]
    return tuple(
        Tick(axis.position(math.log1p(c)), percent(c, signed=True, decimals=_decimals(c)))
        for c in changes
    )


def _decimals(change: float) -> int:
    """Decimals that a round percentage needs."""
    return next((d for d in range(3) if abs(round(100 * change, d) - 100 * change) < 1e-6), 3)

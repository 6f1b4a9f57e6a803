"""One axis: from values to positions, and its ticks."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from genz.report.checks import Floats, TargetScale
from genz.report.text import fixed, number

# Beyond these, sums and differences of the geometry would overflow or vanish.
_LARGEST = 1e300
# On a log axis: the margins and the ticks beside the ends must be numbers as well.
_LARGEST_LOG, _SMALLEST_LOG = 1e150, 1e-150
# From which size on, and the unit: four digits are short enough without one.
_UNITS = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
_MAX_SHORT = 1e12
# Log axes that span less than this ratio have evenly spaced ticks.
_WIDE = 4.0


def is_drawable(value: float, scale: TargetScale = "linear") -> bool:
    """Whether a value has a position on an axis of this scale."""
    if not math.isfinite(value) or abs(value) > _LARGEST:
        return False
    return scale == "linear" or _SMALLEST_LOG < value < _LARGEST_LOG


def are_drawable(values: Floats, scale: TargetScale = "linear") -> NDArray[np.bool_]:
    """`is_drawable` of every value of an array."""
    # Comparisons with NaN are false.
    drawable = np.abs(values) <= _LARGEST
    if scale == "log":
        drawable &= (values > _SMALLEST_LOG) & (values < _LARGEST_LOG)
    return np.asarray(drawable)


def linear_ticks(low: float, high: float, n: int) -> list[float]:
    """About `n` multiples of 1, 2, 2.5 or 5 times a power of ten within [low, high]."""
    rough = (high - low) / max(n, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * (1 - 1e-9))
    # Half a billionth of a step keeps an end that is a multiple itself.
    first, last = math.ceil(low / step - 5e-10), math.floor(high / step + 5e-10)
    return [k * step for k in range(first, last + 1)]


def log_ticks(low: float, high: float, n: int) -> list[float]:
    """At most about `n` round numbers within [low, high], 0 < low < high, for a log axis."""
    if high / low < _WIDE:
        return linear_ticks(low, high, n)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for mantissas in ((1, 2, 5), (1, 3), (1,)):
        ticks = [m * 10.0**e for e in range(first, last + 1) for m in mantissas]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= n + 1:
            break
    return ticks[:: max(1, math.ceil(len(ticks) / (n + 1)))]


@dataclass(frozen=True)
class Tick:
    """A labelled position on an axis."""

    position: float
    label: str


@dataclass(frozen=True)
class Axis:
    """A map from [low, high] in values to [start, stop] in units of the drawing.

    Attributes
    ----------
    low, high : float
        Ends of the domain, low < high, both positive on a log scale.
    start, stop : float
        Positions of the two ends; start > stop for an axis that points upwards.
    scale : {"linear", "log"}
    """

    low: float
    high: float
    start: float
    stop: float
    scale: TargetScale = "linear"

    @classmethod
    def around(
        cls,
        values: Iterable[float],
        start: float,
        stop: float,
        scale: TargetScale = "linear",
        padding: float = 0.04,
    ) -> "Axis":
        """Make an axis that holds all drawable `values`, with a margin on both sides."""
        drawable = [float(v) for v in values if is_drawable(v, scale)]
        if scale == "log":
            drawable = drawable or [1.0]
            low, high = math.log(min(drawable)), math.log(max(drawable))
            margin = padding * (high - low) if high - low > 1e-6 else 0.1
            return cls(math.exp(low - margin), math.exp(high + margin), start, stop, scale)
        low, high = (min(drawable), max(drawable)) if drawable else (0.0, 1.0)
        span, size = high - low, max(abs(low), abs(high))
        margin = padding * span if span > max(1e-9 * size, 1e-290) else max(0.1 * size, 1e-3)
        return cls(low - margin, high + margin, start, stop, scale)

    def position(self, value: float) -> float:
        """Position of a drawable value, held inside the axis, to a hundredth of a unit."""
        if self.scale == "log":
            fraction = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            fraction = (value - self.low) / (self.high - self.low)
        fraction = min(max(fraction, 0.0), 1.0)
        return round(self.start + fraction * (self.stop - self.start), 2)

    def ticks(self, n: int = 6, label: Callable[[float], str] | None = None) -> tuple[Tick, ...]:
        """About `n` ticks at round values; `label` writes one, by default as finely as needed."""
        if self.scale == "log":
            values = log_ticks(self.low, self.high, n)
            # Ticks of a wide log axis have one significant digit and decimals of their own.
            is_wide = self.high / self.low >= _WIDE
            label = label or (_one_digit if is_wide else _tick_label(values))
        else:
            values = linear_ticks(self.low, self.high, n)
            label = label or _tick_label(values)
        return tuple(Tick(self.position(v), label(v)) for v in values)


def _unit(size: float) -> tuple[float, str]:
    """Unit in which numbers of this size are short: 200k, 1.5M."""
    return next(((unit, name) for least, unit, name in _UNITS if size >= least), (1.0, ""))


def _one_digit(value: float) -> str:
    """Write a tick that has one significant digit."""
    unit, name = _unit(abs(value)) if abs(value) < _MAX_SHORT else (1.0, "")
    return number(value / unit, digits=1) + name


def _tick_label(values: list[float]) -> Callable[[float], str]:
    """Write all ticks in one unit with the fewest decimals that tell them exactly."""
    size = max(map(abs, values), default=0.0)
    if size < _MAX_SHORT:
        unit, name = _unit(size)
        step = min((b - a for a, b in pairwise(values)), default=1.0) / unit
        for decimals in range(7):
            if all(abs(round(v / unit, decimals) - v / unit) <= 1e-6 * step for v in values):
                return lambda value: fixed(value / unit, decimals) + (name if value else "")
    return number

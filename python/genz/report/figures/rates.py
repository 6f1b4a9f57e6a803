"""Cells of the table of error rates: each with the interval of its profile, on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from genz.report.figures.axis import Axis, Tick
from genz.report.profiles import RateProfile
from genz.report.text import number, percent, rate

WIDTH, HEIGHT = 260.0, 20.0
_HIGHEST = 0.5
"""An answer that is wrong more often than that is a judge that says the opposite."""


@dataclass(frozen=True)
class RateRow:
    """One error rate: positions, and the same in words."""

    profile: RateProfile
    x: float
    x_low: float
    x_high: float
    error: str
    interval: str
    effect: str


@dataclass(frozen=True)
class Rates:
    """All rows and the scale that they share."""

    rows: tuple[RateRow, ...]
    ticks: tuple[Tick, ...]


def draw_rates(profiles: Sequence[RateProfile]) -> Rates | None:
    """Lay the error rates out; None without a profile."""
    if not profiles:
        return None
    axis = Axis(0.0, _HIGHEST, 14, WIDTH - 14)
    rows = tuple(
        RateRow(
            profile=profile,
            x=axis.position(profile.error),
            x_low=axis.position(profile.lower),
            x_high=axis.position(profile.upper),
            error=rate(profile.error),
            interval=f"{percent(profile.lower)} to {percent(profile.upper)}",
            effect=f"{number(profile.least_effect)} to {number(profile.greatest_effect)}",
        )
        for profile in profiles
    )
    return Rates(rows, axis.ticks(5, lambda value: percent(value, decimals=0)))

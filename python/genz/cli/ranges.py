"""Ranges of numbers that options accept."""

import math
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """A range that NaN and infinity are not in: no bound is above or below NaN."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number, in the range."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return float(number)

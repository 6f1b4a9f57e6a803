"""Cells of an item's table: how its prediction is built up, term by term, on one scale."""

import math
from dataclasses import dataclass

from genz.report.checks import TargetScale
from genz.report.explained import Card, Term
from genz.report.figures.axis import Axis
from genz.report.figures.forest import percent_change
from genz.report.text import number, percent, rate

WIDTH, HEIGHT = 260.0, 18.0
MAX_TERMS = 8
"""The most terms that have a row of their own."""


@dataclass(frozen=True)
class Bar:
    """One row: from where to where it leads, and what it says.

    Attributes
    ----------
    name : str
    detail : str
        The judgment and the probability in words, or empty.
    start, end : float
        Positions; the bar of a total starts where it ends.
    change : str
        What it adds, for a total its value.
    otherwise : str
        What the prediction would be with the feature and without.
    is_total, is_down : bool
    """

    name: str
    detail: str
    start: float
    end: float
    change: str
    otherwise: str = ""
    is_total: bool = False
    is_down: bool = False


@dataclass(frozen=True)
class Waterfall:
    """One item's figure: the item and its rows."""

    card: Card
    bars: tuple[Bar, ...]


def draw_waterfall(card: Card, scale: TargetScale, *, is_scalar: bool) -> Waterfall:
    """Lay out the terms of one item; small ones are put together."""
    steps: list[tuple[Term, str]] = [(term, term.name) for term in card.terms[:MAX_TERMS]]
    rest = card.terms[MAX_TERMS:]
    if rest:
        total = sum(term.contribution for term in rest)
        steps.append((Term("", total), f"{len(rest)} smaller ones together"))
    if scale == "log":
        steps.append((Term("", card.to_median), "from mean to median of the logarithm"))
    levels = [card.baseline]
    for term, _ in steps:
        levels.append(levels[-1] + term.contribution)
    axis = Axis.around(levels, 6, WIDTH - 6)

    def value(level: float) -> str:
        if not is_scalar:
            return number(level)
        return number(math.exp(level) if scale == "log" else level, digits=4)

    first = "mean of the training items"
    bars = [_total(first, axis.position(levels[0]), value(levels[0]))]
    for (term, name), start, end in zip(steps, levels, levels[1:], strict=False):
        change = term.contribution
        is_percent = scale == "log"
        bars.append(
            Bar(
                name=name,
                detail=_judged(term),
                start=axis.position(start),
                end=axis.position(end),
                change=percent(percent_change(change), signed=True)
                if is_percent
                else number(change, signed=True),
                otherwise=_otherwise(term),
                is_down=change < 0,
            )
        )
    bars.append(_total("prediction", axis.position(levels[-1]), value(levels[-1])))
    return Waterfall(card, tuple(bars))


def _total(name: str, position: float, value: str) -> Bar:
    return Bar(name, "", position, position, value, is_total=True)


def _judged(term: Term) -> str:
    """Say how an item was judged on a feature, and what that is worth."""
    if term.probability is None:
        return ""
    answers = {None: "not judged", 1.0: "judged yes", 0.0: "judged no"}
    judged = answers.get(term.judgment) or f"judged {rate(term.judgment)} likely"
    return f"{judged}, has it with {rate(term.probability)}"


def _otherwise(term: Term) -> str:
    if term.if_holds is None or term.if_not is None:
        return ""
    return f"{number(term.if_holds, digits=4)} with it, {number(term.if_not, digits=4)} without"

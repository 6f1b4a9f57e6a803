"""Rows of the features table: effects, error rates and shares, written out for the reader."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from genz.feature import by_z_score
from genz.report.checks import TargetScale
from genz.report.content import ReportContent
from genz.report.effects import Coefficient, FeatureRow
from genz.report.figures.forest import Z_95, Forest, Whisker, draw_forest, percent_change
from genz.report.text import (
    DASH,
    decimals_of,
    estimate,
    fixed,
    is_number,
    number,
    percent,
    rate,
)

N_TOP_DIMENSIONS = 4
"""Target dimensions that are written out for each feature of a vector target."""


@dataclass(frozen=True)
class DimensionEffect:
    """Effect of a feature on one of many target dimensions."""

    name: str
    effect: str


@dataclass(frozen=True)
class Judgments:
    """How far the judgments of one feature can be trusted.

    Attributes
    ----------
    low, high : float or None
        P(has the feature) after a "no" and after a "yes"; for probability judgments, after
        judgments of 10 % and 90 %.
    sentences : tuple of str
        The same in words.
    is_reversed : bool
        Whether a "yes" makes the feature less likely.
    """

    low: float | None
    high: float | None
    sentences: tuple[str, ...]
    is_reversed: bool


@dataclass(frozen=True)
class FeatureView:
    """One row of the table, with the keys by which it is sorted."""

    rank: int
    row: FeatureRow
    size: float
    effect: str
    interval: str
    weight: str
    whisker: Whisker | None
    top_dimensions: tuple[DimensionEffect, ...]
    judgments: Judgments


@dataclass(frozen=True)
class FeaturesTable:
    """All rows, largest effect first, and what they share."""

    rows: tuple[FeatureView, ...]
    forest: Forest | None
    largest_norm: float
    largest_gain: float


def std_error_of(row: FeatureRow | Coefficient, d: int) -> float | None:
    """Return the standard error of one weight, or None where there is none."""
    return row.std_errors[d] if len(row.std_errors) and is_number(row.std_errors[d]) else None


def describe_judgments(row: FeatureRow) -> Judgments:
    """Say in words what a judgment of this feature is worth."""
    if row.unknown_share == 1:
        return Judgments(None, None, ("no item could be judged",), is_reversed=False)
    sentences: list[str] = []
    low = high = None
    is_reversed = False
    if is_number(row.ppv) or is_number(row.fomr):
        low, high = row.fomr, row.ppv
        wrong_yes = 1 - row.ppv if row.ppv is not None else None
        sentences.append(f"“yes” is wrong for {rate(wrong_yes)}")
        sentences.append(f"“no” is wrong for {rate(row.fomr)}")
        is_reversed = low is not None and high is not None and high < low
    elif row.channel_slope is not None and is_number(row.channel_slope):
        intercept = row.channel_intercept or 0.0
        low, half, high = (
            _channel(intercept, row.channel_slope, judged) for judged in (0.1, 0.5, 0.9)
        )
        sentences.append(f"judged 90 % likely, {rate(high)} have it")
        sentences.append(f"judged 50 % likely, {rate(half)} have it")
        sentences.append(f"judged 10 % likely, {rate(low)} have it")
        is_reversed = row.channel_slope < 0
    if row.unknown_share:
        sentences.append(f"{rate(row.unknown_share)} could not be judged")
    if is_number(row.prevalence):
        sentences.append(f"of these, {rate(row.prevalence)} have it")
    return Judgments(
        low=low if is_number(low) else None,
        high=high if is_number(high) else None,
        sentences=tuple(sentences),
        is_reversed=is_reversed,
    )


def _channel(intercept: float, slope: float, judged: float) -> float:
    """P(z = 1) behind a probability judgment: sigmoid(alpha + gamma logit p)."""
    log_odds = intercept + slope * math.log(judged / (1 - judged))
    return 0.5 * (1 + math.tanh(0.5 * log_odds))


def effect_text(weight: float, std_error: float | None, scale: TargetScale) -> str:
    """Write an effect: what it adds to the target, on the log scale its relative change.

    What is added is written as finely as two digits of the standard error need.
    """
    if scale == "log":
        return percent(percent_change(weight), signed=True)
    decimals = decimals_of(std_error)
    return number(weight, signed=True) if decimals is None else fixed(weight, decimals, signed=True)


def _interval_text(weight: float, std_error: float | None, scale: TargetScale) -> str:
    if std_error is None or not is_number(weight):
        return DASH
    ends = (weight - Z_95 * std_error, weight + Z_95 * std_error)
    return " to ".join(effect_text(end, std_error, scale) for end in ends)


def norm(weights: Sequence[float]) -> float:
    """Length of the effect on a vector target."""
    return math.hypot(*(w for w in weights if is_number(w)))


def top_dimensions(
    row: FeatureRow | Coefficient, content: ReportContent
) -> tuple[DimensionEffect, ...]:
    """Write out the surest effects on a vector target, in standard errors from 0."""
    top = by_z_score(row.weights, row.std_errors)[:N_TOP_DIMENSIONS]
    return tuple(
        DimensionEffect(
            name=content.dimension(d),
            effect=estimate(row.weights[d], std_error_of(row, d)),
        )
        for d in top
    )


def _view(rank: int, row: FeatureRow, content: ReportContent, forest: Forest | None) -> FeatureView:
    """Write one row out: a signed effect for a scalar target, a norm for a vector."""
    if forest is None:
        size = norm(row.weights)
        effect, interval, weight, whisker = number(size), DASH, DASH, None
    else:
        size, std_error = row.weights[0], std_error_of(row, 0)
        effect = effect_text(size, std_error, content.target_scale)
        interval = _interval_text(size, std_error, content.target_scale)
        weight = estimate(size, std_error)
        whisker = forest.whisker(size, std_error)
    is_vector = forest is None
    return FeatureView(
        rank=rank,
        row=row,
        size=size,
        effect=effect,
        interval=interval,
        weight=weight,
        whisker=whisker,
        top_dimensions=top_dimensions(row, content) if is_vector else (),
        judgments=describe_judgments(row),
    )


def tabulate_features(content: ReportContent) -> FeaturesTable:
    """Write all features out, from the most positive effect to the most negative.

    Features of a vector target go from the largest norm of their weights to the smallest.
    """
    forest = None
    if content.n_targets == 1:
        forest = draw_forest(
            [row.weights[0] for row in content.features],
            [std_error_of(row, 0) for row in content.features],
            content.target_scale,
        )
    views = [_view(rank, row, content, forest) for rank, row in enumerate(content.features, 1)]
    views.sort(key=lambda view: -view.size if is_number(view.size) else math.inf)
    gains = [row.gain for row in content.features if row.gain is not None]
    return FeaturesTable(
        rows=tuple(views),
        forest=forest,
        largest_norm=max((v.size for v in views if is_number(v.size)), default=0.0),
        largest_gain=max((gain for gain in gains if math.isfinite(gain)), default=0.0),
    )

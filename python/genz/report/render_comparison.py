"""From a comparison of two models to its HTML."""

from collections.abc import Sequence
from dataclasses import dataclass

from genz.report.checks import TargetScale
from genz.report.compared import CommonFeature, Comparison
from genz.report.features import effect_text, norm
from genz.report.figures.agreement import draw_agreement
from genz.report.figures.forest import Z_95
from genz.report.page import fill
from genz.report.scores import in_order
from genz.report.text import DASH, is_number, number, percent


@dataclass(frozen=True)
class EffectView:
    """An effect in words, its interval, and the number by which a column is sorted."""

    text: str
    interval: str
    value: float


@dataclass(frozen=True)
class ScoreRow:
    """One metric of both models; which is better, by position, None for neither."""

    label: str
    values: tuple[str, str]
    better: int | None


def render_comparison(comparison: Comparison) -> str:
    """Render a comparison: a whole HTML document, see :func:`genz.report.page.fill`."""
    scale, shared = comparison.target_scale, comparison.predictions
    figure = draw_agreement(shared, comparison.names, scale) if shared else None
    difference = "" if shared is None else _difference(shared.typical_difference, scale)
    return fill(
        "comparison.html.j2",
        comparison=comparison,
        common=[(row, *_both(row, scale)) for row in comparison.common],
        own=[
            (name, [(row, _effect(row.weights, row.std_errors, scale)) for row in rows])
            for name, rows in zip(
                comparison.names, (comparison.only_first, comparison.only_second), strict=True
            )
        ],
        scores=_scores(comparison),
        figure=figure,
        typical_difference=difference,
    )


def _both(row: CommonFeature, scale: TargetScale) -> tuple[EffectView, EffectView, str]:
    """Both effects, and their difference in words."""
    first, second = (
        _effect(w, se, scale) for w, se in zip(row.weights, row.std_errors, strict=True)
    )
    if len(row.weights[0]) == len(row.weights[1]) == 1:
        apart = row.weights[1][0] - row.weights[0][0]
        return first, second, effect_text(apart, None, scale)
    if len(row.weights[0]) == len(row.weights[1]):
        gaps = [b - a for a, b in zip(*row.weights, strict=True)]
        return first, second, number(norm(gaps))
    return first, second, DASH


def _effect(
    weights: Sequence[float], std_errors: Sequence[float], scale: TargetScale
) -> EffectView:
    if len(weights) > 1:
        return EffectView(number(norm(weights)), "", norm(weights))
    weight, std_error = weights[0], std_errors[0] if len(std_errors) else None
    if std_error is None or not is_number(std_error):
        return EffectView(effect_text(weight, None, scale), "", weight)
    ends = (effect_text(weight + side * Z_95 * std_error, std_error, scale) for side in (-1, 1))
    return EffectView(effect_text(weight, std_error, scale), " to ".join(ends), weight)


def _difference(value: float, scale: TargetScale) -> str:
    return percent(value, decimals=1) if scale == "log" else number(value)


def _scores(comparison: Comparison) -> list[ScoreRow]:
    rows = []
    for metric in in_order(comparison.scores):
        values = comparison.scores[metric.key]
        better = None
        if metric.better != "none" and all(is_number(v) for v in values):
            losses = [metric.loss(v) for v in values if v is not None]
            if losses[0] != losses[1]:
                better = int(losses[1] < losses[0])
        first, second = (metric.write(v) for v in values)
        rows.append(ScoreRow(metric.label, (first, second), better))
    return rows

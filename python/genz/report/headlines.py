"""The few large figures of the header: how good the model is, honestly labelled."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genz.report.content import Predictions, ReportContent, TargetScale
from genz.report.figures.axis import is_drawable
from genz.report.figures.coverage import measure_coverage
from genz.report.scores import METRICS, OURS, in_order
from genz.report.text import is_number, percent, plural

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Headline:
    """One large figure of the header, with its name and where it comes from."""

    value: str
    label: str
    detail: str


def _scored(content: ReportContent) -> list[Headline]:
    """Headlines from the scores of our own method, the best other method beside each."""
    scores = content.scores or {}
    ours = scores.get(OURS, {})
    headlines = []
    for metric in in_order(ours):
        key = metric.key
        if metric.better == "none" or not is_number(ours[key]):
            continue
        others = {
            name: row[key]
            for name, row in scores.items()
            if name != OURS and is_number(row.get(key))
        }
        detail = content.scores_source
        if others and metric.better != "nominal":
            rival = min(others, key=lambda name: metric.loss(others[name]))
            detail += f"; {rival.replace('_', ' ')}: {metric.write(others[rival])}"
        headlines.append(Headline(metric.write(ours[key]), metric.label, detail))
    return headlines


def _predicted(content: ReportContent, predictions: Predictions) -> list[Headline]:
    """Headlines measured on the predictions that the report draws."""
    source = "in-sample" if predictions.source == "training items" else predictions.source
    is_log = content.target_scale == "log"
    actual, predicted = _usable_pairs(predictions, is_log=is_log)
    r2 = _r2(np.log(actual), np.log(predicted)) if is_log else _r2(actual, predicted)
    r2_source = f"{source}, on the log scale" if is_log else source
    headlines = [Headline(METRICS["r2"].write(r2), METRICS["r2"].label, r2_source)]
    # A relative error means nothing where the target may be near zero, so only logs lead with it.
    if is_log and len(actual):
        error = float(np.median(np.abs(predicted / actual - 1)))
        metric = METRICS["median_relative_error"]
        headlines.insert(0, Headline(metric.write(error), metric.label, source))
    coverage = measure_coverage(predictions)
    if coverage is not None:
        label = f"Coverage of {percent(coverage.level, decimals=0)} intervals"
        headlines.append(Headline(percent(coverage.share, decimals=1), label, source))
    return headlines


def _usable_pairs(predictions: Predictions, *, is_log: bool) -> tuple[_Floats, _Floats]:
    scale: TargetScale = "log" if is_log else "linear"
    pairs = [
        (actual, predicted)
        for actual, predicted in zip(predictions.actual, predictions.predicted, strict=True)
        if is_drawable(actual, scale) and is_drawable(predicted, scale)
    ]
    table = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _r2(actual: _Floats, predicted: _Floats) -> float:
    """Coefficient of determination; NaN where the targets are constant or too few."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        total = np.sum((actual - actual.mean()) ** 2) if len(actual) > 1 else 0.0
        return float(1 - np.sum((actual - predicted) ** 2) / total) if total > 0 else np.nan


def headlines_of(content: ReportContent) -> tuple[Headline, ...]:
    """Choose the figures of the header: held-out scores where there are any, else in-sample."""
    headlines = _scored(content)
    if not headlines and content.predictions is not None:
        headlines = _predicted(content, content.predictions)
    accepted = sum(proposal.accepted for proposal in content.proposals)
    tried = plural(len(content.proposals), "proposal")
    detail = f"{accepted:,} accepted of {tried}" if content.proposals else "given, not proposed"
    return (*headlines[:3], Headline(f"{len(content.features):,}", "Features", detail))

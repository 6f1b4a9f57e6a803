"""The few large figures of the header: how good the model is, honestly labelled."""

from dataclasses import dataclass

import numpy as np

from genz.report import measures
from genz.report.content import ReportContent
from genz.report.predicted import Predictions
from genz.report.scores import OURS, in_order, write_difference
from genz.report.text import is_number, plural


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
            difference = content.differences.get(rival, {}).get(key)
            if difference is not None:
                detail += f", difference {write_difference(metric, difference)}"
        headlines.append(Headline(metric.write(ours[key]), metric.label, detail))
    return headlines


def _predicted(content: ReportContent, predictions: Predictions) -> list[Headline]:
    """Headlines measured on the predictions that the report draws."""
    source = "in-sample" if predictions.source == "training items" else predictions.source
    scale = content.target_scale
    dimensions = range(predictions.n_targets)
    is_vector = predictions.n_targets > 1
    by_dimension = [measures.r2(predictions, d, scale) for d in dimensions]
    varying = [value for value in by_dimension if is_number(value)]
    measured = {"r2": float(np.mean(varying)) if varying else np.nan}
    details = {"r2": f"{source}, on the log scale" if scale == "log" else source}
    if is_vector:
        measured["cosine"] = measures.cosine(predictions)
        details["r2"] = f"{source}, mean of the dimensions"
    # A relative error means nothing where the target may be near zero, so only logs lead with it.
    elif scale == "log":
        measured["median_relative_error"] = measures.median_relative_error(predictions)
    measured[f"coverage_{100 * predictions.level:.0f}"] = measures.coverage(predictions)
    return [
        Headline(metric.write(value), metric.label, details.get(metric.key, source))
        for metric in in_order(measured)
        if is_number(value := measured[metric.key])
    ]


def headlines_of(content: ReportContent) -> tuple[Headline, ...]:
    """Choose the figures of the header: held-out scores where there are any, else in-sample."""
    headlines = _scored(content)
    if not headlines and content.predictions is not None:
        headlines = _predicted(content, content.predictions)
    accepted = sum(proposal.accepted for proposal in content.proposals)
    tried = plural(len(content.proposals), "proposal")
    detail = f"{accepted:,} accepted of {tried}" if content.proposals else "given, not proposed"
    return (*headlines[:3], Headline(f"{len(content.features):,}", "Features", detail))

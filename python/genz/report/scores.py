"""Scores: what each metric means and how methods compare on it."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from genz.report.content import Difference
from genz.report.text import fixed, is_number, number, percent

OURS = "genz"
"""Name of our own method among the scores."""

Direction = Literal["lower", "higher", "nominal", "none"]


@dataclass(frozen=True)
class Metric:
    """A score: its name in words, what is better, and how its values are written.

    Attributes
    ----------
    key : str
        Name in the data.
    label : str
        Name in words.
    better : {"lower", "higher", "nominal", "none"}
        Which values are better; "nominal" is closeness to `nominal`.
    write : callable
        Writes a value.
    nominal : float
    """

    key: str
    label: str
    better: Direction
    write: Callable[[float | None], str]
    nominal: float = 0.0

    def loss(self, value: float) -> float:
        """Order values: the smallest loss is best."""
        if self.better == "nominal":
            return abs(value - self.nominal)
        return value if self.better == "lower" else -value


def _mean_width(level: int) -> Metric:
    """Mean width of intervals; narrow ones are good only when they cover, so it ranks nothing."""
    return Metric(f"mean_width_{level}", f"Mean width of {level}\u202f% intervals", "none", number)


def _coverage(level: int) -> Metric:
    """Coverage of intervals, best when it is what they promise."""
    write = partial(percent, decimals=1)
    label = f"Coverage of {level}\u202f% intervals"
    return Metric(f"coverage_{level}", label, "nominal", write, level / 100)


METRICS = {
    metric.key: metric
    for metric in (
        Metric(
            "median_relative_error", "Median relative error", "lower", partial(percent, decimals=1)
        ),
        Metric("cosine", "Cosine similarity", "higher", partial(fixed, decimals=3)),
        Metric("r2", "R²", "higher", partial(fixed, decimals=3)),
        _coverage(90),
        _mean_width(90),
        Metric(
            "log_predictive_density",
            "Log predictive density, nats per item",
            "higher",
            partial(fixed, decimals=3, signed=True),
        ),
        Metric("n_features", "Features", "none", partial(fixed, decimals=0)),
        Metric("n_unanswered", "Unanswered items", "none", partial(fixed, decimals=0)),
        Metric("seconds", "Seconds", "none", partial(number, digits=2)),
        Metric("n_requests", "Requests", "none", partial(fixed, decimals=0)),
        Metric("n_tokens", "Tokens", "none", partial(fixed, decimals=0)),
        Metric("cost", "Cost", "none", number),
    )
}
"""The scores of ``genz evaluate``, the most telling first."""


def metric_of(key: str) -> Metric:
    """Look a metric up; an unknown one is shown under its own name and never ranked."""
    if key in METRICS:
        return METRICS[key]
    for name, make in (("coverage", _coverage), ("mean_width", _mean_width)):
        if match := re.fullmatch(rf"{name}_([1-9]\d)", key):
            return make(int(match[1]))
    return Metric(key, key.replace("_", " ").capitalize(), "none", number)


def in_order(keys: Iterable[str]) -> tuple[Metric, ...]:
    """Look metrics up, known ones first in the order of `METRICS`, each once."""
    unique = list(dict.fromkeys(keys))
    known = [key for key in METRICS if key in unique]
    return tuple(metric_of(key) for key in dict.fromkeys((*known, *unique)))


@dataclass(frozen=True)
class Score:
    """One cell of the table."""

    text: str
    is_best: bool
    bar: float | None
    value: float | None = None


@dataclass(frozen=True)
class ScoresTable:
    """Methods against metrics; the leading metric, which has bars, first.

    Attributes
    ----------
    metrics : tuple of Metric
    rows : tuple of (str, tuple of Score)
    leading : Metric
    differences : dict of str to str
        By method, what our leading score is less that of the method; empty when nothing is known.
    level : str
        Nominal coverage of the intervals of differences.
    """

    metrics: tuple[Metric, ...]
    rows: tuple[tuple[str, tuple[Score, ...]], ...]
    leading: Metric
    differences: Mapping[str, str]
    level: str


def write_difference(metric: Metric, difference: Difference) -> str:
    """Write a difference with its interval: ``−1.2 % [−2.0 %, −0.4 %]``."""
    value, lower, upper = (
        ("+" if v > 0 else "") + metric.write(v)
        for v in (difference.value, difference.lower, difference.upper)
    )
    return f"{value} [{lower}, {upper}]"


def tabulate_scores(
    scores: Mapping[str, Mapping[str, float]],
    differences: Mapping[str, Mapping[str, Difference]] | None = None,
) -> ScoresTable | None:
    """Rank the methods by each metric; None when there is no score at all."""
    metrics = in_order(key for row in scores.values() for key in row)
    if not metrics:
        return None
    leading = metrics[0]
    best: dict[str, float] = {}
    for metric in metrics:
        values = [row[metric.key] for row in scores.values() if is_number(row.get(metric.key))]
        if metric.better != "none" and len(values) > 1:
            best[metric.key] = min(map(metric.loss, values))
    longest = max(
        (row[leading.key] for row in scores.values() if is_number(row.get(leading.key))),
        default=0.0,
    )

    def cell(metric: Metric, value: float | None) -> Score:
        if value is None or not is_number(value):
            return Score(metric.write(None), is_best=False, bar=None)
        bar = max(value, 0.0) / longest if metric is leading and longest > 0 else None
        return Score(metric.write(value), best.get(metric.key) == metric.loss(value), bar, value)

    rows = tuple(
        (method, tuple(cell(metric, row.get(metric.key)) for metric in metrics))
        for method, row in scores.items()
    )
    found = {
        method: by_metric[leading.key]
        for method, by_metric in (differences or {}).items()
        if method in scores and leading.key in by_metric
    }
    return ScoresTable(
        metrics,
        rows,
        leading,
        {method: write_difference(leading, difference) for method, difference in found.items()},
        percent(next((d.level for d in found.values()), None), decimals=0),
    )

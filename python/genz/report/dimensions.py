"""How well each dimension of a vector target is predicted."""

from dataclasses import dataclass

from genz.report import measures
from genz.report.content import ReportContent
from genz.report.text import fixed, number, percent

MAX_DIMENSIONS = 50
"""The most dimensions that are listed."""


@dataclass(frozen=True)
class DimensionRow:
    """One dimension: name, R², share of items within their intervals, noise.

    The noise is its standard deviation, empty where it is not known.
    """

    name: str
    r2: str
    coverage: str
    noise_sd: str


def tabulate_dimensions(content: ReportContent) -> tuple[DimensionRow, ...]:
    """Measure the first dimensions of a vector target; a scalar target has no rows."""
    predictions = content.predictions
    if predictions is None or content.n_targets == 1:
        return ()
    rows = []
    for d in range(min(content.n_targets, MAX_DIMENSIONS)):
        rows.append(
            DimensionRow(
                name=content.dimension(d),
                r2=fixed(measures.r2(predictions, d, content.target_scale), 3),
                coverage=percent(measures.coverage(predictions, d), decimals=1),
                noise_sd=number(content.noise_sd[d]) if len(content.noise_sd) else "",
            )
        )
    return tuple(rows)

"""The report: one self-contained HTML file about a fitted model.

`content` says what can be shown, `features`, `scores`, `headlines` and `figures` turn it into
words and positions, and `render` fills the templates. Nothing else of genz is imported here, so a
report can be made from any source of these data.
"""

from genz.report.content import (
    FeatureRow,
    Predictions,
    Proposal,
    ReportContent,
    Step,
)
from genz.report.render import render

__all__ = ["FeatureRow", "Predictions", "Proposal", "ReportContent", "Step", "render"]

"""The report: one self-contained HTML file about a fitted model.

`content` says what can be shown, `features`, `scores`, `headlines`, `figures` and others turn it
into words and positions, and `render` fills the templates: these import nothing else of genz, so a
report can be made from any source of these data. `from_model`, `trace`, `evaluation` and `facts`
read them off a saved model.
"""

from genz.report.content import (
    Coefficient,
    FeatureRow,
    Predictions,
    Proposal,
    ReportContent,
    Step,
)
from genz.report.render import render

__all__ = [
    "Coefficient",
    "FeatureRow",
    "Predictions",
    "Proposal",
    "ReportContent",
    "Step",
    "render",
]

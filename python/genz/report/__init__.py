"""The report: one self-contained HTML file about a fitted model.

`content` says what can be shown, `features`, `scores`, `headlines`, `figures` and others turn it
into words and positions, and `render` fills the templates: these import nothing else of genz, so a
report can be made from any source of these data. `from_model`, `trace`, `evaluation`, `audit`,
`facts` and `pictures` read them off a saved model and the files beside it.
"""

from genz.report.content import (
    Coefficient,
    FeatureRow,
    Predictions,
    Proposal,
    ReportContent,
    Step,
)
from genz.report.disagreements import Disagreement, Disagreements
from genz.report.render import render
from genz.report.rounds import Round

__all__ = [
    "Coefficient",
    "Disagreement",
    "Disagreements",
    "FeatureRow",
    "Predictions",
    "Proposal",
    "ReportContent",
    "Round",
    "Step",
    "render",
]

"""The report: one self-contained HTML file about a fitted model.

`content` says what can be shown, its parts in `effects`, `predicted`, `explained`, `maps` and
others; `features`, `scores`, `headlines`, `figures` and others turn it into words and positions;
`render` fills the templates, and `twin` writes the same as JSON: these import nothing else of genz,
so a report can be made from any source of these data. `from_model`, `cards`, `mapping`, `trace`,
`evaluation`, `audit`, `facts` and `pictures` read them off a saved model and the files beside it.
`compared`, `comparing` and `render_comparison` are the same for two models.
"""

from genz.report.content import ReportContent
from genz.report.decisions import Proposal, Step
from genz.report.disagreements import Disagreement, Disagreements
from genz.report.effects import Coefficient, FeatureRow
from genz.report.explained import Card, Term
from genz.report.maps import EmbeddingMap, JudgmentMap
from genz.report.predicted import Predictions
from genz.report.profiles import RateProfile
from genz.report.render import render
from genz.report.rounds import Round

__all__ = [
    "Card",
    "Coefficient",
    "Disagreement",
    "Disagreements",
    "EmbeddingMap",
    "FeatureRow",
    "JudgmentMap",
    "Predictions",
    "Proposal",
    "RateProfile",
    "ReportContent",
    "Round",
    "Step",
    "Term",
    "render",
]

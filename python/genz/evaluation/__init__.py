"""Evaluation: cross-validation of the whole discovery beside baselines, and null runs."""

from genz.evaluation.comparison import Difference
from genz.evaluation.cross_validation import CrossValidation, cross_validate
from genz.evaluation.folds import draw_folds, folds_of_column
from genz.evaluation.null import NullRun, NullRuns, null_runs
from genz.evaluation.predictions import Predictions
from genz.evaluation.scores import score

__all__ = [
    "CrossValidation",
    "Difference",
    "NullRun",
    "NullRuns",
    "Predictions",
    "cross_validate",
    "draw_folds",
    "folds_of_column",
    "null_runs",
    "score",
]

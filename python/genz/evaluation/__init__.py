"""Evaluation: cross-validation of the whole discovery, scores, and baselines on the same folds."""

from genz.evaluation.cross_validation import CrossValidation, cross_validate
from genz.evaluation.folds import draw_folds, folds_of_column
from genz.evaluation.predictions import Predictions
from genz.evaluation.scores import score

__all__ = [
    "CrossValidation",
    "Predictions",
    "cross_validate",
    "draw_folds",
    "folds_of_column",
    "score",
]

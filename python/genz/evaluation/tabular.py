"""Baselines that ask no foundation model: the mean, and regressions on fields and words."""

import numpy as np
from scipy import sparse

from genz.errors import UsageError
from genz.evaluation import regressors
from genz.evaluation.design import Design
from genz.evaluation.fold import Fold, Outcome
from genz.evaluation.regressors import Columns, predict_normal
from genz.evaluation.words import KINDS, Words


def mean(fold: Fold) -> Outcome:
    """The mean of the training targets, with a log target that of the logarithms."""
    nothing = (np.zeros((len(items), 0)) for items in (fold.items, fold.held_out))
    return predict_normal(regressors.mean, fold, *nothing)


def ridge(fold: Fold) -> Outcome:
    """Ridge regression on table fields and covariates."""
    return predict_normal(regressors.ridge, fold, *_table(fold))


def gradient_boosting(fold: Fold) -> Outcome:
    """Gradient boosting on table fields and covariates."""
    return predict_normal(regressors.gradient_boosting, fold, *_table(fold), one_at_a_time=True)


def ridge_tfidf(fold: Fold) -> Outcome:
    """Ridge regression on numbers, dates, covariates and the words of everything else."""
    if not any(field.kind in KINDS for field in fold.items.fields):
        raise UsageError(
            "the baseline ridge_tfidf reads words, but no field is a text, a list or a category: "
            "leave it out"
        )
    words = Words(fold.items)
    columns = [
        sparse.csr_array(sparse.hstack([sparse.csr_array(table), words(items)]))
        for table, items in zip(
            _table(fold, numbers_only=True), (fold.items, fold.held_out), strict=True
        )
    ]
    return predict_normal(regressors.ridge, fold, *columns)


def _table(fold: Fold, *, numbers_only: bool = False) -> tuple[Columns, Columns]:
    design = Design(fold.items, numbers_only=numbers_only)
    training, held_out = fold.scaled_covariates
    return (
        np.hstack([design(fold.items), training]),
        np.hstack([design(fold.held_out), held_out]),
    )

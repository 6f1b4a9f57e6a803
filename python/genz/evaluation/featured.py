"""Methods that have a foundation model find and judge features: genz, and genz without a part."""

import numpy as np

from genz.evaluation import regressors
from genz.evaluation.fold import Discovered, Fold, Outcome
from genz.evaluation.regressors import predict_normal
from genz.statistics.arrays import Floats


def genz(fold: Fold) -> Outcome:
    """Discovery with the contrasts that the model's errors choose."""
    return _predicted(fold, fold.ours)


def zero_shot(fold: Fold) -> Outcome:
    """Features proposed from a sample of items without any contrast, otherwise as genz."""
    return _predicted(fold, fold.discover(contrast="none"))


def random_groups(fold: Fold) -> Outcome:
    """Features that separate random groups of items, otherwise as genz."""
    return _predicted(fold, fold.discover(contrast="random"))


def hard(fold: Fold) -> Outcome:
    """Ridge regression on the judgments of genz's features as 0 and 1, without a noise model.

    Nothing more is asked. An unknown judgment is the column's mean over the training items.
    """
    training = _rounded(fold.ours.training)
    known = ~np.isnan(training)
    totals = np.where(known, training, 0.0).sum(axis=0)
    means = totals / np.maximum(known.sum(axis=0), 1)
    judged = (training, _rounded(fold.ours.held_out))
    columns = (
        np.hstack([np.where(np.isnan(judgments), means, judgments), covariates])
        for judgments, covariates in zip(judged, fold.scaled_covariates, strict=True)
    )
    return predict_normal(regressors.ridge, fold, *columns)


def _predicted(fold: Fold, found: Discovered) -> Outcome:
    predictive = found.model.regression_.predictive(found.held_out, fold.held_out_covariates)
    return Outcome(predictive, n_features=len(found.model.features_))


def _rounded(judgments: Floats) -> Floats:
    """1 from a probability of a half on, 0 below, NaN where unknown."""
    return np.where(np.isnan(judgments), np.nan, (judgments >= 0.5).astype(np.float64))

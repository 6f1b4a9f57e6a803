"""What the table fields alone predict, without a foundation model: methods to be compared with."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import RidgeCV

from genz.evaluation.folds import Folds, draw_folds
from genz.statistics.arrays import Floats

INNER_FOLDS = 3

BASELINES: dict[str, Callable[[int], Any]] = {
    "median": lambda _: DummyRegressor(strategy="median"),
    "ridge": lambda _: RidgeCV(alphas=np.logspace(-2, 4, 19)),
    "gradient_boosting": lambda seed: GradientBoostingRegressor(
        n_estimators=400,
        learning_rate=0.05,
        max_depth=4,
        subsample=0.7,
        max_features=0.3,
        random_state=seed,
    ),
}
"""Regressors by name, made from a seed."""


def fit_predict(
    name: str,
    training: Floats,
    targets: Floats,
    weights: Floats,
    held_out: Floats,
    *,
    groups: Folds | None = None,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Fit a baseline to training items and predict others with a normal distribution.

    The standard deviation is the root mean square of the residuals in an inner cross-validation
    of the training items (3 folds, groups together), so the held-out targets have no part in it;
    it is one for all items, and a little wide, since the inner fits see fewer items.

    Parameters
    ----------
    name : {"median", "ridge", "gradient_boosting"}
    training, held_out : ndarray of shape (N, M), (n, M)
        Design matrices, see :class:`genz.evaluation.design.Design`; without columns (M = 0) the
        baselines know the targets' distribution only.
    targets : ndarray of shape (N, D)
        On the scale to be fitted, NaN where missing; one regression for each dimension.
    weights : ndarray of shape (N,)

    Returns
    -------
    mean : ndarray of shape (n, D)
    sd : ndarray of shape (D,)
    """
    if not training.shape[1]:
        # A catalog of texts alone: regressors are left with their intercept.
        training, held_out = (np.zeros((len(x), 1)) for x in (training, held_out))
    mean = np.empty((len(held_out), targets.shape[1]))
    sd = np.empty(targets.shape[1])
    for d, column in enumerate(targets.T):
        seen = np.flatnonzero(np.isfinite(column) & (weights > 0))
        x, y, v = training[seen], column[seen], weights[seen]
        mean[:, d] = BASELINES[name](seed).fit(x, y, sample_weight=v).predict(held_out)
        folds = _inner_folds(len(seen), None if groups is None else groups[seen], seed)
        residual = np.empty(len(seen))
        for fold in range(folds.max() + 1):
            inner, outer = folds != fold, folds == fold
            regressor = BASELINES[name](seed).fit(x[inner], y[inner], sample_weight=v[inner])
            residual[outer] = y[outer] - regressor.predict(x[outer])
        # A target that is predicted without error still has a density.
        floor = 1e-6 * max(float(np.std(y)), np.finfo(np.float64).tiny)
        sd[d] = max(float(np.sqrt(np.average(residual**2, weights=v))), floor)
    return mean, sd


def _inner_folds(n_items: int, groups: Folds | None, seed: int) -> Folds:
    """Keep groups together where there are enough of them to leave one out."""
    if groups is not None and len(np.unique(groups)) >= INNER_FOLDS:
        return draw_folds(n_items, INNER_FOLDS, groups=groups.tolist(), seed=seed)
    return draw_folds(n_items, INNER_FOLDS, seed=seed)

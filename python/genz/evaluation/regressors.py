"""Regressors of scikit-learn on known columns, made to predict a normal distribution."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV

from genz.evaluation.fold import Fold, Outcome
from genz.evaluation.folds import Folds, draw_folds
from genz.evaluation.predictions import Normal
from genz.statistics.arrays import Floats, as_floats

INNER_FOLDS = 3
PENALTIES = np.logspace(-2, 4, 19)
MAX_EXACT = 3_000
"""Items or columns, whichever are fewer, up to which ridge is solved for all penalties at once."""

Columns = Any
"""Design matrix, (N, M): an array, or a sparse one of many words."""
MakeRegressor = Callable[[int, Columns], Any]
"""Makes a regressor of several dimensions from a seed and the columns that it will be fitted to."""


def mean(_: int, __: Columns) -> Any:
    """Mean of the training targets."""
    return DummyRegressor(strategy="mean")


def ridge(_: int, columns: Columns) -> Any:
    """Ridge regression with the penalty of the least squared error on items left out."""
    if min(columns.shape) <= MAX_EXACT:
        return RidgeCV(alphas=PENALTIES, alpha_per_target=True)
    # One penalty for all dimensions, and a coarser grid: what is solved step by step is slow.
    return GridSearchCV(
        Ridge(solver="sparse_cg", tol=1e-4),
        {"alpha": PENALTIES[::3]},
        scoring="neg_mean_squared_error",
        cv=INNER_FOLDS,
    )


def gradient_boosting(seed: int, _: Columns) -> Any:
    """Boosted trees; one dimension at a time."""
    return GradientBoostingRegressor(
        n_estimators=400,
        learning_rate=0.05,
        max_depth=4,
        subsample=0.7,
        max_features=0.3,
        random_state=seed,
    )


def predict_normal(
    make: MakeRegressor,
    fold: Fold,
    training: Columns,
    held_out: Columns,
    *,
    one_at_a_time: bool = False,
) -> Outcome:
    """Fit a regressor to the training items and predict the others with a normal distribution.

    The standard deviation is the root mean square of the residuals in an inner cross-validation
    of the training items (3 folds, groups together), so the held-out targets have no part in it;
    it is one for all items, and a little wide, since the inner fits see fewer items.

    Parameters
    ----------
    make : MakeRegressor
    fold : Fold
    training, held_out : array or sparse array of shape (N, M), (n, M)
        Columns; without any (M = 0) the regressor knows the targets' distribution only.
    one_at_a_time : bool
        Fit each target dimension by itself, for a regressor that takes no matrix of targets.
    """
    n_columns = training.shape[1]
    if not n_columns:
        training, held_out = (np.zeros((x.shape[0], 1)) for x in (training, held_out))
    predicted = np.empty((held_out.shape[0], fold.fitted.shape[1]))
    sd = np.empty(fold.fitted.shape[1])
    for dimensions, seen in _observed_together(fold, one_at_a_time):
        x, y, v = training[seen], fold.fitted[seen][:, dimensions], fold.weights[seen]
        groups = None if fold.groups is None else fold.groups[seen]
        predicted[:, dimensions] = _fit_predict(make, fold.seed, x, y, v, held_out)
        folds = inner_folds(len(seen), groups, fold.seed)
        residual = np.empty_like(y)
        for ix in range(folds.max() + 1):
            inner, outer = np.flatnonzero(folds != ix), np.flatnonzero(folds == ix)
            guess = _fit_predict(make, fold.seed, x[inner], y[inner], v[inner], x[outer])
            residual[outer] = y[outer] - guess
        sd[dimensions] = spread_of(residual, y, v)
    return Outcome(Normal(predicted, sd), n_features=n_columns)


def spread_of(residual: Floats, targets: Floats, weights: Floats) -> Floats:
    """Root mean square of residuals (N, D); what is predicted without error has a density too."""
    floor = 1e-6 * np.maximum(np.std(targets, axis=0), np.finfo(np.float64).tiny)
    spread = np.sqrt(np.average(residual**2, axis=0, weights=weights))
    return np.asarray(np.maximum(spread, floor))


def inner_folds(n_items: int, groups: Folds | None, seed: int) -> Folds:
    """Keep groups together where there are enough of them to leave one out."""
    if groups is not None and len(np.unique(groups)) >= INNER_FOLDS:
        return draw_folds(n_items, INNER_FOLDS, groups=groups.tolist(), seed=seed)
    return draw_folds(n_items, INNER_FOLDS, seed=seed)


def _observed_together(fold: Fold, one_at_a_time: bool) -> list[tuple[list[int], Folds]]:
    """Dimensions that are observed for the same items, and these items."""
    observed = np.isfinite(fold.fitted) & (fold.weights > 0)[:, np.newaxis]
    together: dict[bytes, list[int]] = {}
    for d, column in enumerate(observed.T):
        key = str(d).encode() if one_at_a_time else column.tobytes()
        together.setdefault(key, []).append(d)
    return [(ds, np.flatnonzero(observed[:, ds[0]])) for ds in together.values()]


def _fit_predict(
    make: MakeRegressor, seed: int, x: Columns, y: Floats, weights: Floats, new: Columns
) -> Floats:
    # A vector for a single dimension: not every regressor takes a matrix of one column.
    y = y[:, 0] if y.shape[1] == 1 else y
    if sparse.issparse(x) and x.shape[1] <= min(x.shape[0], MAX_EXACT):
        x, new = x.toarray(), new.toarray()
    guess = make(seed, x).fit(x, y, sample_weight=weights).predict(new)
    return as_floats("predictions", guess, 2)

"""Cross-validation of the whole discovery, beside baselines on the same folds."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from genz.catalog import Catalog
from genz.errors import DataError
from genz.evaluation.baselines import BASELINES, fit_predict
from genz.evaluation.design import Design
from genz.evaluation.folds import Folds
from genz.evaluation.predictions import Predictions
from genz.evaluation.scores import score
from genz.regressor import GenZRegressor
from genz.statistics.arrays import Floats, as_covariates, as_floats, as_targets

OURS = "genz"


@dataclass(frozen=True)
class CrossValidation:
    """Predictions of every item by models that were fitted without its fold.

    Attributes
    ----------
    predictions : dict of str to Predictions
        By method: ``"genz"``, and the baselines ``"median"``, ``"ridge"``,
        ``"gradient_boosting"``.
    scores : dict of str to dict of str to float
        By method, see :func:`genz.evaluation.scores.score`; genz also has ``n_features``, the
        mean over folds, and ``seconds`` of all its fits and predictions.
    targets : ndarray of shape (N, D)
    folds : ndarray of shape (N,)
    n_features : tuple of int
        Features found in each fold.
    """

    predictions: dict[str, Predictions]
    scores: dict[str, dict[str, float | None]]
    targets: Floats
    folds: Folds
    n_features: tuple[int, ...]


def cross_validate(
    model: GenZRegressor,
    items: Any,
    y: Any,
    folds: Any,
    *,
    covariates: Any = None,
    sample_weight: Any = None,
    groups: Any = None,
    baselines: bool = True,
    observer: Callable[[dict[str, Any]], None] | None = None,
) -> CrossValidation:
    """Discover, fit and predict once for each fold; nothing of a held-out target is seen.

    Kinds of fields are inferred once from all items; features, judgments' error rates, weights,
    the baselines' columns and their residual spread come from training items alone.

    Parameters
    ----------
    model : GenZRegressor
        Its parameters; it is not fitted itself.
    items, y, covariates, sample_weight
        As for :meth:`genz.GenZRegressor.fit`. Weights count in fits, not in scores.
    folds : array of int, shape (N,)
        See :func:`genz.evaluation.folds.draw_folds`.
    groups : array of int, shape (N,), optional
        Groups that stay together in the baselines' inner cross-validation too.
    observer : callable, optional
        Told of each method in each fold: fold, n_folds, method, n_train, n_held_out, seconds.
    """
    catalog = Catalog.from_items(items, text=model.text, table=model.table)
    data = _Data(
        catalog,
        as_floats("y", y, 2),
        as_targets(y, len(catalog), log=model.log_target),
        as_covariates(covariates, len(catalog)),
        np.ones(len(catalog))
        if sample_weight is None
        else as_floats("sample_weight", sample_weight, 1),
        np.ndim(y) == 1,
    )
    fold_of = np.asarray(folds, dtype=np.intp)
    if fold_of.shape != (len(catalog),):
        raise DataError(f"folds has shape {fold_of.shape}, wanted ({len(catalog)},)")
    methods = (OURS, *BASELINES) if baselines else (OURS,)
    predictions = {method: Predictions.empty(*data.targets.shape) for method in methods}
    seconds = dict.fromkeys(methods, 0.0)
    n_features = []
    n_folds = int(fold_of.max()) + 1
    for fold in range(n_folds):
        training, held_out = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        for method in methods:
            start = time.perf_counter()
            found = {}
            if method == OURS:
                some, n_found = _genz(model, data, training, held_out)
                n_features.append(n_found)
                found["n_features"] = n_found
            else:
                some = _baseline(method, model, data, training, held_out, groups)
            predictions[method].put(held_out, some)
            elapsed = time.perf_counter() - start
            seconds[method] += elapsed
            if observer is not None:
                sizes = {"n_train": len(training), "n_held_out": len(held_out)}
                place = {"fold": fold + 1, "n_folds": n_folds, "method": method}
                observer({**place, **sizes, **found, "seconds": round(elapsed, 3)})
    scores = {
        method: score(predictions[method], data.targets, log=model.log_target) for method in methods
    }
    scores[OURS]["n_features"] = float(np.mean(n_features))
    scores[OURS]["seconds"] = round(seconds[OURS], 3)
    return CrossValidation(predictions, scores, data.targets, fold_of, tuple(n_features))


@dataclass(frozen=True)
class _Data:
    catalog: Catalog
    targets: Floats
    fitted: Floats
    covariates: Floats
    weights: Floats
    is_scalar: bool


def _genz(
    model: GenZRegressor, data: _Data, training: Folds, held_out: Folds
) -> tuple[Predictions, int]:
    """Predict with features discovered on the training items; also their number."""
    # Copied by hand: sklearn's clone would also copy the observer and the foundation model.
    parameters = {**model.get_params(deep=False), "text": None, "table": None}
    y = data.targets[training]
    fitted = GenZRegressor(**parameters).fit(
        data.catalog.take(training),
        y[:, 0] if data.is_scalar else y,
        covariates=data.covariates[training],
        sample_weight=data.weights[training],
    )
    predictive = fitted.predictive(
        data.catalog.take(held_out), covariates=data.covariates[held_out]
    )
    predictions = Predictions.of_mixture(predictive, data.targets[held_out], log=model.log_target)
    return predictions, len(fitted.features_)


def _baseline(
    method: str,
    model: GenZRegressor,
    data: _Data,
    training: Folds,
    held_out: Folds,
    groups: Any,
) -> Predictions:
    items = data.catalog.take(training)
    design = Design(items)
    x = data.covariates[training]
    centre, spread = x.mean(axis=0), x.std(axis=0)

    def columns(catalog: Catalog, covariates: Floats) -> Floats:
        scaled = (covariates - centre) / np.where(spread > 0, spread, 1.0)
        return np.hstack([design(catalog), scaled])

    mean, sd = fit_predict(
        method,
        columns(items, x),
        data.fitted[training],
        data.weights[training],
        columns(data.catalog.take(held_out), data.covariates[held_out]),
        groups=None if groups is None else np.asarray(groups, dtype=np.intp)[training],
        seed=model.random_state,
    )
    return Predictions.of_normal(mean, sd, data.targets[held_out], log=model.log_target)

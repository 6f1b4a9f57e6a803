"""Cross-validation of the whole discovery, beside baselines on the same folds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from genz.catalog import Catalog
from genz.errors import DataError
from genz.evaluation.comparison import Difference, differences, standard_errors
from genz.evaluation.fold import Fold
from genz.evaluation.folds import Folds
from genz.evaluation.methods import DEFAULT, METHODS, OURS, choose
from genz.evaluation.predictions import Predictions
from genz.evaluation.scores import Score, score
from genz.evaluation.spending import Spending
from genz.regressor import GenZRegressor
from genz.statistics.arrays import Floats, as_covariates, as_floats, as_targets


@dataclass(frozen=True)
class CrossValidation:
    """Predictions of every item by models that were fitted without its fold.

    Attributes
    ----------
    predictions : dict of str to Predictions
        By method: ``"genz"``, and the baselines that ran.
    scores : dict of str to dict of str to float, list or None
        By method, see :func:`genz.evaluation.scores.score`; and what the method took in all
        folds: ``seconds``, ``n_requests``, ``n_tokens`` and ``cost`` as far as the foundation
        model tells them, ``n_features``, the mean over folds, and ``n_unanswered``, the held-out
        items that the model gave no number for.
    standard_errors : dict of str to dict of str to float
        Of the scores over folds, see :func:`genz.evaluation.comparison.standard_errors`.
    differences : dict of str to dict of str to Difference
        Scores of genz less those of each baseline, see
        :func:`genz.evaluation.comparison.differences`.
    targets : ndarray of shape (N, D)
    folds : ndarray of shape (N,)
    n_features : tuple of int
        Features found in each fold.
    """

    predictions: dict[str, Predictions]
    scores: dict[str, dict[str, Score]]
    standard_errors: dict[str, dict[str, float]]
    differences: dict[str, dict[str, Difference]]
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
    baselines: str | Iterable[str] = DEFAULT,
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
        Groups that stay together in the baselines' inner splits and in the bootstrap too.
    baselines : {"default", "all", "none"} or keys of `genz.evaluation.methods.METHODS`
        What runs beside genz; the default are those that ask no foundation model.
    observer : callable, optional
        Told of each method in each fold: fold, n_folds, method, n_train, n_held_out, seconds, and
        what else the method came to.

    Raises
    ------
    DataError, UsageError
    """
    catalog = Catalog.from_items(items, text=model.text, table=model.table, images=model.images)
    methods = choose(baselines, catalog)
    fold_of = _codes("folds", folds, len(catalog))
    group_of = None if groups is None else _codes("groups", groups, len(catalog))
    targets = as_floats("y", y, 2)
    # Copied by hand: sklearn's clone would also copy the observer and the foundation model.
    parameters = {**model.get_params(deep=False), "text": None, "table": None, "images": None}
    make_fold = _Folds(
        parameters,
        catalog,
        targets,
        as_targets(y, len(catalog), log=model.log_target),
        as_covariates(covariates, len(catalog)),
        np.ones(len(catalog))
        if sample_weight is None
        else as_floats("sample_weight", sample_weight, 1),
        group_of,
        np.ndim(y) == 1,
    )
    predictions = {method: Predictions.empty(*targets.shape) for method in methods}
    spending = {method: Spending(model.foundation_model) for method in methods}
    facts: dict[str, list[dict[str, int]]] = {method: [] for method in methods}
    n_folds = int(fold_of.max()) + 1
    for ix in range(n_folds):
        training, held_out = np.flatnonzero(fold_of != ix), np.flatnonzero(fold_of == ix)
        fold = make_fold(training, held_out)
        for method in methods:
            here = Spending(model.foundation_model)
            with spending[method], here:
                outcome = METHODS[method].fit_predict(fold)
            some = Predictions.of(outcome.distribution, targets[held_out], log=model.log_target)
            predictions[method].put(held_out, some)
            facts[method].append(outcome.facts)
            if observer is not None:
                place = {"fold": ix + 1, "n_folds": n_folds, "method": method}
                sizes = {"n_train": len(training), "n_held_out": len(held_out)}
                observer({**place, **sizes, **outcome.facts, **here.as_scores()})
    log, seed = model.log_target, model.random_state
    return CrossValidation(
        predictions,
        {
            method: {
                **score(predictions[method], targets, log=log),
                **_summed(facts[method]),
                **spending[method].as_scores(),
            }
            for method in methods
        },
        {m: standard_errors(predictions[m], targets, fold_of, log=log) for m in methods},
        differences(predictions, OURS, targets, log=log, groups=group_of, seed=seed),
        targets,
        fold_of,
        tuple(fact["n_features"] for fact in facts[OURS]),
    )


@dataclass(frozen=True)
class _Folds:
    parameters: dict[str, Any]
    catalog: Catalog
    targets: Floats
    fitted: Floats
    covariates: Floats
    weights: Floats
    groups: Folds | None
    is_scalar: bool

    def __call__(self, training: Folds, held_out: Folds) -> Fold:
        return Fold(
            parameters=self.parameters,
            items=self.catalog.take(training),
            held_out=self.catalog.take(held_out),
            targets=self.targets[training],
            fitted=self.fitted[training],
            covariates=self.covariates[training],
            held_out_covariates=self.covariates[held_out],
            weights=self.weights[training],
            groups=None if self.groups is None else self.groups[training],
            is_scalar=self.is_scalar,
        )


def _codes(name: str, values: Any, n_items: int) -> Folds:
    codes = np.asarray(values, dtype=np.intp)
    if codes.shape != (n_items,):
        raise DataError(f"{name} has shape {codes.shape}, wanted ({n_items},)")
    return codes


def _summed(facts: list[dict[str, int]]) -> dict[str, float]:
    """Mean of the features, total of the rest, of all folds."""
    summed: dict[str, float] = {}
    for name in facts[0]:
        values = [fact[name] for fact in facts]
        summed[name] = float(np.mean(values) if name == "n_features" else np.sum(values))
    return summed

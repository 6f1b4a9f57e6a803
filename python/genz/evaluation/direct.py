"""Targets as the foundation model itself predicts them from examples."""

import numpy as np

from genz.asynchronous import LoopThread
from genz.catalog import Catalog
from genz.evaluation.fold import Fold, Outcome
from genz.evaluation.folds import Folds
from genz.evaluation.predictions import Normal
from genz.evaluation.regressors import spread_of
from genz.foundation import BuiltinModel
from genz.statistics.arrays import Floats

N_EXAMPLES = 2_000
"""Most training items that are given as examples; a model behind an endpoint shows 40 of them."""
N_CALIBRATION = 100
"""Most training items, no examples, whose predictions tell how far the model is off."""


def direct(fold: Fold) -> Outcome:
    """Direct prediction by the foundation model, with a normal distribution.

    It sees targets as they are, with a log target too: a language model knows prices, not their
    logarithms. What it gives no number for (or none above 0, for a log target) is predicted by the
    training mean on the scale that is fitted, and counted. The standard deviation is the root
    mean square of the errors on training items that are no examples.
    """
    calibrating, examples = _split(fold)
    model = fold.parameters["foundation_model"]
    model = BuiltinModel() if isinstance(model, str) else model
    with LoopThread(model) as loop:

        def ask(of: Catalog) -> Floats:
            shown, targets = fold.items.take(examples), fold.targets[examples]
            return loop.run(model.predict(of, shown, targets))

        answers, checked = ask(fold.held_out), ask(fold.items.take(calibrating))
    predicted = _on_fitted_scale(fold, answers)
    n_unanswered = int(np.isnan(predicted).any(axis=1).sum())
    residual = fold.fitted[calibrating] - _completed(fold, _on_fitted_scale(fold, checked))
    return Outcome(
        Normal(_completed(fold, predicted), _spread(fold, residual, calibrating)),
        n_unanswered=n_unanswered,
    )


def _split(fold: Fold) -> tuple[Folds, Folds]:
    """Draw training items that calibrate, and examples; of different groups if there are any."""
    observed = np.flatnonzero(np.isfinite(fold.fitted).any(axis=1) & (fold.weights > 0))
    rng = np.random.default_rng(fold.seed)
    n = min(N_CALIBRATION, len(observed) // 3)
    if fold.groups is None:
        shuffled = rng.permutation(observed)
        calibrating, others = shuffled[:n], shuffled[n:]
    else:
        names, group_of = np.unique(fold.groups[observed], return_inverse=True)
        place = rng.permutation(len(names))[group_of]
        shuffled = observed[np.argsort(place, kind="stable")]
        calibrating, rest = shuffled[:n], shuffled[n:]
        apart = rest[~np.isin(fold.groups[rest], fold.groups[calibrating])]
        others = apart if len(apart) else rest
    return np.sort(calibrating), np.sort(rng.permutation(others)[:N_EXAMPLES])


def _on_fitted_scale(fold: Fold, answers: Floats) -> Floats:
    """Answers (n, D), NaN where there is none that can be fitted."""
    answers = np.asarray(answers, dtype=np.float64)
    usable = np.isfinite(answers) & (answers > 0) if fold.log else np.isfinite(answers)
    answers = np.where(usable, answers, np.nan)
    return np.log(answers) if fold.log else answers


def _completed(fold: Fold, predicted: Floats) -> Floats:
    return np.where(np.isnan(predicted), _training_mean(fold), predicted)


def _training_mean(fold: Fold) -> Floats:
    """Weighted mean of each dimension, (D,)."""
    observed = np.isfinite(fold.fitted)
    weights = observed * fold.weights[:, np.newaxis]
    return np.asarray(np.average(np.where(observed, fold.fitted, 0.0), axis=0, weights=weights))


def _spread(fold: Fold, residual: Floats, rows: Folds) -> Floats:
    """Standard deviation of each dimension, (D,); where nothing calibrates, the targets' own."""
    around_mean = fold.fitted - _training_mean(fold)
    sd = np.empty(residual.shape[1])
    for d in range(len(sd)):
        errors, y, weights = residual[:, d], fold.fitted[rows, d], fold.weights[rows]
        if not np.any(np.isfinite(errors) & (weights > 0)):
            errors, y, weights = around_mean[:, d], fold.fitted[:, d], fold.weights
        known = np.isfinite(errors) & (weights > 0)
        sd[d] = spread_of(errors[known], y[known], weights[known])
    return sd

"""What turning one judgment round does to the fit: under its parameters, by one step, by a refit.

The log likelihood under held parameters is exact. p(y | s) is a mixture over z_k with the prior pi
of the judgment, and the posterior q says which share of it each part has; another judgment with
prior pi' reweights the parts: p(y | s') / p(y | s) = q pi' / pi + (1 - q) (1 - pi') / (1 - pi).

The step in the effects is Newton's for the penalised likelihood of the coefficients, with the
observed information (Louis 1982) that the fit has already, noise and channels held. The item's
score before and after takes its latent features as independent given the target.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from genz.discovery import evidence as ev
from genz.discovery.evidence import Evidence
from genz.statistics.arrays import Floats
from genz.statistics.inference import posterior
from genz.statistics.parameters import Parameters
from genz.statistics.regression import LatentFeatureRegression

if TYPE_CHECKING:
    from genz.lifecycle.audit import Cell
    from genz.regressor import GenZRegressor

REFIT_ITERATIONS = 500
REFIT_TOL = 1e-10


def log_likelihood_change(prior: float, posterior: float, turned_prior: float) -> float:
    """Log p(y | s') - log p(y | s) in nats, the parameters held."""
    with np.errstate(divide="ignore"):
        has = np.log(posterior) + np.log(turned_prior) - np.log(prior)
        lacks = np.log1p(-posterior) + np.log1p(-turned_prior) - np.log1p(-prior)
    return float(np.logaddexp(has, lacks))


def with_newton_steps(model: "GenZRegressor", cells: "Sequence[Cell]") -> "list[Cell]":
    """The cells with the change of their feature's effect by one Newton step."""
    weights = items_of(model).item_weights
    return [replace(c, weight_change=_newton_step(model, c, weights[c.item])) for c in cells]


def marginals(
    regression: LatentFeatureRegression, judged: Floats, y: Floats, x: Floats, gold: Floats | None
) -> Floats:
    """P(z = 1 | judgments, target), (N, K); what gold labels say is certain."""
    log_odds = regression.log_odds(judged)
    if gold is not None:
        known = np.where(gold == 1, np.inf, -np.inf)
        log_odds = np.where(np.isnan(gold), log_odds, known)
    found = posterior(
        y - x @ regression.covariate_weights_,
        regression.weights_,
        regression.intercept_,
        regression.noise_variance_,
        log_odds,
        solver=regression.solver,
        n_threads=regression.n_threads,
    )
    return np.asarray(found.marginals)


def items_of(model: "GenZRegressor") -> Evidence:
    """The items fitted, weighed as in the end of the fit: less where they are outlying."""
    targets = np.log(model.targets_) if model.log_target else np.asarray(model.targets_)
    items = Evidence(model.judgments_, targets, model.covariates_, model.item_weights_)
    outlying = model.regression_.outlier_probabilities(model.judgments_, targets, model.covariates_)
    return replace(items, item_weights=items.item_weights * (1 - outlying))


class Refits:
    """Fits with one judgment turned round, beside one with all as they are.

    Both go on from the saved parameters to a finer convergence than a fit's, because one judgment
    among thousands moves an effect by less than a fit stops at.
    """

    def __init__(self, model: "GenZRegressor") -> None:
        self._model = model
        self._items = items_of(model)
        self._before = self._fit(model.judgments_, model.regression_.parameters_)

    def turn(self, item: int, feature: int) -> tuple[float, tuple[float, ...]]:
        """Change of the log likelihood, in nats, and of the feature's effects (D)."""
        judgments = self._model.judgments_.copy()
        judgments[item, feature] = 1 - judgments[item, feature]
        after = self._fit(judgments, self._before.parameters_)
        change = after.weights_[feature] - self._before.weights_[feature]
        gain = float(after.log_likelihood_ - self._before.log_likelihood_)
        return gain, tuple(change.tolist())

    def _fit(self, judgments: Floats, start: Parameters) -> LatentFeatureRegression:
        model = self._model
        return ev.fit(
            model.regression_,
            self._items.with_judgments(judgments),
            start=start,
            max_iter=REFIT_ITERATIONS,
            tol=REFIT_TOL,
            gold=model.gold_,
            ridge=model.regression_.ridge_,
        )


def _newton_step(model: "GenZRegressor", cell: "Cell", item_weight: float) -> tuple[float, ...]:
    regression, n, k = model.regression_, cell.item, cell.feature
    row, x = model.judgments_[[n]], model.covariates_[[n]]
    y = np.asarray([cell.target])
    turned = row.copy()
    turned[0, k] = 1 - turned[0, k]
    gold = None if model.gold_ is None else model.gold_[[n]]
    before, after = (marginals(regression, judged, y, x, gold)[0] for judged in (row, turned))
    covariance = np.asarray(regression.covariance_)
    theta = np.vstack([regression.intercept_, regression.covariate_weights_, regression.weights_])
    change = _score(theta, x[0], after, y[0]) - _score(theta, x[0], before, y[0])
    change *= item_weight / regression.noise_variance_
    rows = covariance[:, len(theta) - len(before) + k]
    step = np.einsum("dm,md->d", rows, change)
    return tuple(step.tolist())


def _score(theta: Floats, x: Floats, marginals: Floats, y: Floats) -> Floats:
    """E[phi (y - phi' theta)] of one item, (M, D), 0 where the target is missing."""
    phi = np.concatenate([[1.0], x, marginals])
    spread = np.concatenate([np.zeros(1 + len(x)), marginals * (1 - marginals)])
    residual = np.nan_to_num(y - phi @ theta)
    score = np.outer(phi, residual) - spread[:, np.newaxis] * theta
    return np.asarray(np.where(np.isnan(y), 0.0, score))

"""A fit from start to end: EM, and by turns with it what EM itself holds fixed.

The best start is found by EM with penalties as they are; from its end the penalties are learned
(`ridge`), and the outlying items with them (`outliers`). Standard errors come last.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genz.statistics import outliers, ridge
from genz.statistics.arrays import Floats, check_count
from genz.statistics.em import Em
from genz.statistics.ending import parameters_of
from genz.statistics.outliers import Outliers
from genz.statistics.parameters import Parameters

if TYPE_CHECKING:
    from genz import _core
    from genz.statistics.regression import LatentFeatureRegression


@dataclass(frozen=True)
class Estimate:
    """What a fit ends with: of the core, penalties (K, D), outlying items if looked for."""

    result: "_core._Fit"
    ridge: Floats
    outliers: Outliers | None


def estimate(
    em: Em, model: "LatentFeatureRegression", start: Parameters | None, *, covariance: bool
) -> Estimate:
    """Fit with the options of `model`, from `start` if it is given.

    Raises
    ------
    DataError, UsageError, SolverError
    """
    penalties = ridge.as_ridge(model.ridge, em.n_features, em.n_targets)
    learns_ridge = ridge.is_learned(model.ridge) and em.n_features > 0
    wants_more = learns_ridge or model.outliers
    result = _best_start(em, model, start, penalties, covariance=covariance and not wants_more)
    is_settled = True
    if learns_ridge:
        result, penalties, is_settled = ridge.learn(em, result, penalties)
    found, typical = None, em
    for _ in range(outliers.MAX_UPDATES if model.outliers else 0):
        before = outliers.find(em, parameters_of(result)) if found is None else found
        typical = em.weighted(before.typical(em.item_weights))
        result = typical.go_on(result, penalties)
        if learns_ridge:
            result, penalties, is_settled = ridge.learn(typical, result, penalties)
        found = outliers.find(em, parameters_of(result))
        if found.is_like(before):
            break
    else:
        is_settled &= not model.outliers
    if covariance and wants_more:
        result = typical.go_on(result, penalties, covariance=True)
    result["converged"] &= is_settled
    if found is not None:
        found = outliers.find(em, parameters_of(result))
    return Estimate(result, penalties, found)


def _best_start(
    em: Em,
    model: "LatentFeatureRegression",
    start: Parameters | None,
    penalties: Floats,
    *,
    covariance: bool,
) -> "_core._Fit":
    """EM from the start, or else from the judgments, and from random ones around its end."""
    n_restarts = check_count("n_restarts", model.n_restarts, 0)
    result = em.run([] if start is None else [start], penalties, covariance=covariance)
    if not n_restarts:
        return result
    rng = np.random.default_rng(model.random_state)
    starts = parameters_of(result).random_starts(em.targets, n_restarts, rng)
    again = em.run(starts, penalties, covariance=covariance)
    n_e_steps = result["n_e_steps"] + again["n_e_steps"]
    best = max(result, again, key=lambda end: end["objectives"][-1])
    best["n_e_steps"] = n_e_steps
    return best

"""Null runs: whole discoveries on permuted targets, which no feature explains."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from genz.catalog import Catalog
from genz.errors import UsageError
from genz.regressor import GenZRegressor
from genz.statistics.arrays import as_covariates, as_floats, as_targets

LEVEL = 0.95
"""Coverage that the interval of the error rate has at least."""


@dataclass(frozen=True)
class NullRun:
    """One discovery on permuted targets: the features that it ends with, and its seconds."""

    features: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class NullRuns:
    """Discoveries on permuted targets; every feature that one ends with is a false discovery."""

    runs: tuple[NullRun, ...]

    @property
    def n_accepting(self) -> int:
        """Runs that end with a feature."""
        return sum(bool(run.features) for run in self.runs)

    @property
    def family_wise_error(self) -> float:
        """Share of the runs that end with a feature."""
        return self.n_accepting / len(self.runs)

    @property
    def interval(self) -> tuple[float, float]:
        """Exact (Clopper-Pearson) 95 % interval of the family-wise error."""
        return clopper_pearson(self.n_accepting, len(self.runs))


def clopper_pearson(n_found: int, n_tried: int, level: float = LEVEL) -> tuple[float, float]:
    """Exact interval of a probability from `n_found` successes in `n_tried` trials."""
    tail = (1 - level) / 2
    n_not = n_tried - n_found
    lower = stats.beta.ppf(tail, n_found, n_not + 1) if n_found else 0.0
    upper = stats.beta.isf(tail, n_found + 1, n_not) if n_not else 1.0
    return float(lower), float(upper)


def null_runs(
    model: GenZRegressor,
    items: Any,
    y: Any,
    n_runs: int = 20,
    seed: int = 0,
    *,
    covariates: Any = None,
    sample_weight: Any = None,
    observer: Callable[[dict[str, Any]], None] | None = None,
) -> NullRuns:
    """Discover `n_runs` times on targets that are dealt to the items at random.

    Whole rows of targets move, together with their weights; items, their images and covariates
    stay, so what the covariates explain is lost as well. Rows move across groups: inside of groups
    the differences between groups would stay, and features that explain them would be no errors.
    The user's own features stay and do not count.

    Parameters
    ----------
    model : GenZRegressor
        Its parameters; it is not fitted itself. Every run has a random state of its own.
    items, y, covariates, sample_weight
        As for :meth:`genz.GenZRegressor.fit`.
    n_runs : int
    seed : int
        Of the permutations and of the runs' random states.
    observer : callable, optional
        Told of each run: null_run, n_null_runs, features, seconds.

    Raises
    ------
    DataError, UsageError
    """
    if n_runs < 1:
        raise UsageError(f"n_runs is {n_runs}, wanted at least 1")
    catalog = Catalog.from_items(items, text=model.text, table=model.table, images=model.images)
    targets = as_floats("y", y, 2)
    as_targets(targets, len(catalog), log=model.log_target)
    known = as_covariates(covariates, len(catalog))
    weights = np.ones(len(catalog)) if sample_weight is None else sample_weight
    weights = as_floats("sample_weight", weights, 1)
    parameters = {**model.get_params(deep=False), "text": None, "table": None, "images": None}
    own = set(model.features or ())
    rng = np.random.default_rng(seed)
    runs = []
    for ix in range(n_runs):
        start = time.perf_counter()
        rows = rng.permutation(len(catalog))
        parameters["random_state"] = int(rng.integers(2**31))
        shuffled = targets[rows, 0] if np.ndim(y) == 1 else targets[rows]
        fitted = type(model)(**parameters).fit(
            catalog, shuffled, covariates=known, sample_weight=weights[rows]
        )
        found = (feature.description for feature in fitted.features_)
        features = tuple(description for description in found if description not in own)
        run = NullRun(features, round(time.perf_counter() - start, 3))
        runs.append(run)
        if observer is not None:
            place = {"null_run": ix + 1, "n_null_runs": n_runs}
            observer({**place, "features": list(features), "seconds": run.seconds})
    return NullRuns(tuple(runs))

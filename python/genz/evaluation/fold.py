"""One fold as a method sees it: training items with targets, held-out items without."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from genz.catalog import Catalog
from genz.evaluation.folds import Folds
from genz.evaluation.predictions import Distribution
from genz.regressor import GenZRegressor
from genz.statistics.arrays import Floats


@dataclass(frozen=True)
class Outcome:
    """Predictions of the held-out items, and what the method came to.

    Attributes
    ----------
    distribution : Predictive or Normal
        On the scale that is fitted.
    n_features : int, optional
        Columns of the regression, the intercept not counted.
    n_unanswered : int, optional
        Held-out items that the foundation model gave no number for.
    """

    distribution: Distribution
    n_features: int | None = None
    n_unanswered: int | None = None

    @property
    def facts(self) -> dict[str, int]:
        """What is known of the numbers."""
        numbers = {"n_features": self.n_features, "n_unanswered": self.n_unanswered}
        return {name: number for name, number in numbers.items() if number is not None}


@dataclass(frozen=True)
class Discovered:
    """A model fitted to the training items, and its judgments of both sets, (N, K), (n, K)."""

    model: GenZRegressor
    training: Floats
    held_out: Floats


@dataclass(frozen=True)
class Fold:
    """What is known when a fold is predicted; the held-out targets are not part of it.

    Attributes
    ----------
    parameters : dict
        Of the estimator, by name; the same in every fold.
    items, held_out : Catalog
        N training items, n others.
    targets, fitted : ndarray of shape (N, D)
        Training targets on their own scale and on the one that is fitted, NaN where missing.
    covariates, held_out_covariates : ndarray of shape (N, P), (n, P)
    weights : ndarray of shape (N,)
    groups : ndarray of shape (N,) or None
        Items that have something in common: they must not be on both sides of an inner split.
    is_scalar : bool
        Whether the user's targets were a vector of numbers, not a matrix.
    """

    parameters: dict[str, Any]
    items: Catalog
    held_out: Catalog
    targets: Floats
    fitted: Floats
    covariates: Floats
    held_out_covariates: Floats
    weights: Floats
    groups: Folds | None
    is_scalar: bool

    @property
    def seed(self) -> int:
        """Seed of everything random."""
        return int(self.parameters["random_state"])

    @property
    def log(self) -> bool:
        """Whether logarithms of the target are fitted."""
        return bool(self.parameters["log_target"])

    @cached_property
    def ours(self) -> Discovered:
        """The model that genz discovers in this fold; several methods build on it."""
        return self.discover()

    def discover(self, **changes: Any) -> Discovered:
        """Discover on the training items, with changed parameters of the estimator."""
        model = GenZRegressor(**{**self.parameters, **changes}).fit(
            self.items,
            self.targets[:, 0] if self.is_scalar else self.targets,
            covariates=self.covariates,
            sample_weight=self.weights,
            groups=self.groups,
        )
        return Discovered(model, model.judgments_, model.judge(self.held_out))

    @cached_property
    def scaled_covariates(self) -> tuple[Floats, Floats]:
        """Covariates of training and held-out items, standardised by the training items."""
        centre, spread = self.covariates.mean(axis=0), self.covariates.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        return (self.covariates - centre) / spread, (self.held_out_covariates - centre) / spread

"""What a fitted regression on latent features answers: predictions, posteriors, scores."""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, RegressorMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted, validate_data

from genz.errors import DataError, UsageError
from genz.notebook import NotebookDisplay, regression_as_html
from genz.statistics.arrays import (
    Floats,
    as_floats,
    as_item_weights,
    as_new_covariates,
    as_table,
)
from genz.statistics.background import Background
from genz.statistics.inference import Posterior, posterior
from genz.statistics.parameters import Parameters
from genz.statistics.prediction import Predictive, coefficient_variance, r2


class FittedRegression(
    NotebookDisplay,
    OneToOneFeatureMixin,  # type: ignore[misc]
    RegressorMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """The part of :class:`genz.LatentFeatureRegression` that needs its attributes only."""

    # scikit-learn knows its first argument as X; under another name it would be taken for metadata.
    __metadata_request__fit: ClassVar = {"judgments": UNUSED}
    __metadata_request__predict: ClassVar = {"judgments": UNUSED}
    __metadata_request__transform: ClassVar = {"judgments": UNUSED}
    __metadata_request__score: ClassVar = {"judgments": UNUSED}

    weights_: Floats
    intercept_: Floats
    covariate_weights_: Floats
    noise_variance_: Floats
    covariance_: Floats | None
    outlier_share_: float
    outlier_mean_: Floats
    outlier_variance_: Floats
    is_scalar_: bool
    solver: str
    n_threads: int | None

    @property
    def parameters_(self) -> Parameters:
        """The fitted parameters as one value."""
        check_is_fitted(self, "weights_")
        return Parameters.of(self)

    def log_odds(self, judgments: Any) -> Floats:
        """Log odds of the latent features given their judgments alone, (N, K)."""
        parameters = self.parameters_
        table = self._table(judgments)
        self._check_columns(judgments)
        return parameters.log_odds(table)

    def transform(self, judgments: Any) -> Floats:
        """P(z = 1 | judgment), (N, K), in the container that `set_output` chose."""
        return self.probabilities(judgments)

    def probabilities(self, judgments: Any) -> Floats:
        """P(z = 1 | judgment), (N, K), always an array."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.log_odds(judgments))))

    def predictive(self, judgments: Any, covariates: Any = None) -> Predictive:
        """Predictive mixtures p(y | s) of new items, with the coefficients' uncertainty."""
        return self.predictive_given(self.log_odds(judgments), covariates)

    def predictive_given(self, log_odds: Floats, covariates: Any = None) -> Predictive:
        """Predictive mixtures of items whose features have these log odds (N, K)."""
        x = as_new_covariates(covariates, len(log_odds), len(self.covariate_weights_))
        variance = np.broadcast_to(self.noise_variance_, (len(x), len(self.noise_variance_)))
        if self.covariance_ is not None:
            probabilities = 1.0 / (1.0 + np.exp(-log_odds))
            variance = variance + coefficient_variance(self.covariance_, x, probabilities)
        return Predictive(
            log_odds=log_odds,
            weights=self.weights_,
            shift=self.intercept_ + x @ self.covariate_weights_,
            sd=np.sqrt(variance),
            n_threads=self.n_threads,
            background=self.background_,
        )

    @property
    def background_(self) -> Background | None:
        """The distribution of outlying targets; None where no item is taken for outlying."""
        if not self.outlier_share_:
            return None
        return Background(self.outlier_share_, self.outlier_mean_, self.outlier_variance_)

    def predict(
        self, judgments: Any, covariates: Any = None, return_std: bool = False
    ) -> Floats | tuple[Floats, Floats]:
        """Mean of the predictive mixture, and with `return_std` its standard deviation.

        With `outliers` the mean is that of an item that is not outlying.

        Returns
        -------
        ndarray of shape (N,) or (N, D), or a pair of these
        """
        predictive = self.predictive(judgments, covariates)
        mean = self._as_target(predictive.mean())
        return (mean, self._as_target(predictive.std())) if return_std else mean

    def predict_interval(
        self, judgments: Any, covariates: Any = None, level: float = 0.9
    ) -> tuple[Floats, Floats]:
        """Central interval of the predictive mixture: exact quantiles of each dimension.

        Returns
        -------
        lower, upper : ndarray of shape (N,) or (N, D)
        """
        check_level(level)
        tail = (1 - level) / 2
        quantiles = self.predictive(judgments, covariates).quantiles([tail, 1 - tail])
        return self._as_target(quantiles[:, :, 0]), self._as_target(quantiles[:, :, 1])

    def outlier_probabilities(self, judgments: Any, y: Any, covariates: Any = None) -> Floats:
        """P(outlying | y, s) of items with judgments and targets, (N,); zeros without `outliers`.

        An item is outlying where its target has little to do with its features: a wrong price, a
        mistaken unit, a house like no other.
        """
        predictive = self.predictive(judgments, covariates)
        targets = self._targets(y, len(predictive.shift))
        if predictive.background is None:
            return np.zeros(len(targets))
        typical = replace(predictive, background=None).log_density(targets)
        return predictive.background.probabilities(typical, targets)

    def posterior(self, judgments: Any, y: Any, covariates: Any = None) -> Posterior:
        """Posterior of the latent features given judgments and targets, see `genz.posterior`."""
        log_odds = self.log_odds(judgments)
        x = as_new_covariates(covariates, len(log_odds), len(self.covariate_weights_))
        return posterior(
            self._targets(y, len(log_odds)) - x @ self.covariate_weights_,
            self.weights_,
            self.intercept_,
            self.noise_variance_,
            log_odds,
            solver=self.solver,
            n_threads=self.n_threads,
        )

    def score(
        self, judgments: Any, y: Any, covariates: Any = None, sample_weight: Any = None
    ) -> float:
        """R2 of the predicted means, averaged over target dimensions; missing targets left out."""
        targets = as_floats("targets", y, 2)
        mean = self.predictive(judgments, covariates).mean()
        v = as_item_weights(sample_weight)
        return r2(mean, targets, np.ones(len(mean)) if v is None else v)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        return tags

    def _table(self, judgments: Any) -> Any:
        return as_table("judgments", judgments)

    def _check_columns(self, judgments: Any, *, reset: bool = False) -> None:
        """Compare number and names of columns with those of the fit, or keep them if `reset`."""
        try:
            validate_data(self, X=judgments, reset=reset, skip_check_array=True)
        except (TypeError, ValueError) as error:  # TypeError: names of which some are no strings.
            raise DataError(str(error)) from None

    def _targets(self, y: Any, n_items: int) -> Floats:
        targets = as_floats("targets", y, 2)
        if targets.shape != (n_items, len(self.intercept_)):
            raise DataError(
                f"targets has shape {targets.shape}, wanted {(n_items, len(self.intercept_))} to "
                "fit judgments and model"
            )
        return targets

    def _fit_as_html(self) -> str:
        return regression_as_html(self)

    def _as_target(self, values: Floats) -> Floats:
        return values[:, 0] if self.is_scalar_ else values


def check_level(level: float) -> None:
    """Raise unless `level` is a probability strictly between 0 and 1."""
    if not 0 < level < 1:
        raise UsageError(f"level is {level}, wanted a probability above 0 and below 1")

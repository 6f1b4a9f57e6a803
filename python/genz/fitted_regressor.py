"""What a fitted `GenZRegressor` answers: judgments, predictions, intervals, posteriors, scores."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from genz.asynchronous import LoopThread
from genz.catalog import Catalog, Field
from genz.catalog.columns import width_of
from genz.errors import DataError, UsageError
from genz.feature import Feature
from genz.foundation import BuiltinModel, FoundationModel
from genz.notebook import NotebookDisplay, regressor_as_html
from genz.statistics.arrays import Floats, as_targets
from genz.statistics.fitted import check_level
from genz.statistics.prediction import Predictive
from genz.statistics.regression import LatentFeatureRegression

if TYPE_CHECKING:
    from genz.explanation import Explanation


class FittedRegressor(
    NotebookDisplay,
    RegressorMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """The part of :class:`genz.GenZRegressor` that asks and predicts, and changes nothing."""

    # scikit-learn knows its first argument as X; under another name it would be taken for metadata.
    # Whoever holds groups out together has groups that the fit should know as well.
    __metadata_request__fit: ClassVar = {"items": UNUSED, "groups": True}
    __metadata_request__predict: ClassVar = {"items": UNUSED}
    __metadata_request__transform: ClassVar = {"items": UNUSED}
    __metadata_request__score: ClassVar = {"items": UNUSED}

    foundation_model: str | FoundationModel
    log_target: bool
    text: Any
    table: Any
    features_: list[Feature]
    fields_: tuple[Field, ...]
    judgments_: Floats
    regression_: LatentFeatureRegression
    is_scalar_: bool

    def judge(self, items: Any) -> Floats:
        """Judge items on the features of the model, (N, K), NaN where the answer is unknown.

        What takes `judgments` asks nothing: one set of answers serves several calls.
        """
        check_is_fitted(self, "regression_")
        catalog = self._catalog(items)
        model = self._model()
        with LoopThread(model) as loop:
            descriptions = [feature.description for feature in self.features_]
            return loop.run(model.judge(catalog, descriptions))

    def predictive(
        self, items: Any, *, covariates: Any = None, judgments: Any = None
    ) -> Predictive:
        """Predictive mixtures of new items, on the scale that was fitted."""
        check_is_fitted(self, "regression_")
        known = self.judge(items) if judgments is None else judgments
        return self.regression_.predictive(known, covariates)

    def predict(self, items: Any, *, covariates: Any = None, judgments: Any = None) -> Floats:
        """Predict targets, on their own scale: the mean, with `log_target` the median.

        Returns
        -------
        ndarray of shape (N,) or (N, D)
        """
        predictive = self.predictive(items, covariates=covariates, judgments=judgments)
        if self.log_target:
            return np.exp(predictive.median()[:, 0])
        return self._as_target(predictive.mean())

    def predict_interval(
        self, items: Any, *, covariates: Any = None, judgments: Any = None, level: float = 0.9
    ) -> tuple[Floats, Floats]:
        """Central predictive interval on the target's own scale: exact mixture quantiles.

        Returns
        -------
        lower, upper : ndarray of shape (N,) or (N, D)
        """
        check_level(level)
        tail = (1 - level) / 2
        predictive = self.predictive(items, covariates=covariates, judgments=judgments)
        quantiles = predictive.quantiles([tail, 1 - tail])
        if self.log_target:
            quantiles = np.exp(quantiles)
        return self._as_target(quantiles[:, :, 0]), self._as_target(quantiles[:, :, 1])

    def explain(
        self,
        items: Any,
        *,
        covariates: Any = None,
        judgments: Any = None,
        ids: Sequence[str] | None = None,
    ) -> "Explanation":
        """Say what each feature and covariate contributes to the predictions of items.

        Parameters
        ----------
        items, covariates, judgments
            As of `predict`.
        ids : sequence of str, optional
            Names of the items; None numbers their rows, the first being 0.

        Returns
        -------
        genz.explanation.Explanation
            Its baseline and contributions add up to the prediction.
        """
        from genz.explanation import explain  # noqa: PLC0415 - only who asks why needs it

        check_is_fitted(self, "regression_")
        known = self.judge(items) if judgments is None else judgments
        return explain(self, known, covariates, ids)

    def log_predictive_density(self, items: Any, y: Any, *, covariates: Any = None) -> Floats:
        """Log p(y | s) of each item in nats, on the target's own scale (Jacobian included)."""
        predictive = self.predictive(items, covariates=covariates)
        targets = as_targets(y, len(predictive.shift), log=self.log_target)
        density = predictive.log_density(targets)
        return density - targets[:, 0] if self.log_target else density

    def transform(self, items: Any) -> Floats:
        """P(z = 1 | judgment), (N, K), in the container that `set_output` chose."""
        judgments = self.judge(items)
        return self.regression_.probabilities(judgments)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Descriptions of the features, the columns of `transform`.

        Parameters
        ----------
        input_features : sequence of str, optional
            For scikit-learn only: if given, the names of the fields.
        """
        check_is_fitted(self, "regression_")
        if input_features is not None and len(input_features) != self.n_features_in_:
            raise DataError(
                f"input_features should have length equal to the number of fields, "
                f"{self.n_features_in_}, got {len(input_features)}"
            )
        return np.array([feature.description for feature in self.features_], dtype=object)

    def score(
        self,
        items: Any,
        y: Any,
        covariates: Any = None,
        sample_weight: Any = None,
        *,
        judgments: Any = None,
    ) -> float:
        """R2 of the predicted means on the scale that was fitted."""
        check_is_fitted(self, "regression_")
        known = self.judge(items) if judgments is None else judgments
        targets = as_targets(y, len(known), log=self.log_target)
        return self.regression_.score(known, targets, covariates, sample_weight)

    @property
    def n_features_in_(self) -> int:
        """Number of the fields that the model reads."""
        return len(self.fields_)

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """Names of the fields that the model reads."""
        return np.array([field.name for field in self.fields_], dtype=object)

    @property
    def metadata(self) -> dict[str, Any]:
        """Facts that are saved with the model, such as names of columns; of JSON's types."""
        return self._metadata

    @metadata.setter
    def metadata(self, facts: dict[str, Any]) -> None:
        self._metadata = facts

    @property
    def run(self) -> dict[str, Any]:
        """Facts of the run that fitted the model, saved beside it; of JSON's types."""
        return self._run

    @run.setter
    def run(self, facts: dict[str, Any]) -> None:
        self._run = facts

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.dict = True
        tags.input_tags.string = True
        tags.target_tags.multi_output = True
        return tags

    def _model(self) -> FoundationModel:
        if isinstance(self.foundation_model, str):
            if self.foundation_model != "builtin":
                raise UsageError(
                    f"foundation_model is {self.foundation_model!r}, wanted 'builtin' or an object "
                    "with judge, propose and predict (genz.FoundationModel)"
                )
            return BuiltinModel()
        return self.foundation_model

    def _catalog(self, items: Any) -> Catalog:
        """Read items as those that were fitted; columns of an array are known by their places."""
        width = width_of(items)
        if width is not None:
            self._check_width(width)
        return Catalog.from_items(items, fields=self.fields_)

    def _check_width(self, width: int) -> None:
        names = [field.name for field in self.fields_]
        is_whole = self.text is None and self.table is None
        if is_whole and width != len(names):
            raise DataError(
                f"X has {width} features, but {type(self).__name__} is expecting {len(names)} "
                f"features as input: {', '.join(names)}"
            )
        if not set(names) <= {f"x{column}" for column in range(width)}:
            raise DataError(
                f"items is an array, whose columns have no names, and the model reads "
                f"{', '.join(names)}: give a data frame or dictionaries with these"
            )

    def _as_target(self, values: Floats) -> Floats:
        return values[:, 0] if self.is_scalar_ else values

    def _fit_as_html(self) -> str:
        return regressor_as_html(self)

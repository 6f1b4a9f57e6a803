"""The estimator: discover features, fit the regression on them, predict."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from genz.asynchronous import LoopThread
from genz.catalog import Catalog
from genz.discovery import Discovered, Discovery, Settings, Trace
from genz.discovery.contrast import KINDS
from genz.discovery.evidence import Evidence
from genz.discovery.questions import Questions
from genz.discovery.state import MIN_ITEMS
from genz.errors import ConvergenceWarning, DataError, DataWarning, UsageError
from genz.feature import features_of
from genz.foundation import BuiltinModel, FoundationModel
from genz.gold import GoldLabels, fit_with_gold
from genz.identification import profile_features
from genz.statistics.arrays import Floats, as_covariates, as_floats, as_targets
from genz.statistics.fitted import check_level
from genz.statistics.prediction import Predictive
from genz.statistics.regression import LatentFeatureRegression
from genz.statistics.repeats import votes_to_fit

if TYPE_CHECKING:
    from genz.lifecycle import Changes


class GenZRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Regression on features that a foundation model finds and judges.

    Parameters
    ----------
    foundation_model : "builtin" or FoundationModel
        Who proposes and judges features.
    n_features : int
        The most features.
    log_target : bool
        Regress the logarithm of a positive scalar target; predictions are on its own scale.
    text, table, images : sequences of str, optional
        Columns to read as free text, as table fields and as paths of images; without `text` and
        `table`, all others are used.
    features : sequence of str, optional
        Descriptions that the user already has; they are never dropped.
    regression : LatentFeatureRegression, optional
        Template of the statistical model; None has more iterations than a user waits for.
    contrast : {"errors", "random", "none"}
        What chooses the two groups of items whose difference is asked for: the model's errors;
        chance; or nothing (features are proposed from a sample of items). The latter two are
        baselines.
    patience : int
        Rounds without a new feature before discovery stops.
    random_state : int
        The same seed gives the same features.
    n_threads : int, optional
        Threads of the core; None uses every core.
    progress : callable, optional
        Told every record of the trace as it comes.

    Attributes
    ----------
    features_ : list of Feature
    regression_ : LatentFeatureRegression
    judgments_ : ndarray of shape (N, K)
        Judgments of the items that were fitted.
    trace_ : list of dict
        Every decision with its numbers, see :class:`genz.discovery.trace.Trace`.
    fields_ : tuple of Field
        Fields of the catalog and their kinds.
    targets_ : ndarray of shape (N, D)
        Targets that were fitted, as given: on their own scale, NaN where missing.
    covariates_ : ndarray of shape (N, P)
    gold_ : ndarray of shape (N, K) or None
        Gold labels of the features: 0, 1, NaN where the truth is not known.
    profiles_ : list of dict
        With `profile`, what data know of each error rate, see
        :func:`genz.identification.profile_features`.
    n_targets_ : int
    endpoint_ : dict
        How the foundation model was asked, that it be asked likewise again; empty for one that
        says nothing of it (`settings`).
    unknown_ : list of dict
        Judgments that stayed unknown: ``item``, ``feature``, ``reason``.
    item_weights_ : ndarray of shape (N,)
        Weights of the items in the fit.
    items_digest_ : str or None
        Digest of the items that were fitted, by which `refit` knows them.
    is_certain_ : bool
        Whether hard judgments were fitted as the truth: those of a model that says so.
    locked_, vetoed_ : tuple of str
        Features that no discovery drops or replaces, and descriptions that are not to come back.
    repeats_ : list of dict
        Answers to questions that were asked again, see :mod:`genz.lifecycle`.
    metadata : dict
        Of JSON's types, saved as it is, emptied by `fit`; the command line's names of columns.
    run : dict
        Likewise, saved beside the model: what differs when a run replays the same answers (time,
        command, requests, tokens, cost).

    References
    ----------
    Jojic & Jojic, "GenZ", arXiv:2512.24834.
    """

    def __init__(
        self,
        foundation_model: str | FoundationModel = "builtin",
        n_features: int = 30,
        *,
        log_target: bool = False,
        text: Sequence[str] | None = None,
        table: Sequence[str] | None = None,
        images: Sequence[str] | None = None,
        features: Sequence[str] | None = None,
        regression: LatentFeatureRegression | None = None,
        contrast: str = "errors",
        patience: int = 8,
        random_state: int = 0,
        n_threads: int | None = None,
        progress: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.foundation_model = foundation_model
        self.n_features = n_features
        self.log_target = log_target
        self.text = text
        self.table = table
        self.images = images
        self.features = features
        self.regression = regression
        self.contrast = contrast
        self.patience = patience
        self.random_state = random_state
        self.n_threads = n_threads
        self.progress = progress

    def fit(
        self,
        items: Any,
        y: Any,
        *,
        covariates: Any = None,
        sample_weight: Any = None,
        judgments: Any = None,
        gold: Any = None,
        profile: bool = False,
    ) -> Self:
        """Discover features and fit.

        Parameters
        ----------
        items : data frame, list of dict or list of str
            The catalog, N items.
        y : array of shape (N,) or (N, D)
            Targets, NaN where missing.
        covariates : array of shape (N, P), optional
            Known numbers that enter the regression directly.
        sample_weight : array of shape (N,), optional
        judgments : array of shape (N, len(features)) or (N, len(features), R), optional
            Judgments of the user's own `features`, not to be asked again; with R answers to the
            same question, NaN where a cell has fewer.
        gold : array, mapping or table, optional
            Gold labels, see :meth:`genz.gold.GoldLabels.read`. They enter the final fit; labels of
            a feature that discovery finds under the same description count as well.
        profile : bool
            Whether to profile the likelihood over each error rate: it takes some ten fits for each.

        Raises
        ------
        DataError, UsageError
        """
        catalog = Catalog.from_items(items, text=self.text, table=self.table, images=self.images)
        given = as_floats("y", y, 2)
        targets = as_targets(given, len(catalog), log=self.log_target)
        self.is_scalar_ = np.ndim(y) == 1
        self.n_targets_ = targets.shape[1]
        own = list(self.features or ())
        labels = None if gold is None else GoldLabels.read(gold, len(catalog), own)
        if self.contrast not in KINDS:
            raise UsageError(f"contrast is {self.contrast!r}, wanted one of {', '.join(KINDS)}")
        if self.n_features < max(1, len(own)):
            raise UsageError(
                f"n_features is {self.n_features}, wanted at least 1 and room for the {len(own)} "
                "features given"
            )
        n_observed = int((~np.isnan(targets)).any(axis=1).sum())
        if n_observed < MIN_ITEMS:
            raise DataError(
                f"{n_observed} items have a target, wanted at least {MIN_ITEMS}: features are "
                "decided upon by items that did not choose them"
            )
        covariate_matrix = as_covariates(covariates, len(catalog))
        weights = np.ones(len(catalog)) if sample_weight is None else sample_weight
        trace = Trace(self.progress)
        model = self._model()
        # What was judged by others may be wrong, whoever judges the rest.
        self.is_certain_ = judgments is None and bool(getattr(model, "is_certain", False))
        with LoopThread(model) as loop:
            evidence = Evidence(
                self._own_judgments(model, catalog, own, judgments, loop),
                targets,
                covariate_matrix,
                as_floats("sample_weight", weights, 1),
                is_certain=self.is_certain_,
            )
            discovery = Discovery(
                Questions(model, catalog, loop.run),
                self._template(model, is_certain=self.is_certain_),
                Settings(self.n_features, self.contrast, patience=self.patience),
                trace,
                np.random.default_rng(self.random_state),
            )
            found = discovery.run(evidence, own)
        self.gold_ = None
        if labels is not None:
            self.gold_ = labels.matrix(found.features)
            self._warn_of_unused(labels, found.features)
            found = fit_with_gold(found, evidence, self.gold_)
        self.profiles_ = profile_features(found, evidence, self.gold_) if profile else []
        self.regression_ = found.regression
        self.judgments_ = found.judgments
        self.features_ = features_of(found, catalog, targets)
        self.fields_ = catalog.fields
        self.trace_ = trace.records
        self.endpoint_ = dict(getattr(model, "settings", {}))
        self.unknown_ = _unknown(model, found.features)
        self.targets_ = given
        self.covariates_ = covariate_matrix
        self.item_weights_ = evidence.item_weights
        self.items_digest_: str | None = catalog.digest()
        self.locked_: tuple[str, ...] = tuple(own)
        self.vetoed_: tuple[str, ...] = ()
        self.repeats_: list[dict[str, Any]] = []
        self.metadata: dict[str, Any] = {}
        self.run: dict[str, Any] = dict(getattr(model, "spent", {}))
        self._warn(found)
        return self

    def refit(
        self,
        items: Any,
        y: Any,
        *,
        changes: "Changes | None" = None,
        covariates: Any = None,
        sample_weight: Any = None,
        judgments: Any = None,
        discover: bool = False,
    ) -> "GenZRegressor":
        """Fit the features of the model, changed or not, again; this estimator stays as it is.

        Parameters
        ----------
        items, y, covariates, sample_weight
            As of `fit`, for the same N items in the same order.
        changes : genz.lifecycle.Changes, optional
            Only what is changed or new is judged.
        judgments : array of shape (N, K), optional
            Judgments in the place of those saved, one column for each of `changes.kept`; nothing
            is asked.
        discover : bool
            Whether to look for further features; those locked stay, those vetoed do not come back.

        Returns
        -------
        GenZRegressor
            A new estimator, fitted by EM from the parameters of this one.

        Raises
        ------
        DataError
            Other items than those that were fitted.
        """
        from genz.lifecycle.refitting import refit  # noqa: PLC0415 - it imports the estimator

        return refit(
            self,
            items,
            y,
            changes=changes,
            covariates=covariates,
            sample_weight=sample_weight,
            judgments=judgments,
            discover=discover,
        )

    def judge(self, items: Any) -> Floats:
        """Judge items on the features of the model, (N, K), NaN where the answer is unknown.

        What takes `judgments` asks nothing: one set of answers serves several calls.
        """
        check_is_fitted(self, "regression_")
        catalog = Catalog.from_items(items, fields=self.fields_)
        model = self._model()
        with LoopThread(model) as loop:
            descriptions = [feature.description for feature in self.features_]
            return loop.run(model.judge(catalog, descriptions))

    def predictive(
        self, items: Any, *, covariates: Any = None, judgments: Any = None
    ) -> Predictive:
        """Predictive mixtures of new items, on the scale that was fitted."""
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
            return np.exp(predictive.quantiles([0.5])[:, 0, 0])
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

    def log_predictive_density(self, items: Any, y: Any, *, covariates: Any = None) -> Floats:
        """Log p(y | s) of each item in nats, on the target's own scale (Jacobian included)."""
        predictive = self.predictive(items, covariates=covariates)
        targets = as_targets(y, len(predictive.shift), log=self.log_target)
        density = predictive.log_density(targets)
        return density - targets[:, 0] if self.log_target else density

    def transform(self, items: Any) -> Floats:
        """P(z = 1 | judgment) of every item and feature, (N, K)."""
        return self.regression_.transform(self.judge(items))

    def score(self, items: Any, y: Any, covariates: Any = None) -> float:
        """R2 of the predicted means on the scale that was fitted."""
        judgments = self.judge(items)
        targets = as_targets(y, len(judgments), log=self.log_target)
        return self.regression_.score(judgments, targets, covariates)

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Save to a directory of JSON and npz; refuses to overwrite a model unless `force`."""
        from genz.persistence import save  # noqa: PLC0415 - persistence imports the estimator

        save(self, Path(path), force=force)

    @classmethod
    def load(
        cls, path: str | Path, *, foundation_model: FoundationModel | None = None
    ) -> "GenZRegressor":
        """Load from a directory; a model other than the built-in one must be given again."""
        from genz.persistence import load  # noqa: PLC0415 - persistence imports the estimator

        return load(Path(path), foundation_model)

    def _own_judgments(
        self,
        model: FoundationModel,
        catalog: Catalog,
        features: list[str],
        judgments: Any,
        loop: LoopThread,
    ) -> Floats:
        """Judgments of the user's own features: as given, else asked for."""
        if judgments is None:
            if not features:
                return np.zeros((len(catalog), 0))
            return loop.run(model.judge(catalog, features))
        given = as_floats("judgments", votes_to_fit(judgments), 2)
        if given.shape != (len(catalog), len(features)):
            raise DataError(
                f"judgments has shape {given.shape}, wanted {(len(catalog), len(features))}: one "
                "row for each item, one column for each of `features`"
            )
        return given

    def _model(self) -> FoundationModel:
        if isinstance(self.foundation_model, str):
            if self.foundation_model != "builtin":
                raise UsageError(
                    f"foundation_model is {self.foundation_model!r}, wanted 'builtin' or an object "
                    "with judge, propose and predict (genz.FoundationModel)"
                )
            return BuiltinModel()
        return self.foundation_model

    def _template(self, model: FoundationModel, *, is_certain: bool) -> LatentFeatureRegression:
        if self.regression is not None:
            return self.regression
        if not is_certain and getattr(model, "is_certain", False):
            # Judgments are of someone else, of whose errors nothing is known.
            return LatentFeatureRegression(max_iter=300, tol=1e-6, n_threads=self.n_threads)
        # Rates that are held loosely let a rough feature cover for the right one, by misjudgments.
        return LatentFeatureRegression(
            rate_strength=model.rate_strength,
            rate_centre=model.error_rate,
            max_iter=300,
            tol=1e-6,
            n_threads=self.n_threads,
        )

    def _warn_of_unused(self, labels: GoldLabels, features: list[str]) -> None:
        unused = labels.unused(features)
        if unused:
            warnings.warn(
                f"gold labels of {unused[0]!r} are not used: the model has no such feature, pass "
                "it in `features`",
                DataWarning,
                stacklevel=3,
            )

    def _warn(self, found: Discovered) -> None:
        unknown = np.isnan(found.judgments).mean(axis=0)
        for feature, share in zip(self.features_, unknown, strict=True):
            if share == 1:
                warnings.warn(
                    f"the model judges no item on {feature.description!r}: all answers are unknown",
                    DataWarning,
                    stacklevel=3,
                )
        if not found.regression.converged_:
            warnings.warn(
                f"the final EM stopped after {found.regression.n_iter_} iterations; pass "
                "regression=LatentFeatureRegression(max_iter=...) with more",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _as_target(self, values: Floats) -> Floats:
        return values[:, 0] if self.is_scalar_ else values


def _unknown(model: FoundationModel, features: list[str]) -> list[dict[str, Any]]:
    """What the model could not judge, of the features that stayed."""
    return [dict(cell) for cell in getattr(model, "unknown", ()) if cell["feature"] in features]

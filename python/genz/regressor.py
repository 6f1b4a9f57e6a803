"""The estimator: discover features, fit the regression on them, predict."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from genz.asynchronous import LoopThread
from genz.discovery import Trace, discover
from genz.discovery.evidence import Evidence
from genz.discovery.questions import Questions
from genz.feature import features_of
from genz.fitted_regressor import FittedRegressor
from genz.fitting import Given, own_judgments, settings_of, template, warn_of, warn_of_unused
from genz.foundation import FoundationModel
from genz.gold import fit_with_gold
from genz.identification import profile_features
from genz.statistics.arrays import Floats
from genz.statistics.regression import LatentFeatureRegression

if TYPE_CHECKING:
    from genz.lifecycle import Changes


class GenZRegressor(FittedRegressor):
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
        Template of the statistical model; None learns the ridge by the evidence, and the error
        rates around what the foundation model says of its own (`error_rate`, `rate_strength`).
    contrast : {"errors", "random", "none"}
        What chooses the two groups of items whose difference is asked for: the model's errors;
        chance; or nothing (features are proposed from a sample of items). The latter two are
        baselines.
    patience : int
        Rounds without a new feature before a search stops.
    n_searches : int
        Independent searches, whose features the fit joins: more are more accurate, and each asks
        as much as the first.
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
    n_features_in_, feature_names_in_ : int, ndarray of str
        Number and names of these fields, as scikit-learn calls them.
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
        Weights of the items in the fit; items of a group have less.
    group_correlation_ : float or None
        How much the residuals of two items of a group correlate; None without `groups`.
    items_digest_ : str or None
        Digest of the items that were fitted, by which `refit` knows them.
    is_certain_ : bool
        Whether hard judgments were fitted as the truth: those of a model that says so.
    has_own_regression_ : bool
        Whether the template was the user's: `refit` then holds to its settings.
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
        n_searches: int = 1,
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
        self.n_searches = n_searches
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
        groups: Any = None,
        judgments: Any = None,
        gold: Any = None,
        profile: bool = False,
    ) -> Self:
        """Discover features and fit.

        Parameters
        ----------
        items : data frame, list of dict, list of str, array or Catalog
            The catalog, N items, see :meth:`genz.Catalog.from_items`.
        y : array of shape (N,) or (N, D)
            Targets, NaN where missing.
        covariates : array of shape (N, P), optional
            Known numbers that enter the regression directly.
        sample_weight : array of shape (N,), optional
            Weights of the items in every fit, see `docs/estimators.md`.
        groups : array of shape (N,), optional
            The group of each item: a host, a writer, a house that is there twice. What a group's
            items have in common counts once, see `docs/estimators.md`.
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
        given = Given.read(
            self,
            items,
            y,
            covariates=covariates,
            sample_weight=sample_weight,
            groups=groups,
            gold=gold,
        )
        trace = Trace(self.progress)
        model = self._model()
        # What was judged by others may be wrong, whoever judges the rest.
        self.is_certain_ = judgments is None and bool(getattr(model, "is_certain", False))
        own = list(self.features or ())
        with LoopThread(model) as loop:
            evidence = Evidence(
                own_judgments(model, given.catalog, own, judgments, loop),
                given.fitted,
                given.covariates,
                given.item_weights,
                is_certain=self.is_certain_,
                grouping=given.grouping,
            )
            found = discover(
                evidence,
                own,
                questions=Questions(model, given.catalog, loop.run),
                regression=template(self, model, is_certain=self.is_certain_),
                settings=settings_of(self),
                trace=trace,
                rng=np.random.default_rng(self.random_state),
            )
        self.gold_ = None
        if given.labels is not None:
            self.gold_ = given.labels.matrix(found.features)
            warn_of_unused(given.labels, found.features)
            found = fit_with_gold(found, self.gold_)
        self.profiles_ = profile_features(found, self.gold_) if profile else []
        self.has_own_regression_ = self.regression is not None
        self.regression_ = found.regression
        self.judgments_ = found.judgments
        self.features_ = features_of(found, given.catalog)
        self.fields_ = given.catalog.fields
        self.trace_ = trace.records
        self.endpoint_ = dict(getattr(model, "settings", {}))
        self.unknown_ = _unknown(model, found.features)
        self.is_scalar_ = given.is_scalar
        self.n_targets_ = given.targets.shape[1]
        self.targets_ = given.targets
        self.covariates_ = given.covariates
        self.item_weights_ = found.evidence.fit_weights
        self.group_correlation_ = found.evidence.group_correlation
        self.items_digest_: str | None = given.catalog.digest()
        self.locked_: tuple[str, ...] = tuple(own)
        self.vetoed_: tuple[str, ...] = ()
        self.repeats_: list[dict[str, Any]] = []
        self.metadata = {}
        self.run = dict(getattr(model, "spent", {}))
        warn_of(self, found)
        return self

    def fit_transform(self, items: Any, y: Any, **fit_params: Any) -> Floats:
        """Fit, and P(z = 1 | judgment) of the items fitted: what was judged is not asked again."""
        return self.fit(items, y, **fit_params).regression_.probabilities(self.judgments_)

    def refit(
        self,
        items: Any,
        y: Any,
        *,
        changes: "Changes | None" = None,
        covariates: Any = None,
        sample_weight: Any = None,
        groups: Any = None,
        judgments: Any = None,
        discover: bool = False,
    ) -> "GenZRegressor":
        """Fit the features of the model, changed or not, again; this estimator stays as it is.

        Parameters
        ----------
        items, y, covariates, sample_weight, groups
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
            groups=groups,
            judgments=judgments,
            discover=discover,
        )

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


def _unknown(model: FoundationModel, features: list[str]) -> list[dict[str, Any]]:
    """What the model could not judge, of the features that stayed."""
    return [dict(cell) for cell in getattr(model, "unknown", ()) if cell["feature"] in features]

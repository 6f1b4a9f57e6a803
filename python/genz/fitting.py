"""What a fit is given, checked once, and what it has to say: templates and warnings."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genz.asynchronous import LoopThread
from genz.catalog import Catalog
from genz.catalog.values import distinct
from genz.discovery import Discovered, Settings
from genz.discovery.contrast import KINDS
from genz.discovery.state import MIN_ITEMS
from genz.errors import ConvergenceWarning, DataError, DataWarning, UsageError
from genz.foundation import FoundationModel
from genz.gold import GoldLabels
from genz.statistics.arrays import (
    Floats,
    as_covariates,
    as_floats,
    as_item_weights,
    as_targets,
    check_count,
    is_vector,
    judgments_as_floats,
)
from genz.statistics.groups import Grouping
from genz.statistics.regression import LatentFeatureRegression
from genz.statistics.repeats import votes_to_fit

if TYPE_CHECKING:
    from genz.fitted_regressor import FittedRegressor
    from genz.regressor import GenZRegressor


@dataclass(frozen=True)
class Given:
    """Items and all that is known of them, as arrays with one row for each.

    Attributes
    ----------
    catalog : Catalog
    targets : ndarray of shape (N, D)
        On their own scale, NaN where missing.
    fitted : ndarray of shape (N, D)
        Targets on the scale that is fitted.
    is_scalar : bool
        Whether the targets were given as a vector.
    covariates : ndarray of shape (N, P)
    item_weights : ndarray of shape (N,)
    grouping : Grouping or None
    labels : GoldLabels or None
    """

    catalog: Catalog
    targets: Floats
    fitted: Floats
    is_scalar: bool
    covariates: Floats
    item_weights: Floats
    grouping: Grouping | None
    labels: GoldLabels | None

    @classmethod
    def read(
        cls,
        model: "GenZRegressor",
        items: Any,
        y: Any,
        *,
        covariates: Any,
        sample_weight: Any,
        groups: Any,
        gold: Any,
    ) -> "Given":
        """Read what `GenZRegressor.fit` is given.

        Raises
        ------
        DataError, UsageError
        """
        if y is None:
            raise DataError(
                f"{type(model).__name__} requires y to be passed, but the target y is None"
            )
        catalog = Catalog.from_items(items, text=model.text, table=model.table, images=model.images)
        targets = as_floats("y", y, 2)
        fitted = as_targets(targets, len(catalog), log=model.log_target)
        own = list(model.features or ())
        labels = None if gold is None else GoldLabels.read(gold, len(catalog), own)
        _check_options(model, len(own))
        n_observed = int((~np.isnan(fitted)).any(axis=1).sum())
        if n_observed < MIN_ITEMS:
            raise DataError(
                f"{n_observed} items have a target, wanted at least {MIN_ITEMS} (n_samples = "
                f"{len(catalog)}): features are decided upon by items that did not choose them"
            )
        return cls(
            catalog,
            targets,
            fitted,
            is_vector(y),
            as_covariates(covariates, len(catalog)),
            read_weights(sample_weight, len(catalog)),
            read_groups(groups, len(catalog)),
            labels,
        )


def read_weights(sample_weight: Any, n_items: int) -> Floats:
    """Weights (N,) of the items, ones where none are given."""
    weights = as_item_weights(sample_weight)
    if weights is None:
        return np.ones(n_items)
    if len(weights) != n_items:
        raise DataError(
            f"sample_weight has {len(weights)} entries, wanted one for each of {n_items} items"
        )
    return weights


def read_groups(groups: Any, n_items: int) -> Grouping | None:
    """Groups of the items by their labels, None where none are given; equal ones are a group."""
    if groups is None:
        return None
    labels = np.asarray(groups)
    if labels.shape != (n_items,):
        raise DataError(
            f"groups has shape {labels.shape}, wanted ({n_items},): the group of each item"
        )
    return Grouping(distinct("group", labels.tolist()))


def own_judgments(
    foundation_model: FoundationModel,
    catalog: Catalog,
    features: Sequence[str],
    judgments: Any,
    loop: LoopThread,
) -> Floats:
    """Judgments of the user's own features: as given, else asked for."""
    if judgments is None:
        if not features:
            return np.zeros((len(catalog), 0))
        return loop.run(foundation_model.judge(catalog, features))
    given = judgments_as_floats(votes_to_fit(judgments))
    if given.shape != (len(catalog), len(features)):
        raise DataError(
            f"judgments has shape {given.shape}, wanted {(len(catalog), len(features))}: one "
            "row for each item, one column for each of `features`"
        )
    return given


def _check_ridge(regression: LatentFeatureRegression) -> None:
    """Refuse penalties feature by feature: which features there will be is not known."""
    shape = np.shape(regression.ridge)
    if len(shape) == 2 and shape[0] != 1:
        raise UsageError(
            f"the ridge of `regression` has shape {shape}: features come and go, so wanted a "
            "number, 'evidence' or one number for each target"
        )


def template(
    model: "GenZRegressor", foundation_model: FoundationModel, *, is_certain: bool
) -> LatentFeatureRegression:
    """The user's regression, else one whose rates are held as the judge's errors are known."""
    if model.regression is not None:
        _check_ridge(model.regression)
        return model.regression
    if not is_certain and getattr(foundation_model, "is_certain", False):
        # Judgments are of someone else, of whose errors nothing is known.
        return LatentFeatureRegression(
            ridge="evidence", max_iter=300, tol=1e-6, n_threads=model.n_threads
        )
    # Where judges err, an item whose target contradicts its judgments is first of all misjudged.
    # Rates that are held loosely let a rough feature cover for the right one, by misjudgments.
    return LatentFeatureRegression(
        ridge="evidence",
        outliers=is_certain,
        rate_strength=foundation_model.rate_strength,
        rate_centre=foundation_model.error_rate,
        max_iter=300,
        tol=1e-6,
        n_threads=model.n_threads,
    )


def settings_of(model: "GenZRegressor") -> Settings:
    """How long and how hard the estimator is to look."""
    return Settings(
        model.n_features, model.contrast, patience=model.patience, n_searches=model.n_searches
    )


def warn_of_unused(labels: GoldLabels, features: list[str]) -> None:
    """Warn of gold labels that belong to no feature of the model."""
    unused = labels.unused(features)
    if unused:
        warnings.warn(
            f"gold labels of {unused[0]!r} are not used: the model has no such feature, pass "
            "it in `features`",
            DataWarning,
            stacklevel=3,
        )


def warn_of(model: "FittedRegressor", found: Discovered) -> None:
    """Warn of features that nobody could judge, and of EM that did not converge."""
    unknown = np.isnan(found.judgments).mean(axis=0)
    for feature, share in zip(model.features_, unknown, strict=True):
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


def _check_options(model: "GenZRegressor", n_own: int) -> None:
    if model.contrast not in KINDS:
        raise UsageError(f"contrast is {model.contrast!r}, wanted one of {', '.join(KINDS)}")
    check_count("patience", model.patience, 0)
    check_count("n_searches", model.n_searches, 1)
    if check_count("n_features", model.n_features, 1) < n_own:
        raise UsageError(
            f"n_features is {model.n_features}, wanted room for the {n_own} features given"
        )

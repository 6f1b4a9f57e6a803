"""A fitted estimator as ``model.json`` and arrays."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from genz import __version__
from genz.persistence.arrays import Arrays
from genz.persistence.manifest import SCHEMA_VERSION
from genz.persistence.provenance import name_of, provenance, seed_of
from genz.statistics.parameters import PARAMETER_NAMES

if TYPE_CHECKING:
    from genz.regressor import GenZRegressor

REGRESSION_ARRAYS: Final = (
    *(f"{name}_" for name in PARAMETER_NAMES),
    *("weights_std_error_", "covariance_", "ridge_"),
)
OUTLIER_ARRAYS: Final = ("outlier_share_", "outlier_mean_", "outlier_variance_")
"""Only where the model allows for outlying items."""

REGRESSION_FACTS: Final = (
    *("log_likelihood", "n_iter", "converged", "n_e_steps", "is_scalar"),
    *("solver", "why", "exact", "worst_certificate", "n_rescued"),
)
"""Attributes of the fitted regression that are neither arrays nor times."""

TRAINING: Final = ("judgments", "targets", "covariates", "item_weights")
SETTINGS: Final = (
    *("n_features", "log_target", "text", "table", "images"),
    *("features", "contrast", "patience", "n_searches", "random_state"),
)


def document_of(model: "GenZRegressor") -> dict[str, Any]:
    """Everything that is fitted but the arrays: the same whenever the same answers are fitted."""
    regression = model.regression_
    return {
        "schema_version": SCHEMA_VERSION,
        "genz_version": __version__,
        "provenance": provenance(model),
        "foundation_model": name_of(model),
        "endpoint": model.endpoint_,
        "settings": _settings(model),
        "regression": {
            "settings": _with_seed(regression.get_params()),
            **{name: getattr(regression, f"{name}_") for name in REGRESSION_FACTS},
        },
        "is_scalar": model.is_scalar_,
        "n_targets": model.n_targets_,
        "fields": [asdict(field) for field in model.fields_],
        "features": [asdict(feature) for feature in model.features_],
        "trace": model.trace_,
        "unknown": model.unknown_,
        "profiles": model.profiles_,
        "items_digest": model.items_digest_,
        "locked": model.locked_,
        "vetoed": model.vetoed_,
        "repeats": model.repeats_,
        "is_certain": model.is_certain_,
        "has_own_regression": model.has_own_regression_,
        "metadata": model.metadata,
    }


def _settings(model: "GenZRegressor") -> dict[str, Any]:
    """The options as what they count as: the constructor's attributes may be of other types."""
    settings = _with_seed({name: getattr(model, name) for name in SETTINGS})
    counts = {name: int(settings[name]) for name in ("n_features", "patience", "n_searches")}
    return settings | counts | {"log_target": bool(settings["log_target"])}


def _with_seed(settings: dict[str, Any]) -> dict[str, Any]:
    return settings | {"random_state": seed_of(settings["random_state"])}


def arrays_of(model: "GenZRegressor") -> Arrays:
    """The arrays of a fitted estimator by name."""
    arrays = {name: getattr(model.regression_, name) for name in REGRESSION_ARRAYS}
    arrays |= {name: getattr(model, f"{name}_") for name in TRAINING}
    if model.regression_.outlier_share_:
        arrays |= {name: np.asarray(getattr(model.regression_, name)) for name in OUTLIER_ARRAYS}
    arrays["objectives"] = model.regression_.log_likelihoods_
    if model.gold_ is not None:
        arrays["gold"] = model.gold_
    if model.group_correlation_ is not None:
        arrays["group_correlation"] = np.asarray(model.group_correlation_)
    return arrays

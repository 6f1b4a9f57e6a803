"""The estimator that a document and its arrays describe."""

import math
from typing import Any

from genz.catalog import Field, FieldKind
from genz.errors import UsageError
from genz.feature import Feature
from genz.foundation import FoundationModel
from genz.nearest import Nearest
from genz.persistence.arrays import Arrays
from genz.persistence.document import OUTLIER_ARRAYS, REGRESSION_ARRAYS, REGRESSION_FACTS, TRAINING
from genz.regressor import GenZRegressor
from genz.statistics.background import Background
from genz.statistics.regression import LatentFeatureRegression


def restore(
    document: dict[str, Any],
    arrays: Arrays,
    foundation_model: FoundationModel | None,
    *,
    judging: bool,
) -> GenZRegressor:
    """The fitted estimator; what it is made of has been checked."""
    name = document["foundation_model"]
    if judging and foundation_model is None and name != "builtin":
        raise UsageError(f"this model was fitted with {name!r}: give it as foundation_model")
    model = GenZRegressor(foundation_model=foundation_model or name, **document["settings"])
    model.regression_ = _regression(document["regression"], arrays)
    for array in TRAINING:
        setattr(model, f"{array}_", arrays[array])
    model.gold_ = arrays.get("gold")
    correlation = arrays.get("group_correlation")
    model.group_correlation_ = None if correlation is None else float(correlation)
    model.is_scalar_ = document["is_scalar"]
    model.n_targets_ = document["n_targets"]
    model.fields_ = tuple(Field(f["name"], FieldKind(f["kind"])) for f in document["fields"])
    model.features_ = [_feature(feature) for feature in document["features"]]
    model.trace_ = document["trace"]
    model.endpoint_ = document["endpoint"]
    model.unknown_ = document["unknown"]
    model.profiles_ = document["profiles"]
    model.items_digest_, model.repeats_ = document["items_digest"], document["repeats"]
    model.is_certain_ = document["is_certain"]
    model.has_own_regression_ = document["has_own_regression"]
    model.locked_, model.vetoed_ = tuple(document["locked"]), tuple(document["vetoed"])
    model.metadata = document["metadata"]
    return model


def _regression(fitted: dict[str, Any], arrays: Arrays) -> LatentFeatureRegression:
    regression = LatentFeatureRegression(**fitted["settings"])
    for array in REGRESSION_ARRAYS:
        setattr(regression, array, arrays[array])
    background = Background.of_no_one(len(regression.intercept_))
    if "outlier_share_" in arrays:
        share, mean, variance = (arrays[name] for name in OUTLIER_ARRAYS)
        background = Background(float(share), mean, variance)
    background.set_on(regression)
    regression.log_likelihoods_ = arrays["objectives"]
    for name in REGRESSION_FACTS:
        setattr(regression, f"{name}_", fitted[name])
    # The times are those of a run, not of a model.
    regression.predicted_seconds_ = regression.seconds_ = math.nan
    regression.n_features_in_ = len(regression.weights_)
    return regression


def _feature(document: dict[str, Any]) -> Feature:
    nearest = Nearest(**_tuples(document["nearest"]))
    return Feature(**_tuples({**document, "nearest": nearest}))


def _tuples(feature: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in feature.items()}

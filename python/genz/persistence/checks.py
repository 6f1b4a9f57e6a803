"""What a saved model must be: types of JSON, shapes and ranges of arrays."""

from collections.abc import Mapping
from types import NoneType
from typing import Any, Final

import numpy as np

from genz.persistence.arrays import Arrays
from genz.persistence.document import OUTLIER_ARRAYS

_NUMBER: Final = (int, float)
_MAYBE: Final = (int, float, NoneType)
_NAMES: Final = (list, str, NoneType)
"""A name of a column, or several."""

_NEAREST: Final = {
    "along": [str],
    "against": [str],
    "cosines_along": [_NUMBER],
    "cosines_against": [_NUMBER],
}
_FEATURE: Final = {
    "description": str,
    "weights": [_NUMBER],
    "weights_std_error": [_NUMBER],
    "ppv": _MAYBE,
    "fomr": _MAYBE,
    "channel_intercept": _MAYBE,
    "channel_slope": _MAYBE,
    "prevalence": _NUMBER,
    "share": _NUMBER,
    "gain": _MAYBE,
    "examples_with": [str],
    "examples_without": [str],
    "images_with": [(str, NoneType)],
    "images_without": [(str, NoneType)],
    "nearest": _NEAREST,
}
_SETTINGS: Final = {
    "n_features": int,
    "log_target": bool,
    "text": _NAMES,
    "table": _NAMES,
    "images": _NAMES,
    "features": _NAMES,
    "contrast": str,
    "patience": int,
    "n_searches": int,
    "random_state": (int, NoneType),
}
_REGRESSION: Final = {
    "settings": dict,
    "log_likelihood": _NUMBER,
    "n_iter": int,
    "converged": bool,
    "n_e_steps": int,
    "is_scalar": bool,
    "solver": str,
    "why": str,
    "exact": bool,
    "worst_certificate": _NUMBER,
    "n_rescued": int,
}
_DOCUMENT: Final = {
    "genz_version": str,
    "foundation_model": str,
    "endpoint": dict,
    "settings": _SETTINGS,
    "regression": _REGRESSION,
    "is_scalar": bool,
    "n_targets": int,
    "fields": [{"name": str, "kind": str}],
    "features": [_FEATURE],
    "trace": [dict],
    "unknown": [dict],
    "profiles": [dict],
    "items_digest": (str, NoneType),
    "locked": [str],
    "vetoed": [str],
    "repeats": [dict],
    "is_certain": bool,
    "has_own_regression": bool,
    "metadata": dict,
}
"""Types by key; a list has one type for all entries, a tuple names the types that may stand."""

_SHAPES: Final = {
    **dict.fromkeys(("weights_", "weights_std_error_", "ridge_"), "KD"),
    **dict.fromkeys(("intercept_", "noise_variance_"), "D"),
    "covariate_weights_": "PD",
    **dict.fromkeys(("ppv_", "fomr_", "prevalence_"), "K"),
    **dict.fromkeys(("channel_intercept_", "channel_slope_"), "K"),
    "covariance_": "DMM",
    "judgments": "NK",
    "targets": "ND",
    "covariates": "NP",
    "item_weights": "N",
    "objectives": "T",
}
"""K features, D targets, P covariates, N items, M = 1 + P + K coefficients, T iterations."""

_OPTIONAL: Final = {
    "gold": "NK",
    "group_correlation": "",
    "outlier_share_": "",
    **dict.fromkeys(("outlier_mean_", "outlier_variance_"), "D"),
}
"""Arrays of models with gold labels, with groups, and of those that allow for outlying items."""

_FINITE: Final = (
    *("weights_", "weights_std_error_", "intercept_", "covariate_weights_", "noise_variance_"),
    *("prevalence_", "covariance_", "covariates", "item_weights", "objectives"),
    "ridge_",
)
_RANGES: Final = {
    **dict.fromkeys(
        ("ppv_", "fomr_", "prevalence_", "judgments", "gold", "group_correlation"), (0.0, 1.0)
    ),
    "outlier_share_": (0.0, np.nextafter(1.0, 0.0)),
    **dict.fromkeys(
        ("weights_std_error_", "ridge_", "noise_variance_", "item_weights", "outlier_variance_"),
        (0.0, np.inf),
    ),
}


def check_document(document: Mapping[str, Any]) -> None:
    """Raise TypeError or KeyError at the first value that is missing or of another type."""
    _check("", document, _DOCUMENT)


def check_arrays(document: Mapping[str, Any], arrays: Arrays) -> None:
    """Raise ValueError or KeyError unless the arrays fit the document and can be of a model."""
    _check_shapes(document, arrays)
    for name in (*_FINITE, *(arrays.keys() & {"group_correlation", *OUTLIER_ARRAYS})):
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"the array {name} holds NaN or infinity")
    if np.isinf(arrays["targets"]).any():
        raise ValueError("the array targets holds infinity")
    for name, (low, high) in _RANGES.items():
        known = arrays.get(name, np.zeros(0))
        if not np.all(np.isnan(known) | ((known >= low) & (known <= high))):
            raise ValueError(f"the array {name} holds numbers outside of {low:g} to {high:g}")


def _check_shapes(document: Mapping[str, Any], arrays: Arrays) -> None:
    shapes = _SHAPES | {name: of for name, of in _OPTIONAL.items() if name in arrays}
    unknown = sorted(arrays.keys() - shapes.keys())
    if unknown:
        raise ValueError(f"the array {unknown[0]} is of no model")
    n_features, n_targets = len(document["features"]), document["n_targets"]
    n_covariates = len(arrays["covariate_weights_"])
    sizes = {
        "K": n_features,
        "D": n_targets,
        "P": n_covariates,
        "M": 1 + n_covariates + n_features,
        "N": len(arrays["targets"]),
        "T": arrays["objectives"].size,
    }
    for name, letters in shapes.items():
        wanted = tuple(sizes[letter] for letter in letters)
        if arrays[name].shape != wanted:
            raise ValueError(
                f"the array {name} has the shape {arrays[name].shape}, wanted {wanted}"
            )
    for feature in document["features"]:
        for name in ("weights", "weights_std_error"):
            if len(feature[name]) != n_targets:
                raise ValueError(
                    f"{name} of the feature {feature['description']!r} are {len(feature[name])}, "
                    f"wanted {n_targets}"
                )


def _check(where: str, value: Any, wanted: Any) -> None:
    if isinstance(wanted, dict):
        _check(where, value, dict)
        for key, each in wanted.items():
            if key not in value:
                raise KeyError(f"{where}{key}")
            _check(f"{where}{key}.", value[key], each)
    elif isinstance(wanted, list):
        _check(where, value, list)
        for ix, each in enumerate(value):
            _check(f"{where.rstrip('.')}[{ix}].", each, wanted[0])
    else:
        kinds = wanted if isinstance(wanted, tuple) else (wanted,)
        # True is an int in Python and a type of its own in JSON.
        if type(value) not in kinds:
            names = " or ".join(kind.__name__ for kind in kinds).replace("NoneType", "null")
            raise TypeError(f"{where.rstrip('.')} is a {type(value).__name__}, wanted {names}")

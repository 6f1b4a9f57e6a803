"""scikit-learn's own checks of an estimator, and the few that do not apply with their reasons.

`OUTSIDE`, `EXEMPT_REGRESSION` and `EXEMPT_REGRESSOR` are the whole list, which docs/estimators.md
cites.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

import genz

DOCS = Path(__file__).parent.parent / "docs" / "estimators.md"


class BehindLogistic(genz.LatentFeatureRegression):
    """The regression with a logistic function before it, so that any number is a judgment."""

    def _table(self, judgments: Any) -> Any:
        table = super()._table(judgments)
        try:
            numbers = np.asarray(table, dtype=np.float64)
        except (TypeError, ValueError):
            return table
        logistic = 1 / (1 + np.exp(-np.clip(numbers, -30, 30)))
        return np.where(np.isinf(numbers), numbers, logistic)


OUTSIDE = (
    *("check_estimators_overwrite_params", "check_dont_overwrite_parameters"),
    *("check_estimators_fit_returns_self", "check_readonly_memmap_input"),
    *("check_n_features_in_after_fitting", "check_positive_only_tag_during_fit"),
    *("check_estimators_dtypes", "check_sample_weights_pandas_series"),
    *("check_sample_weights_not_an_array", "check_sample_weights_shape"),
    *("check_sample_weights_not_overwritten", "check_pipeline_consistency"),
    *("check_estimators_pickle", "check_f_contiguous_array_estimator", "check_regressors_train"),
    *("check_regressor_data_not_an_array", "check_regressor_multioutput"),
    *("check_regressors_no_decision_function", "check_regressors_int"),
    *("check_non_transformer_estimators_n_iter", "check_transformer_data_not_an_array"),
    *("check_transformer_general", "check_transformer_preserve_dtypes", "check_transformer_n_iter"),
    *("check_methods_sample_order_invariance", "check_methods_subset_invariance"),
    *("check_fit2d_1feature", "check_dict_unchanged", "check_fit_idempotent"),
    *("check_fit_check_is_fitted", "check_n_features_in", "check_fit2d_predict1d"),
)
"""They draw X outside [0, 1]; all of them are passed by `BehindLogistic`."""

EXEMPT_REGRESSION = {
    "check_dtype_object": "wants numpy's TypeError of a dictionary in a cell; genz raises its own "
    "DataError, a ValueError, that names the row",
}
EXEMPT_REGRESSOR = {
    "check_sample_weight_equivalence_on_dense_data": "weights enter every fit, but discovery "
    "splits the items by chance: two rows may fall on two sides, a weight cannot",
}


def expected_failures(estimator: BaseEstimator) -> dict[str, str]:
    """Why a check of this estimator fails, by its name."""
    if isinstance(estimator, genz.GenZRegressor):
        return EXEMPT_REGRESSOR
    if isinstance(estimator, BehindLogistic):
        return EXEMPT_REGRESSION
    return dict.fromkeys(OUTSIDE, "judgments lie in [0, 1]") | EXEMPT_REGRESSION


# What is drawn has constant targets, features that predict nothing, targets without noise.
@pytest.mark.filterwarnings("ignore::genz.DataWarning", "ignore::genz.ConvergenceWarning")
@parametrize_with_checks(
    [
        genz.LatentFeatureRegression(n_threads=1),
        BehindLogistic(n_threads=1),
        genz.GenZRegressor(n_features=6, patience=2, n_threads=1),
    ],
    expected_failed_checks=expected_failures,
)
def test_contract(estimator: BaseEstimator, check: Any) -> None:
    check(estimator)


def test_the_docs_list_every_exempt_check() -> None:
    text = DOCS.read_text("utf-8")
    for name in (*EXEMPT_REGRESSION, *EXEMPT_REGRESSOR):
        assert f"`{name}`" in text, f"{DOCS.name} does not name {name}"
    assert f"{len(OUTSIDE)} checks draw numbers outside [0, 1]" in text

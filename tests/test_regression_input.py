"""Input that `LatentFeatureRegression` cannot use: each a named error that says what to do."""

from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import genz
from reference_cases import draw_case

CASE = draw_case(0, 40, 3, 2, 2, kind="mixed", unknown=0.1)


def changed(array: np.ndarray, index: tuple[int, ...], value: Any) -> np.ndarray:
    copy = array.astype(object if isinstance(value, str) else float)
    copy[index] = value
    return copy


def fit_arguments(**replaced: Any) -> dict[str, Any]:
    arguments = {
        "judgments": CASE.judgments,
        "y": CASE.targets,
        "covariates": CASE.covariates,
        "sample_weight": np.ones(40),
    }
    return {**arguments, **replaced}


BAD_DATA = {
    "judgment above 1": (
        {"judgments": changed(CASE.judgments, (5, 1), 1.5)},
        r"judgments\[5, 1\] is 1.5, wanted a number in \[0, 1\] or NaN",
    ),
    "judgment below 0": (
        {"judgments": changed(CASE.judgments, (0, 2), -0.1)},
        r"judgments\[0, 2\] is -0.1",
    ),
    "judgment infinite": (
        {"judgments": changed(CASE.judgments, (0, 0), np.inf)},
        r"judgments\[0, 0\] is inf",
    ),
    "judgment a word": (
        {"judgments": changed(CASE.judgments, (3, 0), "yes")},
        "judgments is 'yes' in row 3, wanted a number or NaN",
    ),
    "target infinite": (
        {"y": changed(CASE.targets, (7, 1), -np.inf)},
        r"targets\[7, 1\] is -inf, wanted a finite number or NaN \(missing\)",
    ),
    "target a word": (
        {"y": changed(CASE.targets, (9, 0), "cheap")},
        "targets is 'cheap' in row 9, wanted a number or NaN",
    ),
    "targets class labels": (
        {"y": ["low", "high"] * 20},
        "targets is 'low' in row 0",
    ),
    "targets ragged": ({"y": [[1.0, 2.0], [1.0]] * 20}, "targets has rows of unequal length"),
    "targets too short": ({"y": CASE.targets[:39]}, "targets has shape"),
    "targets with three dimensions": (
        {"y": np.zeros((40, 2, 2))},
        r"targets has shape \(40, 2, 2\), wanted a matrix",
    ),
    "targets without columns": ({"y": np.zeros((40, 0))}, "targets is empty"),
    "target constant": (
        {"y": np.column_stack([CASE.targets[:, 0], np.full(40, 3.0)])},
        r"target 1 is constant \(3\)",
    ),
    "target constant where observed": (
        {"y": np.where(np.arange(40) < 20, 1e9 + 0.1, np.nan)},
        "target 0 is constant",
    ),
    "target missing": ({"y": np.full(40, np.nan)}, "target 0 is missing in every item"),
    "target missing where weight is positive": (
        {
            "y": np.where(np.arange(40) < 20, CASE.targets[:, 0], np.nan),
            "sample_weight": np.arange(40) >= 20,
        },
        "target 0 is missing in every item with positive weight",
    ),
    "covariate missing": (
        {"covariates": changed(CASE.covariates, (4, 1), np.nan)},
        r"covariates\[4, 1\] is NaN, wanted a finite number",
    ),
    "covariate infinite": (
        {"covariates": changed(CASE.covariates, (4, 0), np.inf)},
        r"covariates\[4, 0\] is inf",
    ),
    "covariate constant": (
        {"covariates": np.column_stack([CASE.covariates, np.full(40, 2.5)])},
        "covariate 2 is constant or a linear combination",
    ),
    "covariates collinear": (
        {"covariates": np.column_stack([CASE.covariates, CASE.covariates @ [1.0, -3.0] + 5])},
        "covariate 2 is constant or a linear combination",
    ),
    "covariates too short": (
        {"covariates": CASE.covariates[:7]},
        "covariates has 7 rows, wanted one for each of 40 items",
    ),
    "weights negative": (
        {"sample_weight": changed(np.ones(40), (6,), -2.0)},
        r"item_weights\[6, 0\] is -2, wanted a finite number of at least 0",
    ),
    "weights missing": (
        {"sample_weight": changed(np.ones(40), (6,), np.nan)},
        r"item_weights\[6, 0\] is NaN",
    ),
    "weights too short": ({"sample_weight": np.ones(39)}, r"item_weights has shape \[39\]"),
    "weights all zero": ({"sample_weight": np.zeros(40)}, "the weight of every item is zero"),
    "no items": (
        {
            "judgments": np.zeros((0, 3)),
            "y": np.zeros(0),
            "covariates": None,
            "sample_weight": None,
        },
        "judgments is empty: wanted at least one item",
    ),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_unusable_data(name: str) -> None:
    replaced, text = BAD_DATA[name]
    with pytest.raises(genz.DataError, match=text):
        genz.LatentFeatureRegression().fit(**fit_arguments(**replaced))


def test_a_single_item_has_nothing_to_explain() -> None:
    with pytest.raises(genz.DataError, match="judgments has 1 sample, wanted more"):
        genz.LatentFeatureRegression().fit([[1.0]], [2.0])


def test_soft_judgments_in_a_hard_column() -> None:
    judgments = np.where(np.arange(40) < 3, 0.25, 1.0)
    with pytest.raises(genz.DataError, match=r"judgments\[0, 0\] is 0.25, wanted 0, 1 or NaN"):
        genz.LatentFeatureRegression(judgment_kind="hard").fit(
            judgments[:, np.newaxis], CASE.targets
        )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"noise": "gaussian"}, 'noise is "gaussian", wanted one of "asymmetric", "symmetric"'),
        ({"noise": None}, 'noise is "None", wanted one of'),
        ({"judgment_kind": "soft"}, 'judgment_kind is "soft", wanted one of "auto", "hard"'),
        ({"judgment_kind": ["hard", "hard", 3]}, 'judgment_kind is "3"'),
        ({"judgment_kind": None}, 'judgment_kind is "None"'),
        ({"solver": "guess"}, 'solver is "guess", wanted one of "auto", "enumeration"'),
        ({"ridge": -1.0}, "ridge is -1"),
        ({"ridge": np.nan}, "ridge is nan, wanted a finite number of at least 0"),
        ({"ridge": "much"}, "ridge is 'much', wanted a number or 'evidence'"),
        ({"rate_strength": -1}, "rate_strength is -1"),
        ({"rate_centre": 0.5}, "rate_centre is 0.5, wanted an error rate above 0 and below 0.5"),
        ({"rate_centre": 0.0}, "rate_centre is 0"),
        ({"tol": -1e-9}, "tol is -"),
        ({"tol": None}, "tol is None, wanted a number"),
        ({"max_iter": 0}, "max_iter is 0, wanted an integer of at least 1"),
        ({"max_iter": -3}, "max_iter is -3"),
        ({"max_iter": 2.5}, "max_iter is 2.5"),
        ({"n_restarts": -1}, "n_restarts is -1, wanted an integer of at least 0"),
        ({"n_threads": 0}, "n_threads is 0, wanted an integer of at least 1"),
        ({"n_threads": 10**30}, "n_threads is 1"),
    ],
)
def test_unusable_options(options: dict[str, Any], text: str) -> None:
    with pytest.raises(genz.UsageError, match=text):
        genz.LatentFeatureRegression(**options).fit(**fit_arguments())


def test_as_many_kinds_as_columns() -> None:
    with pytest.raises(genz.DataError, match=r"judgment_kind has shape \[2\], wanted \[3\]"):
        genz.LatentFeatureRegression(judgment_kind=["auto"] * 2).fit(**fit_arguments())


WIDE = np.random.default_rng(0).integers(0, 2, (40, genz._core.MAX_ENUMERATION_FEATURES + 1))
VECTORS = draw_case(0, 40, 3, 3).targets


@pytest.mark.parametrize(
    ("solver", "text"),
    [("enumeration", f"got K = {WIDE.shape[1]}"), ("quadrature", "at most two observed target")],
)
def test_a_solver_that_cannot_answer(solver: str, text: str) -> None:
    with pytest.raises(genz.SolverError, match=text):
        genz.LatentFeatureRegression(solver=solver).fit(WIDE, VECTORS)


def test_what_no_exact_solver_answers_is_labelled_approximate() -> None:
    model = genz.LatentFeatureRegression(max_iter=2)
    model._fit(WIDE, VECTORS, None, None, covariance=False)
    assert model.solver_ == "expectation_propagation"
    assert not model.exact_
    assert model.worst_certificate_ > 0


@pytest.fixture(scope="module")
def fitted() -> genz.LatentFeatureRegression:
    return genz.LatentFeatureRegression().fit(**fit_arguments())


NEW = (CASE.judgments, CASE.targets, CASE.covariates)


@pytest.mark.parametrize(
    ("judgments", "covariates", "text"),
    [
        (
            CASE.judgments[:, :2],
            CASE.covariates,
            "X has 2 features, but LatentFeatureRegression is expecting 3",
        ),
        (CASE.judgments + 1, CASE.covariates, r"outside \[0, 1\]"),
        (CASE.judgments, CASE.covariates[:, :1], "covariates has 1 columns, wanted 2"),
        (CASE.judgments, None, "covariates has 0 columns, wanted 2"),
        (CASE.judgments, CASE.covariates[:3], "covariates has 3 rows, wanted one for each of 40"),
        (CASE.judgments, changed(CASE.covariates, (8, 0), np.nan), "row 8 are not finite"),
        (CASE.judgments, changed(CASE.covariates, (8, 0), "x"), "covariates is 'x' in row 8"),
    ],
)
@pytest.mark.parametrize("method", ["predict", "predict_interval", "posterior", "score"])
def test_unusable_new_items(
    fitted: genz.LatentFeatureRegression, method: str, judgments: Any, covariates: Any, text: str
) -> None:
    targets = () if method.startswith("predict") else (CASE.targets,)
    with pytest.raises(genz.DataError, match=text):
        getattr(fitted, method)(judgments, *targets, covariates)


@pytest.mark.parametrize(
    ("targets", "sample_weight", "text"),
    [
        (CASE.targets[:, 0], None, "targets has shape"),
        (CASE.targets[:1], None, "targets has shape"),
        (CASE.targets, np.ones(3), "sample_weight"),
        (np.ones((40, 2)), None, "target 0 is constant or not observed: R2 is undefined"),
        (changed(CASE.targets, (slice(None), 1), np.nan), None, "target 1 is constant or not"),
    ],
)
def test_targets_that_have_no_score(
    fitted: genz.LatentFeatureRegression, targets: Any, sample_weight: Any, text: str
) -> None:
    with pytest.raises(genz.DataError, match=text):
        fitted.score(CASE.judgments, targets, CASE.covariates, sample_weight)


@pytest.mark.parametrize("targets", [CASE.targets[:5], CASE.targets[:, 0]])
def test_a_posterior_wants_targets_of_the_fitted_shape(
    fitted: genz.LatentFeatureRegression, targets: Any
) -> None:
    with pytest.raises(genz.DataError, match="shape"):
        fitted.posterior(CASE.judgments, targets, CASE.covariates)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 1.5, np.nan])
def test_unusable_levels(fitted: genz.LatentFeatureRegression, level: float) -> None:
    with pytest.raises(genz.UsageError, match="wanted a probability above 0 and below 1"):
        fitted.predict_interval(CASE.judgments, CASE.covariates, level=level)


def test_prediction_before_fit() -> None:
    with pytest.raises(NotFittedError):
        genz.LatentFeatureRegression().predict(CASE.judgments)

"""Covariates, weights, groups and gold labels on their way through scikit-learn's tools."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline

import genz
from test_estimator_frames import flats, small


@pytest.fixture
def routing() -> Iterator[None]:
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
def test_metadata_that_nobody_asked_for_is_refused() -> None:
    items, y = flats()
    with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError, match="sample_weight"):
        cross_val_score(small(), items, y, cv=2, params={"sample_weight": np.ones(len(y))})


@pytest.mark.usefixtures("routing")
def test_covariates_weights_and_groups_reach_every_fold() -> None:
    items, y = flats()
    rng = np.random.default_rng(2)
    x = rng.normal(size=(len(y), 2))
    weight, groups = rng.uniform(1, 2, len(y)), np.arange(len(y)) // 6
    shifted = y + x @ [2.0, -3.0]
    model = (
        small()
        .set_fit_request(covariates=True, sample_weight=True)
        .set_predict_request(covariates=True)
        .set_score_request(covariates=True, sample_weight=True)
    )
    given = {"covariates": x, "sample_weight": weight, "groups": groups}
    result = cross_validate(
        model,
        items,
        shifted,
        cv=GroupKFold(3),
        params=given,
        return_indices=True,
        return_estimator=True,
    )
    for n, held in enumerate(result["indices"]["test"]):
        train = np.setdiff1d(np.arange(len(y)), held)
        assert not set(groups[train]) & set(groups[held])
        own = small().fit(
            [items[i] for i in train],
            shifted[train],
            covariates=x[train],
            sample_weight=weight[train],
            groups=groups[train],
        )
        assert own.features_ == result["estimator"][n].features_
        score = own.score([items[i] for i in held], shifted[held], x[held], weight[held])
        assert score == result["test_score"][n]


@pytest.mark.usefixtures("routing")
def test_gold_labels_reach_every_fold() -> None:
    items, y = flats()
    own = ["area is at least 90", "town is Borde"]
    truth = np.array([[(i["area"] or 0) >= 90, i["town"] == "Borde"] for i in items], dtype=float)
    truth[::3] = np.nan
    judged = np.where(np.random.default_rng(0).random(truth.shape) < 0.2, 1 - truth, truth)
    judged = np.where(np.isnan(judged), 0.0, judged)
    model = small(features=own).set_params(n_features=2)
    model.set_fit_request(gold=True, judgments=True).set_score_request(judgments=True)
    result = cross_validate(
        model,
        items,
        y,
        cv=3,
        params={"gold": truth, "judgments": judged},
        return_estimator=True,
        return_indices=True,
    )
    for n, train in enumerate(result["indices"]["train"]):
        np.testing.assert_array_equal(result["estimator"][n].gold_, truth[train])
        np.testing.assert_array_equal(result["estimator"][n].judgments_, judged[train])


@pytest.mark.usefixtures("routing")
def test_a_pipeline_passes_metadata_on() -> None:
    items, y = flats()
    x = np.random.default_rng(3).normal(size=(len(y), 1))
    model = small().set_fit_request(covariates=True).set_predict_request(covariates=True)
    pipeline = make_pipeline("passthrough", model).fit(items, y, covariates=x)
    alone = small().fit(items, y, covariates=x)
    np.testing.assert_array_equal(
        pipeline.predict(items, covariates=x), alone.predict(items, covariates=x)
    )


@pytest.mark.usefixtures("routing")
def test_a_step_before_the_last_is_fitted_with_its_metadata() -> None:
    items, y = flats()
    weight = np.arange(len(y)) % 3 + 1.0
    first = small().set_fit_request(sample_weight=True)
    pipeline = make_pipeline(first, Ridge().set_fit_request(sample_weight=False))
    pipeline.fit(items, y, sample_weight=weight)
    np.testing.assert_array_equal(pipeline[0].item_weights_, weight)
    assert pipeline.score(items, y) > 0.8


def test_only_what_is_metadata_can_be_requested() -> None:
    """The first argument is X by another name, and must not be taken for metadata."""
    regressor = genz.GenZRegressor().get_metadata_routing()
    assert set(regressor.fit.requests) == {
        *("covariates", "sample_weight", "groups", "judgments", "gold", "profile"),
    }
    assert set(regressor.predict.requests) == {"covariates", "judgments"}
    assert set(regressor.score.requests) == {"covariates", "judgments", "sample_weight"}
    assert not regressor.transform.requests
    regression = genz.LatentFeatureRegression().get_metadata_routing()
    assert set(regression.fit.requests) == {"covariates", "gold", "sample_weight"}
    assert not regression.transform.requests


def test_a_weight_of_two_is_an_item_twice_where_nothing_is_discovered() -> None:
    items, y = flats()
    own = ["area is at least 90", "town is Borde"]
    weight = np.arange(len(y)) % 3
    repeated = np.repeat(np.arange(len(y)), weight)
    weighted = small(features=own).set_params(n_features=2).fit(items, y, sample_weight=weight)
    twice = small(features=own).set_params(n_features=2)
    twice.fit([items[i] for i in repeated], y[repeated])
    np.testing.assert_allclose(weighted.predict(items), twice.predict(items), rtol=1e-6)
    shares, wanted = ([f.share for f in model.features_] for model in (weighted, twice))
    np.testing.assert_allclose(shares, wanted, rtol=1e-9)
    unweighted = small(features=own).set_params(n_features=2).fit(items, y)
    assert np.abs(weighted.predict(items) - unweighted.predict(items)).max() > 1e-3


def test_weights_of_a_score() -> None:
    items, y = flats()
    model = small().fit(items, y)
    weight = np.arange(len(y)) % 3
    repeated = np.repeat(np.arange(len(y)), weight)
    of_twice = model.score([items[i] for i in repeated], y[repeated])
    assert model.score(items, y, sample_weight=weight) == pytest.approx(of_twice, rel=1e-12)


def requests_of(model: Any) -> set[str]:
    return {name for name in dir(model) if name.startswith("set_") and name.endswith("_request")}


@pytest.mark.parametrize("model", [genz.GenZRegressor(), genz.LatentFeatureRegression()])
def test_requests_exist_for_what_takes_metadata(model: Any) -> None:
    assert requests_of(model) == {"set_fit_request", "set_predict_request", "set_score_request"}

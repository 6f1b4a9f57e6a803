"""Contributions add up to the prediction, and are what brute force says."""

import json
import math
from itertools import combinations, product

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

import genz
from genz.explanation import Explanation
from report_samples import houses

EXACT = {"rtol": 0, "atol": 1e-10}
DESCRIPTIONS = ["area is at least 2,500", "remarks mention granite", "zipcode is 92276"]


def fitted(n_targets: int = 1, *, log_target: bool = False) -> tuple[genz.GenZRegressor, dict]:
    """Some judgments are unknown, items differ in weight, one covariate enters."""
    items, targets = houses()
    y = targets[:, 0] - 11 if n_targets == 1 else targets[:, :n_targets]
    rng = np.random.default_rng(1)
    judgments = np.array(
        [[i["area"] >= 2500, "granite" in i["remarks"], i["zipcode"] == "92276"] for i in items],
        dtype=float,
    )
    judgments[rng.random(judgments.shape) < 0.1] = np.nan
    given = {"covariates": rng.normal(size=(len(items), 1)), "judgments": judgments}
    model = genz.GenZRegressor(n_features=3, features=DESCRIPTIONS, log_target=log_target)
    model.fit(items, np.exp(y) if log_target else y, sample_weight=1 + rng.random(150), **given)
    return model, {"items": items[:12], **{name: array[:12] for name, array in given.items()}}


@pytest.fixture(scope="module", params=[(1, False), (1, True), (3, False)], ids=str)
def explained(request: pytest.FixtureRequest) -> tuple[genz.GenZRegressor, dict, Explanation]:
    n_targets, log_target = request.param
    model, given = fitted(n_targets, log_target=log_target)
    return model, given, model.explain(**given)


def test_contributions_add_up_to_the_prediction(explained: tuple) -> None:
    model, given, explanation = explained
    predicted = np.reshape(model.predict(**given), (12, -1))
    np.testing.assert_array_equal(explanation.predictions, predicted)
    total = explanation.baseline + explanation.contributions.sum(axis=1) + explanation.to_median
    np.testing.assert_allclose(total, np.log(predicted) if model.log_target else predicted, **EXACT)
    if not model.log_target:
        np.testing.assert_array_equal(explanation.to_median, 0)
    assert np.abs(explanation.contributions).max() > 0.1


def test_the_baseline_is_the_mean_prediction_of_the_training_items(explained: tuple) -> None:
    model, _, explanation = explained
    mean = model.regression_.predictive(model.judgments_, model.covariates_).mean()
    wanted = np.average(mean, axis=0, weights=model.item_weights_)
    np.testing.assert_allclose(explanation.baseline, wanted, **EXACT)
    everything = model.explain(None, covariates=model.covariates_, judgments=model.judgments_)
    average = np.average(everything.contributions, axis=0, weights=model.item_weights_)
    np.testing.assert_allclose(average, 0, **EXACT)


def test_contributions_are_shapley_values(explained: tuple) -> None:
    """Brute force: every order in which terms become known, the unknown ones at their means."""
    model, given, explanation = explained
    regression = model.regression_
    weights = np.vstack([regression.weights_, regression.covariate_weights_])
    trained = np.hstack([regression.transform(model.judgments_), model.covariates_])
    centre = np.average(trained, axis=0, weights=model.item_weights_)
    n_terms = len(weights)
    for n in range(3):
        own = np.append(regression.transform(given["judgments"])[n], given["covariates"][n])

        def value(known: tuple[int, ...], own: np.ndarray = own) -> np.ndarray:
            phi = centre.copy()
            phi[list(known)] = own[list(known)]
            return regression.intercept_ + phi @ weights

        for t in range(n_terms):
            others = [o for o in range(n_terms) if o != t]
            shapley = sum(
                math.factorial(size)
                * math.factorial(n_terms - size - 1)
                / math.factorial(n_terms)
                * (value((*known, t)) - value(known))
                for size in range(n_terms)
                for known in combinations(others, size)
            )
            np.testing.assert_allclose(explanation.contributions[n, t], shapley, **EXACT)


def test_flips_are_predictions_with_the_feature_known(explained: tuple) -> None:
    """Brute force: the mixture over all states of the features, one of them held."""
    model, given, explanation = explained
    regression = model.regression_
    p = regression.transform(given["judgments"])
    for n, k, held in product(range(2), range(3), (1, 0)):
        states = [z for z in product((0, 1), repeat=3) if z[k] == held]
        chances = [
            math.prod(p[n, j] if z[j] else 1 - p[n, j] for j in range(3) if j != k) for z in states
        ]
        shift = regression.intercept_ + given["covariates"][n] @ regression.covariate_weights_
        means = np.array([shift + np.array(z) @ regression.weights_ for z in states])
        got = (explanation.if_holds if held else explanation.if_not)[n, k]
        if not model.log_target:
            np.testing.assert_allclose(got, chances @ means, **EXACT)
            continue
        log_odds = regression.log_odds(given["judgments"][[n]])
        log_odds[0, k] = 40 if held else -40
        sd = regression.predictive_given(log_odds, given["covariates"][[n]]).sd[0, 0]
        median = brentq(
            lambda y: chances @ norm.cdf(y, means[:, 0], sd) - 0.5,  # noqa: B023 - used at once
            means.min() - 1,
            means.max() + 1,
            xtol=1e-12,
        )
        assert math.log(got[0]) == pytest.approx(median, abs=1e-7)


def test_it_can_be_written_and_framed(explained: tuple) -> None:
    model, _, explanation = explained
    document = json.loads(json.dumps(explanation.to_dict(), allow_nan=False))
    assert document["schema_version"] == 1
    assert document["scale"] == ("log" if model.log_target else "linear")
    for item in document["items"]:
        total = np.sum([term["contribution"] for term in item["terms"]], axis=0)
        total += np.add(document["baseline"], item["to_median"])
        wanted = np.log(item["prediction"]) if model.log_target else item["prediction"]
        np.testing.assert_allclose(total, wanted, **EXACT)
        sizes = [np.linalg.norm(term["contribution"]) for term in item["terms"]]
        assert sizes == sorted(sizes, reverse=True)
        assert {term["name"] for term in item["terms"]} == {*DESCRIPTIONS, "covariate 1"}
        assert all("factor" in term for term in item["terms"]) == model.log_target
    unknown = [t for i in document["items"] for t in i["terms"] if t.get("judgment", 0) is None]
    assert len(unknown) == np.isnan(explanation.judgments).sum() > 0
    columns = explanation.to_columns()
    frame = pd.DataFrame(columns)
    assert frame.shape == (12 * 4 * model.n_targets_, 9)
    assert pl.DataFrame(columns).height == len(frame)
    sums = frame.groupby(["id", "target"])["contribution"].sum()
    wanted = explanation.contributions.sum(axis=1)
    assert sums[("3", explanation.targets[0])] == pytest.approx(wanted[3, 0], abs=1e-10)
    assert repr(explanation) == (
        f"Explanation(12 items, 4 terms, {model.n_targets_} targets, {document['scale']} scale)"
    )


def test_the_built_in_judge_is_asked_where_judgments_are_not_given() -> None:
    items, targets = houses()
    model = genz.GenZRegressor(n_features=3, patience=2).fit(items, targets[:, 0])
    explanation = model.explain(items[:5], ids="abcde")
    assert explanation.ids == ("a", "b", "c", "d", "e")
    np.testing.assert_array_equal(explanation.judgments, model.judgments_[:5])
    np.testing.assert_allclose(explanation.predictions[:, 0], model.predict(items[:5]), **EXACT)


def test_a_model_without_features_predicts_its_baseline() -> None:
    y = np.random.default_rng(0).normal(size=60)
    model = genz.GenZRegressor(n_features=1, patience=1).fit(["same text"] * 60, y)
    assert model.features_ == []
    explanation = model.explain(["same text"])
    np.testing.assert_allclose(explanation.predictions[0], explanation.baseline, **EXACT)
    assert explanation.to_dict()["items"][0]["terms"] == []
    assert list(explanation.to_columns()) == list(
        fitted()[0].explain(None, judgments=[[1, 0, 1]], covariates=[[0.0]]).to_columns()
    )


def test_bytes_and_repeated_answers_are_read_as_predict_reads_them() -> None:
    model, given = fitted()
    known = np.asarray(given["judgments"])
    repeated = np.where(np.isnan(known), np.nan, known.round())[:, :, np.newaxis].repeat(2, axis=2)
    as_bytes = np.where(np.isnan(known), 255, known.round()).astype(np.uint8)
    for judgments in (as_bytes, repeated):
        explained = model.explain(**given | {"judgments": judgments})
        predicted = model.predict(**given | {"judgments": judgments})
        np.testing.assert_allclose(np.ravel(explained.predictions), np.ravel(predicted), rtol=1e-12)
        read = explained.judgments[~np.isnan(explained.judgments)]
        assert np.all((read >= 0) & (read <= 1))
        assert np.array_equal(np.isnan(explained.judgments), np.isnan(known))


def test_wrong_input_is_named() -> None:
    model, given = fitted()
    with pytest.raises(genz.DataError, match="2 ids for 12 items"):
        model.explain(**given, ids=["a", "b"])
    with pytest.raises(genz.DataError, match="covariates"):
        model.explain(given["items"], judgments=given["judgments"])
    with pytest.raises(genz.DataError, match=r"2 features, but .* is expecting 3"):
        model.explain(None, judgments=[[1, 0]], covariates=[[0.0]])

"""Folds, scores, baselines, and that cross-validation holds out what it says."""

import numpy as np
import pytest
from scipy import stats

import planted
from genz import Catalog, DataError, GenZRegressor, UsageError
from genz.evaluation import Predictions, cross_validate, draw_folds, folds_of_column, score
from genz.evaluation.design import Design


def test_folds_are_balanced_seeded_and_whole() -> None:
    folds = draw_folds(103, 10, seed=1)
    assert sorted(np.bincount(folds)) == [10] * 7 + [11] * 3
    assert np.array_equal(folds, draw_folds(103, 10, seed=1))
    assert not np.array_equal(folds, draw_folds(103, 10, seed=2))


def test_groups_stay_together_and_sizes_stay_near() -> None:
    rng = np.random.default_rng(0)
    groups = [f"g{g}" for g in rng.integers(0, 40, 200)]
    folds = draw_folds(200, 5, groups=groups, seed=3)
    homes = {(group, int(fold)) for group, fold in zip(groups, folds, strict=True)}
    assert len(homes) == len(set(groups))
    assert np.ptp(np.bincount(folds)) <= 3


def test_a_fold_column_makes_one_fold_of_each_value() -> None:
    folds = folds_of_column(["b", "a", "b", "c"], groups=[1, 2, 1, 3])
    assert folds.tolist() == [0, 1, 0, 2]
    with pytest.raises(DataError, match="group 1 is in the folds 'b' and 'a'"):
        folds_of_column(["b", "a", "b", "c"], groups=[1, 1, 1, 3])
    with pytest.raises(DataError, match="holds 'a' only"):
        folds_of_column(["a", "a"])
    with pytest.raises(DataError, match="the fold of item 2 is missing"):
        folds_of_column(["a", "", "b"])


def test_impossible_folds_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="6 folds of 5 items: wanted from 2 to 5"):
        draw_folds(5, 6)
    with pytest.raises(UsageError, match="3 folds of 2 groups"):
        draw_folds(5, 3, groups=list("aabba"))
    with pytest.raises(UsageError, match="1 folds"):
        draw_folds(5, 1)


def predictions_of(point: list[list[float]], half_width: float = 1.0) -> Predictions:
    mean = np.array(point)
    return Predictions(mean, mean, mean - half_width, mean + half_width, np.zeros(len(mean)))


def test_scores_of_a_scalar_target_by_hand() -> None:
    targets = np.array([[1.0], [2.0], [4.0], [0.0], [np.nan]])
    predictions = predictions_of([[1.1], [1.0], [5.5], [0.5], [9.0]])
    predictions.log_density[:] = [-1, -2, -3, -4, np.nan]
    scores = score(predictions, targets, log=False)
    assert scores["median_relative_error"] == pytest.approx(np.median([0.1, 0.5, 0.375]))
    total = np.sum((np.array([1, 2, 4, 0]) - 1.75) ** 2)
    assert scores["r2"] == pytest.approx(1 - (0.01 + 1 + 2.25 + 0.25) / total)
    assert scores["log_predictive_density"] == pytest.approx(-2.5)
    assert scores["coverage_90"] == pytest.approx(0.75)
    assert scores["mean_width_90"] == pytest.approx(2.0)


def test_r2_of_a_log_target_is_on_the_log_scale() -> None:
    targets = np.exp(np.array([[1.0], [2.0], [3.0]]))
    mean = np.array([[1.5], [2.0], [2.5]])
    predictions = Predictions(mean, np.exp(mean), np.exp(mean), np.exp(mean), np.zeros(3))
    assert score(predictions, targets, log=True)["r2"] == pytest.approx(1 - 0.5 / 2)


def test_cosine_of_vector_targets_skips_what_has_no_direction() -> None:
    targets = np.array([[3.0, 4.0], [1.0, 0.0], [0.0, 0.0], [np.nan, 1.0]])
    scores = score(
        predictions_of([[3.0, 4.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]), targets, log=False
    )
    assert scores["cosine"] == pytest.approx((1 + np.sqrt(0.5)) / 2)
    assert "median_relative_error" not in scores
    assert scores["r2_by_dimension"] == [
        pytest.approx(1 - 1 / np.sum((np.array([3, 1, 0]) - 4 / 3) ** 2)),
        pytest.approx(1 - 2 / np.sum((np.array([4, 0, 0, 1]) - 5 / 4) ** 2)),
    ]
    assert scores["r2"] == pytest.approx(np.mean(scores["r2_by_dimension"]))


def test_a_dimension_that_does_not_vary_has_no_r2() -> None:
    targets = np.array([[1.0, 5.0], [3.0, 5.0], [2.0, np.nan]])
    scores = score(predictions_of([[1.0, 5.0], [2.0, 5.0], [2.0, 5.0]]), targets, log=False)
    assert scores["r2_by_dimension"] == [pytest.approx(0.5), None]
    assert scores["r2"] == pytest.approx(0.5)


def test_nothing_to_score_is_none_and_never_nan() -> None:
    scores = score(Predictions.empty(2, 1), np.array([[1.0], [2.0]]), log=False)
    assert set(scores.values()) == {None}


def test_normal_predictions_have_lognormal_density_and_quantiles() -> None:
    mean, sd = np.array([[11.0], [12.0]]), np.array([0.3])
    targets = np.array([[50_000.0], [200_000.0]])
    predictions = Predictions.of_normal(mean, sd, targets, log=True)
    lognormal = stats.lognorm(s=0.3, scale=np.exp(mean))
    np.testing.assert_allclose(predictions.log_density, lognormal.logpdf(targets)[:, 0], rtol=1e-12)
    np.testing.assert_allclose(predictions.lower, lognormal.ppf(0.05), rtol=1e-12)
    np.testing.assert_allclose(predictions.upper, lognormal.ppf(0.95), rtol=1e-12)
    np.testing.assert_allclose(predictions.point, lognormal.median(), rtol=1e-12)


def test_design_tolerates_what_training_never_showed() -> None:
    training = Catalog.from_items(
        [
            {"size": float(10 ** (i % 5)), "town": "ab"[i % 2], "tags": ["x"], "n": i}
            for i in range(20)
        ]
    )
    design = Design(training)
    new = Catalog.from_items(
        [
            {"size": -1.0, "town": "c", "tags": ["y", "x"], "n": 3},
            {"size": None, "town": None, "tags": None, "n": None},
        ],
        fields=training.fields,
    )
    columns = design(new)
    assert columns.shape == (2, design(training).shape[1])
    assert np.isfinite(columns).all()
    # (size, missing), (n, missing), towns a and b, tag x
    assert columns[0, [1, 3, 4, 5, 6]].tolist() == [1, 0, 0, 0, 1]
    assert columns[1].tolist() == [0, 1, 0, 1, 0, 0, 0]


@pytest.mark.parametrize("name", ["mean", "ridge", "gradient_boosting"])
def test_spread_of_a_regressor_covers_new_items(name: str) -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(400, 3))
    y = np.column_stack([x[:, 0] + rng.normal(size=400), rng.normal(size=400)])
    y[::7, 1] = np.nan
    result = cross_validate(
        GenZRegressor(n_features=1, patience=1),
        [{"nothing": "a"}] * 400,
        y,
        np.repeat([0, 1], 200),
        covariates=x,
        baselines=[name],
    )
    mean, upper = result.predictions[name].mean[200:], result.predictions[name].upper[200:]
    sd = (upper - mean) / 1.6448536269514722
    inside = np.abs(y[200:] - mean) <= 1.645 * sd
    coverage = np.nanmean(np.where(np.isnan(y[200:]), np.nan, inside), axis=0)
    assert np.all((coverage > 0.82) & (coverage < 0.97))


def arrays() -> tuple[list[dict[str, object]], np.ndarray, list[str]]:
    houses = planted.rows()
    items = [{k: h[k] for k in ("area", "zipcode", "description", "year")} for h in houses]
    return items, np.array([h["price"] for h in houses]), [h["host"] for h in houses]


def test_cross_validation_of_planted_features() -> None:
    items, price, hosts = arrays()
    folds = draw_folds(150, 3, groups=hosts, seed=0)
    model = GenZRegressor(n_features=5, log_target=True)
    seen = []
    result = cross_validate(model, items, price, folds, observer=seen.append)
    assert list(result.scores) == ["genz", "mean", "ridge", "gradient_boosting", "ridge_tfidf"]
    assert [(r["fold"], r["method"]) for r in seen[:2]] == [(1, "genz"), (1, "mean")]
    ours = result.scores["genz"]
    assert ours["r2"] > 0.8
    assert result.scores["mean"]["r2"] < 0.1
    assert 0.75 < ours["coverage_90"] <= 1.0
    assert ours["n_features"] == np.mean(result.n_features) > 1
    assert ours["seconds"] > 0
    # The fold is predicted as by a model fitted by hand to the others.
    training, held_out = np.flatnonzero(folds != 1), np.flatnonzero(folds == 1)
    catalog = Catalog.from_items(items)
    by_hand = GenZRegressor(n_features=5, log_target=True)
    by_hand.fit(catalog.take(training), price[training])
    held = catalog.take(held_out)
    predicted = result.predictions["genz"]
    np.testing.assert_allclose(predicted.point[held_out, 0], by_hand.predict(held), rtol=1e-12)
    np.testing.assert_allclose(
        predicted.log_density[held_out],
        by_hand.log_predictive_density(held, price[held_out]),
        rtol=1e-12,
    )
    lower, upper = by_hand.predict_interval(held)
    np.testing.assert_allclose(predicted.lower[held_out, 0], lower, rtol=1e-12)
    np.testing.assert_allclose(predicted.upper[held_out, 0], upper, rtol=1e-12)


def test_held_out_targets_change_no_prediction() -> None:
    items, price, _ = arrays()
    folds = draw_folds(150, 2, seed=0)
    changed = np.where(folds == 0, price[::-1] * 3, price)
    model = GenZRegressor(n_features=3, log_target=True)
    first = cross_validate(model, items, price, folds, baselines="all")
    second = cross_validate(model, items, changed, folds, baselines="all")
    held_out = folds == 0
    for method, predictions in first.predictions.items():
        again = second.predictions[method]
        assert np.array_equal(predictions.lower[held_out], again.lower[held_out]), method
        assert np.array_equal(predictions.point[held_out], again.point[held_out]), method
        if method not in ("mean", "direct"):
            assert not np.array_equal(predictions.point[~held_out], again.point[~held_out])


def test_vector_targets_with_covariates_weights_and_gaps() -> None:
    items, price, _ = arrays()
    rng = np.random.default_rng(1)
    y = np.column_stack([np.log(price) - 13, rng.normal(size=150)])
    y[::11, 1] = np.nan
    result = cross_validate(
        GenZRegressor(n_features=3),
        [{"area": i["area"], "zipcode": i["zipcode"]} for i in items],
        y,
        draw_folds(150, 2, seed=0),
        covariates=rng.normal(size=150),
        sample_weight=np.where(np.arange(150) % 5 == 0, 0.0, 1.0),
    )
    for scores in result.scores.values():
        assert None not in scores.values()
        assert 0.75 < scores["coverage_90"] <= 1.0
    assert result.scores["genz"]["cosine"] > result.scores["mean"]["cosine"]


def test_a_category_of_the_held_out_fold_alone_is_tolerated() -> None:
    items, price, _ = arrays()
    for item in items[:50]:
        item["zipcode"] = "09999"
    folds = np.repeat([0, 1, 2], 50)
    model = GenZRegressor(n_features=3, log_target=True)
    result = cross_validate(model, items, price, folds, baselines=["ridge", "ridge_tfidf"])
    assert all(np.isfinite(p.point).all() for p in result.predictions.values())


def test_folds_of_another_length_are_refused() -> None:
    items, price, _ = arrays()
    with pytest.raises(DataError, match=r"folds has shape \(3,\), wanted \(150,\)"):
        cross_validate(GenZRegressor(), items, price, [0, 1, 2])

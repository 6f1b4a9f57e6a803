"""Outlying items: the mixture against brute force, what is found, and what is left alone."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

import genz
from genz.statistics import outliers
from genz.statistics.background import Background
from genz.statistics.em import Em
from genz.statistics.ending import parameters_of


def houses(
    seed: int,
    n_items: int = 400,
    share: float = 0.05,
    r2: float = 0.8,
    n_targets: int = 1,
    error_rate: float = 0.01,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Judgments with errors, targets, weights, and which items follow no feature."""
    rng = np.random.default_rng(seed)
    z = rng.random((n_items, 4)) < 0.4
    weights = np.array([1.5, -1.0, 0.8, 0.6])[:, np.newaxis] * np.ones(n_targets)
    signal = z @ weights
    noise = np.sqrt((1 - r2) / r2) * signal.std(axis=0)
    y = signal + noise * rng.normal(size=signal.shape)
    outlying = rng.random(n_items) < share
    y[outlying] = 3 * y.std() * rng.normal(size=(int(outlying.sum()), n_targets))
    judged = np.where(rng.random(z.shape) < error_rate, ~z, z).astype(float)
    return judged, y, weights, outlying


def fit(h: np.ndarray, y: np.ndarray, **options: object) -> genz.LatentFeatureRegression:
    model = genz.LatentFeatureRegression(**{"outliers": True, **options})
    return model.fit(h, y)


def densities(model: genz.LatentFeatureRegression, h: np.ndarray, y: np.ndarray) -> np.ndarray:
    """p(y | s) of typical items, by the sum over states."""
    prior = 1 / (1 + np.exp(-model.log_odds(h)))
    total = np.zeros(len(y))
    for state in product((0.0, 1.0), repeat=h.shape[1]):
        z = np.array(state)
        mass = np.prod(np.where(z > 0, prior, 1 - prior), axis=1)
        mean = model.intercept_ + z @ model.weights_
        normal = stats.norm.logpdf(y, mean, np.sqrt(model.noise_variance_))
        total += mass * np.exp(np.nansum(normal, axis=1))
    return total


@pytest.mark.parametrize("n_targets", [1, 2])
def test_likelihood_and_probabilities_are_those_of_the_mixture(n_targets: int) -> None:
    h, y, _, _ = houses(0, n_items=60, n_targets=n_targets)
    y[3], y[4, 0] = np.nan, np.nan if n_targets == 2 else y[4, 0]
    v = np.random.default_rng(1).uniform(0.5, 2, len(y))
    model = genz.LatentFeatureRegression(outliers=True).fit(h, y, sample_weight=v)
    share, variance = model.outlier_share_, model.outlier_variance_
    outside = stats.norm.logpdf(y, model.outlier_mean_, np.sqrt(variance))
    outside = np.exp(np.nansum(outside, axis=1))
    inside = densities(model, h, y)
    observed = np.arange(len(y)) != 3
    both = (1 - share) * inside + share * outside
    want = float(v[observed] @ np.log(both[observed]))
    assert model.log_likelihood_ == pytest.approx(want, rel=1e-10)
    found = model.outlier_probabilities(h, y)
    assert found[3] == 0
    # Predictions also know that the coefficients are uncertain.
    model.covariance_ = None
    found = model.outlier_probabilities(h, y)
    np.testing.assert_allclose(found[observed], (share * outside / both)[observed], rtol=1e-8)
    is_known = ~np.isnan(y[:, 0])
    mean = np.average(y[is_known, 0], weights=v[is_known])
    assert model.outlier_mean_[0] == pytest.approx(mean)


def test_the_likelihood_of_the_mixture_never_falls() -> None:
    h, y, _, _ = houses(2, share=0.1)
    # The centre of a prevalence, and the unit of a ridge, follow the weights of the items.
    model = genz.LatentFeatureRegression(ridge=0.0, rate_strength=1e-9, tol=1e-12)
    em = Em.of(model, h, y, None, None, gold=None, held=None)
    penalties = np.zeros((4, 1))
    result = em.run([], penalties)
    values = []
    for _ in range(8):
        found = outliers.find(em, parameters_of(result))
        share = found.background.share
        beta = outliers.STRENGTH * (
            outliers.SHARE * np.log(share) + (1 - outliers.SHARE) * np.log1p(-share)
        )
        priors = result["objectives"][-1] - result["log_likelihood"]
        values.append(found.log_likelihood + beta + priors)
        result = em.weighted(found.typical(None)).go_on(result, penalties)
    assert np.all(np.diff(values) > -1e-8 * abs(values[0]))
    assert values[-1] > values[0] + 10


@pytest.mark.parametrize("ridge", [1.0, "evidence"])
def test_outlying_items_are_found_and_bend_no_weight(ridge: object) -> None:
    # An item that is misjudged, of a judge who hardly errs, would be as good an outlying one.
    h, y, weights, outlying = houses(3, error_rate=0.0)
    model = fit(h, y, ridge=ridge)
    assert model.converged_
    assert model.outlier_share_ == pytest.approx(outlying.mean(), abs=0.02)
    found = model.outlier_probabilities(h, y)
    assert np.mean(found[outlying]) > 0.6
    assert np.median(found[~outlying]) < 0.02
    plain = genz.LatentFeatureRegression(ridge=ridge).fit(h, y)
    assert plain.outlier_share_ == 0
    assert not plain.outlier_probabilities(h, y).any()

    def error(fitted: genz.LatentFeatureRegression) -> float:
        return float(np.abs(fitted.weights_ - weights).mean())

    assert error(model) < 0.6 * error(plain)
    assert model.noise_variance_[0] < 0.5 * plain.noise_variance_[0]


@pytest.mark.parametrize("r2", [0.1, 0.5, 0.9])
def test_where_no_item_is_outlying_little_changes(r2: float) -> None:
    h, y, _, _ = houses(4, n_items=2000, share=0.0, r2=r2)
    model, plain = fit(h, y), genz.LatentFeatureRegression().fit(h, y)
    assert model.outlier_share_ < 0.02
    np.testing.assert_allclose(
        model.weights_, plain.weights_, atol=0.5 * plain.weights_std_error_.max()
    )
    assert model.noise_variance_[0] == pytest.approx(plain.noise_variance_[0], rel=0.05)


def test_predictions_have_the_outlying_part_where_it_belongs() -> None:
    h, y, _, _ = houses(5)
    model = fit(h, y)
    predictive = model.predictive(h[:3])
    grid = np.linspace(-40, 40, 160_001)
    step = grid[1] - grid[0]
    quantiles = predictive.quantiles([0.05, 0.5, 0.99])
    for n in range(3):
        one = model.predictive(np.repeat(h[[n]], len(grid), axis=0))
        density = np.exp(one.log_density(grid[:, np.newaxis]))
        mean = float(grid @ density) * step
        assert density.sum() * step == pytest.approx(1, abs=1e-6)
        sd = np.sqrt(((grid - mean) ** 2 @ density) * step)
        assert predictive.std()[n, 0] == pytest.approx(sd, rel=1e-3)
        below = np.interp(quantiles[n, 0], grid, np.cumsum(density) * step)
        np.testing.assert_allclose(below, [0.05, 0.5, 0.99], atol=1e-3)
    np.testing.assert_array_equal(model.predict(h[:3]), predictive.mean())


def test_a_profile_holds_who_is_outlying() -> None:
    h, y, _, _ = houses(6)
    model = fit(h, y)
    profile = model.profile(h, y, feature=0)
    at_fit = np.argmin(np.abs(profile.errors - (1 - model.ppv_[0])))
    assert profile.errors[at_fit] == pytest.approx(1 - model.ppv_[0])
    assert profile.log_likelihood.max() - profile.log_likelihood[at_fit] < 2
    assert np.ptp(profile.weights) < 0.5


def test_background_of_no_one_and_items_without_target() -> None:
    assert Background.of_no_one(3).share == 0
    background = Background(0.1, np.zeros(2), np.ones(2))
    y = np.array([[np.nan, np.nan], [np.nan, 0.0]])
    found = background.probabilities(np.array([0.0, stats.norm.logpdf(0.0)]), y)
    np.testing.assert_allclose(found, [0.0, 0.1])


def test_an_estimator_keeps_what_it_found(tmp_path: object) -> None:
    rng = np.random.default_rng(7)
    rooms = rng.integers(1, 6, 200)
    y = rooms + 0.2 * rng.normal(size=200)
    y[:8] += 9
    model = genz.GenZRegressor(n_features=4, patience=2)
    model.fit([{"rooms": int(r)} for r in rooms], y)
    assert 0.02 < model.regression_.outlier_share_ < 0.08
    model.save(f"{tmp_path}/model")
    loaded = genz.GenZRegressor.load(f"{tmp_path}/model")
    found = loaded.regression_.outlier_probabilities(model.judgments_, y)
    np.testing.assert_array_equal(
        found, model.regression_.outlier_probabilities(model.judgments_, y)
    )
    assert found[:8].min() > 0.9
    np.testing.assert_array_equal(
        loaded.predict_interval([{"rooms": 3}]), model.predict_interval([{"rooms": 3}])
    )

"""Noise that is learned: error rates and calibrations of judges whose truth is known."""

import numpy as np
import pytest

import genz
import noisy_judges
from noisy_judges import flipped, naive_weights, synthetic_attributes, vector_targets, windsor
from reference import Array

N_LARGE, N_TARGETS, R2 = 20_000, 8, 0.8
RATES = np.linspace(0.05, 0.3, 6)


def large_catalog(source: str, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    if source == "synthetic":
        return synthetic_attributes(N_LARGE, rng)
    houses = windsor().attributes
    return houses[rng.integers(0, len(houses), N_LARGE)]


@pytest.mark.parametrize("source", ["windsor", "synthetic"])
@pytest.mark.parametrize("seed", range(3))
def test_vector_targets_teach_weights_and_error_rates(source: str, seed: int) -> None:
    truth = large_catalog(source, seed)
    rng = np.random.default_rng(100 + seed)
    weights = rng.normal(size=(6, N_TARGETS))
    targets = vector_targets(truth, weights, R2, rng)
    rates = rng.permutation(RATES)
    judgments = flipped(truth, rates, rng)
    model = genz.LatentFeatureRegression(n_threads=2).fit(judgments, targets)

    def deviation(estimate: Array) -> float:
        return float(np.abs(estimate - weights).mean() / np.abs(weights).mean())

    assert deviation(model.weights_) <= 0.1
    assert deviation(naive_weights(judgments, targets)) > 0.4
    yes = judgments.mean(axis=0)
    for k in range(6):
        ppv, fomr = (truth[judgments[:, k] == answer, k].mean() for answer in (1, 0))
        assert model.ppv_[k] == pytest.approx(ppv, abs=0.03)
        assert model.fomr_[k] == pytest.approx(fomr, abs=0.03)
    error = yes * (1 - model.ppv_) + (1 - yes) * model.fomr_
    np.testing.assert_allclose(error, rates, atol=0.03)


def test_gold_labels_beat_the_naive_regression_where_the_target_tells_little() -> None:
    """Windsor itself: one price, 546 houses, 50 draws of judges, labels of 100 houses."""
    houses = windsor()
    truth, y, x = houses.attributes, houses.log_price, houses.covariates
    want = naive_weights(truth, y, x)
    ours, naive, blind = [], [], []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        judgments = flipped(truth, rng.permutation(RATES), rng)
        gold = np.full(truth.shape, np.nan)
        labelled = rng.choice(len(y), 100, replace=False)
        gold[labelled] = truth[labelled]
        model = genz.LatentFeatureRegression(n_threads=1)
        ours.append(model._fit(judgments, y, x, None, gold=gold, covariance=False).weights_[:, 0])
        blind.append(model._fit(judgments, y, x, None, covariance=False).weights_[:, 0])
        naive.append(naive_weights(judgments, y, x))
    squares = {
        name: ((np.array(estimates) - want) ** 2).mean()
        for name, estimates in (("ours", ours), ("blind", blind), ("naive", naive))
    }
    assert squares["ours"] < 0.7 * squares["naive"]
    assert squares["blind"] < squares["naive"]


@pytest.mark.parametrize("shift", [-3.0, 3.0])
@pytest.mark.parametrize("sharpness", [0.5, 3.0])
def test_a_biased_threshold_costs_nothing(shift: float, sharpness: float) -> None:
    """A judge who ranks perfectly (AUC 1): alpha and gamma learn where its threshold is."""
    rng = np.random.default_rng(8)
    n_items, n_features = 2000, 4
    truth = (rng.random((2 * n_items, n_features)) < 0.4).astype(float)
    weights = np.array([1.0, -1.5, 0.8, 2.0])
    targets = vector_targets(truth, weights[:, np.newaxis], R2, rng)
    # Never a word on the wrong side of its threshold.
    logits = (2 * truth - 1) * rng.uniform(1.0, 5.0, truth.shape)
    halves = slice(0, n_items), slice(n_items, None)

    def score(judgments: Array) -> float:
        fit, test = halves
        model = genz.LatentFeatureRegression(n_threads=2).fit(judgments[fit], targets[fit])
        return model.score(judgments[test], targets[test])

    unbiased = score(1 / (1 + np.exp(-logits)))
    biased = score(1 / (1 + np.exp(-(shift + sharpness * logits))))
    assert unbiased == pytest.approx(R2, abs=0.03)
    assert biased >= 0.99 * unbiased


def test_the_data_of_windsor_is_read_whole() -> None:
    houses = noisy_judges.windsor()
    assert houses.attributes.shape == (546, 6)
    assert set(np.unique(houses.attributes)) == {0.0, 1.0}
    assert np.isfinite(houses.covariates).all()

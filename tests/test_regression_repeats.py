"""Repeated judgments: what several answers for a cell are worth."""

import numpy as np
import pytest

import genz
from noisy_judges import synthetic_attributes, vector_targets
from reference import Array

N_ITEMS, N_REPEATS = 12_000, 3
SENSITIVITY, SPECIFICITY = 0.75, 0.9


def catalog(seed: int) -> tuple[Array, Array, Array, np.random.Generator]:
    """Return truth (N, 3), weights and vector targets."""
    rng = np.random.default_rng(seed)
    truth = synthetic_attributes(N_ITEMS, rng)[:, [1, 2, 4]]
    weights = rng.choice([-1.0, 1.0], (3, 4)) * rng.uniform(0.5, 1.5, (3, 4))
    return truth, weights, vector_targets(truth, weights, 0.7, rng), rng


def ask(truth: Array, n_repeats: int, rng: np.random.Generator) -> Array:
    """Answer several times, independently given the truth."""
    chance = np.where(truth == 1, SENSITIVITY, 1 - SPECIFICITY)[..., np.newaxis]
    return (rng.random((*truth.shape, n_repeats)) < chance).astype(float)


def test_one_answer_is_a_hard_judgment() -> None:
    truth, _, targets, rng = catalog(0)
    answers = ask(truth, 1, rng)[:300]
    answers[::7] = np.nan
    repeated = genz.LatentFeatureRegression().fit(answers, targets[:300])
    plain = genz.LatentFeatureRegression().fit(answers[:, :, 0], targets[:300])
    np.testing.assert_array_equal(repeated.weights_, plain.weights_)
    np.testing.assert_array_equal(repeated.ppv_, plain.ppv_)
    padded = np.concatenate([answers, np.full((300, 3, 2), np.nan)], axis=2)
    again = genz.LatentFeatureRegression().fit(padded, targets[:300])
    np.testing.assert_array_equal(again.weights_, plain.weights_)
    np.testing.assert_array_equal(again.predict(padded), plain.predict(answers[:, :, 0]))


def test_independent_answers_have_the_posterior_of_bayes() -> None:
    """The judge errs more often on one side, and the channel of the margin knows."""
    truth, weights, targets, rng = catalog(1)
    answers = ask(truth, N_REPEATS, rng)
    model = genz.LatentFeatureRegression(n_threads=2).fit(answers, targets)
    share = truth.mean(axis=0)
    yes = answers.sum(axis=2)
    no = N_REPEATS - yes
    log_odds = (
        np.log(share / (1 - share))
        + yes * np.log(SENSITIVITY / (1 - SPECIFICITY))
        + no * np.log((1 - SENSITIVITY) / SPECIFICITY)
    )
    np.testing.assert_allclose(model.transform(answers), 1 / (1 + np.exp(-log_odds)), atol=0.04)
    np.testing.assert_allclose(model.weights_, weights, atol=0.08)


def test_more_answers_predict_better() -> None:
    truth, _, targets, rng = catalog(2)
    answers = ask(truth, N_REPEATS, rng)
    scores = []
    for n_repeats in (1, N_REPEATS):
        some = answers[:, :, :n_repeats]
        model = genz.LatentFeatureRegression(n_threads=2).fit(some[:6000], targets[:6000])
        scores.append(model.score(some[6000:], targets[6000:]))
    assert scores[1] > scores[0] + 0.1


def test_cells_may_have_different_numbers_of_answers() -> None:
    """A judge with one error rate: the margin is all that counts."""
    truth, weights, targets, rng = catalog(3)
    wrong = rng.random((*truth.shape, N_REPEATS)) < 0.2
    answers = np.where(wrong, 1 - truth[..., np.newaxis], truth[..., np.newaxis])
    n_asked = rng.integers(0, N_REPEATS + 1, truth.shape)
    answers[np.arange(N_REPEATS) >= n_asked[..., np.newaxis]] = np.nan
    model = genz.LatentFeatureRegression(n_threads=2).fit(answers, targets)
    share = truth.mean(axis=0)
    margins = np.nansum(2 * answers - 1, axis=2)
    want = 1 / (1 + np.exp(-np.log(share / (1 - share)) - margins * np.log(0.8 / 0.2)))
    np.testing.assert_allclose(model.transform(answers), want, atol=0.04)
    np.testing.assert_allclose(model.weights_, weights, atol=0.08)
    np.testing.assert_allclose(model.prevalence_, share, atol=0.04)


def test_the_same_answer_again_is_no_evidence() -> None:
    """A judge that repeats itself is worth one answer: the slope learns that."""
    truth, _, targets, rng = catalog(4)
    once = ask(truth, 1, rng)
    single = genz.LatentFeatureRegression(n_threads=2).fit(once, targets)
    parrot = np.repeat(once, N_REPEATS, axis=2)
    repeated = genz.LatentFeatureRegression(n_threads=2).fit(parrot, targets)
    np.testing.assert_allclose(repeated.transform(parrot), single.transform(once), atol=0.01)
    np.testing.assert_allclose(repeated.weights_, single.weights_, atol=0.02)


def test_new_items_may_have_fewer_answers_than_those_of_the_fit() -> None:
    truth, _, targets, rng = catalog(5)
    answers = ask(truth, N_REPEATS, rng)
    model = genz.LatentFeatureRegression(n_threads=2).fit(answers, targets)
    cells = np.array([[[0.0, np.nan, np.nan]] * 3, [[1.0, np.nan, np.nan]] * 3])
    yes_less_no = np.diff(model.log_odds(cells), axis=0)
    np.testing.assert_allclose(yes_less_no, np.diff(model.log_odds(cells[:, :, :1]), axis=0))
    unanimous = np.array([[[0.0] * 3] * 3, [[1.0] * 3] * 3])
    np.testing.assert_allclose(np.diff(model.log_odds(unanimous), axis=0), 3 * yes_less_no)


def test_only_hard_answers_are_repeated() -> None:
    answers = np.zeros((10, 2, 3))
    answers[4, 1, 2] = 0.25
    with pytest.raises(genz.DataError, match=r"judgments\[4, 1, 2\] is 0.25, wanted 0, 1 or NaN"):
        genz.LatentFeatureRegression().fit(answers, np.arange(10.0))
    with pytest.raises(genz.DataError, match="cannot be read as numbers"):
        genz.LatentFeatureRegression().fit([[["yes"]], [["no"]]], np.arange(2.0))


def test_the_estimator_takes_repeated_answers() -> None:
    truth, _, targets, rng = catalog(6)
    answers = ask(truth, N_REPEATS, rng)[:200]
    items = [{"row": ix} for ix in range(200)]
    model = genz.GenZRegressor(features=["a", "b", "c"], n_features=3, patience=1)
    model.fit(items, targets[:200], judgments=answers)
    assert np.isfinite(model.regression_.channel_slope_).all()
    predicted = model.predict(items, judgments=answers)
    np.testing.assert_allclose(predicted, model.predict(items, judgments=model.judgments_))

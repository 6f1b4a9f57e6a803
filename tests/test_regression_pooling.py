"""Pooling: priors whose centres are learned from all features, as a part of the objective."""

import numpy as np
import pytest

import genz
import reference_regression
from reference_cases import as_reference, draw_case, priors_of


@pytest.mark.parametrize("noise", ["asymmetric", "symmetric"])
@pytest.mark.parametrize("kind", ["hard", "probability", "mixed"])
def test_the_objective_is_that_of_the_reference(kind: str, noise: str) -> None:
    """The reference searches for the centres; the core solves for them."""
    case = draw_case(1, 60, 4, 2, kind=kind, unknown=0.1)
    model = genz.LatentFeatureRegression(pooling=True, noise=noise, max_iter=7, rate_strength=8.0)
    model._fit(*case.arguments, covariance=False)
    want = reference_regression.objective(
        case.problem(), as_reference(model.parameters_), priors_of(model)
    )
    assert model.log_likelihoods_[-1] == pytest.approx(float(want), rel=1e-9)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rate_strength", [0.0, 2.0, 20.0, 400.0])
def test_the_objective_never_falls(seed: int, rate_strength: float) -> None:
    kind, noise = ("hard", "mixed")[seed % 2], ("asymmetric", "symmetric")[seed // 4]
    case = draw_case(seed, 60, 4, 1 + seed % 3, kind=kind, unknown=0.2, missing=0.1)
    for acceleration in (False, True):
        model = genz.LatentFeatureRegression(
            pooling=True, noise=noise, rate_strength=rate_strength, acceleration=acceleration
        )
        model._fit(*case.arguments, covariance=False)
        scale = np.abs(model.log_likelihoods_).max()
        assert np.diff(model.log_likelihoods_, prepend=-np.inf).min() >= -1e-10 * scale


def test_features_learn_of_each_other_how_often_the_judge_errs() -> None:
    """The last feature has no effect, so nothing but the others tells of its rates."""
    rng = np.random.default_rng(2)
    truth = (rng.random((3000, 7)) < 0.4).astype(float)
    judgments = np.where(rng.random(truth.shape) < 0.2, 1 - truth, truth)
    weights = np.vstack([rng.normal(size=(6, 4)), np.zeros(4)])
    targets = truth @ weights + 0.5 * rng.normal(size=(3000, 4))
    errors = {}
    for pooling in (False, True):
        model = genz.LatentFeatureRegression(pooling=pooling).fit(judgments, targets)
        errors[pooling] = 1 - model.ppv_[-1], model.fomr_[-1]
        np.testing.assert_allclose(model.weights_[:-1], weights[:-1], atol=0.15)
    wanted = [1 - truth[judgments[:, -1] == 1, -1].mean(), truth[judgments[:, -1] == 0, -1].mean()]
    off = {p: np.abs(np.array(errors[p]) - wanted).max() for p in errors}
    assert off[True] < 0.05
    assert off[False] > 2 * off[True]


def test_curves_learn_of_each_other() -> None:
    rng = np.random.default_rng(4)
    truth = (rng.random((2000, 5)) < 0.5).astype(float)
    logits = 2 * (2 * truth - 1) + 1.5 * rng.normal(size=truth.shape)
    judgments = 1 / (1 + np.exp(-(logits + 3.0)))
    weights = np.vstack([rng.normal(size=(4, 3)), np.zeros(3)])
    targets = truth @ weights + 0.5 * rng.normal(size=(2000, 3))
    last = {}
    for pooling in (False, True):
        model = genz.LatentFeatureRegression(pooling=pooling).fit(judgments, targets)
        curve = model.channel_intercept_, model.channel_slope_
        last[pooling] = np.array([c[-1] - c[:-1].mean() for c in curve])
    # Where p = 0.95 the judge is undecided: alpha is far below 0.
    assert model.channel_intercept_[:-1].max() < -2
    assert np.abs(last[True]).max() < 0.8 * np.abs(last[False]).max()

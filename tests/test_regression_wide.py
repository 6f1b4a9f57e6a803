"""Fits of a hundred features and more, whose M step does without pair moments."""

import functools

import numpy as np
import pytest

import genz
from reference import Array
from reference_cases import Case, draw_case

N_FEATURES = 110
CASES = {
    seed: draw_case(
        seed, 600, N_FEATURES, 1, 1,
        unknown=0.1, missing=0.1 if seed < 4 else 0.0, is_weighted=seed == 1,
    )
    for seed in (1, 2, 4)
}  # fmt: skip


@functools.cache
def fitted(seed: int) -> genz.LatentFeatureRegression:
    model = genz.LatentFeatureRegression(tol=1e-12, solver="quadrature")
    return model.fit(*CASES[seed].arguments)


def coefficients_of(model: genz.LatentFeatureRegression) -> Array:
    parts = [model.intercept_, model.covariate_weights_[:, 0], model.weights_[:, 0]]
    return np.concatenate(parts)


def score(
    case: Case, model: genz.LatentFeatureRegression, coefficients: Array
) -> tuple[Array, float]:
    """Gradient of the objective in the coefficients, and sum of v E[residual^2], by exact pairs."""
    seen = ~np.isnan(case.targets[:, 0])
    weights = np.ones(len(seen)) if case.item_weights is None else case.item_weights
    v, y, x = weights[seen], case.targets[seen, 0], case.covariates[seen]
    posterior = genz.posterior(
        y - x @ coefficients[1:2],
        coefficients[2:],
        coefficients[0],
        model.noise_variance_,
        model.log_odds(case.judgments[seen]),
        moments="pairs",
        item_weights=v,
        solver="quadrature",
    )
    phi = np.column_stack([np.ones(len(y)), x, posterior.marginals])
    matrix = (phi.T * v) @ phi
    matrix[2:, 2:] = posterior.pair_moments
    right = phi.T @ (v * y)
    ridge = np.append([0, 0], np.full(N_FEATURES, 1 / np.cov(y, aweights=v, ddof=0)))
    gradient = (right - matrix @ coefficients) / model.noise_variance_ - ridge * coefficients
    power = v @ y**2 - 2 * coefficients @ right + coefficients @ matrix @ coefficients
    return gradient, float(power / v.sum())


@pytest.mark.parametrize("seed", CASES)
def test_the_end_is_that_of_em_with_exact_pair_moments(seed: int) -> None:
    case, model = CASES[seed], fitted(seed)
    assert model.converged_
    assert model.exact_
    assert np.diff(model.log_likelihoods_).min() >= 0
    gradient, noise = score(case, model, coefficients_of(model))
    errors = np.sqrt(np.diagonal(model.covariance_[0]))
    assert np.abs(gradient * errors).max() < 1e-2
    assert model.noise_variance_[0] == pytest.approx(noise, rel=1e-5)


@pytest.mark.parametrize("seed", CASES)
def test_the_covariance_inverts_the_exact_curvature(seed: int) -> None:
    case, model = CASES[seed], fitted(seed)
    centre, covariance = coefficients_of(model), model.covariance_[0]
    for direction in np.random.default_rng(seed).normal(size=(3, N_FEATURES + 2)):
        step = covariance @ (direction / np.sqrt(np.diagonal(covariance)))
        step *= 1e-4 / np.abs(step).max()
        (above, _), (below, _) = (score(case, model, centre + s * step) for s in (1, -1))
        # The curvature takes the step to the direction that the covariance made it of.
        returned = covariance @ (below - above) / 2
        np.testing.assert_allclose(returned, step, atol=1e-4 * np.abs(step).max())

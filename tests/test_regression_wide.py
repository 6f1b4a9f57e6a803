"""Fits of a hundred features and more, whose M step does without pair moments."""

import numpy as np
import pytest

import genz
from reference_cases import draw_case


@pytest.mark.parametrize(
    ("seed", "kind", "missing", "is_weighted"),
    [(1, "hard", 0.1, True), (2, "hard", 0.1, False), (4, "hard", 0.0, False)],
)
def test_the_end_solves_the_exact_normal_equations(
    seed: int, kind: str, missing: float, is_weighted: bool
) -> None:
    case = draw_case(
        seed, 600, 110, 1, 1, kind=kind, unknown=0.1, missing=missing, is_weighted=is_weighted
    )
    model = genz.LatentFeatureRegression(tol=1e-12)
    model._fit(*case.arguments, covariance=False)
    assert model.converged_
    assert model.exact_
    assert np.diff(model.log_likelihoods_).min() >= 0

    seen = ~np.isnan(case.targets[:, 0])
    weights = np.ones(600) if case.item_weights is None else case.item_weights
    v, y, x = weights[seen], case.targets[seen, 0], case.covariates[seen]
    posterior = genz.posterior(
        y - x @ model.covariate_weights_[:, 0],
        model.weights_,
        model.intercept_,
        model.noise_variance_,
        model.log_odds(case.judgments[seen]),
        moments="pairs",
        item_weights=v,
        solver="quadrature",
    )
    phi = np.column_stack([np.ones(len(y)), x, posterior.marginals])
    matrix = (phi.T * v) @ phi
    matrix[2:, 2:] = posterior.pair_moments
    variance = np.cov(y, aweights=v, ddof=0)
    ridge = np.where(np.arange(112) < 2, 0, model.noise_variance_ / variance)
    coefficients = np.concatenate(
        [model.intercept_, model.covariate_weights_[:, 0], model.weights_[:, 0]]
    )
    right = phi.T @ (v * y)
    score = right - matrix @ coefficients - ridge * coefficients
    assert np.abs(score).max() < 1e-5 * np.abs(right).max()
    power = v @ y**2 - 2 * coefficients @ right + coefficients @ matrix @ coefficients
    assert model.noise_variance_[0] == pytest.approx(power / v.sum(), rel=1e-5)


def test_standard_errors_come_from_exact_pair_moments() -> None:
    """One feature more turns the M step's approximation on; it must not show in the errors."""
    case = draw_case(6, 700, 99, 1, effect=1.0)
    alike = np.zeros(700)
    alike[:20] = 1
    narrow = genz.LatentFeatureRegression(tol=1e-13, solver="quadrature")
    narrow.fit(case.judgments, case.targets)
    wide = genz.LatentFeatureRegression(tol=1e-13, solver="quadrature", rate_strength=20)
    # The prior holds the weight of the last feature at zero: it changes nothing else.
    wide.fit(np.column_stack([case.judgments, alike]), case.targets)
    assert wide.n_e_steps_ > 0
    np.testing.assert_allclose(
        wide.weights_std_error_[:99], narrow.weights_std_error_, rtol=0.2
    )

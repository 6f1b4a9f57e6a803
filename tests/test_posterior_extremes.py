"""`genz.posterior` where digits, time or memory could run out."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import genz
import reference
from conftest import PosteriorProblem
from reference import Array

MakeProblem = Callable[..., PosteriorProblem]
SOLVERS = ["enumeration", "quadrature"]


def assert_exact(problem: PosteriorProblem, solver: str, log_tolerance: float = 1e-10) -> None:
    want = reference.posterior(*problem.arguments)
    got = genz.posterior(*problem.arguments, solver=solver, moments="pairs")
    np.testing.assert_allclose(got.marginals, want.marginals.astype(float), rtol=0, atol=1e-10)
    np.testing.assert_allclose(
        got.pair_moments, want.pair_moments().astype(float), rtol=0, atol=1e-10 * len(got.marginals)
    )
    error = np.abs(got.log_evidence - want.log_evidence) / np.maximum(1, np.abs(want.log_evidence))
    assert error.max() < log_tolerance


def with_noise(problem: PosteriorProblem, variance: float, latent: Array) -> PosteriorProblem:
    """Return the problem with targets of the given latent features and little noise."""
    rng = np.random.default_rng(0)
    mean = problem.intercept + latent @ problem.weights
    noise = np.sqrt(variance) * rng.normal(size=mean.shape)
    return replace(problem, targets=mean + noise, noise_variance=np.array([variance]))


# Residuals of weights near 1 have 2e-16 / sqrt(variance) of rounding in units of the noise, squared
# in the evidence: at 1e-12 no double precision solver can promise 1e-10.
@pytest.mark.parametrize(
    ("variance", "log_tolerance"), [(1e-6, 1e-10), (1e-8, 1e-10), (1e-12, 1e-8)]
)
@pytest.mark.parametrize("solver", SOLVERS)
def test_features_that_tie_though_the_noise_is_tiny(
    posterior_problem: MakeProblem, solver: str, variance: float, log_tolerance: float
) -> None:
    """Of two features of equal weight one holds: which is left to the prior, to all digits."""
    problem = posterior_problem(1, 8, 8)
    problem.weights[1], problem.weights[3] = problem.weights[0], problem.weights[2]
    latent = np.random.default_rng(1).random((8, 8)) < 0.5
    latent[:, :2] = [True, False]
    assert_exact(with_noise(problem, variance, latent), solver, log_tolerance)


@pytest.mark.parametrize("solver", SOLVERS)
def test_equal_and_opposite_and_zero_weights(posterior_problem: MakeProblem, solver: str) -> None:
    problem = posterior_problem(2, 9, 7)
    problem.weights[:, 0] = [1.5, 1.5, -1.5, 0.0, 0.0, 1.5, -1.5]
    assert_exact(problem, solver)


@pytest.mark.parametrize("solver", SOLVERS)
def test_one_item(posterior_problem: MakeProblem, solver: str) -> None:
    assert_exact(posterior_problem(3, 1, 6), solver)


@pytest.mark.parametrize("solver", SOLVERS)
def test_an_item_of_weight_zero_is_answered_but_not_summed(
    posterior_problem: MakeProblem, solver: str
) -> None:
    problem = posterior_problem(4, 5, 4)
    v = np.array([0.0, 1.0, 0.0, 2.0, 0.0])
    got = genz.posterior(*problem.arguments, solver=solver, moments="pairs", item_weights=v)
    want = reference.posterior(*problem.arguments)
    np.testing.assert_allclose(got.marginals, want.marginals.astype(float), rtol=0, atol=1e-10)
    np.testing.assert_allclose(got.pair_moments, want.pair_moments(v).astype(float), atol=1e-10)


@pytest.mark.parametrize("n_features", [15, 20])
def test_quadrature_separates_the_atoms_of_tiny_noise(
    posterior_problem: MakeProblem, n_features: int
) -> None:
    """A grid for noise of 1e-6 beside weights of 1 has millions of nodes; branches need few."""
    problem = posterior_problem(n_features, 3, n_features)
    latent = np.random.default_rng(5).random((3, n_features)) < 0.5
    problem = with_noise(problem, 1e-12, latent)
    got = genz.posterior(*problem.arguments, solver="quadrature")
    assert got.n_rescued == 3
    want = genz.posterior(*problem.arguments, solver="enumeration")
    np.testing.assert_allclose(got.marginals, want.marginals, rtol=0, atol=1e-8)
    np.testing.assert_allclose(got.log_evidence, want.log_evidence, rtol=1e-8)


@pytest.mark.parametrize("variance", [1e-2, 1e-4, 1e-5])
def test_thirty_features_beside_small_noise(variance: float) -> None:
    """Integer weights of spacing 1: the forward-backward pass is the oracle."""
    rng = np.random.default_rng(6)
    steps = rng.integers(1, 9, 30)
    log_odds = rng.normal(size=(3, 30))
    targets = (rng.random((3, 30)) < 0.5) @ steps + np.sqrt(variance) * rng.normal(size=3)
    got = genz.posterior(targets, steps.astype(float), 0.0, variance, log_odds)
    log_evidence, marginals = reference.lattice_posterior(
        targets, steps, 1.0, 0.0, variance, log_odds
    )
    assert got.solver == "quadrature"
    np.testing.assert_allclose(got.marginals, marginals.astype(float), rtol=0, atol=1e-10)
    np.testing.assert_allclose(got.log_evidence, log_evidence.astype(float), rtol=1e-10)


def test_thirty_features_whose_sums_nobody_can_tell_apart() -> None:
    """2^30 sums 3e-8 apart beside noise of 1e-6: bounded work, then an approximation."""
    rng = np.random.default_rng(7)
    weights, log_odds = rng.normal(size=30), rng.normal(size=(1, 30))
    targets = (log_odds > 0) @ weights
    with pytest.raises(genz.SolverError, match=r"item 0.*use at most 22 features"):
        genz.posterior(targets, weights, 0.0, 1e-12, log_odds, solver="quadrature")
    answer = genz.posterior(targets, weights, 0.0, 1e-12, log_odds)
    assert not answer.exact
    assert "no exact method is practical" in answer.why
    assert np.isfinite(answer.marginals).all()


def test_many_patterns_of_missing_targets_are_solved_one_after_another() -> None:
    """120 patterns with tables of 4 MiB each: prepared at once they would take half a gigabyte."""
    rng = np.random.default_rng(8)
    targets = rng.normal(size=(120, 7))
    for n, row in enumerate(targets):
        row[[bit for bit in range(7) if n >> bit & 1]] = np.nan
    weights, log_odds = rng.normal(size=(17, 7)), rng.normal(size=(120, 17))
    got = genz.posterior(targets, weights, np.zeros(7), np.ones(7), log_odds, moments="none")
    alone = genz.posterior(
        targets[77:78], weights, np.zeros(7), np.ones(7), log_odds[77:78], moments="none"
    )
    assert got.log_evidence[77] == alone.log_evidence[0]

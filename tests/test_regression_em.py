"""EM of `LatentFeatureRegression` against the slow regression of `reference_regression.py`."""

import warnings
from dataclasses import fields, replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import genz
import reference_regression
from genz.statistics.parameters import Parameters
from reference import Array
from reference_cases import Case, as_core, as_reference, draw_case, priors_of, start_of
from reference_regression import Priors, Problem

KINDS = ("hard", "probability", "mixed")
SHAPES = [(1, 0, 0.0), (1, 2, 0.1), (2, 0, 0.3), (3, 1, 0.2)]


def start_for(case: Case, seed: int, noise: str) -> Parameters:
    start = start_of(case, seed)
    return replace(start, ppv=1 - start.fomr) if noise == "symmetric" else start


@pytest.mark.parametrize("noise", ["asymmetric", "symmetric"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n_targets", "n_covariates", "missing"), SHAPES)
def test_one_iteration_is_the_reference_m_step(
    n_targets: int, n_covariates: int, missing: float, kind: str, noise: str
) -> None:
    case = draw_case(
        7 * n_targets + n_covariates, 40, 3, n_targets, n_covariates,
        kind=kind, unknown=0.2, missing=missing, is_weighted=n_targets > 1,
    )  # fmt: skip
    start, problem = start_for(case, n_targets, noise), case.problem()
    model = genz.LatentFeatureRegression(noise=noise, max_iter=1)
    model._fit(*case.arguments, start=start, covariance=False)
    priors = priors_of(model)
    want = reference_regression.m_step(problem, as_reference(start), priors)
    for field in fields(Parameters):
        np.testing.assert_allclose(
            getattr(model.parameters_, field.name),
            getattr(as_core(want), field.name),
            rtol=1e-10,
            atol=1e-10,
            err_msg=field.name,
        )
    ends = [as_reference(start), as_reference(model.parameters_)]
    objectives = [float(reference_regression.objective(problem, p, priors)) for p in ends]
    np.testing.assert_allclose(model.log_likelihoods_, objectives, rtol=1e-10)
    np.testing.assert_allclose(
        model.log_likelihood_,
        float(reference_regression.log_likelihood(problem, ends[1])),
        rtol=1e-10,
    )


def test_the_first_start_reads_the_judgments_as_the_priors_say() -> None:
    """Iteration 0 regresses on P(z = 1 | judgment) with the channels at their priors' centres."""
    case = draw_case(2, 50, 3, 2, 1, kind="mixed", unknown=0.2, missing=0.1)
    problem = case.problem()
    soft = problem.is_probability
    centre = Parameters(
        weights=np.zeros((3, 2)),
        intercept=np.zeros(2),
        covariate_weights=np.zeros((1, 2)),
        noise_variance=np.asarray(problem.target_variance(), float),
        ppv=np.where(soft, np.nan, 0.95),
        fomr=np.where(soft, np.nan, 0.05),
        prevalence=np.asarray(problem.prevalence_centre(), float),
        channel_intercept=np.where(soft, 0.0, np.nan),
        channel_slope=np.where(soft, 1.0, np.nan),
    )
    model = genz.LatentFeatureRegression(max_iter=1)
    model._fit(*case.arguments, covariance=False)
    first = reference_regression.m_step(problem, as_reference(centre), priors_of(model))
    want = reference_regression.objective(problem, first, priors_of(model))
    np.testing.assert_allclose(model.log_likelihoods_[0], float(want), rtol=1e-10)


@given(
    seed=st.integers(0, 10**6),
    n_features=st.integers(1, 5),
    n_targets=st.integers(1, 3),
    n_covariates=st.integers(0, 2),
    kind=st.sampled_from(KINDS),
    noise=st.sampled_from(["asymmetric", "symmetric"]),
    unknown=st.sampled_from([0.0, 0.3]),
    missing=st.sampled_from([0.0, 0.3]),
    is_weighted=st.booleans(),
    ridge=st.sampled_from([0.1, 1.0, 30.0]),
    rate_strength=st.sampled_from([0.0, 2.0, 20.0]),
    effect=st.sampled_from([0.3, 2.0, 10.0]),
)
def test_the_objective_never_falls(
    seed: int,
    n_features: int,
    n_targets: int,
    n_covariates: int,
    kind: str,
    noise: str,
    unknown: float,
    missing: float,
    is_weighted: bool,
    ridge: float,
    rate_strength: float,
    effect: float,
) -> None:
    case = draw_case(
        seed, 40, n_features, n_targets, n_covariates,
        kind=kind, unknown=unknown, missing=missing, is_weighted=is_weighted, effect=effect,
    )  # fmt: skip
    for solver in ("enumeration", "quadrature")[: 2 if n_targets == 1 else 1]:
        model = genz.LatentFeatureRegression(
            noise=noise, ridge=ridge, rate_strength=rate_strength, max_iter=60, solver=solver
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", genz.DataWarning)
            model._fit(*case.arguments, covariance=False)
        assert model.solver_ == solver
        assert len(model.log_likelihoods_) == model.n_iter_ + 1
        steps = np.diff(model.log_likelihoods_)
        assert steps.min() >= -1e-10 * np.abs(model.log_likelihoods_).max()


def pack(p: reference_regression.Parameters, problem: Problem) -> Array:
    """Return the free numbers; rates and variances on scales without bounds."""
    hard, soft = ~problem.is_probability, problem.is_probability
    return np.concatenate([
        p.weights.ravel(), p.intercept, p.covariate_weights.ravel(), np.log(p.noise_variance),
        *(reference_regression.logit(r) for r in (p.ppv[hard], p.fomr[hard], p.prevalence)),
        p.channel_intercept[soft], p.channel_slope[soft],
    ])  # fmt: skip


def unpack(
    x: Array, like: reference_regression.Parameters, problem: Problem
) -> reference_regression.Parameters:
    hard, soft = ~problem.is_probability, problem.is_probability
    sizes = [
        like.weights.size, like.intercept.size, like.covariate_weights.size,
        like.noise_variance.size, hard.sum(), hard.sum(), len(hard), soft.sum(), soft.sum(),
    ]  # fmt: skip
    w, b, a, s, ppv, fomr, prevalence, alpha, gamma = np.split(x, np.cumsum(sizes)[:-1])

    def spread(values: Array, columns: Array) -> Array:
        full = np.full(len(columns), np.nan, np.longdouble)
        full[columns] = values
        return full

    def rate(values: Array) -> Array:
        return 1 / (1 + np.exp(-values))

    return reference_regression.Parameters(
        weights=w.reshape(like.weights.shape),
        intercept=b,
        covariate_weights=a.reshape(like.covariate_weights.shape),
        noise_variance=np.exp(s),
        ppv=spread(rate(ppv), hard),
        fomr=spread(rate(fomr), hard),
        prevalence=rate(prevalence),
        channel_intercept=spread(alpha, soft),
        channel_slope=spread(gamma, soft),
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n_targets", "n_covariates", "missing"), SHAPES)
def test_no_parameter_has_a_gradient_at_convergence(
    n_targets: int, n_covariates: int, missing: float, kind: str
) -> None:
    case = draw_case(
        3 + n_targets, 60, 2, n_targets, n_covariates,
        kind=kind, unknown=0.25, missing=missing, is_weighted=True, effect=3.0,
    )  # fmt: skip
    model = genz.LatentFeatureRegression(tol=0.0, max_iter=5000)
    model._fit(*case.arguments, covariance=False)
    problem, priors = case.problem(), priors_of(model)
    end = as_reference(model.parameters_)
    x = pack(end, problem)

    def objective(x: Array) -> Array:
        return reference_regression.objective(problem, unpack(x, end, problem), priors)

    np.testing.assert_allclose(float(objective(x)), model.log_likelihoods_[-1], rtol=1e-12)
    gradient = reference_regression.gradient(objective, x, step=1e-5).astype(float)
    assert np.abs(gradient).max() < 1e-5


@pytest.mark.parametrize(("n_targets", "n_covariates", "missing"), SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_standard_errors_are_those_of_the_curvature(
    n_targets: int, n_covariates: int, missing: float, kind: str
) -> None:
    case = draw_case(
        11 + n_targets, 60, 2, n_targets, n_covariates,
        kind=kind, unknown=0.2, missing=missing, is_weighted=True,
    )  # fmt: skip
    model = genz.LatentFeatureRegression().fit(*case.arguments)
    problem, priors = case.problem(), priors_of(model)
    end = as_reference(model.parameters_)
    for d in range(n_targets):
        covariance = np.linalg.inv(-coefficient_hessian(problem, end, priors, d).astype(float))
        np.testing.assert_allclose(
            model.covariance_[d], covariance, rtol=1e-5, atol=1e-6 * np.abs(covariance).max()
        )
        std_error = np.sqrt(np.diag(covariance))[1 + n_covariates :]
        np.testing.assert_allclose(model.weights_std_error_[:, d], std_error, rtol=1e-5)


def test_standard_errors_by_quadrature_are_those_by_enumeration() -> None:
    case = draw_case(12, 80, 5, 1, 1, kind="mixed", unknown=0.2, missing=0.1, is_weighted=True)
    one, two = (
        genz.LatentFeatureRegression(solver=solver).fit(*case.arguments)
        for solver in ("enumeration", "quadrature")
    )
    np.testing.assert_allclose(one.covariance_, two.covariance_, rtol=1e-7, atol=1e-10)


def coefficient_hessian(
    problem: Problem, p: reference_regression.Parameters, priors: Priors, d: int
) -> Array:
    """Return the curvature of the objective in (intercept, covariate weights, weights) of d."""
    parts = [p.intercept[d : d + 1], p.covariate_weights[:, d], p.weights[:, d]]

    def objective(x: Array) -> Array:
        intercept, covariate_weights, weights = (
            np.array(a) for a in (p.intercept, p.covariate_weights, p.weights)
        )
        n_covariates = len(covariate_weights)
        intercept[d] = x[0]
        covariate_weights[:, d] = x[1 : 1 + n_covariates]
        weights[:, d] = x[1 + n_covariates :]
        moved = replace(
            p, intercept=intercept, covariate_weights=covariate_weights, weights=weights
        )
        return reference_regression.objective(problem, moved, priors)

    return reference_regression.hessian(objective, np.concatenate(parts))


def test_the_reference_hessian_is_that_of_a_quadratic() -> None:
    """The tool of the tests above, on a function whose answer is known."""
    matrix = np.array([[2.0, -1.0, 0.5], [-1.0, 3.0, 0.0], [0.5, 0.0, 1.0]])
    x = np.array([0.3, -2.0, 5.0], np.longdouble)
    got = reference_regression.hessian(lambda x: x @ matrix @ x / 2, x)
    for i, j in product(range(3), repeat=2):
        assert float(got[i, j]) == pytest.approx(matrix[i, j], abs=1e-9)


@pytest.mark.parametrize("kind", ["hard", "mixed"])
def test_acceleration_saves_half_of_the_e_steps(kind: str) -> None:
    """On cases where judgments and targets say little, EM alone takes hundreds of steps."""
    case = draw_case(1, 1500, 6, 2, kind=kind, unknown=0.2, effect=1.0)
    plain, fast = (
        genz.LatentFeatureRegression(acceleration=acceleration, max_iter=5000)._fit(
            *case.arguments, covariance=False
        )
        for acceleration in (False, True)
    )
    assert plain.n_e_steps_ == plain.n_iter_ + 2  # those of the first start and of its parameters
    assert fast.n_e_steps_ >= fast.n_iter_ + 2
    assert 2 * fast.n_e_steps_ < plain.n_e_steps_
    assert fast.log_likelihoods_[-1] >= plain.log_likelihoods_[-1]
    assert np.diff(fast.log_likelihoods_).min() >= 0


def test_what_ran_is_reported() -> None:
    case = draw_case(2, 80, 4, 1, unknown=0.1)
    by_quadrature = genz.LatentFeatureRegression(solver="quadrature").fit(*case.arguments)
    assert by_quadrature.solver_ == "quadrature"
    assert by_quadrature.exact_
    assert 0 < by_quadrature.worst_certificate_ < 1e-10
    assert by_quadrature.n_rescued_ >= 0

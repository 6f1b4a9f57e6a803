"""`genz.posterior` against the enumeration of `reference.py`, to 1e-10."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import genz
import reference
from conftest import PosteriorProblem
from reference import Array

TOLERANCE = 1e-10
MakeProblem = Callable[..., PosteriorProblem]


def assert_close(got: Array, want: Array) -> None:
    """Compare absolutely: marginals are probabilities, pair moments are compared per item."""
    np.testing.assert_allclose(got, want.astype(float), rtol=0, atol=TOLERANCE)


def assert_log_close(got: Array, want: Array) -> None:
    error = np.abs(got - want) / np.maximum(1, np.abs(want))
    assert error.max() < TOLERANCE


def assert_exact(problem: PosteriorProblem, solver: str) -> None:
    rng = np.random.default_rng(0)
    item_weights = rng.uniform(0.0, 3.0, len(problem.targets))
    want = reference.posterior(*problem.arguments)
    got = genz.posterior(
        *problem.arguments, solver=solver, moments="pairs", item_weights=item_weights
    )
    assert got.exact
    assert_log_close(got.log_evidence, want.log_evidence)
    assert_close(got.marginals, want.marginals)
    assert_close(
        got.pair_moments / item_weights.sum(),
        want.pair_moments(item_weights) / item_weights.sum(),
    )


def test_the_two_oracles_agree(posterior_problem: MakeProblem) -> None:
    problem = posterior_problem(0, 6, 7, certain=0.2)
    steps = np.array([3, -2, 0, 5, -1, 1, 4])
    weights = 0.25 * steps[:, None].astype(float)
    problem = replace(problem, weights=weights)
    want = reference.posterior(*problem.arguments)
    log_evidence, marginals = reference.lattice_posterior(
        problem.targets[:, 0],
        steps,
        0.25,
        problem.intercept[0],
        problem.noise_variance[0],
        problem.log_odds,
    )
    np.testing.assert_allclose(log_evidence, want.log_evidence, rtol=1e-15)
    np.testing.assert_allclose(marginals, want.marginals, rtol=0, atol=1e-16)


def test_one_feature_by_hand() -> None:
    """Bayes' rule with numbers: y = 1, b = 0, w = 2, variance 1, prior 1/4."""
    got = genz.posterior([1.0], [2.0], 0.0, 1.0, [[-np.log(3)]], moments="pairs")
    assert got.log_evidence == pytest.approx([-0.5 * np.log(2 * np.pi) - 0.5], abs=1e-14)
    assert got.marginals == pytest.approx(np.array([[0.25]]), abs=1e-14)
    assert got.pair_moments == pytest.approx(np.array([[0.25]]), abs=1e-14)


@pytest.mark.parametrize("n_targets", [1, 2, 5])
@pytest.mark.parametrize("n_features", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
def test_enumeration_is_exact(
    posterior_problem: MakeProblem, n_features: int, n_targets: int
) -> None:
    n_items = 12 if n_features <= 8 else 5
    problem = posterior_problem(n_features, n_items, n_features, n_targets, certain=0.1)
    assert_exact(problem, "enumeration")


@pytest.mark.parametrize("n_features", [1, 2, 3, 5, 8, 12])
def test_quadrature_is_exact(posterior_problem: MakeProblem, n_features: int) -> None:
    n_items = 12 if n_features <= 8 else 5
    assert_exact(posterior_problem(n_features, n_items, n_features, certain=0.1), "quadrature")


@given(
    seed=st.integers(0, 10**6),
    n_features=st.integers(1, 7),
    n_targets=st.integers(1, 4),
    coupling=st.sampled_from([0.0, 0.1, 1.0, 5.0]),
    missing=st.sampled_from([0.0, 0.3, 1.0]),
    certain=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_any_small_problem_is_exact(
    posterior_problem: MakeProblem,
    seed: int,
    n_features: int,
    n_targets: int,
    coupling: float,
    missing: float,
    certain: float,
) -> None:
    problem = posterior_problem(
        seed, 7, n_features, n_targets, coupling=coupling, missing=missing, certain=certain
    )
    for solver in ("auto", "enumeration") + ("quadrature",) * (n_targets <= 2):
        assert_exact(problem, solver)


@pytest.mark.parametrize("solver", ["enumeration", "quadrature"])
def test_an_item_without_target_keeps_its_prior(
    posterior_problem: MakeProblem, solver: str
) -> None:
    problem = posterior_problem(1, 9, 5, certain=0.2)
    problem.targets[::2] = np.nan
    got = genz.posterior(*problem.arguments, solver=solver)
    assert_close(got.log_evidence[::2], np.zeros(5))
    assert_close(got.marginals[::2], 1 / (1 + np.exp(-problem.log_odds[::2])))


@pytest.mark.parametrize("solver", ["enumeration", "quadrature"])
@pytest.mark.parametrize("coupling", [10.0, 30.0, 100.0])
def test_few_atoms_far_apart(posterior_problem: MakeProblem, solver: str, coupling: float) -> None:
    """Gaps of many noise standard deviations: plain quadrature cancels, it has to condition."""
    for n_features in (1, 2, 4, 9):
        assert_exact(posterior_problem(n_features, 8, n_features, coupling=coupling), solver)


@pytest.mark.parametrize("solver", ["enumeration", "quadrature"])
def test_one_large_weight_among_small_ones(posterior_problem: MakeProblem, solver: str) -> None:
    problem = posterior_problem(5, 8, 9, coupling=0.3)
    problem.weights[[2, 6]] = [[30.0], [-25.0]]
    problem.targets[:, 0] = np.linspace(-30, 35, 8)
    assert_exact(problem, solver)


@pytest.mark.parametrize("solver", ["enumeration", "quadrature"])
@pytest.mark.parametrize("noise_sd", [1e-4, 1e4])
def test_units_of_the_target_do_not_matter(
    posterior_problem: MakeProblem, solver: str, noise_sd: float
) -> None:
    assert_exact(posterior_problem(2, 8, 6, noise_sd=noise_sd), solver)


@pytest.mark.parametrize("solver", ["enumeration", "quadrature"])
def test_tiny_noise_beside_weights_of_size_one(posterior_problem: MakeProblem, solver: str) -> None:
    problem = posterior_problem(3, 8, 6)
    exact_mean = problem.intercept + (problem.log_odds > 0) @ problem.weights
    assert_exact(replace(problem, targets=exact_mean, noise_variance=np.array([1e-6])), solver)


@pytest.mark.parametrize("solver", ["enumeration", "quadrature"])
@pytest.mark.parametrize("distance", [20.0, -60.0, 500.0])
def test_a_target_far_in_the_tail(
    posterior_problem: MakeProblem, solver: str, distance: float
) -> None:
    problem = posterior_problem(4, 6, 8)
    assert_exact(replace(problem, targets=problem.targets + distance), solver)


@pytest.mark.parametrize("solver", ["enumeration", "quadrature"])
def test_log_odds_at_the_edge_of_certainty(posterior_problem: MakeProblem, solver: str) -> None:
    problem = posterior_problem(6, 10, 6)
    extreme = np.array([-745.0, 745.0, -40.0, 40.0, -1e-300, 0.0])
    rng = np.random.default_rng(6)
    assert_exact(replace(problem, log_odds=rng.permuted(np.tile(extreme, (10, 1)), axis=1)), solver)


def test_sixty_features_of_which_ten_are_open(posterior_problem: MakeProblem) -> None:
    problem = posterior_problem(7, 6, 60, coupling=0.5)
    rng = np.random.default_rng(7)
    for row in problem.log_odds:
        known = rng.permutation(60)[:50]
        row[known] = np.copysign(np.inf, row[known])
    assert_exact(problem, "quadrature")
    assert_exact(problem, "enumeration")


@pytest.mark.parametrize(
    ("n_features", "largest_step", "spacing"), [(40, 4, 0.2), (100, 3, 0.3), (100, 2, 5.0)]
)
def test_quadrature_with_many_features(n_features: int, largest_step: int, spacing: float) -> None:
    """Integer weights: a forward-backward pass over the partial sums is the oracle."""
    rng = np.random.default_rng(n_features)
    steps = rng.integers(-largest_step, largest_step + 1, n_features)
    log_odds = rng.normal(scale=2, size=(6, n_features))
    log_odds[0, ::7] = np.inf
    on = rng.random(log_odds.shape) < 1 / (1 + np.exp(-log_odds))
    targets = 0.7 + spacing * (on @ steps) + rng.normal(size=6)
    targets[1] += 25.0
    problem = (targets, steps, spacing, 0.7, 1.3, log_odds)
    log_evidence, marginals = reference.lattice_posterior(*problem)
    got = genz.posterior(targets, spacing * steps, 0.7, 1.3, log_odds, moments="pairs")
    assert got.solver == "quadrature"
    assert_log_close(got.log_evidence, log_evidence)
    assert_close(got.marginals, marginals)
    for k in (0, n_features // 2):
        given_k = log_odds.copy()
        given_k[:, k] = np.inf
        _, marginals_given_k = reference.lattice_posterior(*problem[:-1], given_k)
        want = (marginals[:, k, None] * marginals_given_k).sum(axis=0)
        assert_close(got.pair_moments[k] / 6, want / 6)


@pytest.mark.parametrize("solver", ["enumeration", "quadrature"])
def test_slope_of_log_evidence_is_posterior_minus_prior(
    posterior_problem: MakeProblem, solver: str
) -> None:
    problem = posterior_problem(8, 10, 6)
    marginals = genz.posterior(*problem.arguments, solver=solver).marginals
    prior = 1 / (1 + np.exp(-problem.log_odds))
    step = 1e-5
    for k in range(6):
        ends = []
        for sign in (1, -1):
            moved = problem.log_odds.copy()
            moved[:, k] += sign * step
            moved_problem = replace(problem, log_odds=moved)
            ends.append(genz.posterior(*moved_problem.arguments, solver=solver).log_evidence)
        slope = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(slope, marginals[:, k] - prior[:, k], atol=1e-8)


@pytest.mark.parametrize(("solver", "n_targets"), [("enumeration", 3), ("quadrature", 1)])
def test_order_of_features_and_items_does_not_matter(
    posterior_problem: MakeProblem, solver: str, n_targets: int
) -> None:
    problem = posterior_problem(9, 11, 7, n_targets, missing=0.2, certain=0.1)
    rng = np.random.default_rng(9)
    items, features = rng.permutation(11), rng.permutation(7)
    straight = genz.posterior(*problem.arguments, solver=solver, moments="pairs")
    permuted = genz.posterior(
        problem.targets[items],
        problem.weights[features],
        problem.intercept,
        problem.noise_variance,
        problem.log_odds[np.ix_(items, features)],
        solver=solver,
        moments="pairs",
    )
    assert_log_close(permuted.log_evidence, straight.log_evidence[items])
    assert_close(permuted.marginals, straight.marginals[np.ix_(items, features)])
    assert_close(permuted.pair_moments / 11, straight.pair_moments[np.ix_(features, features)] / 11)


@pytest.mark.parametrize(("solver", "n_targets"), [("enumeration", 2), ("quadrature", 1)])
def test_threads_do_not_change_a_bit(
    posterior_problem: MakeProblem, solver: str, n_targets: int
) -> None:
    problem = posterior_problem(10, 1500, 6, n_targets, missing=0.1)
    one, two = (
        genz.posterior(*problem.arguments, solver=solver, moments="pairs", n_threads=n)
        for n in (1, 2)
    )
    np.testing.assert_array_equal(one.log_evidence, two.log_evidence)
    np.testing.assert_array_equal(one.marginals, two.marginals)
    np.testing.assert_array_equal(one.pair_moments, two.pair_moments)


@pytest.mark.parametrize("solver", ["enumeration", "quadrature"])
def test_moments_are_computed_as_asked(posterior_problem: MakeProblem, solver: str) -> None:
    problem = posterior_problem(11, 20, 6, missing=0.1)
    none, marginals, pairs = (
        genz.posterior(*problem.arguments, solver=solver, moments=moments)
        for moments in ("none", "marginals", "pairs")
    )
    assert none.marginals is None
    assert none.pair_moments is None
    assert marginals.pair_moments is None
    np.testing.assert_allclose(none.log_evidence, pairs.log_evidence, rtol=1e-13)
    np.testing.assert_allclose(marginals.log_evidence, pairs.log_evidence, rtol=1e-13)
    np.testing.assert_allclose(marginals.marginals, pairs.marginals, rtol=0, atol=1e-13)
    np.testing.assert_allclose(np.diag(pairs.pair_moments), pairs.marginals.sum(axis=0), rtol=1e-12)
    np.testing.assert_array_equal(pairs.pair_moments, pairs.pair_moments.T)


def test_item_weights_multiply_pair_moments_only(posterior_problem: MakeProblem) -> None:
    problem = posterior_problem(12, 10, 4, 2)
    weighted = genz.posterior(*problem.arguments, moments="pairs", item_weights=np.arange(10.0))
    plain = genz.posterior(*problem.arguments)
    np.testing.assert_array_equal(weighted.log_evidence, plain.log_evidence)
    np.testing.assert_allclose(np.diag(weighted.pair_moments), np.arange(10) @ plain.marginals)


def test_scalar_targets_in_every_spelling(posterior_problem: MakeProblem) -> None:
    problem = posterior_problem(13, 10, 4)
    y, w, b, s2, log_odds = problem.arguments
    column = genz.posterior(y, w, b, s2, log_odds)
    flat = genz.posterior(y[:, 0], w[:, 0], float(b[0]), float(s2[0]), log_odds)
    fortran = genz.posterior(y, w, b, s2, np.asfortranarray(log_odds))
    lists = genz.posterior(y[:, 0].tolist(), w.tolist(), b.tolist(), s2.tolist(), log_odds.tolist())
    for other in (flat, fortran, lists):
        np.testing.assert_array_equal(other.log_evidence, column.log_evidence)
        np.testing.assert_array_equal(other.marginals, column.marginals)


def test_scalar_intercept_and_noise_variance_hold_for_every_target(
    posterior_problem: MakeProblem,
) -> None:
    y, w, _, _, log_odds = posterior_problem(14, 10, 4, 3).arguments
    got = genz.posterior(y, w, 0.5, 2.0, log_odds)
    want = genz.posterior(y, w, np.full(3, 0.5), np.full(3, 2.0), log_odds)
    np.testing.assert_array_equal(got.log_evidence, want.log_evidence)


def test_no_items_and_no_features(posterior_problem: MakeProblem) -> None:
    y, w, b, s2, log_odds = posterior_problem(15, 5, 3, 2).arguments
    nobody = genz.posterior(y[:0], w, b, s2, log_odds[:0], moments="pairs")
    assert nobody.marginals.shape == (0, 3)
    assert not nobody.pair_moments.any()
    nothing = genz.posterior(y, w[:0], b, s2, log_odds[:, :0], moments="pairs")
    assert nothing.marginals.shape == (5, 0)
    assert_log_close(
        nothing.log_evidence, reference.log_density(y, b, s2.astype(np.longdouble)).sum(axis=1)
    )


def test_auto_names_the_solver_it_chose(posterior_problem: MakeProblem) -> None:
    vector = genz.posterior(*posterior_problem(16, 5, 3, 2).arguments)
    assert vector.solver == "enumeration"
    wide = genz.posterior(*posterior_problem(16, 5, 30).arguments)
    assert wide.solver == "quadrature"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("weights", np.nan, "weights"),
        ("weights", np.inf, "weights"),
        ("log_odds", np.nan, "log_odds|log odds"),
        ("intercept", np.nan, "intercept"),
        ("noise_variance", np.inf, "noise_variance|noise variance"),
        ("noise_variance", 0.0, "noise_variance|noise variance"),
        ("noise_variance", -1.0, "noise_variance|noise variance"),
        ("targets", -np.inf, "targets"),
    ],
)
def test_unusable_numbers_are_named(
    posterior_problem: MakeProblem, name: str, value: float, words: str
) -> None:
    problem = posterior_problem(17, 5, 3, 2)
    getattr(problem, name)[(-1,) * getattr(problem, name).ndim] = value
    with pytest.raises(genz.DataError, match=words):
        genz.posterior(*problem.arguments)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("targets", (4, 2)),
        ("targets", (5, 3)),
        ("targets", (5, 2, 1)),
        ("weights", (4, 2)),
        ("weights", (3, 1)),
        ("intercept", (3,)),
        ("noise_variance", (1, 2, 1)),
        ("log_odds", (5,)),
        ("log_odds", (5, 4)),
    ],
)
def test_wrong_shapes_are_refused(
    posterior_problem: MakeProblem, name: str, shape: tuple[int, ...]
) -> None:
    problem = replace(posterior_problem(18, 5, 3, 2), **{name: np.ones(shape)})
    with pytest.raises(genz.DataError):
        genz.posterior(*problem.arguments)


@pytest.mark.parametrize("item_weights", [np.ones(4), -np.ones(5), np.full(5, np.nan)])
def test_unusable_item_weights_are_refused(
    posterior_problem: MakeProblem, item_weights: Array
) -> None:
    with pytest.raises(genz.DataError, match="weight"):
        genz.posterior(*posterior_problem(19, 5, 3).arguments, item_weights=item_weights)


@pytest.mark.parametrize(
    "options", [{"solver": "guess"}, {"moments": "all"}, {"n_threads": 0}, {"n_threads": -2}]
)
def test_unknown_options_are_refused(
    posterior_problem: MakeProblem, options: dict[str, object]
) -> None:
    with pytest.raises(genz.UsageError):
        genz.posterior(*posterior_problem(20, 5, 3).arguments, **options)


def test_quadrature_refuses_three_target_dimensions(posterior_problem: MakeProblem) -> None:
    with pytest.raises(genz.SolverError, match="enumeration"):
        genz.posterior(*posterior_problem(21, 5, 3, 3).arguments, solver="quadrature")


@pytest.mark.parametrize("n_targets", [1, 2])
def test_enumeration_refuses_more_than_twenty_two_free_features(
    posterior_problem: MakeProblem, n_targets: int
) -> None:
    problem = posterior_problem(22, 2, 23, n_targets)
    with pytest.raises(genz.SolverError, match="22"):
        genz.posterior(*problem.arguments, solver="enumeration")
    problem.log_odds[:, 4] = np.inf
    assert genz.posterior(*problem.arguments, solver="enumeration", moments="none").exact


def test_auto_says_where_it_can_only_approximate(posterior_problem: MakeProblem) -> None:
    answer = genz.posterior(*posterior_problem(23, 3, 25, 3).arguments)
    assert answer.solver == "expectation_propagation"
    assert not answer.exact
    assert answer.worst_certificate > 1e-3
    assert "no exact method is practical for 25 coupled features of rank 3" in answer.why


@pytest.mark.parametrize(
    "solver", ["enumeration", "quadrature", "branch_and_bound", "expectation_propagation"]
)
def test_a_solver_that_is_asked_for_answers(posterior_problem: MakeProblem, solver: str) -> None:
    problem = posterior_problem(24, 4, 6, 2)
    want = genz.posterior(*problem.arguments)
    got = genz.posterior(*problem.arguments, solver=solver)
    assert got.solver == solver
    assert got.why == f"{solver}: asked for"
    assert got.exact == (solver != "expectation_propagation")
    difference = np.abs(got.log_evidence - want.log_evidence).max()
    assert difference <= max(1e-8, 0 if got.exact else got.worst_certificate)
    assert got.seconds > 0

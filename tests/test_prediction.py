"""Predictions of `LatentFeatureRegression` against the enumerated mixture."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

import genz
import reference_regression
from genz import _core
from genz.statistics.prediction import Predictive
from reference import Array
from reference_cases import Case, as_reference, draw_case
from reference_regression import mixture_quantile, predictive_states

Fitted = tuple[Case, genz.LatentFeatureRegression]


@pytest.fixture(
    scope="module",
    params=[(1, "hard"), (1, "mixed"), (3, "mixed"), (2, "probability")],
    ids=lambda parameters: "-".join(map(str, parameters)),
)
def fitted(request: pytest.FixtureRequest) -> Fitted:
    n_targets, kind = request.param
    case = draw_case(
        n_targets, 80, 4, n_targets, 2, kind=kind, unknown=0.2, missing=0.1, effect=4.0
    )
    return case, genz.LatentFeatureRegression().fit(*case.arguments)


def mixture(case: Case, model: genz.LatentFeatureRegression, n: int) -> tuple[Array, Array, Array]:
    """Return mass (S,), means (S, D) and variances (S, D) of every state of item n.

    The coefficients' uncertainty is averaged over the states, as the core's documentation says.
    """
    problem, p = case.problem(), as_reference(model.parameters_)
    states, mass = predictive_states(reference_regression.log_odds(problem, p)[n])
    x = problem.covariates[n]
    means = p.intercept + x @ p.covariate_weights + states @ p.weights
    phi = np.column_stack([np.ones(len(states)), np.tile(x, (len(states), 1)), states])
    by_state = np.einsum("sm,dml,sl->sd", phi, model.covariance_, phi)
    return mass, means, np.tile(p.noise_variance + mass @ by_state, (len(states), 1))


def test_mean_and_std_are_those_of_the_mixture(fitted: Fitted) -> None:
    case, model = fitted
    mean, std = model.predict(case.judgments, case.covariates, return_std=True)
    np.testing.assert_array_equal(model.predict(case.judgments, case.covariates), mean)
    assert mean.shape == case.targets.shape
    for n in range(len(mean)):
        mass, means, variances = mixture(case, model, n)
        want = mass @ means
        np.testing.assert_allclose(mean[n], want.astype(float), rtol=1e-10)
        spread = mass @ (variances + (means - want) ** 2)
        np.testing.assert_allclose(std[n], np.sqrt(spread).astype(float), rtol=1e-10)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.999])
def test_intervals_are_exact_quantiles(fitted: Fitted, level: float) -> None:
    case, model = fitted
    ends = np.stack(model.predict_interval(case.judgments, case.covariates, level=level))
    for n in range(0, len(case.judgments), 4):
        mass, means, variances = mixture(case, model, n)
        for d in range(means.shape[1]):
            for end, tail in zip(ends[:, n, d], ((1 - level) / 2, (1 + level) / 2), strict=True):
                want = mixture_quantile(tail, mass, means[:, d], float(variances[0, d]))
                assert end == pytest.approx(want, rel=1e-9, abs=1e-9)


def test_density_is_that_of_the_mixture(fitted: Fitted) -> None:
    case, model = fitted
    model = replace_covariance(model)
    predictive = model.predictive(case.judgments, case.covariates)
    got = predictive.log_density(case.targets)
    problem, p = case.problem(), as_reference(model.parameters_)
    want = reference_regression.item_posteriors(problem, p).log_evidence
    np.testing.assert_allclose(got, want.astype(float), rtol=1e-10, atol=1e-12)


def replace_covariance(model: genz.LatentFeatureRegression) -> genz.LatentFeatureRegression:
    """Return the model with its coefficients taken as known."""
    known = copy.copy(model)
    known.covariance_ = None
    return known


def test_posterior_is_that_of_the_reference(fitted: Fitted) -> None:
    case, model = fitted
    got = model.posterior(case.judgments, case.targets, case.covariates)
    want = reference_regression.item_posteriors(case.problem(), as_reference(model.parameters_))
    np.testing.assert_allclose(
        got.log_evidence, want.log_evidence.astype(float), rtol=1e-10, atol=1e-12
    )
    np.testing.assert_allclose(got.marginals, want.marginals.astype(float), atol=1e-10)
    assert model.log_likelihood_ == pytest.approx(got.log_evidence.sum(), rel=1e-10)


def test_transform_is_the_prior_of_the_channel(fitted: Fitted) -> None:
    case, model = fitted
    odds = reference_regression.log_odds(case.problem(), as_reference(model.parameters_))
    np.testing.assert_allclose(
        model.transform(case.judgments), (1 / (1 + np.exp(-odds))).astype(float), rtol=1e-12
    )


def test_score_is_the_explained_share_of_the_variance(fitted: Fitted) -> None:
    case, model = fitted
    v = np.random.default_rng(0).uniform(size=len(case.judgments))
    mean = model.predict(case.judgments, case.covariates)
    shares = []
    for y, m in zip(case.targets.T, mean.T, strict=True):
        seen = ~np.isnan(y)
        centre = np.average(y[seen], weights=v[seen])
        residual = np.average((y[seen] - m[seen]) ** 2, weights=v[seen])
        shares.append(1 - residual / np.average((y[seen] - centre) ** 2, weights=v[seen]))
    got = model.score(case.judgments, case.targets, case.covariates, sample_weight=v)
    assert got == pytest.approx(np.mean(shares), rel=1e-10)
    assert got > 0.3


def test_a_flat_target_gives_flat_predictions() -> None:
    case = draw_case(5, 60, 3)
    column = genz.LatentFeatureRegression().fit(case.judgments, case.targets)
    flat = genz.LatentFeatureRegression().fit(case.judgments, case.targets[:, 0])
    for got, want in zip(
        [*flat.predict(case.judgments, return_std=True), *flat.predict_interval(case.judgments)],
        [
            *column.predict(case.judgments, return_std=True),
            *column.predict_interval(case.judgments),
        ],
        strict=True,
    ):
        assert got.shape == (60,)
        np.testing.assert_array_equal(got, want[:, 0])
    assert flat.score(case.judgments, case.targets[:, 0]) == column.score(
        case.judgments, case.targets
    )


def test_unknown_judgments_widen_the_interval() -> None:
    case = draw_case(6, 200, 3, unknown=0.1, effect=5.0)
    model = genz.LatentFeatureRegression().fit(case.judgments, case.targets)
    lower, upper = model.predict_interval([[1.0, 0.0, 1.0], [np.nan] * 3])
    assert (upper - lower)[1] > 1.2 * (upper - lower)[0]


@pytest.mark.parametrize("kind", ["hard", "probability"])
def test_intervals_cover_what_they_claim(kind: str) -> None:
    """On new items of the planted model."""
    covered, n_old, n_new = 0, 200, 400
    for seed in range(12):
        case = draw_case(seed, n_old + n_new, 4, 1, 1, kind=kind, unknown=0.1)
        old = slice(None, n_old)
        model = genz.LatentFeatureRegression(max_iter=5000)
        model.fit(case.judgments[old], case.targets[old], case.covariates[old])
        new = slice(n_old, None)
        lower, upper = model.predict_interval(case.judgments[new], case.covariates[new])
        inside = (lower <= case.targets[new]) & (case.targets[new] <= upper)
        covered += int(inside.sum())
    assert 0.87 < covered / (12 * n_new) < 0.93


@pytest.mark.parametrize("sd", [1.0, 0.05, 0.001])
@pytest.mark.parametrize("n_features", [0, 1, 6])
def test_distribution_and_quantiles_are_inverse(n_features: int, sd: float) -> None:
    rng = np.random.default_rng(n_features)
    log_odds = rng.normal(scale=2, size=(5, n_features))
    log_odds[:, :1] = np.inf
    weights, shift = rng.normal(size=n_features), rng.normal(size=5)
    sds = np.full(5, sd)
    levels = [0.001, 0.05, 0.3, 0.5, 0.9, 0.9999]
    quantiles = _core.mixture_quantiles(log_odds, weights, shift, sds, None, levels, None)
    assert (np.diff(quantiles, axis=1) > 0).all()
    for column, level in enumerate(levels):
        at = np.ascontiguousarray(quantiles[:, column])
        got = _core.mixture_distribution(log_odds, weights, shift, sds, None, at, None)
        # The distribution rises by at most 0.4 / sd for each unit of y.
        np.testing.assert_allclose(got, level, rtol=0, atol=1e-10 / sd)


def test_distribution_is_the_sum_over_states() -> None:
    rng = np.random.default_rng(3)
    log_odds, weights = rng.normal(scale=2, size=(30, 6)), rng.normal(scale=3, size=6)
    shift, sd, values = rng.normal(size=30), rng.uniform(0.1, 2, 30), rng.normal(scale=6, size=30)
    got = _core.mixture_distribution(log_odds, weights, shift, sd, None, values, 2)
    for n in range(30):
        states, mass = predictive_states(log_odds[n].astype(np.longdouble))
        means = (shift[n] + states @ weights).astype(float)
        want = mass.astype(float) @ ndtr((values[n] - means) / sd[n])
        assert got[n] == pytest.approx(want, abs=1e-12)


def test_noise_tiny_beside_the_weights_is_refused_not_stored() -> None:
    """The grid of sd = 1e-9 would take terabytes."""
    predictive = Predictive(
        log_odds=np.zeros((2, 3)),
        weights=np.ones((3, 1)),
        shift=np.zeros((2, 1)),
        sd=np.array([[1.0], [1e-9]]),
    )
    with pytest.raises(genz.DataError, match=r"sd\[1, 0\] is 0.000000001"):
        predictive.quantiles([0.5])


@pytest.mark.parametrize(
    ("name", "value"),
    [("log_odds", np.nan), ("weights", np.inf), ("shift", np.nan), ("sd", 0.0), ("sd", -1.0)],
)
def test_unusable_mixtures_are_refused(name: str, value: float) -> None:
    fields = {
        "log_odds": np.zeros((2, 3)),
        "weights": np.ones((3, 1)),
        "shift": np.zeros((2, 1)),
        "sd": np.ones((2, 1)),
    }
    fields[name][-1, -1] = value
    with pytest.raises(genz.DataError, match=name):
        Predictive(**fields).quantiles([0.5])
    with pytest.raises(genz.DataError, match="levels"):
        replace(Predictive(**fields), **{name: np.ones_like(fields[name])}).quantiles([1.0])

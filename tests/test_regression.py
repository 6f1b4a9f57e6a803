"""What a fit by `LatentFeatureRegression` promises beside its mathematics."""

from dataclasses import fields

import numpy as np
import pytest

import genz
from genz.statistics.parameters import Parameters
from reference import Array
from reference_cases import draw_case


def assert_same_fit(
    got: genz.LatentFeatureRegression, want: genz.LatentFeatureRegression, tolerance: float
) -> None:
    for field in fields(Parameters):
        np.testing.assert_allclose(
            getattr(got.parameters_, field.name),
            getattr(want.parameters_, field.name),
            rtol=tolerance,
            atol=tolerance,
            err_msg=field.name,
        )
    np.testing.assert_allclose(got.covariance_, want.covariance_, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(got.log_likelihoods_, want.log_likelihoods_, rtol=tolerance)


@pytest.mark.parametrize("kind", ["hard", "probability"])
def test_integer_weights_are_repeated_items(kind: str) -> None:
    case = draw_case(1, 60, 3, 2, 1, kind=kind, unknown=0.1, missing=0.1)
    counts = np.random.default_rng(1).integers(0, 4, 60)
    weighted, repeated = (genz.LatentFeatureRegression(max_iter=2000) for _ in range(2))
    weighted.fit(case.judgments, case.targets, case.covariates, counts)
    rows = np.repeat(np.arange(60), counts)
    repeated.fit(case.judgments[rows], case.targets[rows], case.covariates[rows])
    assert_same_fit(weighted, repeated, 1e-9)


def test_items_of_weight_zero_change_nothing() -> None:
    case = draw_case(2, 50, 3, 1, 1, kind="mixed", unknown=0.1)
    outlier = (np.ones((1, 3)), [[1e6]], [[-300.0]])
    alone = genz.LatentFeatureRegression().fit(case.judgments, case.targets, case.covariates)
    joined = genz.LatentFeatureRegression().fit(
        *(np.vstack(pair) for pair in zip(case.arguments, outlier, strict=False)),
        sample_weight=np.append(np.ones(50), 0.0),
    )
    assert_same_fit(joined, alone, 1e-9)


def test_an_item_without_target_informs_nothing_about_the_regression() -> None:
    """Its posterior is its prior, so that channels feel it only as their own expectation."""
    case = draw_case(3, 60, 2, 2, missing=0.0)
    judgments = np.vstack([case.judgments, [[1.0, np.nan]] * 5])
    targets = np.vstack([case.targets, np.full((5, 2), np.nan)])
    alone = genz.LatentFeatureRegression(tol=1e-13, max_iter=5000).fit(case.judgments, case.targets)
    # The centre of the prevalence's prior is the mean known judgment, which the new items move.
    joined = genz.LatentFeatureRegression(tol=1e-13, max_iter=5000).fit(judgments, targets)
    np.testing.assert_allclose(joined.weights_, alone.weights_, rtol=1e-5)
    np.testing.assert_allclose(joined.ppv_, alone.ppv_, rtol=1e-5)
    assert joined.log_likelihood_ == pytest.approx(alone.log_likelihood_, rel=1e-7)


def test_a_vector_target_of_independent_columns_shares_its_features() -> None:
    """Two targets tell more of z than one: the posterior of both is the sharper."""
    case = draw_case(4, 300, 2, 2, effect=1.5)
    both = genz.LatentFeatureRegression().fit(case.judgments, case.targets)
    one = genz.LatentFeatureRegression().fit(case.judgments, case.targets[:, 0])
    assert both.weights_.shape == (2, 2)
    assert one.weights_.shape == (2, 1)

    def surprise(marginals: Array) -> float:
        return -float(np.log(np.where(case.latent == 1, marginals, 1 - marginals)).mean())

    posteriors = (
        both.posterior(case.judgments, case.targets),
        one.posterior(case.judgments, case.targets[:, 0]),
    )
    assert surprise(posteriors[0].marginals) < surprise(posteriors[1].marginals)


def test_symmetric_noise_has_one_error_rate() -> None:
    case = draw_case(5, 120, 3, unknown=0.1)
    model = genz.LatentFeatureRegression(noise="symmetric").fit(case.judgments, case.targets)
    np.testing.assert_allclose(model.ppv_, 1 - model.fomr_, rtol=1e-14)
    free = genz.LatentFeatureRegression().fit(case.judgments, case.targets)
    assert np.abs(free.ppv_ - 1 + free.fomr_).max() > 0.01


@pytest.mark.parametrize("kind", ["hard", "probability", "mixed"])
def test_kinds_of_columns_are_found(kind: str) -> None:
    case = draw_case(6, 80, 4, kind=kind, unknown=0.2)
    model = genz.LatentFeatureRegression().fit(case.judgments, case.targets)
    is_soft = case.problem().is_probability
    assert is_soft.sum() == {"hard": 0, "probability": 4, "mixed": 2}[kind]
    for rates in (model.ppv_, model.fomr_):
        np.testing.assert_array_equal(np.isnan(rates), is_soft)
    for channel in (model.channel_intercept_, model.channel_slope_):
        np.testing.assert_array_equal(np.isnan(channel), ~is_soft)
    assert np.isfinite(model.prevalence_).all()


def test_hard_judgments_can_be_declared_probabilities() -> None:
    case = draw_case(7, 80, 2)
    model = genz.LatentFeatureRegression(judgment_kind=["probability", "hard"])
    model.fit(case.judgments, case.targets)
    np.testing.assert_array_equal(np.isnan(model.ppv_), [True, False])


@pytest.mark.parametrize(("n_targets", "n_features"), [(1, 5), (1, 16), (2, 5)])
def test_threads_do_not_change_a_bit(n_targets: int, n_features: int) -> None:
    case = draw_case(
        9, 1200, n_features, n_targets, 1, kind="mixed", unknown=0.1, missing=0.1, is_weighted=True
    )
    one, two = (
        genz.LatentFeatureRegression(max_iter=3, n_threads=n)._fit(*case.arguments) for n in (1, 2)
    )
    for field in fields(Parameters):
        np.testing.assert_array_equal(
            getattr(one.parameters_, field.name), getattr(two.parameters_, field.name)
        )
    np.testing.assert_array_equal(one.covariance_, two.covariance_)
    np.testing.assert_array_equal(one.log_likelihoods_, two.log_likelihoods_)


def test_a_fit_that_did_not_converge_warns_and_returns() -> None:
    case = draw_case(10, 60, 3)
    model = genz.LatentFeatureRegression(max_iter=2)
    with pytest.warns(genz.ConvergenceWarning, match="max_iter=2"):
        model.fit(case.judgments, case.targets)
    assert not model.converged_
    assert model.n_iter_ == 2
    assert model.predict(case.judgments).shape == (60, 1)


def test_units_of_targets_and_covariates_do_not_matter() -> None:
    case = draw_case(11, 80, 3, 2, 2, kind="mixed", unknown=0.1, missing=0.1)
    unit, origin = np.array([1e-3, 250.0]), np.array([-4e-3, 1e5])
    x_unit, x_origin = np.array([12.0, 1e-4]), np.array([-30.0, 7e-4])
    plain = genz.LatentFeatureRegression().fit(*case.arguments)
    changed = genz.LatentFeatureRegression().fit(
        case.judgments, origin + unit * case.targets, x_origin + x_unit * case.covariates
    )
    np.testing.assert_allclose(changed.weights_, unit * plain.weights_, rtol=1e-8)
    np.testing.assert_allclose(
        changed.weights_std_error_, unit * plain.weights_std_error_, rtol=1e-8
    )
    np.testing.assert_allclose(changed.noise_variance_, unit**2 * plain.noise_variance_, rtol=1e-8)
    np.testing.assert_allclose(
        changed.covariate_weights_, plain.covariate_weights_ * unit / x_unit[:, None], rtol=1e-8
    )
    np.testing.assert_allclose(
        changed.intercept_,
        origin + unit * plain.intercept_ - x_origin @ changed.covariate_weights_,
        rtol=1e-8,
    )
    seen = (~np.isnan(case.targets)).sum(axis=0)
    assert changed.log_likelihood_ == pytest.approx(
        plain.log_likelihood_ - seen @ np.log(unit), rel=1e-9
    )
    for name in ("ppv_", "fomr_", "prevalence_", "channel_intercept_", "channel_slope_"):
        np.testing.assert_allclose(getattr(changed, name), getattr(plain, name), rtol=1e-7)


def test_without_features_it_is_least_squares() -> None:
    case = draw_case(12, 50, 0, 1, 2)
    model = genz.LatentFeatureRegression().fit(case.judgments, case.targets, case.covariates)
    design = np.column_stack([np.ones(50), case.covariates])
    beta, power, *_ = np.linalg.lstsq(design, case.targets[:, 0])
    assert model.intercept_ == pytest.approx(beta[:1])
    assert model.covariate_weights_[:, 0] == pytest.approx(beta[1:])
    assert model.noise_variance_ == pytest.approx(power / 50)
    covariance = np.linalg.inv(design.T @ design) * power / 50
    np.testing.assert_allclose(model.covariance_[0], covariance, rtol=1e-9)
    assert model.weights_.shape == (0, 1)
    np.testing.assert_allclose(
        model.predict(case.judgments, case.covariates)[:, 0], design @ beta, rtol=1e-10
    )


@pytest.mark.parametrize("kind", ["hard", "probability"])
def test_many_items_give_the_planted_model_back(kind: str) -> None:
    case = draw_case(14, 6000, 4, 1, 1, kind=kind, unknown=0.1, effect=3.0)
    model = genz.LatentFeatureRegression().fit(*case.arguments)
    planted = case.planted
    errors = (model.weights_ - planted.weights) / model.weights_std_error_
    assert np.abs(errors).max() < 4
    assert model.weights_std_error_.max() < 0.15
    np.testing.assert_allclose(model.noise_variance_, planted.noise_variance, rtol=0.1)
    np.testing.assert_allclose(model.covariate_weights_, planted.covariate_weights, atol=0.03)
    np.testing.assert_allclose(model.prevalence_, planted.prevalence, atol=0.08)
    if kind == "hard":
        np.testing.assert_allclose(model.ppv_, planted.ppv, atol=0.04)
        np.testing.assert_allclose(model.fomr_, planted.fomr, atol=0.04)
    else:
        np.testing.assert_allclose(model.channel_intercept_, planted.channel_intercept, atol=0.2)
        np.testing.assert_allclose(model.channel_slope_, planted.channel_slope, atol=0.25)


def test_standard_errors_are_the_spread_of_the_estimates() -> None:
    """Weights of 60 fits to new draws scatter around the planted ones as they claim."""
    scores = []
    for seed in range(60):
        case = draw_case(15, 300, 2, effect=3.0)
        rng = np.random.default_rng(seed)
        p = case.planted
        latent = rng.random((300, 2)) < 1 / (1 + np.exp(-p.log_odds(case.judgments)))
        noise = np.sqrt(p.noise_variance) * rng.normal(size=(300, 1))
        targets = p.intercept + latent @ p.weights + noise
        model = genz.LatentFeatureRegression(ridge=0.0).fit(case.judgments, targets)
        scores.append((model.weights_ - p.weights) / model.weights_std_error_)
    assert 0.8 < np.std(scores) < 1.25

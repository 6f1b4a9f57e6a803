"""Gold labels of `LatentFeatureRegression`: against the reference, and what they are good for."""

from dataclasses import fields, replace

import numpy as np
import pytest

import genz
import reference_regression
from genz.statistics.parameters import Parameters
from reference import Array
from reference_cases import Case, as_core, as_reference, draw_case, priors_of, start_of


def labels_of(case: Case, share: float, seed: int = 0) -> Array:
    """Return the truth of a random share of the cells."""
    known = np.random.default_rng(seed).random(case.latent.shape) < share
    return np.where(known, case.latent, np.nan)


@pytest.mark.parametrize("kind", ["hard", "probability", "mixed"])
@pytest.mark.parametrize(("n_targets", "missing"), [(1, 0.1), (2, 0.3)])
def test_one_iteration_is_the_reference_m_step(n_targets: int, missing: float, kind: str) -> None:
    case = draw_case(
        n_targets, 40, 3, n_targets, 1, kind=kind, unknown=0.2, missing=missing, is_weighted=True
    )
    gold = labels_of(case, 0.3)
    start = start_of(case, 5)
    problem = replace(case.problem(), gold=gold)
    model = genz.LatentFeatureRegression(max_iter=1)
    model._fit(*case.arguments, gold=gold, start=start, covariance=False)
    priors = priors_of(model)
    want = as_core(reference_regression.m_step(problem, as_reference(start), priors))
    for field in fields(Parameters):
        got = getattr(model.parameters_, field.name)
        np.testing.assert_allclose(
            got, getattr(want, field.name), rtol=1e-10, atol=1e-10, err_msg=field.name
        )
    ends = [as_reference(start), as_reference(model.parameters_)]
    objectives = [float(reference_regression.objective(problem, p, priors)) for p in ends]
    np.testing.assert_allclose(model.log_likelihoods_, objectives, rtol=1e-10)
    np.testing.assert_allclose(
        model.log_likelihood_,
        float(reference_regression.log_likelihood(problem, ends[1])),
        rtol=1e-10,
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_objective_never_falls(seed: int) -> None:
    kind = ("hard", "probability", "mixed")[seed % 3]
    case = draw_case(seed, 60, 4, 1 + seed % 2, kind=kind, unknown=0.2, missing=0.1)
    for solver in ("enumeration", "quadrature")[: 2 if case.targets.shape[1] == 1 else 1]:
        model = genz.LatentFeatureRegression(solver=solver)
        model.fit(*case.arguments, gold=labels_of(case, 0.2, seed))
        rises = np.diff(model.log_likelihoods_)
        assert rises.min() >= -1e-9 * np.abs(model.log_likelihoods_).max()


def test_hundreds_of_features_take_labels() -> None:
    """Moments of marginals alone, with certain features among them."""
    case = draw_case(1, 300, 110, effect=0.3)
    gold = labels_of(case, 0.3)
    model = genz.LatentFeatureRegression(max_iter=10, tol=1e-3)
    model._fit(*case.arguments, gold=gold, covariance=False)
    assert np.diff(model.log_likelihoods_).min() >= 0
    with_labels = model.log_likelihood_
    model._fit(*case.arguments, covariance=False)
    assert with_labels < model.log_likelihood_  # the labels are data, and have a probability


def test_labels_of_everything_make_it_a_plain_regression() -> None:
    case = draw_case(3, 200, 3, 2)
    model = genz.LatentFeatureRegression(ridge=0.0, rate_strength=0.0)
    model.fit(*case.arguments, gold=case.latent)
    design = np.column_stack([np.ones(200), case.latent])
    coefficients = np.linalg.lstsq(design, case.targets, rcond=None)[0]
    np.testing.assert_allclose(model.weights_, coefficients[1:], rtol=1e-9)
    for k in range(3):
        answer = case.judgments[:, k]
        assert model.ppv_[k] == pytest.approx(case.latent[answer == 1, k].mean(), rel=1e-9)
        assert model.fomr_[k] == pytest.approx(case.latent[answer == 0, k].mean(), abs=1e-9)


def test_labels_tell_which_way_round_a_judge_answers() -> None:
    """Without labels a feature is read so that a yes speaks for it."""
    case = draw_case(4, 400, 2, 2)
    against = case.judgments.copy()
    against[:, 0] = 1 - against[:, 0]
    gold = labels_of(case, 0.3)
    gold[:, 1] = np.nan
    model = genz.LatentFeatureRegression().fit(against, case.targets, gold=gold)
    assert model.ppv_[0] < 0.3
    assert model.fomr_[0] > 0.7
    np.testing.assert_allclose(model.weights_, case.planted.weights, atol=0.4)
    blind = genz.LatentFeatureRegression().fit(against, case.targets)
    assert blind.ppv_[0] > blind.fomr_[0]
    np.testing.assert_allclose(blind.weights_[0], -model.weights_[0], atol=0.1)


def test_labels_teach_rates_that_the_target_does_not_show() -> None:
    """A target without signal says nothing of the rates; the prior alone would."""
    case = draw_case(5, 2000, 2, effect=0.0)
    gold = labels_of(case, 0.2)
    model = genz.LatentFeatureRegression().fit(*case.arguments, gold=gold)
    np.testing.assert_allclose(model.ppv_, case.planted.ppv, atol=0.06)
    np.testing.assert_allclose(model.fomr_, case.planted.fomr, atol=0.06)


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        (np.full((40, 2), 0.5), r"gold\[0, 0\] is 0.5, wanted 0, 1 or NaN"),
        (np.full((40, 2), 2), r"gold\[0, 0\] is 2, wanted"),
        (np.ones((39, 2)), r"gold has shape \[39, 2\], wanted \[40, 2\]"),
        (np.ones((40, 3)), r"gold has shape \[40, 3\]"),
        ([["yes", "no"]] * 40, "gold is 'yes' in row 0"),
    ],
)
def test_unusable_labels(gold: object, text: str) -> None:
    case = draw_case(0, 40, 2)
    with pytest.raises(genz.DataError, match=text):
        genz.LatentFeatureRegression().fit(*case.arguments, gold=gold)


@pytest.mark.parametrize("dtype", [float, "float32", "uint8"])
def test_labels_of_any_type(dtype: str) -> None:
    case = draw_case(6, 60, 2)
    gold = labels_of(case, 0.5)
    want = genz.LatentFeatureRegression().fit(*case.arguments, gold=gold)
    typed = np.where(np.isnan(gold), 255, gold).astype("uint8") if dtype == "uint8" else gold
    got = genz.LatentFeatureRegression().fit(*case.arguments, gold=typed.astype(dtype))
    np.testing.assert_array_equal(got.weights_, want.weights_)

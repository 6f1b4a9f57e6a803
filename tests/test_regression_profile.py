"""The profile of the likelihood over an error rate, and rates that EM holds."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import genz
import reference_regression
from genz.statistics.profile import DROP, Profile
from reference import Array
from reference_cases import as_reference, draw_case, priors_of

ROUGH = (0.02, 0.05, 0.1, 0.2, 0.3, 0.45)


@pytest.mark.parametrize("rate", ["ppv", "fomr", "both"])
def test_held_rates_stay_and_the_rest_is_a_maximum(rate: str) -> None:
    """At the end no coordinate but those held can raise the reference's objective."""
    case = draw_case(1, 60, 2, unknown=0.1)
    model = genz.LatentFeatureRegression(tol=1e-13, max_iter=5000).fit(*case.arguments)
    start = replace(model.parameters_, ppv=np.array([0.7, 0.9]), fomr=np.array([0.25, 0.1]))
    model._fit(*case.arguments, held=(0, rate), start=start, covariance=False)
    fitted = model.parameters_
    assert (fitted.ppv[0] == pytest.approx(0.7, rel=1e-12)) == (rate != "fomr")
    assert (fitted.fomr[0] == pytest.approx(0.25, rel=1e-12)) == (rate != "ppv")
    assert np.diff(model.log_likelihoods_).min() >= -1e-9
    problem, priors = case.problem(), priors_of(model)
    end = as_reference(fitted)
    best = float(reference_regression.objective(problem, end, priors))
    assert model.log_likelihoods_[-1] == pytest.approx(best, rel=1e-9)
    free = {"ppv": [1], "fomr": [1], "prevalence": [0, 1], "intercept": [0]}
    free["ppv"] += [0] if rate == "fomr" else []
    free["fomr"] += [0] if rate == "ppv" else []
    for name, entries in free.items():
        for k in entries:
            for step in (-1e-3, 1e-3):
                moved = getattr(end, name).copy()
                moved[k] += step
                moved_end = replace(end, **{name: moved})
                value = float(reference_regression.objective(problem, moved_end, priors))
                assert value < best, (name, k)


def test_a_vector_target_identifies_the_rates() -> None:
    case = draw_case(2, 1500, 3, 4, effect=1.5)
    model = genz.LatentFeatureRegression(n_threads=2).fit(*case.arguments)
    for k in range(3):
        for rate in ("ppv", "fomr"):
            profile = model.profile(*case.arguments, feature=k, rate=rate)
            truth = case.latent[case.judgments[:, k] == (rate == "ppv"), k].mean()
            error = 1 - truth if rate == "ppv" else truth
            assert profile.identified
            assert profile.interval[0] - 0.01 <= error <= profile.interval[1] + 0.01
            assert profile.interval[1] - profile.interval[0] < 0.1


def scalar_case() -> tuple[Array, Array, Array]:
    """Return truth, judgments with an error rate of 0.1 and one target at R2 = 0.35."""
    rng = np.random.default_rng(3)
    truth = (rng.random((600, 5)) < 0.4).astype(float)
    judgments = np.where(rng.random(truth.shape) < 0.1, 1 - truth, truth)
    y = truth @ np.full(5, 0.67) + rng.normal(size=600)
    return truth, judgments, y


def test_a_scalar_target_does_not_identify_the_rates() -> None:
    """The higher the error rate, the steeper the effect behind it, and the likelihood is flat."""
    _, judgments, y = scalar_case()
    model = genz.LatentFeatureRegression(n_threads=2).fit(judgments, y)
    profile = model.profile(judgments, y, feature=0, rate="both")
    assert not profile.identified
    inside = (profile.errors >= profile.interval[0]) & (profile.errors <= profile.interval[1])
    weights = profile.weights[inside, 0]
    assert (np.diff(weights) > 0).all()
    assert weights.max() > 1.25 * weights.min()
    assert np.ptp(profile.log_likelihood[inside]) <= DROP
    assert np.ptp(profile.interval) > 0.2


def test_labels_identify_the_rates() -> None:
    truth, judgments, y = scalar_case()
    gold = np.where(np.arange(600)[:, np.newaxis] < 300, truth, np.nan)
    model = genz.LatentFeatureRegression(n_threads=2)
    blind = model.fit(judgments, y).profile(judgments, y, feature=0, rate="both")
    model.fit(judgments, y, gold=gold)
    profile = model.profile(judgments, y, gold=gold, feature=0, rate="both")
    assert profile.identified
    assert np.ptp(profile.interval) < 0.5 * np.ptp(blind.interval)
    error = np.abs(judgments - truth)[:300, 0].mean()
    assert profile.interval[0] < error < profile.interval[1]


def test_the_profile_is_the_objective_without_the_prior_of_its_rate() -> None:
    case = draw_case(4, 80, 2)
    model = genz.LatentFeatureRegression(tol=1e-12, max_iter=3000).fit(*case.arguments)
    profile = model.profile(*case.arguments, feature=1, rate="fomr", grid=ROUGH)
    here = int(np.flatnonzero(profile.errors == model.fomr_[1])[0])
    own = 20 * (0.05 * np.log(model.fomr_[1]) + 0.95 * np.log1p(-model.fomr_[1]))
    assert profile.log_likelihood[here] == pytest.approx(model.log_likelihoods_[-1] - own)
    np.testing.assert_allclose(profile.weights[here], model.weights_[1], rtol=1e-4)


def test_the_interval_ends_where_the_profile_has_fallen() -> None:
    case = draw_case(5, 800, 2, 3)
    model = genz.LatentFeatureRegression(n_threads=2).fit(*case.arguments)
    rough = model.profile(*case.arguments, feature=0, grid=np.linspace(0.005, 0.45, 12))
    fine = model.profile(*case.arguments, feature=0, grid=np.linspace(0.005, 0.45, 90))
    np.testing.assert_allclose(rough.interval, fine.interval, atol=0.01)
    level = np.interp(fine.interval, fine.errors, fine.log_likelihood)
    np.testing.assert_allclose(fine.log_likelihood.max() - level, DROP, atol=0.1)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"feature": 3}, "feature is 3, wanted one of the 3"),
        ({"feature": -1}, "feature is -1"),
        ({"feature": 1}, "feature 1 is judged by probabilities"),
        ({"feature": 0, "rate": "alpha"}, "rate is 'alpha', wanted 'ppv', 'fomr' or 'both'"),
        ({"feature": 0, "grid": (0.1, 0.5)}, r"grid is \[0.1, 0.5\], wanted error rates above 0"),
        ({"feature": 0, "grid": ()}, r"grid is \[\], wanted"),
    ],
)
def test_profiles_that_cannot_be(options: dict[str, Any], text: str) -> None:
    case = draw_case(0, 40, 3, kind="mixed")
    model = genz.LatentFeatureRegression().fit(*case.arguments)
    with pytest.raises(genz.UsageError, match=text):
        model.profile(*case.arguments, **options)


def test_the_rate_that_is_held_is_named() -> None:
    case = draw_case(0, 40, 2)
    model = genz.LatentFeatureRegression().fit(*case.arguments)
    profile = model.profile(*case.arguments, feature=1, rate="fomr", grid=ROUGH)
    assert isinstance(profile, Profile)
    assert (profile.feature, profile.rate) == (1, "fomr")
    with pytest.raises(genz.UsageError, match='rate is "alpha"'):
        model._fit(*case.arguments, held=(0, "alpha"), start=model.parameters_)

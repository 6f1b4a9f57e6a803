"""The normal prior of the effects: given entry by entry, and learned by the evidence."""

from dataclasses import fields

import numpy as np
import pytest

import genz
import reference_regression
from genz.statistics.moments import weighted_moments
from genz.statistics.parameters import Parameters
from genz.statistics.ridge import TOL, learned
from reference_cases import as_core, as_reference, draw_case, priors_of, start_of


def embedding(seed: int = 0, n_items: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Thirty features that are known for certain, of which three move eight targets."""
    rng = np.random.default_rng(seed)
    z = (rng.random((n_items, 30)) < 0.3).astype(float)
    weights = np.zeros((30, 8))
    weights[:3] = rng.normal(size=(3, 8))
    return z, z @ weights + 1.5 * rng.normal(size=(n_items, 8))


def certain(ridge: object) -> genz.LatentFeatureRegression:
    return genz.LatentFeatureRegression(
        ridge=ridge, rate_strength=1e6, rate_centre=1e-4, max_iter=100, tol=1e-10
    )


def test_a_step_with_a_penalty_of_every_weight_agrees_with_the_reference() -> None:
    case = draw_case(5, 40, 3, 2, 1, kind="mixed", unknown=0.2, missing=0.2, is_weighted=True)
    ridge = np.array([[0.0, 3.0], [10.0, 0.5], [1.0, 200.0]])
    start, problem = start_of(case, 2), case.problem()
    model = genz.LatentFeatureRegression(ridge=ridge, max_iter=1)
    model._fit(*case.arguments, start=start, covariance=False)
    want = as_core(reference_regression.m_step(problem, as_reference(start), priors_of(model)))
    for field in fields(Parameters):
        np.testing.assert_allclose(
            getattr(model.parameters_, field.name),
            getattr(want, field.name),
            rtol=1e-10,
            atol=1e-10,
            err_msg=field.name,
        )
    ends = [as_reference(start), as_reference(model.parameters_)]
    objectives = [float(reference_regression.objective(problem, p, priors_of(model))) for p in ends]
    np.testing.assert_allclose(model.log_likelihoods_, objectives, rtol=1e-10)


def test_the_learned_ridge_is_a_fixed_point_of_its_definition() -> None:
    """With certain judgments the posterior of the weights is that of a linear regression."""
    z, y = embedding()
    item_weights = np.random.default_rng(1).uniform(0.5, 2.0, len(z))
    model = certain("evidence").fit(z, y, sample_weight=item_weights)
    design = np.column_stack([np.ones(len(z)), z])
    gram = (design * item_weights[:, np.newaxis]).T @ design
    variance = weighted_moments(y, item_weights)[1]
    of_weights = np.empty_like(model.weights_)
    for d, noise in enumerate(model.noise_variance_):
        prior = np.diag(np.concatenate([[0.0], model.ridge_[:, d] / variance[d]]))
        of_weights[:, d] = np.diag(np.linalg.inv(gram / noise + prior))[1:]
    again = learned(model.weights_, of_weights, variance)
    # Rates of 1e-4 leave the features a little uncertain.
    np.testing.assert_allclose(again, model.ridge_, rtol=TOL + 0.01)


def test_the_evidence_shrinks_what_has_no_effect_and_predicts_better() -> None:
    z, y = embedding()
    model = certain("evidence").fit(z[:200], y[:200])
    relevant, idle = model.ridge_[:3], model.ridge_[3:]
    assert np.all(relevant.max(axis=0) < 0.5 * idle.min(axis=0)), "of every target"
    plain = certain(1.0).fit(z[:200], y[:200])

    def error(fitted: genz.LatentFeatureRegression) -> float:
        return float(np.mean((y[200:] - fitted.predict(z[200:])) ** 2))

    assert error(model) < 0.95 * error(plain)
    assert np.array_equal(plain.ridge_, np.ones((30, 8)))


def test_learning_goes_on_where_a_fit_begins_and_ends_with_standard_errors() -> None:
    z, y = embedding()
    model = certain("evidence").fit(z, y)
    again = certain(model.ridge_).fit(z, y)
    # EM creeps along the rates, which 1e6 imagined items hold to within 1e-4.
    np.testing.assert_allclose(again.weights_, model.weights_, atol=2e-4)
    np.testing.assert_allclose(again.weights_std_error_, model.weights_std_error_, rtol=1e-3)
    assert model.converged_


def test_missing_targets_and_no_features() -> None:
    z, y = embedding()
    y[::3, 0] = np.nan
    assert np.isfinite(certain("evidence").fit(z, y).ridge_).all()
    nothing = certain("evidence").fit(np.zeros((len(z), 0)), y, covariates=z[:, :1])
    assert nothing.ridge_.shape == (0, 8)


@pytest.mark.parametrize(
    ("ridge", "text"),
    [
        (
            np.ones((4, 2)),
            r"ridge has shape \(4, 2\), wanted a number, 'evidence' or numbers for 30",
        ),
        (np.full((30, 8), -1.0), r"ridge\[0, 0\] is -1, wanted a finite number of at least 0"),
        (np.full((30, 8), np.nan), r"ridge\[0, 0\] is NaN, wanted a finite number of at least 0"),
        (None, "ridge is None, wanted a number"),
        ([["a"]], "ridge has shape"),
    ],
)
def test_a_ridge_that_is_none_is_named(ridge: object, text: str) -> None:
    z, y = embedding()
    with pytest.raises((genz.DataError, genz.UsageError), match=text):
        certain(ridge).fit(z, y)


def test_features_without_any_effect_settle_too() -> None:
    """Their penalties grow far, and not without bound."""
    rng = np.random.default_rng(4)
    z, y = (rng.random((300, 1)) < 0.4).astype(float), rng.normal(size=300)
    model = certain("evidence").fit(z, y)
    assert model.converged_
    assert model.ridge_[0, 0] > 20
    assert abs(model.weights_[0, 0]) < 2 * model.weights_std_error_[0, 0]


def test_a_ridge_that_has_not_settled_is_no_convergence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genz.statistics.ridge.MAX_UPDATES", 1)
    z, y = embedding()
    with pytest.warns(genz.ConvergenceWarning):
        model = certain("evidence").fit(z, y)
    assert not model.converged_
    assert model.n_iter_ > len(model.log_likelihoods_) - 1, "of all updates"


def test_discovery_takes_no_penalties_of_single_features() -> None:
    given = genz.GenZRegressor(regression=genz.LatentFeatureRegression(ridge=np.ones((3, 1))))
    with pytest.raises(genz.UsageError, match=r"shape \(3, 1\): features come and go"):
        given.fit([{"area": float(n)} for n in range(20)], np.arange(20.0))

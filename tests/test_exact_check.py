"""Gains checked on cores of few features, against the sum over all states."""

import warnings

import numpy as np
import pytest

from genz import LatentFeatureRegression, posterior
from genz.discovery.evidence import Evidence, fit, predictive
from genz.discovery.exact_check import ItemSide, evidence_gain_exact
from genz.errors import UsageError

N_CHOOSING = 500


def log_evidence(regression: LatentFeatureRegression, evidence: Evidence) -> np.ndarray:
    """Log p(y | s) of every item by the predictive mixture, (N,)."""
    return predictive(regression, evidence).log_density(evidence.targets)


def planted(
    n_features: int,
    n_targets: int,
    *,
    seed: int,
    last_effect: float = 1.0,
    error_rate: float = 0.1,
    missing: float = 0.03,
) -> Evidence:
    """Judgments that err, targets of which the features explain half, some not observed."""
    rng = np.random.default_rng(seed)
    z = (rng.random((750, n_features)) < rng.uniform(0.15, 0.5, n_features)).astype(float)
    weights = rng.normal(size=(n_features, n_targets))
    weights[-1] *= last_effect
    signal = z @ weights
    targets = signal + rng.normal(size=signal.shape) * signal.std(axis=0)
    targets[rng.random(targets.shape) < missing] = np.nan
    judgments = np.where(rng.random(z.shape) < error_rate, 1 - z, z)
    judgments[rng.random(z.shape) < missing] = np.nan
    x = rng.normal(size=(750, 1))
    return Evidence(judgments, targets + 0.4 * x, x, rng.uniform(0.5, 2.0, 750))


def fits(
    evidence: Evidence, n_new: int = 1, **options: object
) -> tuple[LatentFeatureRegression, LatentFeatureRegression, Evidence, Evidence]:
    """Fits with the last features and without, and the deciding items of either."""
    template = LatentFeatureRegression(
        **{"max_iter": 60, "tol": 1e-6, "rate_centre": 0.1, "n_threads": 1, **options}
    )
    without = evidence.with_judgments(evidence.judgments[:, :-n_new])
    choosing = np.arange(N_CHOOSING)
    deciding = np.arange(N_CHOOSING, len(evidence.targets))
    return (
        fit(template, evidence.take(choosing)),
        fit(template, without.take(choosing)),
        evidence.take(deciding),
        without.take(deciding),
    )


def test_within_exact_reach_the_gain_is_that_of_all_states() -> None:
    with_new, without, evidence, less = fits(planted(9, 5, seed=1))
    wanted = evidence.item_weights @ (
        log_evidence(with_new, evidence) - log_evidence(without, less)
    )
    gain = evidence_gain_exact(with_new, without, evidence, less, [8], max_block=2)
    assert gain == pytest.approx(wanted, abs=1e-6)
    assert gain > 5


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_below_the_truth_and_rises_with_the_blocks(seed: int) -> None:
    evidence = planted(11, 6, seed=seed)
    regression, _, deciding, _ = fits(evidence)
    truth = log_evidence(regression, deciding)
    side = ItemSide.of(regression, deciding)
    bounds = [
        side.bound(np.split(np.arange(11), cuts))
        for cuts in (range(1, 11), range(4, 11), (4, 8), (8,), ())
    ]
    np.testing.assert_allclose(bounds[-1], truth, rtol=1e-9)
    for bound in bounds:
        assert np.all(bound <= truth + 1e-9)
    totals = [bound.sum() for bound in bounds]
    assert totals == sorted(totals)


@pytest.mark.parametrize(("last_effect", "is_there"), [(1.0, True), (0.0, False)])
def test_cores_agree_with_all_states(
    monkeypatch: pytest.MonkeyPatch, last_effect: float, is_there: bool
) -> None:
    """As if expectation propagation were all that there is for the whole model."""
    evidence = planted(13, 6, seed=3, last_effect=last_effect)
    with_new, without, deciding, less = fits(evidence)
    truth = deciding.item_weights @ (log_evidence(with_new, deciding) - log_evidence(without, less))
    only_approximate(monkeypatch)
    gain = evidence_gain_exact(with_new, without, deciding, less, [12], max_block=9)
    assert gain == pytest.approx(truth, abs=max(2.0, 0.25 * abs(truth)))
    assert (gain > 2) == is_there == (truth > 2)


def only_approximate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `auto` what it is for many features: expectation propagation."""

    def approximate(*arguments: object, solver: str) -> object:
        chosen = "expectation_propagation" if solver == "auto" else solver
        return posterior(*arguments, solver=chosen)

    monkeypatch.setattr("genz.discovery.exact_check.posterior", approximate)


def test_beyond_exact_reach_expectation_propagation_is_confirmed() -> None:
    """30 features on 8 dimensions: no exact solver is practical, and none is needed."""
    gains = {}
    for last_effect in (1.0, 0.0):
        evidence = planted(30, 8, seed=5, last_effect=last_effect, error_rate=0.05, missing=0.0)
        with_new, without, deciding, less = fits(evidence, max_iter=8, tol=1e-5)
        assert not with_new.exact_
        own = deciding.item_weights @ (
            log_evidence(with_new, deciding) - log_evidence(without, less)
        )
        gains[last_effect] = evidence_gain_exact(
            with_new, without, deciding, less, [29], max_block=14
        )
        assert gains[last_effect] == pytest.approx(own, abs=max(3.0, 0.25 * abs(own)))
    assert gains[1.0] > 10
    assert gains[0.0] < 1


def test_replaced_features_are_in_the_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new column takes the place of a rougher version of itself, in the middle."""
    evidence = planted(8, 4, seed=6, last_effect=2.0)
    rng = np.random.default_rng(0)
    column = evidence.judgments[:, 7]
    rough = np.where(rng.random(len(column)) < 0.25, 1 - column, column)
    before = evidence.judgments[:, :7].copy()
    before = np.insert(before, 3, rough, axis=1)
    choosing, deciding = np.arange(N_CHOOSING), np.arange(N_CHOOSING, 750)
    template = LatentFeatureRegression(max_iter=60, tol=1e-6, n_threads=1)
    old = evidence.with_judgments(before)
    with_new, without = (fit(template, e.take(choosing)) for e in (evidence, old))
    arguments = with_new, without, evidence.take(deciding), old.take(deciding), [7]
    truth = evidence_gain_exact(*arguments)
    only_approximate(monkeypatch)
    gain = evidence_gain_exact(*arguments, max_block=5)
    assert truth > 2
    assert gain == pytest.approx(truth, rel=0.3)


def test_features_that_do_not_fit_are_named() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with_new, without, deciding, less = fits(planted(4, 3, seed=7), max_iter=3)
    with pytest.raises(UsageError, match="1 features come or go at once, wanted at most 0"):
        evidence_gain_exact(with_new, without, deciding, less, [3], max_block=0)
    shuffled = less.with_judgments(less.judgments[:, ::-1])
    with pytest.raises(UsageError, match="has no equal without the new features"):
        evidence_gain_exact(with_new, without, deciding, shuffled, [3])

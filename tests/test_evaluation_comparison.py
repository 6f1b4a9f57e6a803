"""Standard errors and paired differences, against scores computed one by one."""

import numpy as np
import pytest

from genz.evaluation import Predictions, score
from genz.evaluation.comparison import differences, standard_errors
from genz.evaluation.resampling import scores_of_counts


def sample(n_items: int, n_targets: int, seed: int) -> tuple[Predictions, np.ndarray]:
    rng = np.random.default_rng(seed)
    targets = np.exp(rng.normal(size=(n_items, n_targets)))
    targets[::9, -1] = np.nan
    mean = np.log(np.where(np.isnan(targets), 1.0, targets)) + rng.normal(size=targets.shape)
    point = np.exp(mean)
    density = rng.normal(size=n_items)
    return Predictions(mean, point, point / 2, point * 2, density), targets


@pytest.mark.parametrize(("n_targets", "log"), [(1, True), (1, False), (3, False)])
def test_counted_scores_are_the_scores_of_items_that_are_there_several_times(
    n_targets: int, log: bool
) -> None:
    predictions, targets = sample(61, n_targets, seed=1)
    predictions.mean[4] = predictions.point[4] = np.nan
    rng = np.random.default_rng(2)
    rows = [np.arange(61), *rng.integers(61, size=(6, 61)), rng.integers(61, size=8)]
    counts = np.array([np.bincount(r, minlength=61) for r in rows], dtype=float)
    found = scores_of_counts(predictions, targets, counts, log=log)
    assert len(found) == 3
    for name, values in found.items():
        want = [score(predictions.take(r), targets[r], log=log)[name] for r in rows]
        np.testing.assert_allclose(values, want, rtol=1e-9, err_msg=name)


def test_a_resample_without_a_score_is_nan() -> None:
    predictions, targets = sample(10, 1, seed=3)
    counts = np.zeros((2, 10))
    counts[0, 1] = 5
    found = scores_of_counts(predictions, targets, counts, log=True)
    assert np.isnan(found["r2"]).all(), "one value does not vary"
    assert np.isfinite(found["median_relative_error"]).tolist() == [True, False]


def test_standard_errors_are_over_folds() -> None:
    predictions, targets = sample(60, 1, seed=4)
    folds = np.arange(60) % 3
    found = standard_errors(predictions, targets, folds, log=True)
    rows = [folds == fold for fold in range(3)]
    by_fold = [score(predictions.take(np.flatnonzero(r)), targets[r], log=True) for r in rows]
    for name, value in found.items():
        want = np.std([s[name] for s in by_fold], ddof=1) / np.sqrt(3)
        assert value == pytest.approx(want, rel=1e-12)
    assert set(found) == set(by_fold[0])


def noisy(targets: np.ndarray, sd: float, seed: int) -> Predictions:
    mean = targets + np.random.default_rng(seed).normal(size=targets.shape) * sd
    return Predictions(mean, mean, mean - 1, mean + 1, -((mean - targets)[:, 0] ** 2))


def test_paired_differences_by_hand() -> None:
    targets = np.random.default_rng(5).normal(size=(400, 1))
    methods = {"genz": noisy(targets, 0.3, 6), "bad": noisy(targets, 0.9, 7)}
    methods["same"] = methods["genz"]
    found = differences(methods, "genz", targets, log=False, seed=1)
    assert list(found) == ["bad", "same"]
    same, bad = found["same"]["r2"], found["bad"]["log_predictive_density"]
    assert (same.value, same.lower, same.upper) == (0, 0, 0)
    gain = methods["genz"].log_density - methods["bad"].log_density
    assert bad.value == pytest.approx(gain.mean())
    half_width = 1.96 * gain.std() / np.sqrt(400)
    assert bad.value - bad.lower == pytest.approx(half_width, rel=0.2)
    assert bad.upper - bad.value == pytest.approx(half_width, rel=0.2)
    assert found == differences(methods, "genz", targets, log=False, seed=1)
    assert found != differences(methods, "genz", targets, log=False, seed=2)
    assert differences({"genz": methods["genz"]}, "genz", targets, log=False) == {}


def test_copies_within_a_group_count_as_one() -> None:
    targets = np.random.default_rng(8).normal(size=(60, 1))
    methods = {"genz": noisy(targets, 0.3, 9), "other": noisy(targets, 0.5, 10)}
    copies = np.repeat(np.arange(60), 9)
    copied = {name: some.take(copies) for name, some in methods.items()}

    def width(**options: np.ndarray) -> float:
        found = differences(copied, "genz", targets[copies], log=False, **options)
        difference = found["other"]["log_predictive_density"]
        return difference.upper - difference.lower

    once = differences(methods, "genz", targets, log=False)["other"]["log_predictive_density"]
    assert width(groups=copies) == pytest.approx(once.upper - once.lower, rel=0.1)
    assert width() == pytest.approx((once.upper - once.lower) / 3, rel=0.15)

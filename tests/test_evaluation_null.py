"""Null runs permute what they should, count what they should, and bound it exactly."""

from typing import Any, ClassVar

import numpy as np
import pytest
from scipy import stats

import planted
from genz import GenZRegressor, UsageError
from genz.evaluation import NullRun, NullRuns, null_runs
from genz.evaluation.null import clopper_pearson


class Recorded(GenZRegressor):
    """Keeps what it is fitted to."""

    fits: ClassVar[list[dict[str, Any]]] = []

    def fit(self, items: Any, y: Any, **known: Any) -> "Recorded":
        self.fits.append({"items": items, "y": y, "random_state": self.random_state, **known})
        return super().fit(items, y, **known)


def houses(n_items: int = 90) -> tuple[list[dict[str, object]], np.ndarray]:
    rows = planted.rows(n_items)
    items = [{k: h[k] for k in ("area", "zipcode", "description")} for h in rows]
    return items, np.array([h["price"] for h in rows])


@pytest.mark.parametrize(("n_found", "n_tried"), [(0, 20), (1, 20), (5, 20), (20, 20), (0, 1)])
def test_the_interval_is_the_exact_binomial_one(n_found: int, n_tried: int) -> None:
    want = stats.binomtest(n_found, n_tried).proportion_ci(0.95, method="exact")
    assert clopper_pearson(n_found, n_tried) == pytest.approx((want.low, want.high), abs=1e-12)


def test_the_error_rate_is_a_share_of_runs_not_of_features() -> None:
    runs = NullRuns((NullRun((), 1.0), NullRun(("a", "b", "c"), 1.0), NullRun((), 1.0)))
    assert (runs.n_accepting, runs.family_wise_error) == (1, pytest.approx(1 / 3))
    assert runs.interval == clopper_pearson(1, 3)


def test_targets_move_with_their_weights_and_everything_else_stays() -> None:
    items, price = houses(40)
    y = np.column_stack([price, np.arange(40.0)])
    y[3, 0] = np.nan
    covariates, weights = np.arange(40.0) / 40, 1 + np.arange(40.0)
    Recorded.fits.clear()
    model = Recorded(n_features=1, patience=1, n_threads=1)
    null_runs(model, items, y, 3, seed=5, covariates=covariates, sample_weight=weights)
    states = set()
    for fit in Recorded.fits:
        rows = fit["y"][:, 1].astype(int)
        assert sorted(rows) == list(range(40))
        assert (rows != np.arange(40)).sum() > 20
        np.testing.assert_array_equal(fit["y"], y[rows])
        np.testing.assert_array_equal(fit["sample_weight"], weights[rows])
        np.testing.assert_array_equal(fit["covariates"][:, 0], covariates)
        assert fit["items"].column("description") == [item["description"] for item in items]
        states.add((fit["random_state"], tuple(rows)))
    assert len({state for state, _ in states}) == len({rows for _, rows in states}) == 3


def test_discovery_finds_nothing_where_nothing_is() -> None:
    items, price = houses()
    model = GenZRegressor(n_features=3, log_target=True, n_threads=1)
    seen: list[dict[str, Any]] = []
    result = null_runs(model, items, price, 8, seed=1, observer=seen.append)
    assert len(model.fit(items, price).features_) >= 2, "there is something to find"
    # With a family-wise error of 0.02 three runs of eight have a probability of 0.0004.
    assert result.n_accepting <= 2
    assert [r["null_run"] for r in seen] == list(range(1, 9))
    assert [tuple(r["features"]) for r in seen] == [run.features for run in result.runs]
    again = null_runs(model, items, price, 8, seed=1)
    assert [run.features for run in again.runs] == [run.features for run in result.runs]


def test_the_users_own_features_are_no_discoveries() -> None:
    items, price = houses()
    own = GenZRegressor(n_features=1, features=["area is at least 2,000"], log_target=True)
    assert null_runs(own, items, price, 2).n_accepting == 0


def test_no_runs_are_refused() -> None:
    items, price = houses(20)
    with pytest.raises(UsageError, match="n_runs is 0, wanted at least 1"):
        null_runs(GenZRegressor(), items, price, 0)

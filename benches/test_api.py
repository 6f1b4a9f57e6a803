"""pytest-benchmark of what users call: posterior, fit, predict, save and load.

Run by ``make bench``; ``pytest benches`` runs them alone.
"""

from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import genz
from benches.simulated import Floats, simulate

N_ITEMS = 10_000
N_ROWS = 500


@pytest.mark.parametrize(
    ("n_items", "n_features", "n_targets"),
    [(10_000, 8, 8), (10_000, 12, 8), (10_000, 100, 1)],
    ids=str,
)
def test_posterior(
    benchmark: BenchmarkFixture, n_items: int, n_features: int, n_targets: int
) -> None:
    problem = simulate(n_items, n_features, n_targets)
    posterior = benchmark(
        genz.posterior,
        problem.targets,
        problem.weights,
        problem.intercept,
        problem.noise_variance,
        problem.log_odds,
    )
    assert posterior.exact
    assert posterior.marginals.shape == (n_items, n_features)


@pytest.mark.parametrize(
    ("n_items", "n_features", "n_targets"), [(10_000, 8, 8), (2_000, 30, 1)], ids=str
)
def test_fit(benchmark: BenchmarkFixture, n_items: int, n_features: int, n_targets: int) -> None:
    problem = simulate(n_items, n_features, n_targets, r2=0.8)
    model = genz.LatentFeatureRegression()
    benchmark.pedantic(model.fit, (problem.judgments, problem.targets), rounds=3)
    assert model.converged_


@pytest.mark.parametrize("method", ["predict", "predict_interval"])
def test_predict(benchmark: BenchmarkFixture, method: str) -> None:
    problem = simulate(N_ITEMS, 8, 1, r2=0.8)
    model = genz.LatentFeatureRegression().fit(problem.judgments, problem.targets[:, 0])
    predicted = np.atleast_2d(benchmark(getattr(model, method), problem.judgments))
    assert predicted.shape[1] == N_ITEMS


@pytest.fixture(scope="module")
def rows() -> tuple[list[dict[str, float]], Floats]:
    rng = np.random.default_rng(0)
    area, age = rng.uniform(50, 200, N_ROWS), rng.uniform(0, 90, N_ROWS)
    price = 100 + 80 * (area >= 120) - 40 * (age >= 45) + rng.normal(0, 10, N_ROWS)
    items = [{"area": a, "age": b} for a, b in zip(area, age, strict=True)]
    return items, price


@pytest.fixture(scope="module")
def regressor(rows: tuple[list[dict[str, float]], Floats]) -> genz.GenZRegressor:
    return genz.GenZRegressor(n_features=4).fit(*rows)


def test_discovery(
    benchmark: BenchmarkFixture, rows: tuple[list[dict[str, float]], Floats]
) -> None:
    model = genz.GenZRegressor(n_features=4)
    benchmark.pedantic(model.fit, rows, rounds=2)
    assert len(model.features_) >= 2


def test_save(benchmark: BenchmarkFixture, regressor: genz.GenZRegressor, tmp_path: Path) -> None:
    benchmark(regressor.save, tmp_path / "model", force=True)
    assert (tmp_path / "model" / "model.json").exists()


def test_load(benchmark: BenchmarkFixture, regressor: genz.GenZRegressor, tmp_path: Path) -> None:
    regressor.save(tmp_path / "model")
    loaded = benchmark(genz.GenZRegressor.load, tmp_path / "model")
    assert len(loaded.features_) == len(regressor.features_)

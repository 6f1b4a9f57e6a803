"""Fixtures of general use, and one hypothesis profile for the whole suite."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

# Many a CI sets it, and messages would come in colours; tests of colours set it themselves.
os.environ.pop("FORCE_COLOR", None)

# Derandomised: a failure on one machine is a failure on all of them.
settings.register_profile(
    "genz",
    derandomize=True,
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("genz")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--real-model", action="store_true", help="ask a real language model on this machine"
    )


Array = NDArray[np.float64]


@dataclass(frozen=True)
class PosteriorProblem:
    """The arguments of `genz.posterior` in order."""

    targets: Array
    weights: Array
    intercept: Array
    noise_variance: Array
    log_odds: Array

    @property
    def arguments(self) -> tuple[Array, Array, Array, Array, Array]:
        return self.targets, self.weights, self.intercept, self.noise_variance, self.log_odds


@pytest.fixture(scope="session")
def posterior_problem() -> Callable[..., PosteriorProblem]:
    """Return a generator of random problems whose targets come from the model itself."""

    def make(
        seed: int,
        n_items: int,
        n_features: int,
        n_targets: int = 1,
        *,
        coupling: float = 1.0,
        noise_sd: float = 1.0,
        missing: float = 0.0,
        certain: float = 0.0,
    ) -> PosteriorProblem:
        """Draw a problem.

        `coupling` is the typical |weight| / noise sd; `missing` and `certain` are the shares of NaN
        among the targets and of +-inf among the log odds.
        """
        rng = np.random.default_rng(seed)
        noise_variance = noise_sd**2 * rng.uniform(0.5, 2.0, n_targets)
        weights = coupling * noise_sd * rng.normal(size=(n_features, n_targets))
        intercept = rng.normal(size=n_targets)
        log_odds = rng.normal(scale=2.0, size=(n_items, n_features))
        is_certain = rng.random(log_odds.shape) < certain
        log_odds[is_certain] = np.copysign(np.inf, log_odds[is_certain])
        latent = rng.random(log_odds.shape) < 1 / (1 + np.exp(-log_odds))
        noise = rng.normal(size=(n_items, n_targets)) * np.sqrt(noise_variance)
        targets = intercept + latent @ weights + noise
        targets[rng.random(targets.shape) < missing] = np.nan
        return PosteriorProblem(targets, weights, intercept, noise_variance, log_odds)

    return make

"""Seeded items with judgments, latent features and targets, drawn from the model itself."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """What a posterior is computed from; names and shapes as in `genz.posterior`."""

    judgments: Floats
    targets: Floats
    weights: Floats
    intercept: Floats
    noise_variance: Floats
    log_odds: Floats

    @property
    def n_items(self) -> int:
        return len(self.targets)

    @property
    def n_features(self) -> int:
        return len(self.weights)

    def head(self, n_items: int) -> "Problem":
        """The first items."""
        return replace(
            self,
            judgments=self.judgments[:n_items],
            targets=self.targets[:n_items],
            log_odds=self.log_odds[:n_items],
        )


def simulate(
    n_items: int, n_features: int, n_targets: int, *, r2: float = 0.35, error_rate: float = 0.1
) -> Problem:
    """Judgments of frequency .1 to .5, wrong at `error_rate`; targets of variance 1."""
    rng = np.random.default_rng(n_features)
    frequency = rng.uniform(0.1, 0.5, n_features)
    judged = rng.random((n_items, n_features)) < frequency
    latent = (judged ^ (rng.random(judged.shape) < error_rate)).astype(np.float64)
    weights = rng.normal(size=(n_features, n_targets))
    intercept = 0.3 * rng.normal(size=n_targets)
    weights /= np.sqrt((latent @ weights).var(axis=0) / r2)
    noise_variance = np.full(n_targets, 1 - r2)
    noise = rng.normal(size=(n_items, n_targets)) * np.sqrt(noise_variance)
    return Problem(
        judgments=judged.astype(np.float64),
        targets=intercept + latent @ weights + noise,
        weights=weights,
        intercept=intercept,
        noise_variance=noise_variance,
        log_odds=np.where(judged, 1.0, -1.0) * np.log(1 / error_rate - 1),
    )


@dataclass(frozen=True)
class NaturalForm:
    """log q_n(z) = fields_n . z - z' coupling z / 2; log p(y_n) = log sum_z q_n(z) + constant_n."""

    coupling: Floats
    fields: Floats
    constant: Floats


def natural_form(problem: Problem) -> NaturalForm:
    """The joint density of targets and latent features as an exponential family in z."""
    scaled = problem.weights / problem.noise_variance
    residual = problem.targets - problem.intercept
    log_normaliser = np.log(2 * np.pi * problem.noise_variance).sum() / 2
    return NaturalForm(
        coupling=scaled @ problem.weights.T,
        fields=problem.log_odds + residual @ scaled.T,
        constant=-(residual**2 / problem.noise_variance).sum(axis=1) / 2
        - log_normaliser
        - np.logaddexp(0, problem.log_odds).sum(axis=1),
    )


def all_states(n_features: int) -> Floats:
    """All binary vectors, (2^K, K); the first feature changes fastest."""
    return ((np.arange(2**n_features)[:, None] >> np.arange(n_features)) & 1).astype(np.float64)

"""CPU time of `genz.posterior` beside numpy doing the same enumeration, in the same process.

``python benches/bench_posterior.py`` prints a table of ratios. Sizes are seeded, data are made
outside the timer, the best of several runs counts, everything runs on one thread.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

import genz

Array = NDArray[np.float64]
ENUMERATED = ((8, 20_000), (12, 2_000), (16, 200))
INTEGRATED = ((20, 5_000), (100, 2_000))
N_RUNS = 5


def problem(n_items: int, n_features: int, n_targets: int) -> tuple[Array, ...]:
    rng = np.random.default_rng(n_features)
    weights = rng.normal(size=(n_features, n_targets)) * np.sqrt(16 / (n_features * n_targets))
    log_odds = rng.normal(scale=2, size=(n_items, n_features))
    latent = rng.random(log_odds.shape) < 1 / (1 + np.exp(-log_odds))
    targets = latent @ weights + rng.normal(size=(n_items, n_targets))
    return targets, weights, np.zeros(n_targets), np.ones(n_targets), log_odds


def numpy_posterior(
    targets: Array, weights: Array, intercept: Array, noise: Array, log_odds: Array
) -> tuple[Array, Array]:
    """Marginals and pair moments by products with the table of all states, block by block."""
    n_features = len(weights)
    states = ((np.arange(2**n_features)[:, None] >> np.arange(n_features)) & 1).astype(float)
    quadratic = -0.5 * ((states @ weights) ** 2 / noise).sum(axis=1)
    natural = log_odds + (targets - intercept) / noise @ weights.T
    marginals, mass = [], np.zeros(len(states))
    for block in np.array_split(natural, max(1, len(natural) * len(states) // 2**22)):
        log_q = block @ states.T + quadratic
        q = np.exp(log_q - log_q.max(axis=1, keepdims=True))
        q /= q.sum(axis=1, keepdims=True)
        marginals.append(q @ states)
        mass += q.sum(axis=0)
    return np.vstack(marginals), states.T @ (mass[:, None] * states)


def best_cpu_time(work: Callable[[], object]) -> float:
    times = []
    for _ in range(N_RUNS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    print("solver       K    N       D   us/item  x numpy")
    for n_features, n_items in ENUMERATED:
        arguments = problem(n_items, n_features, 8)
        options = {"moments": "pairs", "n_threads": 1, "solver": "enumeration"}
        ours = genz.posterior(*arguments, **options)
        theirs = numpy_posterior(*arguments)
        np.testing.assert_allclose(ours.marginals, theirs[0], atol=1e-9)
        np.testing.assert_allclose(ours.pair_moments / n_items, theirs[1] / n_items, atol=1e-9)
        seconds = best_cpu_time(lambda a=arguments, o=options: genz.posterior(*a, **o))
        peer = best_cpu_time(lambda a=arguments: numpy_posterior(*a))
        row = f"enumeration  {n_features:<4} {n_items:<7} 8 {seconds / n_items * 1e6:9.1f}"
        print(f"{row} {peer / seconds:8.1f}", flush=True)
    for n_features, n_items in INTEGRATED:
        arguments = problem(n_items, n_features, 1)
        options = {"moments": "pairs", "n_threads": 1, "solver": "quadrature"}
        seconds = best_cpu_time(lambda a=arguments, o=options: genz.posterior(*a, **o))
        row = f"quadrature   {n_features:<4} {n_items:<7} 1 {seconds / n_items * 1e6:9.1f}"
        print(f"{row}        -", flush=True)


if __name__ == "__main__":
    main()

"""Two halves of the features with weak couplings between them (Kernighan & Lin 1970)."""

import numpy as np
from numpy.typing import NDArray

from benches.simulated import Floats

Indices = NDArray[np.intp]
N_STARTS = 20


def split(coupling: Floats) -> tuple[Indices, Indices]:
    """Features of either half: the best of several random halves improved by swaps."""
    strength = np.abs(coupling) * (1 - np.eye(len(coupling)))
    rng = np.random.default_rng(0)
    halves = (_improved(strength, rng.permutation(len(coupling))) for _ in range(N_STARTS))
    first = min(halves, key=lambda first: float(strength[first][:, ~first].sum()))
    return np.flatnonzero(first), np.flatnonzero(~first)


def _improved(strength: Floats, order: Indices) -> NDArray[np.bool_]:
    """Swap the pair that lowers the couplings between the halves most, until none does."""
    first = np.zeros(len(order), dtype=bool)
    first[order[: len(order) // 2]] = True
    while True:
        to_first, to_second = strength @ first, strength @ ~first
        gain = np.where(first, to_second - to_first, to_first - to_second)
        a, b = np.flatnonzero(first), np.flatnonzero(~first)
        gains = gain[a][:, None] + gain[b] - 2 * strength[np.ix_(a, b)]
        i, j = np.unravel_index(gains.argmax(), gains.shape)
        if gains[i, j] <= 1e-12:
            return first
        first[a[i]], first[b[j]] = False, True

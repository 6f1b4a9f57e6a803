"""The model written the slow and obvious way: the oracle of the statistical core.

Every state of the latent features is enumerated in the log domain, item by item, and nothing is
shared with the Rust core but the formulas of the model (Jojic & Jojic, arXiv:2512.24834):
z_nk ~ Bernoulli(sigmoid(log_odds_nk)), y_n | z_n ~ Normal(b + A'x_n + W'z_n, diag(noise_variance)).
Sums run in extended precision, so that what the tests measure is the error of the core.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating]


def log_sigmoid(x: Array) -> Array:
    return -np.logaddexp(np.longdouble(0), -np.asarray(x, np.longdouble))


def log_sum_exp(a: Array) -> Array:
    """Sum over the last axis; -inf + -inf stays -inf."""
    return np.asarray(np.logaddexp.reduce(a, axis=-1))


def all_states(n_features: int) -> Array:
    """Return the 2^K x K table of states."""
    rows = list(product((0, 1), repeat=n_features))
    return np.array(rows, np.longdouble).reshape(2**n_features, n_features)


def log_density(y: Array, mean: Array, variance: Array) -> Array:
    return -((y - mean) ** 2 / variance + np.log(2 * np.longdouble(np.pi) * variance)) / 2


@dataclass(frozen=True)
class ItemPosteriors:
    """log p(y_n | s_n) (N,), E[z_n] (N, K) and E[z_n z_n'] (N, K, K)."""

    log_evidence: Array
    marginals: Array
    pairs: Array

    def pair_moments(self, item_weights: ArrayLike = 1.0) -> Array:
        weights = np.broadcast_to(item_weights, self.log_evidence.shape)
        return np.einsum("n,nkl->kl", weights, self.pairs)


def posterior(
    targets: Array,
    weights: Array,
    intercept: Array,
    noise_variance: Array,
    log_odds: Array,
) -> ItemPosteriors:
    """Enumerate the states of each item's free features; those at +-inf log odds are fixed."""
    y, w, b, s2, odds = (
        np.asarray(a, np.longdouble)
        for a in (targets, weights, intercept, noise_variance, log_odds)
    )
    n_items, n_features = odds.shape
    log_evidence = np.zeros(n_items, np.longdouble)
    marginals = np.zeros((n_items, n_features), np.longdouble)
    pairs = np.zeros((n_items, n_features, n_features), np.longdouble)
    for n in range(n_items):
        free = np.isfinite(odds[n])
        free_states = all_states(int(free.sum()))
        states = np.tile((odds[n] > 0).astype(np.longdouble), (len(free_states), 1))
        states[:, free] = free_states
        sign = 2 * free_states - 1
        log_prior = log_sigmoid(sign * odds[n, free]).sum(axis=1)
        seen = ~np.isnan(y[n])
        mean = b[seen] + states @ w[:, seen]
        log_joint = log_prior + log_density(y[n, seen], mean, s2[seen]).sum(axis=1)
        log_evidence[n] = log_sum_exp(log_joint)
        probability = np.exp(log_joint - log_evidence[n])
        marginals[n] = probability @ states
        pairs[n] = states.T @ (probability[:, None] * states)
    return ItemPosteriors(log_evidence, marginals, pairs)


def lattice_posterior(
    targets: Array,
    steps: NDArray[np.int_],
    spacing: float,
    intercept: float,
    noise_variance: float,
    log_odds: Array,
) -> tuple[Array, Array]:
    """Return log evidence and marginals for scalar targets and weights `steps * spacing`.

    The mean of y depends on z through the integer sum(steps * z) only, so a forward-backward
    pass over the partial sums is exact for any number of features.
    """
    low, high = int(steps[steps < 0].sum()), int(steps[steps > 0].sum())
    y, odds = np.asarray(targets, np.longdouble), np.asarray(log_odds, np.longdouble)
    log_off, log_on = log_sigmoid(-odds), log_sigmoid(odds)
    sums = np.arange(low, high + 1)

    def shift(table: Array, by: int) -> Array:
        moved = np.full_like(table, -np.inf)
        width = len(sums)
        moved[:, max(by, 0) : width + min(by, 0)] = table[:, max(-by, 0) : width - max(by, 0)]
        return moved

    n_items, n_features = odds.shape
    forward = [np.full((n_items, len(sums)), -np.inf, np.longdouble)]
    forward[0][:, -low] = 0
    for k in range(n_features):
        on = shift(forward[k], steps[k]) + log_on[:, k, None]
        forward.append(np.logaddexp(forward[k] + log_off[:, k, None], on))
    mean = intercept + np.longdouble(spacing) * sums
    backward = log_density(y[:, None], mean, np.longdouble(noise_variance))
    log_evidence = log_sum_exp(forward[-1] + backward)
    marginals = np.zeros_like(odds)
    for k in reversed(range(n_features)):
        on = shift(backward, -steps[k]) + log_on[:, k, None]
        marginals[:, k] = np.exp(log_sum_exp(forward[k] + on) - log_evidence)
        backward = np.logaddexp(backward + log_off[:, k, None], on)
    return log_evidence, marginals

"""The regression on latent features written the slow way: objective, M step, predictive mixture.

Built on the enumeration of `reference.py`. Derivatives of the objective are taken by finite
differences, so that no formula of the core (score, information) is repeated here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar, root
from scipy.special import betaln, expit, ndtr

from reference import Array, ItemPosteriors, all_states, log_sigmoid, posterior

MIN_PROBABILITY = 1e-6


def logit(p: ArrayLike) -> Array:
    p = np.asarray(p, np.longdouble)
    return np.log(p) - np.log1p(-p)


@dataclass(frozen=True)
class Problem:
    """judgments (N, K), targets (N, D), covariates (N, P), item weights (N,), column kinds (K,).

    Gold labels (N, K) are 0, 1 or NaN.
    """

    judgments: Array
    targets: Array
    covariates: Array
    item_weights: Array
    is_probability: NDArray[np.bool_]
    gold: Array | None = None

    def target_variance(self) -> Array:
        seen = ~np.isnan(self.targets)
        v = self.item_weights[:, None] * seen
        y = np.where(seen, self.targets, 0).astype(np.longdouble)
        mean = (v * y).sum(axis=0) / v.sum(axis=0)
        return (v * (y - mean) ** 2).sum(axis=0) / v.sum(axis=0)

    def prevalence_centre(self) -> Array:
        """Return each column's mean known judgment, one imagined item at 1/2 included."""
        v = self.item_weights[:, None] * ~np.isnan(self.judgments)
        return ((v * np.nan_to_num(self.judgments)).sum(axis=0) + 0.5) / (v.sum(axis=0) + 1)


@dataclass(frozen=True)
class Parameters:
    """Names and shapes of the model; rates are NaN in probability columns and vice versa."""

    weights: Array
    intercept: Array
    covariate_weights: Array
    noise_variance: Array
    ppv: Array
    fomr: Array
    prevalence: Array
    channel_intercept: Array
    channel_slope: Array


@dataclass(frozen=True)
class Priors:
    """Ridge of the weights, Beta pseudo-counts of the rates, normal priors of the channel."""

    ridge: ArrayLike = 1.0
    """Broadcasts to (K, D)."""
    rate_strength: float = 20.0
    error_rate: float = 0.05
    is_symmetric: bool = False
    channel_intercept_sd: float = 2.0
    channel_slope_sd: float = 1.0
    is_pooled: bool = False


def log_odds(problem: Problem, p: Parameters) -> Array:
    """Return the prior log odds (N, K) of the latent features given their judgments."""
    h = problem.judgments
    clipped = np.clip(np.nan_to_num(h, nan=0.5), MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    channel = p.channel_intercept + p.channel_slope * logit(clipped)
    hard = np.where(h == 1, logit(p.ppv), logit(p.fomr))
    known = np.where(problem.is_probability, channel, hard)
    return np.where(np.isnan(h), logit(p.prevalence), known)


def item_posteriors(problem: Problem, p: Parameters) -> ItemPosteriors:
    residual = problem.targets - problem.covariates @ p.covariate_weights
    odds = log_odds(problem, p)
    if problem.gold is not None:
        # exp(-4000) is nothing beside 1 in extended precision, and still above 0.
        odds = np.where(np.isnan(problem.gold), odds, np.where(problem.gold == 1, 4000, -4000))
    return posterior(residual, p.weights, p.intercept, p.noise_variance, odds)


def log_likelihood(problem: Problem, p: Parameters) -> Array:
    total = problem.item_weights @ item_posteriors(problem, p).log_evidence
    if problem.gold is not None:
        sign = np.where(problem.gold == 1, 1, -1)
        of_truth = np.where(np.isnan(problem.gold), 0, log_sigmoid(sign * log_odds(problem, p)))
        total += problem.item_weights @ of_truth.sum(axis=1)
    return np.asarray(total)


def log_prior(problem: Problem, p: Parameters, priors: Priors) -> Array:
    """Return -ridge/2 sum W^2/var(y) + s (c log r + (1 - c) log(1 - r)) + normal log densities."""

    def beta(rate: Array, centre: ArrayLike) -> Array:
        return priors.rate_strength * (centre * np.log(rate) + (1 - centre) * np.log1p(-rate))

    hard = ~problem.is_probability
    ppv, fomr, prevalence = (np.asarray(r, np.longdouble) for r in (p.ppv, p.fomr, p.prevalence))
    total = -(priors.ridge * p.weights**2 / problem.target_variance()).sum() / 2
    total += beta(ppv[hard], 1 - priors.error_rate).sum()
    total += beta(fomr[hard], priors.error_rate).sum()
    total += beta(prevalence, problem.prevalence_centre()).sum()
    alpha, gamma = p.channel_intercept[~hard], p.channel_slope[~hard]
    total -= ((alpha / priors.channel_intercept_sd) ** 2).sum() / 2
    total -= (((gamma - 1) / priors.channel_slope_sd) ** 2).sum() / 2
    return np.asarray(total)


def pooled_log_prior(problem: Problem, p: Parameters, priors: Priors) -> float:
    """Return the highest value over the pooled centres, found by a search, of the log prior."""
    hard = ~problem.is_probability
    strength, c_0 = priors.rate_strength, priors.error_rate
    fixed = replace(priors, rate_strength=0.0, channel_intercept_sd=1e9, channel_slope_sd=1e9)
    total = float(log_prior(problem, p, fixed))
    prevalence, of_known = p.prevalence, problem.prevalence_centre()
    prior = of_known * np.log(prevalence) + (1 - of_known) * np.log1p(-prevalence)
    total += strength * float(prior.sum())
    sides = [np.asarray(1 - p.ppv[hard], float), np.asarray(p.fomr[hard], float)]
    if priors.is_symmetric:
        sides = [np.concatenate(sides)]
    for errors in sides:

        def negative(c: float, errors: Array = errors) -> float:
            def beta(rate: ArrayLike) -> Array:
                return np.asarray(strength * (c * np.log(rate) + (1 - c) * np.log1p(-rate)))

            normaliser = len(errors) * betaln(strength * c + 0.5, strength * (1 - c) + 0.5)
            of_centre = strength * (c_0 * np.log(c) + (1 - c_0) * np.log1p(-c))
            return float(normaliser - beta(errors).sum() - of_centre)

        total -= minimize_scalar(negative, bounds=(1e-4, 0.4999), options={"xatol": 1e-12}).fun
    for values, mean, sd in (
        (p.channel_intercept[~hard], 0.0, priors.channel_intercept_sd),
        (p.channel_slope[~hard], 1.0, priors.channel_slope_sd),
    ):

        def curve(c: float, v: Array = values, mean: float = mean, sd: float = sd) -> float:
            spread = ((np.asarray(v, float) - c) / (sd / 2)) ** 2
            return float(spread.sum() / 2 + ((c - mean) / sd) ** 2 / 2)

        total -= minimize_scalar(curve).fun
    return total


def objective(problem: Problem, p: Parameters, priors: Priors) -> Array:
    if priors.is_pooled:
        return np.asarray(log_likelihood(problem, p) + pooled_log_prior(problem, p, priors))
    return log_likelihood(problem, p) + log_prior(problem, p, priors)


def m_step(problem: Problem, p: Parameters, priors: Priors) -> Parameters:
    """Maximise the expected penalised log likelihood: coefficients, then noise, and channels."""
    q = item_posteriors(problem, p)
    n_covariates, n_features = problem.covariates.shape[1], problem.judgments.shape[1]
    n_coefficients = 1 + n_covariates + n_features
    coefficients = np.zeros((n_coefficients, problem.targets.shape[1]))
    noise_variance = np.zeros(problem.targets.shape[1])
    phi, phi_phi = _design_moments(problem.covariates, q)
    for d in range(problem.targets.shape[1]):
        seen = ~np.isnan(problem.targets[:, d])
        v, y = problem.item_weights[seen], problem.targets[seen, d]
        normal = np.einsum("n,nij->ij", v, phi_phi[seen])
        ridge = np.broadcast_to(priors.ridge, p.weights.shape)[:, d]
        penalty = ridge * p.noise_variance[d] / problem.target_variance()[d]
        shrunk = np.diag(np.concatenate([np.zeros(1 + n_covariates), penalty]))
        moment = (v * y) @ phi[seen]
        beta = np.linalg.solve((normal + shrunk).astype(float), moment.astype(float))
        power = v @ y**2 - 2 * beta @ moment + beta @ normal @ beta
        coefficients[:, d], noise_variance[d] = beta, power / v.sum()

    return Parameters(
        weights=coefficients[1 + n_covariates :],
        intercept=coefficients[0],
        covariate_weights=coefficients[1 : 1 + n_covariates],
        noise_variance=noise_variance,
        **_channels(problem, p, priors, q.marginals),
    )


def _channels(
    problem: Problem, p: Parameters, priors: Priors, marginals: Array
) -> dict[str, Array]:
    """Return expected frequencies with pseudo-counts, and the weighted logistic regressions."""
    h, e, strength = problem.judgments, priors.error_rate, priors.rate_strength

    def rate(group: NDArray[np.bool_], positive: Array, centre: ArrayLike, prior: float) -> Array:
        v = problem.item_weights[:, None] * group
        return ((v * positive).sum(axis=0) + prior * centre) / (v.sum(axis=0) + prior)

    ppv = rate(h == 1, marginals, 1 - e, strength)
    fomr = rate(h == 0, marginals, e, strength)
    if priors.is_symmetric:
        wrong = np.where(h == 1, 1 - marginals, marginals)
        fomr = rate(~np.isnan(h), wrong, e, 2 * strength)
        ppv = 1 - fomr
    soft = problem.is_probability
    alpha, gamma = np.full(len(soft), np.nan), np.full(len(soft), np.nan)
    for k in np.flatnonzero(soft):
        alpha[k], gamma[k] = _logistic_regression(problem, priors, marginals[:, k], k)
    return {
        "ppv": np.where(soft, np.nan, ppv),
        "fomr": np.where(soft, np.nan, fomr),
        "prevalence": rate(np.isnan(h), marginals, problem.prevalence_centre(), strength),
        "channel_intercept": alpha,
        "channel_slope": gamma,
    }


def _logistic_regression(problem: Problem, priors: Priors, expected: Array, k: int) -> Array:
    """Return the root (alpha, gamma) of the penalised score of one column."""
    known = ~np.isnan(problem.judgments[:, k])
    h = np.clip(problem.judgments[known, k], MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    design = np.column_stack([np.ones(known.sum()), logit(h).astype(float)])
    v, expected = problem.item_weights[known], expected[known].astype(float)
    precision = np.array([priors.channel_intercept_sd, priors.channel_slope_sd]) ** -2.0

    def score(channel: Array) -> Array:
        error = expected - expit(design @ channel)
        return np.asarray((v * error) @ design - precision * (channel - [0.0, 1.0]))

    def slope(channel: Array) -> Array:
        pi = expit(design @ channel)
        return np.asarray(-(design.T * (v * pi * (1 - pi))) @ design - np.diag(precision))

    found = root(score, x0=[0.0, 1.0], jac=slope, tol=1e-14)
    assert np.abs(score(found.x)).max() < 1e-10 * max(1.0, v.sum())
    return np.asarray(found.x)


def _design_moments(covariates: Array, q: ItemPosteriors) -> tuple[Array, Array]:
    """Return E[phi_n] and E[phi_n phi_n'] of phi = (1, x, z) for every item."""
    known = np.column_stack([np.ones(len(covariates)), covariates])
    phi = np.column_stack([known, q.marginals])
    phi_phi = phi[:, :, None] * phi[:, None, :]
    phi_phi[:, known.shape[1] :, known.shape[1] :] = q.pairs
    return phi, phi_phi


def gradient(function: Callable[[Array], Array], x: Array, step: float = 1e-6) -> Array:
    """Central differences of a scalar function; extended precision keeps rounding below 1e-11."""
    steps = np.eye(len(x), dtype=np.longdouble) * step
    return np.array([(function(x + s) - function(x - s)) / (2 * step) for s in steps])


def hessian(function: Callable[[Array], Array], x: Array, step: float = 1e-4) -> Array:
    steps = np.eye(len(x), dtype=np.longdouble) * step
    value = [
        [
            function(x + s + t) - function(x + s - t) - function(x - s + t) + function(x - s - t)
            for s in steps
        ]
        for t in steps
    ]
    return np.array(value) / (4 * step**2)


def predictive_states(odds: Array) -> tuple[Array, Array]:
    """Return the states (2^K, K) and the prior probability of each for one item (K,)."""
    states = all_states(len(odds))
    return states, np.exp(log_sigmoid((2 * states - 1) * odds).sum(axis=1))


def mixture_quantile(level: float, mass: Array, means: Array, variance: float) -> float:
    """Return the quantile of a mixture of normal distributions of equal variance."""
    sd = np.sqrt(variance)
    mass, means = mass.astype(float), means.astype(float)
    low, high = means.min() - 40 * sd, means.max() + 40 * sd
    return float(brentq(lambda y: mass @ ndtr((y - means) / sd) - level, low, high, xtol=1e-13))

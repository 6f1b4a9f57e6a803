"""numpy with the same quadrature: the characteristic function inverted on a shifted contour.

Written anew from the formulas, with half the step of genz, as a check of its answers.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from benches.peers.peer import Answer
from benches.simulated import Floats, Problem

EXPONENT = 40.0  # what is cut off and what is aliased stays below e^-40
N_ENTRIES = 2**20
N_NEWTON = 100


class NumpyQuadrature:
    """Scalar targets: complex arrays of (items, nodes, features), block by block."""

    name = "numpy, quadrature"
    what = "the same integrals in complex numpy, by blocks, pair moments by two products"

    def __init__(self, moments: str = "pairs", refinement: int = 1) -> None:
        self.moments = moments
        self.refinement = refinement

    def missing(self, n_features: int) -> str | None:
        return None

    def run(self, problem: Problem) -> Callable[[], Answer]:
        sd = float(np.sqrt(problem.noise_variance[0]))
        weights = problem.weights[:, 0] / sd
        residual = (problem.targets[:, 0] - problem.intercept[0]) / sd
        reach = np.sqrt(2 * EXPONENT)
        step = 2 * np.pi / (reach * np.sqrt(1 + weights @ weights / 4)) / self.refinement
        nodes = step * np.arange(np.ceil(reach / step) + 1)
        integral = _Integral(weights, nodes, step)
        block = max(1, N_ENTRIES // (len(weights) * len(nodes)))

        def work() -> Answer:
            log_z, marginals, pairs = [], [], np.zeros((len(weights), len(weights)))
            for start in range(0, problem.n_items, block):
                rows = slice(start, start + block)
                part = integral.solve(problem.log_odds[rows], residual[rows], self.moments)
                log_z.append(part[0])
                marginals.append(part[1])
                pairs += part[2]
            np.fill_diagonal(pairs, np.concatenate(marginals).sum(axis=0))
            normaliser = np.log(2 * np.pi * sd**2) / 2 + np.logaddexp(0, problem.log_odds).sum(1)
            log_evidence = np.concatenate(log_z) - normaliser
            has_pairs = self.moments == "pairs"
            return Answer(log_evidence, np.concatenate(marginals), pairs if has_pairs else None)

        return work


class _Integral:
    def __init__(self, weights: Floats, nodes: Floats, step: float) -> None:
        self.weights = weights
        self.nodes = nodes
        self.rotation = np.exp(-1j * nodes[:, None] * weights)
        # Trapezoid over both signs: the integrand at -u is the conjugate of that at u.
        self.trapezoid = np.where(nodes > 0, 2.0, 1.0) * step / np.sqrt(2 * np.pi)
        self.trapezoid = self.trapezoid * np.exp(-(nodes**2) / 2)

    def solve(self, log_odds: Floats, c: Floats, moments: str) -> tuple[Floats, Floats, Floats]:
        """log sum_z exp(log_odds.z - (c - w.z)^2 / 2), marginals, summed pair moments."""
        weights = self.weights
        theta = _saddle(log_odds, c, weights)
        tilted = log_odds + theta[:, None] * weights
        p = expit(tilted)[:, None, :]
        ones = p * self.rotation
        factors = 1 - p + ones
        outer = np.exp(1j * self.nodes * (c - theta)[:, None]) * self.trapezoid
        before = np.cumprod(factors, axis=2)
        integrand = before[:, :, -1] * outer
        total = integrand.real.sum(axis=1)
        log_z = theta**2 / 2 - theta * c + np.logaddexp(0, tilted).sum(axis=1) + np.log(total)
        others = np.ones_like(factors)
        others[:, :, 1:] = before[:, :, :-1]
        others[:, :, :-1] *= np.cumprod(factors[:, :, :0:-1], axis=2)[:, :, ::-1]
        marginals = np.einsum("nqk,nq->nk", others * ones, outer).real / total[:, None]
        if moments != "pairs":
            return log_z, marginals, np.zeros((len(weights), len(weights)))
        root = np.sqrt(integrand / total[:, None])
        x = (root[:, :, None] * ones / factors).reshape(-1, len(weights))
        return log_z, marginals, x.real.T @ x.real - x.imag.T @ x.imag


def _saddle(log_odds: Floats, c: Floats, weights: Floats) -> Floats:
    """theta - c + sum_k w_k sigmoid(log_odds_k + theta w_k) = 0 by Newton inside a bracket."""
    low = c - np.maximum(weights, 0).sum()
    high = c - np.minimum(weights, 0).sum()
    theta: Floats = np.clip(0.0, low, high)
    for _ in range(N_NEWTON):
        p = expit(log_odds + theta[:, None] * weights)
        value = theta - c + p @ weights
        low, high = np.where(value < 0, theta, low), np.where(value > 0, theta, high)
        newton = theta - value / (1 + (p * (1 - p)) @ weights**2)
        inside = (newton >= low) & (newton <= high)
        previous, theta = theta, np.where(inside, newton, (low + high) / 2)
        if np.abs(theta - previous).max() < 1e-13 * (1 + np.abs(theta).max()):
            break
    return theta

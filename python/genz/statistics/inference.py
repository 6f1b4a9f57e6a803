"""Posterior over the latent features of every item."""

from dataclasses import dataclass
from typing import Any

from genz import _core
from genz.statistics.arrays import (
    Floats,
    as_floats,
    as_item_weights,
    as_vector,
    check_n_threads,
)


@dataclass(frozen=True)
class Posterior:
    """Posterior of N items over K latent binary features.

    Attributes
    ----------
    log_evidence : ndarray of shape (N,)
        log p(y_n | s_n) in nats, all normalisers included.
    marginals : ndarray of shape (N, K) or None
        P(z_nk = 1 | y_n, s_n).
    pair_moments : ndarray of shape (K, K) or None
        Sum over items of v_n E[z z'].
    solver : str
        The methods that answered, joined by ``"+"`` where parts of the model or items that observe
        different targets took different ones; ``"prior"`` where no item has an observed target.
    why : str
        Why these methods.
    exact : bool
        Whether every answer is exact up to its certificate.
    worst_certificate : float
        The largest error that was admitted for an item: relative, of rounding or of neglected mass,
        where `exact`; else the widest bracket of a log evidence, in nats.
    n_rescued : int
        Items that one method refused and a fall-back answered.
    predicted_seconds, seconds : float
        CPU time that the cost model expected (NaN for a search that its pilot gave up), and the
        time that passed.
    """

    log_evidence: Floats
    marginals: Floats | None
    pair_moments: Floats | None
    solver: str
    exact: bool
    worst_certificate: float
    n_rescued: int
    why: str
    predicted_seconds: float
    seconds: float


def posterior(
    targets: Any,
    weights: Any,
    intercept: Any,
    noise_variance: Any,
    log_odds: Any,
    *,
    solver: str = "auto",
    moments: str = "marginals",
    item_weights: Any = None,
    n_threads: int | None = None,
) -> Posterior:
    """Compute the posterior of y = b + W'z + noise over binary z, item by item.

    Parameters
    ----------
    targets : array of shape (N, D) or (N,)
        Targets less any covariate effect; NaN = not observed.
    weights : array of shape (K, D) or (K,)
        Effect of each latent feature, in units of the target.
    intercept : array of shape (D,) or float
        Intercept, one float for all dimensions, in units of the target.
    noise_variance : array of shape (D,) or float
        Noise variance of each target dimension, one float for all, in squared units of the target.
    log_odds : array of shape (N, K)
        log P(z = 1) / P(z = 0) before the target is seen; -inf and +inf fix a feature.
    solver : {"auto", "enumeration", "quadrature", "branch_and_bound", "expectation_propagation"}
        Enumeration sums over all states of at most 22 coupled features. Quadrature takes any number
        of features where items observe one or two target dimensions. Branch and bound visits the
        states that carry all but 1e-9 of the posterior. Expectation propagation is approximate.
        Auto takes the cheapest exact one, and the approximation only where none is practical.
    moments : {"none", "marginals", "pairs"}
        How much to compute beside the log evidence.
    item_weights : array of shape (N,), optional
        Weights v of the items in `pair_moments`; 1 where absent.
    n_threads : int, optional
        Threads; None uses every core. The result does not depend on it, bit for bit.

    Returns
    -------
    Posterior

    Raises
    ------
    DataError
        Shapes that do not fit; NaN or inf where a finite number is wanted.
    SolverError
        A solver that was asked for and cannot answer for these weights, or for an item.

    Notes
    -----
    The model is that of Jojic & Jojic, arXiv:2512.24834; the quadrature inverts the
    characteristic function of w'z + noise along a contour through its saddle point.
    """
    y = as_floats("targets", targets, 2)
    n_targets = y.shape[1]
    answer = _core.posterior(
        y,
        as_floats("weights", weights, 2),
        as_vector("intercept", intercept, n_targets),
        as_vector("noise_variance", noise_variance, n_targets),
        as_floats("log_odds", log_odds, 2),
        as_item_weights(item_weights),
        solver,
        moments,
        check_n_threads(n_threads),
    )
    return Posterior(**answer)

"""Outlying items, whose targets follow no feature: p(y) = (1 - e) p(y | s) + e p(y | outlying).

Wrong prices, mistaken units, a house like no other: least squares lets a few such items bend every
weight. Here an item is outlying with probability e, and then its target comes from a normal twice
as wide as all targets (Hogg, Bovy & Lang 2010, arXiv:1008.4686, section 3). By turns the items'
probabilities to be outlying are computed, and e with them, and the regression is fitted to the
items weighted by what is left: a generalised EM, whose likelihood never falls where posteriors are
exact, because the regression's own log likelihood of an item is what its weight multiplies.
"""

from dataclasses import dataclass, replace

import numpy as np

from genz.statistics.arrays import Floats
from genz.statistics.background import Background
from genz.statistics.em import Em
from genz.statistics.moments import weighted_moments
from genz.statistics.parameters import Parameters

WIDTH = 2.0
"""Standard deviation of an outlying target, in those of all targets: so wide that items which are
predicted badly, where features explain little, are not taken for outlying."""

SHARE = 0.05
STRENGTH = 20.0
"""The share has a beta prior of so many imagined items, of which `SHARE` are outlying."""

MAX_UPDATES = 30
TOL = 0.01
"""The outlying items are known when no item's probability changes by more."""

SHARE_UPDATES = 200
SHARE_TOL = 1e-9


@dataclass(frozen=True)
class Outliers:
    """The outlying items of a fit.

    Attributes
    ----------
    background : Background
    probabilities : ndarray of shape (N,)
        P(outlying | y, s); 0 for items without a target.
    log_likelihood : float
        Sum of v log ((1 - e) p(y | s) + e p(y | outlying)), in nats.
    """

    background: Background
    probabilities: Floats
    log_likelihood: float

    def typical(self, item_weights: Floats | None) -> Floats:
        """Weights (N,) of the items in a fit of those that are not outlying."""
        left = 1 - self.probabilities
        return np.asarray(left if item_weights is None else item_weights * left)

    def is_like(self, other: "Outliers") -> bool:
        """Whether the same items are outlying."""
        return bool(np.all(np.abs(self.probabilities - other.probabilities) <= TOL))


def find(em: Em, parameters: Parameters) -> Outliers:
    """Find the outlying items, and their share, given the regression."""
    y = np.asarray(em.targets, dtype=np.float64)
    v = np.ones(len(y)) if em.item_weights is None else em.item_weights
    mean, variance = weighted_moments(y, v)
    v = np.where(np.isnan(y).all(axis=1), 0.0, v)
    typical = em.log_evidence(parameters)
    background = Background(SHARE, mean, WIDTH**2 * variance)
    for _ in range(SHARE_UPDATES):
        n_outlying = float(v @ background.probabilities(typical, y))
        share = (n_outlying + STRENGTH * SHARE) / (float(v.sum()) + STRENGTH)
        is_settled = abs(share - background.share) <= SHARE_TOL
        background = replace(background, share=share)
        if is_settled:
            break
    return Outliers(
        background,
        background.probabilities(typical, y),
        float(v @ background.mixed(typical, y)),
    )

"""Two groups of items that a missing feature would separate, chosen by the statistical model."""

from dataclasses import dataclass

import numpy as np

from genz.discovery import evidence as ev
from genz.discovery.evidence import Evidence, Indices
from genz.statistics.arrays import Floats
from genz.statistics.regression import LatentFeatureRegression

KINDS = ("residual", "split", "residual", "error")
"""The order in which kinds of contrast take turns."""

GROUP_SHARE = 0.3
"""Each group has at most this share of the items."""

SPLIT_ITERATIONS = 15


@dataclass(frozen=True)
class Groups:
    """Rows of the two groups of a contrast, the most extreme items first."""

    kind: str
    high: Indices
    low: Indices


def choose(
    kind: str,
    regression: LatentFeatureRegression,
    evidence: Evidence,
    *,
    group_size: int,
    rng: np.random.Generator,
) -> Groups:
    """Choose the groups of a contrast of one kind.

    * ``"residual"``: the ends of the leading direction of the residual y - E[y | s].
    * ``"error"``: items that the model predicts badly against items that it predicts well.
    * ``"split"``: the ends of the posterior of a further feature whose judgments are unknown.
    """
    residual = ev.residuals(regression, evidence)
    direction = _leading_direction(residual, evidence.item_weights)
    along = residual @ direction
    if kind == "error":
        score = np.linalg.norm(residual, axis=1)
    elif kind == "split":
        score = _split_posterior(regression, evidence, direction, rng)
    else:
        score = along
    usable = np.flatnonzero((evidence.item_weights > 0) & ~np.isnan(evidence.targets).all(axis=1))
    # Equal scores (posteriors at 0 or 1) are told apart by the residual, then by chance.
    order = usable[np.lexsort((rng.random(len(usable)), along[usable], score[usable]))]
    size = max(1, min(group_size, int(GROUP_SHARE * len(usable))))
    return Groups(kind, high=order[::-1][:size], low=order[:size])


def _leading_direction(residual: Floats, weights: Floats) -> Floats:
    """First principal direction of the residual; its sign is fixed to be reproducible."""
    covariance = residual.T @ (residual * weights[:, np.newaxis])
    direction = np.linalg.eigh(covariance)[1][:, -1]
    return np.asarray(direction * np.sign(direction[np.argmax(np.abs(direction))]))


def _split_posterior(
    regression: LatentFeatureRegression,
    evidence: Evidence,
    direction: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Posterior of a feature that no one has judged, started on either side and the best kept."""
    unknown = evidence.with_column(np.full(len(evidence.targets), np.nan))
    effect = direction * np.sqrt(regression.noise_variance_)
    best: LatentFeatureRegression | None = None
    for sign in rng.permutation([-1.0, 1.0]):
        start = regression.parameters_.with_feature(
            sign * effect, error_rate=regression.rate_centre, is_hard=True
        )
        split = ev.fit(regression, unknown, start=start, max_iter=SPLIT_ITERATIONS, tol=1e-6)
        if best is None or split.log_likelihoods_[-1] > best.log_likelihoods_[-1]:
            best = split
    assert best is not None  # noqa: S101 - both signs were tried
    posterior = best.posterior(unknown.judgments, evidence.targets, evidence.covariates)
    assert posterior.marginals is not None  # noqa: S101 - the default asks for marginals
    return np.asarray(posterior.marginals[:, -1])

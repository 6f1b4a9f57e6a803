"""The gain of new features checked by exact posteriors where the whole model is beyond them.

Expectation propagation fits what no exact solver can, and a gain that it reports has its error on
both sides. Here the log evidence of the deciding items is bounded from below instead, with the new
features and without them. The features that are most coupled with the new ones form a core, the
others further blocks; the states of a block are all summed over, while the other blocks are held at
their E[z]. The distribution q that takes the blocks as independent gives, with c_b = W_b'E[z_b] and
any offsets o_b in the place of the other blocks' sum of c,

    log p(y|s) >= log N(r; 0, S) + sum_b [log Z_b(r - o_b) - log N(r - o_b; 0, S) + o_b . c_b]
                  - sum_(b < b') c_b . c_b'

with products in units of S and r = y - b - A'x (structured mean field: Saul & Jordan, NIPS 8 (1996)
486-492). Blocks are the same on both sides but for the new features, so that what the bounds fall
short by nearly cancels in their difference. With one block they are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from genz.discovery.evidence import Evidence
from genz.errors import UsageError
from genz.statistics.arrays import Floats, Indices
from genz.statistics.inference import Posterior, posterior
from genz.statistics.regression import LatentFeatureRegression

MAX_BLOCK = 20
"""The most features whose states are summed over at once."""
EXACT = "enumeration"
"""The solver of a block."""
N_SWEEPS = 3
"""Times that each block is brought in line with the others; each raises the bound."""


def evidence_gain_exact(
    regression_with: LatentFeatureRegression,
    regression_without: LatentFeatureRegression,
    deciding_with: Evidence,
    deciding_without: Evidence,
    new: Sequence[int],
    *,
    max_block: int = MAX_BLOCK,
) -> float:
    """Gain in log evidence of the deciding items by new features, in nats.

    Parameters
    ----------
    regression_with, regression_without : LatentFeatureRegression
        Fits to the items that choose, with K and with K' features.
    deciding_with, deciding_without : Evidence
        The same items with the judgments of either fit, (N, K) and (N, K').
    new : sequence of int
        Columns of `deciding_with` that are new. The other columns are those of `deciding_without`
        in their order; where that has more, which the new ones replaced, they are in the core.
    max_block : int
        The most features of a block, at most 22.

    Returns
    -------
    float
        Sum over the items of their weight times the difference of the bounds.

    Raises
    ------
    UsageError
        More new or replaced features than a core has room for, or columns that are not in both.
    """
    is_new = np.isin(np.arange(deciding_with.judgments.shape[1]), new)
    kept_with = np.flatnonzero(~is_new)
    kept_without = _places(deciding_with.judgments[:, kept_with], deciding_without.judgments)
    replaced = np.setdiff1d(np.arange(deciding_without.judgments.shape[1]), kept_without)
    n_forced = max(int(is_new.sum()), len(replaced))
    if n_forced > max_block:
        raise UsageError(
            f"{n_forced} features come or go at once, wanted at most {max_block}: check fewer"
        )
    after = ItemSide.of(regression_with, deciding_with)
    before = ItemSide.of(regression_without, deciding_without)
    if after.log_evidence is not None and before.log_evidence is not None:
        return float(deciding_with.fit_weights @ (after.log_evidence - before.log_evidence))
    coupling = after.coupling(np.flatnonzero(is_new))[kept_with]
    coupling = coupling + before.coupling(replaced)[kept_without]
    n_room = max_block - n_forced
    nearest, others = np.split(np.argsort(-coupling, kind="stable"), [n_room])
    blocks = [kept_with[others[block]] for block in _blocks(after, kept_with[others], max_block)]
    place = np.zeros(len(is_new), dtype=np.intp)
    place[kept_with] = kept_without
    core_with = np.concatenate([np.flatnonzero(is_new), kept_with[nearest]])
    core_without = np.concatenate([replaced, kept_without[nearest]])
    # The core comes last, so that it is at its best.
    gain = after.bound([*blocks, core_with])
    gain -= before.bound([*(place[block] for block in blocks), core_without])
    return float(deciding_with.fit_weights @ gain)


def _blocks(side: "ItemSide", features: Indices, max_block: int) -> list[Indices]:
    """Part features, by their positions, into blocks of those most coupled with a first one."""
    rest, blocks = np.arange(len(features)), []
    while len(rest):
        coupling = side.coupling(features[rest[:1]])[features[rest]]
        coupling[0] = np.inf
        block, rest = np.split(rest[np.argsort(-coupling, kind="stable")], [max_block])
        blocks.append(block)
        rest = np.sort(rest)
    return blocks


def _places(wanted: Floats, among: Floats) -> Indices:
    """Where the columns of `wanted` are in `among`, in their order."""
    places: list[int] = []
    start = 0
    for column in wanted.T:
        found = next(
            (k for k in range(start, among.shape[1]) if _is_equal(column, among[:, k])), None
        )
        if found is None:
            raise UsageError(
                "a column of judgments that is not new has no equal without the new features: "
                "wanted the same features in the same order"
            )
        places.append(found)
        start = found + 1
    return np.array(places, dtype=np.intp)


def _is_equal(column: Floats, other: Floats) -> bool:
    return np.array_equal(column, other, equal_nan=True)


@dataclass(frozen=True)
class ItemSide:
    """A model and the items that it is asked about, in units of the noise.

    Attributes
    ----------
    residual : ndarray of shape (N, D)
        (y - b - A'x) / sigma, NaN where not observed.
    weights : ndarray of shape (K, D)
        W / sigma.
    log_odds : ndarray of shape (N, K)
    log_scale : ndarray of shape (N,)
        Sum of log sigma over the observed dimensions.
    means : ndarray of shape (N, K)
        E[z] given judgments and targets.
    log_evidence : ndarray of shape (N,) or None
        log p(y | s), where the whole model is within exact reach.
    """

    residual: Floats
    weights: Floats
    log_odds: Floats
    log_scale: Floats
    means: Floats
    log_evidence: Floats | None

    @classmethod
    def of(cls, regression: LatentFeatureRegression, evidence: Evidence) -> "ItemSide":
        """Read a fit and the items, and ask for the posterior of the whole model."""
        sd = np.sqrt(regression.noise_variance_)
        shift = regression.intercept_ + evidence.covariates @ regression.covariate_weights_
        residual = (evidence.targets - shift) / sd
        log_odds = regression.log_odds(evidence.judgments)
        log_scale = ~np.isnan(residual) @ np.log(sd)
        weights = regression.weights_ / sd
        whole = _posterior(residual, weights, log_odds, "auto")
        assert whole.marginals is not None  # noqa: S101 - they are asked for
        return cls(
            residual=residual,
            weights=weights,
            log_odds=log_odds,
            log_scale=log_scale,
            means=whole.marginals,
            log_evidence=whole.log_evidence - log_scale if whole.exact else None,
        )

    def coupling(self, features: Indices) -> Floats:
        """How much each feature has to do with some others, in nats, (K,).

        |W_k S^-1 W_l| times how far z_k and z_l vary together: by their uncertainty within an
        item, and by their means from item to item.
        """
        prior = expit(self.log_odds)
        uncertain = np.sqrt(prior * (1 - prior))
        centred = self.means - self.means.mean(axis=0)
        together = uncertain.T @ uncertain[:, features] + np.abs(centred.T @ centred[:, features])
        inner = np.abs(self.weights @ self.weights[features].T)
        return np.asarray((inner * together).sum(axis=1) / max(1, len(self.means)))

    def bound(self, blocks: Sequence[Indices]) -> Floats:
        """Lower bound of log p(y | s) of every item, (N,), exact with all features in one block."""
        observed = ~np.isnan(self.residual)
        means = [np.where(observed, self.means[:, b] @ self.weights[b], 0.0) for b in blocks]
        gains = [np.zeros(len(observed)) for _ in blocks]
        # A single block has no other to be brought in line with.
        for _ in range(N_SWEEPS if len(blocks) > 1 else 1):
            for b, block in enumerate(blocks):
                offset = np.sum(means, axis=0) - means[b]
                rest = self.residual - offset
                found = _posterior(rest, self.weights[block], self.log_odds[:, block], EXACT)
                assert found.marginals is not None  # noqa: S101 - they are asked for
                means[b] = np.where(observed, found.marginals @ self.weights[block], 0.0)
                gains[b] = found.log_evidence - _log_normal(rest) + (offset * means[b]).sum(axis=1)
        squares = (np.sum(means, axis=0) ** 2).sum(axis=1) - np.sum(np.square(means), axis=(0, 2))
        total = _log_normal(self.residual) + np.sum(gains, axis=0) - 0.5 * squares
        return np.asarray(total - self.log_scale)


def _log_normal(residual: Floats) -> Floats:
    """Log density of the observed entries as standard normals, (N,)."""
    return np.asarray(-0.5 * np.nansum(residual**2 + np.log(2 * np.pi), axis=1))


def _posterior(residual: Floats, weights: Floats, log_odds: Floats, solver: str) -> Posterior:
    """Posterior of items in units of the noise, covariates and intercept taken off."""
    return posterior(residual, weights, np.zeros(residual.shape[1]), 1.0, log_odds, solver=solver)

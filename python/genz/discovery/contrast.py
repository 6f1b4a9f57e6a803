"""Two groups of items that a missing feature would separate, chosen by the statistical model."""

from dataclasses import dataclass, replace

import numpy as np

from genz.discovery import evidence as ev
from genz.discovery.evidence import Evidence
from genz.statistics.arrays import Floats, Indices
from genz.statistics.regression import LatentFeatureRegression

KINDS = {
    "errors": ("residual", "split", "error", "refine"),
    "random": ("random",),
    "none": ("none",),
}
"""Kinds of contrast by what chooses the groups; the latter two are baselines."""

GROUP_SHARE = 0.3
"""Each group has at most this share of the items."""

SPLIT_ITERATIONS = 15


@dataclass(frozen=True)
class Groups:
    """Rows of the two groups of a contrast, the most extreme items first.

    Attributes
    ----------
    refines : int or None
        The feature whose description is to be sharpened.
    """

    kind: str
    high: Indices
    low: Indices
    refines: int | None = None

    def among(self, rows: Indices) -> "Groups":
        """Name the items by their rows in the whole catalog."""
        return replace(self, high=rows[self.high], low=rows[self.low])


def possible(kinds: tuple[str, ...], n_features: int) -> list[str]:
    """Kinds that can be tried now: there must be a feature to be refined."""
    return [kind for kind in kinds if kind != "refine" or n_features]


def choose(
    kind: str,
    regression: LatentFeatureRegression,
    evidence: Evidence,
    *,
    group_size: int,
    rng: np.random.Generator,
) -> Groups:
    """Choose the groups of a contrast of one kind among the items of `evidence`.

    * ``"residual"``: the ends of a principal direction of the residual y - E[y | s], drawn in
      proportion to the power along it.
    * ``"error"``: items that the model predicts badly against items that it predicts well.
    * ``"split"``: the ends of the posterior of a further feature whose judgments are unknown.
    * ``"refine"``: items where the posterior of a feature contradicts its judgment against items
      where they agree.
    * ``"random"``: two random groups.
    * ``"none"``: a random sample and an empty group.
    """
    usable = np.flatnonzero((evidence.item_weights > 0) & ~np.isnan(evidence.targets).all(axis=1))
    most, size = _most_of_group(usable, evidence, group_size)
    if kind in ("random", "none"):
        shown = _first_of_groups(rng.permutation(usable), evidence, most)
        low = shown[size : 2 * size] if kind == "random" else shown[:0]
        return Groups(kind, shown[:size], low)
    residual = ev.residuals(regression, evidence)
    direction = _direction(residual, evidence.item_weights, rng)
    along = residual @ direction
    refines = None
    if kind == "error":
        score = np.linalg.norm(residual, axis=1)
    elif kind == "split":
        score = _split_posterior(regression, evidence, direction, rng)
    elif kind == "refine":
        refines, score = _contradiction(regression, evidence, rng)
    else:
        score = along
    # Equal scores (posteriors at 0 or 1) are told apart by the residual, then by chance.
    order = usable[np.lexsort((rng.random(len(usable)), along[usable], score[usable]))]
    high, low = (_first_of_groups(way, evidence, most)[:size] for way in (order[::-1], order))
    return Groups(kind, high, low, refines)


def _most_of_group(
    usable: Indices, evidence: Evidence, group_size: int
) -> tuple[Indices | None, int]:
    """How many of a group's items each side may show, (G,), and how many items a side shows.

    Of a group as many as it counts for: a large one would else be all that is shown, and its name
    what separates. Of many groups none has more than a tenth, for a language model is shown few.
    """
    size = min(group_size, int(GROUP_SHARE * len(usable)))
    if evidence.grouping is None:
        return None, max(1, size)
    group_of = evidence.grouping.group_of[usable]
    shares = evidence.grouping.shares(evidence.item_weights)[usable]
    n_items, counts = np.bincount(group_of), np.ceil(np.bincount(group_of, shares) - 1e-9)
    part = max(1, group_size // min(10, int(np.count_nonzero(n_items))))
    most: Indices = np.clip(counts, 1, part).astype(np.intp)
    # Both sides together must not need an item twice.
    there = int(np.minimum(n_items, 2 * most).sum()) // 2
    size = min(size, there, int(GROUP_SHARE * np.minimum(n_items, counts).sum()))
    return most, max(1, size)


def _first_of_groups(order: Indices, evidence: Evidence, most: Indices | None) -> Indices:
    """Items in their order, of each group no more than it may have."""
    if evidence.grouping is None or most is None:
        return order
    group_of = evidence.grouping.group_of[order]
    by_group = np.argsort(group_of, kind="stable")
    sizes = np.bincount(group_of)
    place = np.empty(len(order), dtype=np.intp)
    place[by_group] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return order[place < most[group_of]]


def _direction(residual: Floats, weights: Floats, rng: np.random.Generator) -> Floats:
    """A principal direction of the residual; the leading one of a vector may have no feature."""
    covariance = residual.T @ (residual * weights[:, np.newaxis])
    powers, directions = np.linalg.eigh(covariance)
    powers = np.maximum(powers, 0)
    if not powers.sum():
        return np.asarray(directions[:, -1])
    direction = directions[:, rng.choice(len(powers), p=powers / powers.sum())]
    return np.asarray(direction * np.sign(direction[np.argmax(np.abs(direction))]))


def _contradiction(
    regression: LatentFeatureRegression, evidence: Evidence, rng: np.random.Generator
) -> tuple[int, Floats]:
    """A feature and |posterior - prior| of its items, drawn by how much there is of it."""
    posterior = regression.posterior(evidence.judgments, evidence.targets, evidence.covariates)
    assert posterior.marginals is not None  # noqa: S101 - the default asks for marginals
    distance = np.abs(posterior.marginals - regression.probabilities(evidence.judgments))
    total = distance.sum(axis=0) + 1e-12
    k = int(rng.choice(len(total), p=total / total.sum()))
    return k, distance[:, k]


def _split_posterior(
    regression: LatentFeatureRegression,
    evidence: Evidence,
    direction: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Posterior of a feature that no one has judged, started on either side and the best kept.

    Covariates keep their effects: among some of the items they may depend on each other.
    """
    explained = evidence.covariates @ regression.covariate_weights_
    unknown = replace(
        evidence.with_column(np.full(len(evidence.targets), np.nan)),
        targets=evidence.targets - explained,
        covariates=np.zeros((len(explained), 0)),
    )
    known = replace(regression.parameters_, covariate_weights=np.zeros((0, explained.shape[1])))
    effect = direction * np.sqrt(regression.noise_variance_)
    best: LatentFeatureRegression | None = None
    for sign in rng.permutation([-1.0, 1.0]):
        start = known.with_feature(sign * effect, error_rate=regression.rate_centre, is_hard=True)
        split = ev.fit(regression, unknown, start=start, max_iter=SPLIT_ITERATIONS, tol=1e-6)
        if best is None or split.log_likelihoods_[-1] > best.log_likelihoods_[-1]:
            best = split
    assert best is not None  # noqa: S101 - both signs were tried
    posterior = best.posterior(unknown.judgments, unknown.targets, unknown.covariates)
    assert posterior.marginals is not None  # noqa: S101 - the default asks for marginals
    return np.asarray(posterior.marginals[:, -1])

"""The interval of a difference that is averaged over seeds."""

from collections.abc import Sequence

import numpy as np

from genz.evaluation import CrossValidation, Difference
from genz.evaluation.comparison import LEVEL
from genz.evaluation.folds import Folds
from genz.evaluation.methods import OURS
from genz.statistics.arrays import Floats

N_RESAMPLES = 2000


def difference(
    results: Sequence[CrossValidation],
    method: str,
    groups: Folds | None = None,
    *,
    seed: int = 0,
) -> Difference:
    """Score of genz less that of a method, each the mean over seeds, and its interval.

    The score is the median relative error of scalar targets, the mean cosine of vectors. Items
    are drawn with replacement, whole groups where there are groups; the same ones for every seed
    and both methods (percentile bootstrap).

    Parameters
    ----------
    results : sequence of CrossValidation
        Of the same items, one for each seed.
    """
    ours = np.array([_by_item(result, OURS) for result in results])
    others = np.array([_by_item(result, method) for result in results])
    summary = np.nanmedian if results[0].targets.shape[1] == 1 else np.nanmean

    def mean_difference(rows: Folds) -> float:
        return float((summary(ours[:, rows], axis=1) - summary(others[:, rows], axis=1)).mean())

    rng = np.random.default_rng(seed)
    n_items = ours.shape[1]
    codes = np.arange(n_items) if groups is None else np.unique(groups, return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    drawn = [
        mean_difference(
            np.concatenate([members[ix] for ix in rng.integers(len(members), size=len(members))])
        )
        for _ in range(N_RESAMPLES)
    ]
    tail = (1 - LEVEL) / 2
    lower, upper = np.quantile(drawn, [tail, 1 - tail])
    return Difference(mean_difference(np.arange(n_items)), float(lower), float(upper))


def _by_item(result: CrossValidation, method: str) -> Floats:
    point, targets = result.predictions[method].point, result.targets
    with np.errstate(divide="ignore", invalid="ignore"):
        if targets.shape[1] == 1:
            return np.asarray(np.abs(point - targets) / np.abs(targets))[:, 0]
        lengths = np.linalg.norm(point, axis=1) * np.linalg.norm(targets, axis=1)
        return np.asarray((point * targets).sum(axis=1) / lengths)

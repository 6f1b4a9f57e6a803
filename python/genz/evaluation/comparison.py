"""How sure a score is: its spread over folds, and paired differences between methods."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from genz.evaluation.folds import Folds
from genz.evaluation.predictions import Predictions
from genz.evaluation.resampling import scores_of_counts
from genz.evaluation.scores import score
from genz.statistics.arrays import Floats

N_RESAMPLES = 2_000
LEVEL = 0.95
"""Nominal coverage of the intervals of differences."""
_MAX_COUNTS = 4_000_000
"""Counts of items in resamples that are held at once: 32 MB."""


@dataclass(frozen=True)
class Difference:
    """A score of genz less the same score of another method, with its bootstrap interval."""

    value: float
    lower: float
    upper: float


def standard_errors(
    predictions: Predictions, targets: Floats, folds: Folds, *, log: bool
) -> dict[str, float]:
    """Standard error of each score over folds: sd of the folds' own scores over root n.

    A score that fewer than two folds have is left out, and so is what has a number for each
    dimension. Folds share training items, so it is a little small.
    """
    by_fold = [
        score(predictions.take(rows), targets[rows], log=log)
        for rows in (np.flatnonzero(folds == fold) for fold in range(int(folds.max()) + 1))
    ]
    found = {}
    for name in by_fold[0]:
        known = [v for scores in by_fold if isinstance(v := scores[name], float)]
        if len(known) > 1:
            found[name] = float(np.std(known, ddof=1) / np.sqrt(len(known)))
    return found


def differences(
    predictions: Mapping[str, Predictions],
    ours: str,
    targets: Floats,
    *,
    log: bool,
    groups: Folds | None = None,
    seed: int = 0,
) -> dict[str, dict[str, Difference]]:
    """Scores of our method less those of each other method on the same items.

    The interval is the percentile interval of a bootstrap: items are drawn with replacement,
    whole groups where there are groups, the same for both methods, and both are scored on what
    was drawn. The fits stay as they are, so what another training set would have changed is not
    in the interval.

    Returns
    -------
    dict of str to dict of str to Difference
        By method and score (``median_relative_error`` or ``cosine``, ``r2``,
        ``log_predictive_density``); a score that does not exist for both is left out.
    """
    if len(predictions) < 2:
        return {}
    once = np.ones((1, len(targets)))
    observed = {m: scores_of_counts(p, targets, once, log=log) for m, p in predictions.items()}
    drawn: dict[str, dict[str, list[Floats]]] = {method: {} for method in predictions}
    for counts in _resamples(len(targets), groups, np.random.default_rng(seed)):
        for method, some in predictions.items():
            for name, values in scores_of_counts(some, targets, counts, log=log).items():
                drawn[method].setdefault(name, []).append(values)
    tail = (1 - LEVEL) / 2
    found: dict[str, dict[str, Difference]] = {}
    for method in predictions:
        if method == ours:
            continue
        found[method] = {}
        for name in observed[ours]:
            value = float(observed[ours][name][0] - observed[method][name][0])
            spread = np.concatenate(drawn[ours][name]) - np.concatenate(drawn[method][name])
            spread = spread[np.isfinite(spread)]
            if np.isfinite(value) and len(spread):
                lower, upper = np.quantile(spread, [tail, 1 - tail]).tolist()
                found[method][name] = Difference(value, lower, upper)
    return found


def _resamples(n_items: int, groups: Folds | None, rng: np.random.Generator) -> Iterator[Floats]:
    """How often each item is drawn, (some, N) at a time."""
    unit_of = np.arange(n_items) if groups is None else np.unique(groups, return_inverse=True)[1]
    n_units = int(unit_of.max()) + 1
    size = max(1, _MAX_COUNTS // n_items)
    even = np.full(n_units, 1 / n_units)
    for start in range(0, N_RESAMPLES, size):
        n = min(size, N_RESAMPLES - start)
        yield rng.multinomial(n_units, even, size=n)[:, unit_of].astype(np.float64)

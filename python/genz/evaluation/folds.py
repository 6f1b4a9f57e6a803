"""Who is held out together with whom."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from genz.catalog.values import distinct
from genz.errors import DataError, UsageError
from genz.statistics.arrays import Indices

Folds = Indices
"""Index of the fold in which each item is held out, (N,)."""


def draw_folds(
    n_items: int, n_folds: int, *, groups: Sequence[Any] | None = None, seed: int = 0
) -> Folds:
    """Draw folds of nearly equal size; the items of a group stay together.

    Groups are dealt in the order of their size, equal ones in random order, each to the smallest
    fold so far: without groups the sizes differ by at most one.

    Raises
    ------
    UsageError
        Fewer than two folds, or more folds than items or groups.
    DataError
        An item whose group is missing.
    """
    group_of = np.arange(n_items) if groups is None else distinct("group", groups)
    sizes = np.bincount(group_of)
    if not 2 <= n_folds <= len(sizes):
        kind = "items" if groups is None else "groups"
        raise UsageError(f"{n_folds} folds of {len(sizes)} {kind}: wanted from 2 to {len(sizes)}")
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(sizes))
    filled = np.zeros(n_folds, dtype=np.intp)
    fold_of_group = np.empty(len(sizes), dtype=np.intp)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        fold = int(np.argmin(filled))
        fold_of_group[group] = fold
        filled[fold] += sizes[group]
    return fold_of_group[group_of]


def folds_of_column(values: Sequence[Any], *, groups: Sequence[Any] | None = None) -> Folds:
    """Make one fold of each distinct value, in the order of first appearance.

    Raises
    ------
    DataError
        A missing value, a single value, or a group in two folds.
    """
    folds = distinct("fold", values)
    if folds.max() < 1:
        raise DataError(f"the fold column holds {values[0]!r} only, wanted at least two values")
    if groups is not None:
        first_of: dict[int, int] = {}
        for ix, group in enumerate(distinct("group", groups)):
            first = first_of.setdefault(int(group), ix)
            if folds[first] != folds[ix]:
                raise DataError(
                    f"group {groups[ix]!r} is in the folds {values[first]!r} and {values[ix]!r}, "
                    "wanted one fold for each group"
                )
    return folds

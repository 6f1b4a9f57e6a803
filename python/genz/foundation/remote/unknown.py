"""Cells that no question answered, and why."""

import heapq
from collections import Counter
from dataclasses import dataclass, field

N_LISTED = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Unknown:
    """A cell without an answer.

    Attributes
    ----------
    call : int
        Which call of the judge, from 0.
    item_ix : int
        Position of the item in that call's catalog; of items that look alike the first.
    feature : str
    item : str
        The item as a readable line.
    kind : str
        Class of the failure, such as ``"refused"``.
    reason : str
        One line for the user.
    """

    call: int
    item_ix: int
    feature: str
    item: str
    kind: str
    reason: str


@dataclass(slots=True)
class Unknowns:
    """Counts of all unknown cells, and a list of the first in order of call, item and feature.

    Attributes
    ----------
    n_cells : int
        Cells that were wanted so far, known ones among them.
    by_kind : Counter of str
        Unknown cells by class of failure.
    """

    n_cells: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    _listed: list[Unknown] = field(default_factory=list)

    @property
    def n_unknown(self) -> int:
        """Number of unknown cells."""
        return self.by_kind.total()

    @property
    def share(self) -> float:
        """Unknown cells among all wanted."""
        return self.n_unknown / self.n_cells if self.n_cells else 0.0

    @property
    def listed(self) -> list[Unknown]:
        """The first 10,000 unknown cells in order; the same in whatever order they came."""
        return heapq.nsmallest(N_LISTED, self._listed)

    def add(self, unknown: Unknown, n_cells: int = 1) -> None:
        """Add one that stands for `n_cells` (items that look alike)."""
        self.by_kind[unknown.kind] += n_cells
        self._listed.append(unknown)
        if len(self._listed) >= 2 * N_LISTED:
            self._listed = heapq.nsmallest(N_LISTED, self._listed)

    def extend(self, other: "Unknowns") -> None:
        """Add all of another."""
        self.n_cells += other.n_cells
        self.by_kind += other.by_kind
        self._listed = heapq.nsmallest(N_LISTED, [*self._listed, *other._listed])

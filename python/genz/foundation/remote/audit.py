"""Do large tiles judge as single questions do? A sample of cells is asked both ways."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genz.foundation.remote.tiles import Mask

Floats = NDArray[np.float64]

N_PILOT = 40
"""Cells of the first tiles of a size that are audited before the size is used for the rest."""

PILOT_SHARE = 0.5
"""At most this share of the pilot's cells."""

SHARE, N_LEAST, N_MOST = 0.01, 20, 200
"""Of a call's other cells this share is audited, within these numbers."""

MOST_SHARE = 0.05
"""Never more of a call's cells: one costs as much as some fifteen in a tile."""

N_DECIDING = 20
MIN_AGREEMENT, MIN_KAPPA = 0.85, 0.5
_Z = 1.6449
"""One-sided 95 %."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Cells by what a tile said and what a single question says.

    Attributes
    ----------
    both, tile_only, pair_only, neither : int
        Cells that both call yes, only the tile, only the pair, neither.
    """

    both: int = 0
    tile_only: int = 0
    pair_only: int = 0
    neither: int = 0

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(
            self.both + other.both,
            self.tile_only + other.tile_only,
            self.pair_only + other.pair_only,
            self.neither + other.neither,
        )

    @property
    def n(self) -> int:
        """Cells compared."""
        return self.both + self.tile_only + self.pair_only + self.neither

    @property
    def share(self) -> float:
        """Share of the cells on which both agree; NaN without cells."""
        return (self.both + self.neither) / self.n if self.n else math.nan

    @property
    def kappa(self) -> float:
        """Cohen's kappa; NaN where it is not defined (both say the same of all cells)."""
        by_chance = self._by_chance
        return (self.share - by_chance) / (1 - by_chance) if by_chance < 1 else math.nan

    @property
    def _by_chance(self) -> float:
        if not self.n:
            return math.nan
        tile, pair = self.both + self.tile_only, self.both + self.pair_only
        return (tile * pair + (self.n - tile) * (self.n - pair)) / self.n**2

    @property
    def is_poor(self) -> bool:
        """Whether agreement or kappa is below its least value by more than chance explains.

        By one-sided 95 % upper bounds (Wilson's of the agreement; the delta method's of kappa).
        """
        if self.n < N_DECIDING:
            return False
        n, share = self.n, self.share
        centre = share + _Z**2 / (2 * n)
        spread = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
        if (centre + spread) / (1 + _Z**2 / n) < MIN_AGREEMENT:
            return True
        if math.isnan(self.kappa):
            return False
        error = math.sqrt(share * (1 - share) / n) / (1 - self._by_chance)
        return self.kappa + _Z * error < MIN_KAPPA

    @property
    def is_settled(self) -> bool:
        """Whether enough cells were compared to go on without a pilot."""
        return self.n >= N_PILOT and not self.is_poor


def compare(tile: Floats, pair: Floats) -> Agreement:
    """Compare judgments cell by cell, at 1/2; cells unknown to either are left out."""
    known = ~(np.isnan(tile) | np.isnan(pair))
    first, second = tile[known] > 0.5, pair[known] > 0.5
    return Agreement(
        int(np.sum(first & second)),
        int(np.sum(first & ~second)),
        int(np.sum(~first & second)),
        int(np.sum(~first & ~second)),
    )


def n_to_audit(n_cells: int) -> int:
    """How many of a call's cells are audited."""
    n = min(max(math.ceil(SHARE * n_cells), N_LEAST), N_MOST)
    return min(n, int(MOST_SHARE * n_cells))


def draw(cells: Mask, n: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Draw `n` of the True cells without replacement, in order of row and column."""
    n_cells = int(cells.sum())
    if n >= n_cells or n_cells < 0.05 * cells.size or n_cells < 10_000:
        among = np.flatnonzero(cells)
        flat = among[np.sort(rng.permutation(len(among))[:n])]
        return [(int(cell) // cells.shape[1], int(cell) % cells.shape[1]) for cell in flat]
    # Of many cells a list would take more memory than the judgments.
    drawn: set[tuple[int, int]] = set()
    while len(drawn) < n:
        row, column = (int(rng.integers(size)) for size in cells.shape)
        if cells[row, column]:
            drawn.add((row, column))
    return sorted(drawn)

"""Tiles of a matrix of cells: cut deterministically and lazily, halved where they fail."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genz.errors import StoreError
from genz.prompts.tile import MAX_FEATURES

Mask = NDArray[np.bool_]

MAX_ITEMS = 100
"""Most items of one question; models lose count long before."""


@dataclass(frozen=True, slots=True)
class Size:
    """How cells are asked: the form of the question and the most items and features in it."""

    form: str
    n_items: int
    n_features: int

    @property
    def n_cells(self) -> int:
        """Cells of a whole tile."""
        return self.n_items * self.n_features

    def smaller(self) -> "Size":
        """The next smaller size; `pair` is the smallest."""
        if self.form == "pair":
            return self
        halved = Size(self.form, max(1, self.n_items // 2), max(1, self.n_features // 2))
        return halved if halved.n_items > 1 else Size("pair", 1, 1)

    def __str__(self) -> str:
        return self.form if self.form == "pair" else f"{self.form} {self.n_items}x{self.n_features}"


@dataclass(frozen=True, slots=True)
class Tile:
    """The cells `rows` x `columns`, asked by one question of a form."""

    form: str
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def n_cells(self) -> int:
        """Number of its cells."""
        return len(self.rows) * len(self.columns)

    def halves(self) -> "tuple[Tile, ...]":
        """Halve the items, or the features of a single item; nothing for a single cell."""
        if len(self.rows) > 1:
            middle = len(self.rows) // 2
            return tuple(
                Tile(self.form, rows, self.columns)
                for rows in (self.rows[:middle], self.rows[middle:])
            )
        if len(self.columns) > 1:
            middle = len(self.columns) // 2
            return tuple(
                Tile(self.form, self.rows, columns)
                for columns in (self.columns[:middle], self.columns[middle:])
            )
        return ()


def order_of(wanted: Mask, seed: int) -> NDArray[np.intp]:
    """Rows with any wanted cell, shuffled by the seed.

    Rows that want the same columns stay together: few tiles then ask what nobody wants.
    """
    rows = np.flatnonzero(wanted.any(axis=1))
    rows = rows[np.random.default_rng([seed, len(wanted)]).permutation(len(rows))]
    packed = np.packbits(wanted[rows], axis=1)
    pattern = np.zeros(len(rows), dtype=np.intp)
    if len(rows) and (packed != packed[0]).any():
        _, pattern = np.unique(packed, axis=0, return_inverse=True)
    return rows[np.argsort(pattern.reshape(-1), kind="stable")]


def cut(wanted: Mask, order: NDArray[np.intp], size: Size) -> Iterator[Tile]:
    """Cut the wanted cells of the rows in `order` into tiles, lazily.

    All features of one group of items follow each other, so that prefix caches serve them.
    """
    for start in range(0, len(order), size.n_items):
        group = order[start : start + size.n_items]
        columns = np.flatnonzero(wanted[group].any(axis=0))
        for first in range(0, len(columns), size.n_features):
            asked = columns[first : first + size.n_features]
            rows = group[wanted[np.ix_(group, asked)].any(axis=1)]
            yield Tile(size.form, tuple(rows.tolist()), tuple(asked.tolist()))


def count(wanted: Mask, order: NDArray[np.intp], size: Size) -> int:
    """Number of tiles that `cut` makes."""
    if size.n_items == 1:
        return int((-(-wanted[order].sum(axis=1) // size.n_features)).sum())
    return sum(
        -(-int(wanted[order[start : start + size.n_items]].any(axis=0).sum()) // size.n_features)
        for start in range(0, len(order), size.n_items)
    )


def checked_size(form: str, n_items: int, n_features: int) -> Size:
    """A size within what the form can ask.

    Raises
    ------
    ValueError
        Another form, or a size out of bounds.
    """
    if form not in ("pair", "batch", "tile"):
        raise ValueError(f"the form is {form!r}, wanted 'pair', 'batch' or 'tile'")
    if not 1 <= n_items <= MAX_ITEMS or not 1 <= n_features <= MAX_FEATURES:
        raise ValueError(
            f"the tile is {n_items} x {n_features}, wanted up to {MAX_ITEMS} items x "
            f"{MAX_FEATURES} features"
        )
    if form == "pair":
        return Size("pair", 1, 1)
    return Size(form, n_items, n_features if form == "tile" else 1)


def pack(mask: Mask) -> bytes:
    """A mask as compressed bits; `unpack` needs its shape."""
    return zlib.compress(np.packbits(mask).tobytes(), 6)


def unpack(packed: bytes, shape: tuple[int, int]) -> Mask:
    """The mask that `pack` was given; raises `StoreError` if it is none of that shape."""
    n_cells = shape[0] * shape[1]
    n_bytes = (n_cells + 7) // 8
    try:
        # A damaged plan may not inflate to more than it should.
        bits = zlib.decompressobj().decompress(packed, n_bytes + 1)
    except zlib.error as error:
        raise StoreError(f"a plan in the answer store is damaged: {error}") from None
    if len(bits) != n_bytes:
        raise StoreError(
            f"a plan in the answer store is damaged: it has {len(bits)} bytes, wanted {n_bytes}"
        )
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=n_cells).astype(bool).reshape(shape)

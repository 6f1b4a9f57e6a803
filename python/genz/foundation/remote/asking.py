"""One pass over tiles: asked, read into the matrix, split where they fail."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from genz.client.request import Answer, FailureKind, Outcome, Request
from genz.errors import ImageError
from genz.foundation.remote.tiles import Tile
from genz.foundation.remote.view import View
from genz.prompts.cells import VERSIONS, ask_cells, read_cells
from genz.prompts.items import Item

_FORM_FAILURES = frozenset({FailureKind.INVALID, FailureKind.LENGTH})
"""What a single question in plain words may mend."""

_SIZE_FAILURES = _FORM_FAILURES | {FailureKind.CONTEXT}
"""What a smaller size may mend for all tiles."""

Handle = Callable[[Request, Outcome], Iterable[Request]]


class Client(Protocol):
    """What asking needs of `genz.client.client.Client`."""

    def announce(self, n_requests: int, /) -> None:
        """Say how many requests are to come."""
        ...

    async def run(self, requests: Iterable[Request], handle: Handle, /) -> None:
        """Answer all requests."""
        ...


@dataclass(slots=True)
class Sheet:
    """The cells of one call: distinct items x distinct features.

    Attributes
    ----------
    view : View
        The catalog.
    first : ndarray of shape (n_rows,)
        Of each row an item of the catalog that looks so.
    features : sequence of str
    values : ndarray of shape (n_rows, n_features)
        Judgments, NaN where there is none yet.
    unknown : callable
        Takes row, column, kind and reason of a cell that stays unknown.
    seed : int
    sample : int
        Index among repeated samples; repeated answers are not indexed as judgments of their cells.
    """

    view: View
    first: NDArray[np.intp]
    features: Sequence[str]
    values: NDArray[np.float64]
    unknown: Callable[[int, int, str, str], None]
    seed: int = 0
    sample: int = 0
    _shown: dict[int, Item] = field(default_factory=dict)

    def request(self, tile: Tile) -> Request:
        """The question of a tile; raises `ImageError` where an item cannot be shown."""
        prompt, cells = ask_cells(
            tile.form, self._items(tile.rows), [self.features[k] for k in tile.columns], self.seed
        )
        return Request(
            prompt,
            VERSIONS[tile.form],
            partial(read_cells, cells),
            sample=self.sample,
            cells=None if self.sample else cells,
            divisible=tile.n_cells > 1,
            tag=tile,
        )

    def fault(self, row: int) -> str | None:
        """Why the item of a row cannot be shown, as loading its images has found; else None."""
        return self.view.fault(int(self.first[row]))

    def _items(self, rows: Sequence[int]) -> list[Item]:
        """Items of rows; the questions that follow each other are mostly of the same ones."""
        missing = [row for row in rows if row not in self._shown]
        if missing:
            kept = {row: self._shown[row] for row in rows if row in self._shown}
            self._shown = kept | {row: self.view.named(int(self.first[row])) for row in missing}
        return [self._shown[row] for row in rows]


class Pass:
    """Asks tiles and writes their judgments into a sheet.

    Each cell is of one tile and each follow-up of one parent, so the result depends on the
    answers only, not on their order.

    Parameters
    ----------
    sheet : Sheet
    hard : bool
        Whether judgments are rounded to 0 and 1: so are those of a tile's single cells, which
        may be asked as pairs, that a column is of one kind.
    split : bool
        Whether tiles that fail or leave cells out are asked again in parts; else they are kept in
        `failed`.
    values : ndarray, optional
        Where judgments are written; by default the sheet's own.

    Attributes
    ----------
    failed : list of Tile
        With ``split=False``, what was not answered.
    n_misfits : int
        Among the tiles of the pass those that a smaller size could have answered.
    """

    def __init__(
        self,
        sheet: Sheet,
        *,
        hard: bool,
        split: bool = True,
        values: NDArray[np.float64] | None = None,
    ) -> None:
        self._sheet = sheet
        self._hard = hard
        self._split = split
        self._values = sheet.values if values is None else values
        self.failed: list[Tile] = []
        self.n_misfits = 0

    async def run(self, client: Client, tiles: Iterable[Tile]) -> None:
        """Ask the tiles; raises what stops a run."""
        await client.run(self._requests(tiles), self._handle)

    def _requests(self, tiles: Iterable[Tile]) -> Iterator[Request]:
        for tile in tiles:
            try:
                request = self._sheet.request(tile)
            except ImageError as error:
                # Its file was there when the call began; another item of the tile can be shown.
                parts = tile.halves()
                if not parts:
                    self._sheet.unknown(tile.rows[0], tile.columns[0], "image", str(error))
                yield from self._requests(parts)
            else:
                yield request

    def _handle(self, request: Request, outcome: Outcome) -> Iterable[Request]:
        tile: Tile = request.tag
        if isinstance(outcome, Answer):
            return self._requests(self._write(tile, outcome.value))
        if outcome.kind is FailureKind.IMAGE and (parts := self._without_hidden(tile)) is not None:
            return self._requests(parts)
        if not self._split:
            self.failed.append(tile)
            self.n_misfits += outcome.kind in _SIZE_FAILURES
            return ()
        parts = tile.halves()
        if not parts and tile.form != "pair" and outcome.kind in _FORM_FAILURES:
            parts = (Tile("pair", tile.rows, tile.columns),)
        if not parts:
            self._sheet.unknown(tile.rows[0], tile.columns[0], outcome.kind, outcome.reason)
        return self._requests(parts)

    def _without_hidden(self, tile: Tile) -> tuple[Tile, ...] | None:
        """The tile without items whose images cannot be loaded; None where there are none."""
        faults = {row: fault for row in tile.rows if (fault := self._sheet.fault(row)) is not None}
        if not faults:
            return None
        for row, fault in faults.items():
            for column in tile.columns:
                self._sheet.unknown(row, column, "image", fault)
        rows = tuple(row for row in tile.rows if row not in faults)
        return (Tile(tile.form, rows, tile.columns),) if rows else ()

    def _write(self, tile: Tile, judged: NDArray[np.float64]) -> tuple[Tile, ...]:
        """Write what is judged; the tiles that ask again what was left out."""
        at = np.ix_(tile.rows, tile.columns)
        if self._hard:
            judged = np.where(np.isnan(judged), np.nan, judged > 0.5)
        known = self._values[at]
        self._values[at] = np.where(np.isnan(known), judged, known)
        omitted = np.isnan(judged)
        if not omitted.any():
            return ()
        rows, columns = np.flatnonzero(omitted.any(axis=1)), np.flatnonzero(omitted.any(axis=0))
        part = Tile(
            tile.form,
            tuple(tile.rows[i] for i in rows),
            tuple(tile.columns[j] for j in columns),
        )
        if not self._split:
            self.failed.append(part)
            return ()
        return (part,) if 2 * part.n_cells <= tile.n_cells else part.halves()

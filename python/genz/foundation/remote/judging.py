"""Judging a catalog: what the store knows, then tiles, audited, smaller where they are poor."""

from collections.abc import Mapping, Sequence
from itertools import islice
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog
from genz.errors import UsageError
from genz.foundation.remote import audit, tiles
from genz.foundation.remote.asking import Client, Pass, Sheet
from genz.foundation.remote.audit import Agreement
from genz.foundation.remote.known import ReadPayload, Store, digest_of_call, recall, wanted_cells
from genz.foundation.remote.tiles import Mask, Size, Tile
from genz.foundation.remote.unknown import Unknown, Unknowns
from genz.foundation.remote.view import MAX_IMAGES, Loader, View
from genz.prompts.items import MAX_CHARS, one_line

Floats = NDArray[np.float64]

_N_PILOT_TILES = 4
_MISFIT_SHARE = 0.5


class Judge:
    """Judges items on features; its answers are a function of the replies, not of their order.

    A call of a size of tile that was not tried yet asks a few tiles first and audits them by
    single questions; where these disagree too often, or the tiles are not answered, it goes to
    half the size, at last to single questions, which later calls then start from.

    Parameters
    ----------
    client : Client
    store : Store
    model : str
        Under which the store keeps the answers.
    read_payload : callable
        Makes a `Reply` of a stored payload; raises BadBodyError or ValueError
        if it is none.
    form : "tile", "batch" or "pair"
    n_items, n_features : int
        Most items and features in a tile.
    seed : int
    max_chars : int
        Most characters of an item's text.
    loader : Loader, optional
        Loads images; None for a model that takes none.
    max_images : int
        Most images of an item.
    audited : bool
        Whether tiles are audited.

    Attributes
    ----------
    size : Size
        The size of tile in use.
    agreements : dict of Size to Agreement
        What the audits found, by size of tile.
    unknowns : Unknowns
        Cells that stayed without an answer.
    """

    def __init__(
        self,
        client: Client,
        store: Store,
        model: str,
        read_payload: ReadPayload,
        *,
        form: str = "tile",
        n_items: int = 20,
        n_features: int = 10,
        seed: int = 0,
        max_chars: int = MAX_CHARS,
        loader: Loader | None = None,
        max_images: int = MAX_IMAGES,
        audited: bool = True,
    ) -> None:
        try:
            self.size = tiles.checked_size(form, n_items, n_features)
        except ValueError as error:
            raise UsageError(str(error)) from None
        self.client = client
        self.store = store
        self.model = model
        self.read_payload = read_payload
        self.seed = seed
        self.audited = audited
        self.agreements: dict[Size, Agreement] = {}
        self.unknowns = Unknowns()
        self.n_calls = 0
        self._max_chars = max_chars
        self._loader = loader
        self._max_images = max_images
        self._digests: WeakKeyDictionary[Catalog, NDArray[np.void]] = WeakKeyDictionary()

    def agreement(self, size: Size) -> Agreement:
        """What the audits of a size found so far."""
        return self.agreements.get(size, Agreement())

    async def judge(self, items: Catalog, features: Sequence[str]) -> Floats:
        """Judgments of shape (n_items, n_features): 0, 1 or a probability, NaN for *unknown*.

        Raises
        ------
        UsageError
            An empty description, or images that the model is not given.
        FoundationModelError
            What stops the run.
        """
        texts = list(dict.fromkeys(one_line(feature) for feature in features))
        if "" in texts:
            raise UsageError("a feature's description is empty, wanted a short sentence")
        view = View(items, self._max_chars, self._loader, self._max_images)
        digests, hidden = await self._digests_of(items, view)
        distinct, first, row_of = np.unique(digests, return_index=True, return_inverse=True)
        row_of = row_of.reshape(-1)
        hidden_rows = {int(row_of[ix]): reason for ix, reason in hidden.items()}
        call = _Call(self, view, distinct, first, np.bincount(row_of), texts, hidden_rows)
        while not await call.attempt():
            self.size = self.size.smaller()
        self.unknowns.extend(call.unknowns)
        self.n_calls += 1
        columns = np.array([texts.index(one_line(feature)) for feature in features], dtype=np.intp)
        if len(columns) == len(texts):
            return call.sheet.values[row_of]
        return call.sheet.values[row_of[:, np.newaxis], columns]

    async def _digests_of(
        self, items: Catalog, view: View
    ) -> tuple[NDArray[np.void], Mapping[int, str]]:
        """Digests of a catalog; of one without files, which may change, they are made once."""
        if view.has_images:
            return await view.digests()
        digests = self._digests.get(items)
        if digests is None:
            digests, _ = await view.digests()
            self._digests[items] = digests
        return digests, {}

    async def judge_again(
        self, items: Catalog, cells: Sequence[tuple[int, str]], sample: int
    ) -> Floats:
        """Judgments of cells (item, feature) by single questions that were never asked so before.

        The sample's number is part of each question's key and, as the seed of the marks around the
        item, of its words: the store does not answer it from an earlier sample, and a server that
        decodes greedily has other words to read.

        Returns
        -------
        ndarray of shape (n_cells,)
            0, 1 or a probability, NaN where there was no answer.
        """
        rows = sorted({row for row, _ in cells})
        features = list(dict.fromkeys(one_line(feature) for _, feature in cells))
        sheet = Sheet(
            View(items, self._max_chars, self._loader, self._max_images),
            np.array(rows, dtype=np.intp),
            features,
            np.full((len(rows), len(features)), np.nan),
            lambda *_: None,
            self.seed + sample,
            sample,
        )
        at = [(rows.index(row), features.index(one_line(feature))) for row, feature in cells]
        self.client.announce(len(at))
        await Pass(sheet, hard=False).run(
            self.client, (Tile("pair", (row,), (column,)) for row, column in at)
        )
        return np.array([sheet.values[cell] for cell in at])


def _n_pilot(size: Size) -> int:
    """Tiles of a pilot: some, and enough that half of their cells can tell."""
    return max(_N_PILOT_TILES, -(-2 * audit.N_PILOT // size.n_cells))


class _Call:
    """One call of a judge: attempts in smaller and smaller sizes, until one is not poor."""

    def __init__(
        self,
        judge: Judge,
        view: View,
        digests: NDArray[np.void],
        first: NDArray[np.intp],
        n_alike: NDArray[np.intp],
        features: Sequence[str],
        hidden: Mapping[int, str],
    ) -> None:
        self._judge = judge
        self._digests = digests
        self._n_alike = n_alike
        self._hidden = hidden
        values = np.full((len(first), len(features)), np.nan)
        self.sheet = Sheet(view, first, features, values, self._note, judge.seed)
        self.unknowns = Unknowns()
        self._audited: list[tuple[int, int]] = []

    async def attempt(self) -> bool:
        """Ask all cells in the judge's size; False if it turns out poor."""
        judge, sheet, size = self._judge, self.sheet, self._judge.size
        self.unknowns = Unknowns(n_cells=int(self._n_alike.sum()) * len(sheet.features))
        self._audited = []
        digest = digest_of_call(judge.model, size, judge.seed, self._digests, sheet.features)
        sheet.values[:] = recall(
            judge.store, judge.read_payload, judge.model, size, self._digests, sheet.features
        )
        wanted = wanted_cells(judge.store, digest, sheet.values)
        for row, reason in self._hidden.items():
            wanted[row] = False
            for column in range(len(sheet.features)):
                self._note(row, column, "image", reason)
        order = tiles.order_of(wanted, judge.seed)
        judge.client.announce(tiles.count(wanted, order, size))
        cut = tiles.cut(wanted, order, size)
        whole = Pass(sheet, hard=size.form != "pair")
        if size.form == "pair" or not judge.audited:
            await whole.run(judge.client, cut)
            return True
        rng = np.random.default_rng([judge.seed, *digest])
        is_new = not judge.agreement(size).is_settled
        if is_new and not await self._pilot(size, list(islice(cut, _n_pilot(size))), rng):
            return False
        await whole.run(judge.client, cut)
        return await self._audit(size, wanted, audit.n_to_audit(int(wanted.sum())), rng)

    async def _pilot(self, size: Size, pilot: Sequence[Tile], rng: np.random.Generator) -> bool:
        """Ask the first tiles; whether enough of them are answered, and as single questions are."""
        judge, sheet = self._judge, self.sheet
        first = Pass(sheet, hard=True, split=False)
        await first.run(judge.client, pilot)
        if first.n_misfits > _MISFIT_SHARE * len(pilot):
            return False
        cells = np.zeros(sheet.values.shape, dtype=bool)
        for tile in pilot:
            cells[np.ix_(tile.rows, tile.columns)] = True
        n_wanted = max(0, audit.N_PILOT - judge.agreement(size).n)
        n = min(n_wanted, int(audit.PILOT_SHARE * cells.sum()))
        if not await self._audit(size, cells, n, rng):
            return False
        await Pass(sheet, hard=True).run(judge.client, first.failed)
        return True

    async def _audit(self, size: Size, among: Mask, n: int, rng: np.random.Generator) -> bool:
        """Ask `n` of the judged cells as single questions; whether the size is good enough."""
        judge, sheet = self._judge, self.sheet
        cells = among & ~np.isnan(sheet.values)
        for cell in self._audited:
            cells[cell] = False
        drawn = audit.draw(cells, n, rng)
        self._audited += drawn
        rows = sorted({row for row, _ in drawn})
        at = {row: i for i, row in enumerate(rows)}
        single = Sheet(
            sheet.view,
            sheet.first[rows],
            sheet.features,
            np.full((len(rows), len(sheet.features)), np.nan),
            lambda *_: None,
            judge.seed,
        )
        pairs = (Tile("pair", (at[row],), (column,)) for row, column in drawn)
        await Pass(single, hard=False).run(judge.client, pairs)
        by_tile = np.array([sheet.values[cell] for cell in drawn])
        by_pair = np.array([single.values[at[row], column] for row, column in drawn])
        found = judge.agreement(size) + audit.compare(by_tile, by_pair)
        judge.agreements[size] = found
        return not found.is_poor

    def _note(self, row: int, column: int, kind: str, reason: str) -> None:
        item_ix = int(self.sheet.first[row])
        unknown = Unknown(
            self._judge.n_calls,
            item_ix,
            self.sheet.features[column],
            self.sheet.view.describe(item_ix),
            kind,
            reason,
        )
        self.unknowns.add(unknown, int(self._n_alike[row]))

"""The judging forms behind one interface: cells to a question, and a reply to the cells' values."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genz.client.prompt import Prompt, Reply
from genz.client.request import Cells
from genz.prompts import batch, pair, tile
from genz.prompts.items import Item

VERSIONS = {"pair": pair.VERSION, "batch": batch.VERSION, "tile": tile.VERSION}
"""The version of every form's prompt, which stands in `Cells.form`."""


def ask_cells(
    form: str, items: Sequence[Item], features: Sequence[str], seed: int = 0
) -> tuple[Prompt, Cells]:
    """Ask about all cells of `items` x `features` in a form: "pair", "batch" or "tile"."""
    ids: tuple[str, ...] = ()
    if form == "pair":
        prompt = pair.prompt(items[0], features[0], seed)
    elif form == "batch":
        prompt, ids = batch.prompt(items, features[0], seed)
    else:
        prompt, ids = tile.prompt(items, features, seed)
    digests = tuple(item.digest for item in items)
    return prompt, Cells(VERSIONS[form], digests, tuple(features), ids)


def read_cells(cells: Cells, reply: Reply) -> NDArray[np.float64]:
    """Judgments of shape (n_items, n_features) from a reply, NaN where a cell was left out.

    Raises
    ------
    InvalidAnswerError
        The reply does not answer the question, or contradicts itself.
    """
    if cells.form == pair.VERSION:
        return np.array([[pair.read(reply)]])
    if cells.form == batch.VERSION:
        return batch.read(reply, cells.ids)
    if cells.form == tile.VERSION:
        return tile.read(reply, cells.ids, len(cells.features))
    raise ValueError(f"the form {cells.form!r} is none of {', '.join(VERSIONS.values())}")

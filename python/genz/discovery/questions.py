"""The two questions of a discovery, put to the foundation model."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import numpy as np

from genz.catalog import Catalog
from genz.discovery.contrast import Groups
from genz.foundation import Contrast, FoundationModel
from genz.statistics.arrays import Floats, Indices

Ask = Callable[[Coroutine[Any, Any, Any]], Any]
"""Waits for the answer to a question, see `genz.asynchronous`."""

N_EXCERPTS = 3
EXCERPT_CHARS = 160


class Questions:
    """Asks `model` about `items` through `ask`; rows are those of `items`.

    Descriptions in `vetoed` are told to the model as known, and dropped from what it proposes.

    Attributes
    ----------
    group_size : int
        The most items that a group of a contrast may have.
    n_judged : int
        Judgments (items times features) asked for so far.
    """

    def __init__(
        self, model: FoundationModel, items: Catalog, ask: Ask, vetoed: Sequence[str] = ()
    ) -> None:
        self._model = model
        self._items = items
        self._ask = ask
        self._vetoed = vetoed
        self.group_size = model.group_size
        self.n_judged = 0

    def excerpts(self, rows: Indices) -> list[str]:
        """The first of some items, each as a short line for whoever reads the trace."""
        return [self._items.describe(int(row), EXCERPT_CHARS) for row in rows[:N_EXCERPTS]]

    def propose(self, groups: Groups, known: Sequence[str]) -> list[str]:
        """Descriptions that may separate the groups, best first, none of them known."""
        excluded = (*known, *self._vetoed)
        shown = Contrast(
            kind=groups.kind,
            high=self._items.take(groups.high),
            low=self._items.take(groups.low),
            known_features=excluded,
            refines=None if groups.refines is None else known[groups.refines],
        )
        proposed = self._ask(self._model.propose(shown, self._model.n_proposals))
        return [text for text in dict.fromkeys(proposed) if text not in excluded]

    def judge(self, rows: Indices, descriptions: Sequence[str]) -> Floats:
        """Judgments (n, M) of the items in `rows`, asked in the order of the catalog."""
        if not len(rows) or not descriptions:
            return np.zeros((len(rows), len(descriptions)))
        order = np.argsort(rows)
        judged = np.empty((len(rows), len(descriptions)))
        judged[order] = self._ask(self._model.judge(self._items.take(rows[order]), descriptions))
        self.n_judged += judged.size
        return judged

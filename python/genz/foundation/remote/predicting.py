"""Predicting targets directly: the baseline. Items are asked in groups, halved where they fail."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog
from genz.client.prompt import Reply
from genz.client.request import Answer, FailureKind, Outcome, Request
from genz.errors import ImageError, UsageError
from genz.foundation.remote.asking import Client
from genz.foundation.remote.view import Loader, View
from genz.prompts import prediction
from genz.prompts.items import MAX_CHARS, MAX_IDS, Item

Floats = NDArray[np.float64]

N_ITEMS = 10
MAX_NUMBERS = 400
"""Most numbers of one answer: of vector targets fewer items are asked at once."""

MAX_EXAMPLES = 40
MAX_EXAMPLE_CHARS = 24_000


class Predictor:
    """Asks for targets; see `genz.foundation.protocol`.

    Parameters
    ----------
    client : Client
    target : str
        What the numbers are ("sale price in US dollars"); without it the examples must tell.
    n_items : int
        Most items of one question.
    max_examples : int
        Of more examples so many are shown, drawn by the seed.
    seed : int
    max_chars : int
        Most characters of an item's text.
    loader : Loader, optional
        Loads images; None for a model that takes none.
    max_images : int
        Most images of an item.

    Attributes
    ----------
    failures : Counter of str
        Items without a prediction, by class of failure.
    """

    def __init__(
        self,
        client: Client,
        *,
        target: str = "",
        n_items: int = N_ITEMS,
        max_examples: int = MAX_EXAMPLES,
        seed: int = 0,
        max_chars: int = MAX_CHARS,
        loader: Loader | None = None,
        max_images: int = 2,
    ) -> None:
        if n_items < 1 or max_examples < 0 or n_items + max_examples > MAX_IDS:
            raise UsageError(
                f"a prediction has {n_items} items and {max_examples} examples, wanted at least 1 "
                f"and 0, and at most {MAX_IDS} together"
            )
        self._client = client
        self._target = target
        self._n_items = n_items
        self._max_examples = max_examples
        self._seed = seed
        self._max_chars = max_chars
        self._loader = loader
        self._max_images = max_images
        self.failures: Counter[str] = Counter()

    async def predict(self, items: Catalog, examples: Catalog, targets: Floats) -> Floats:
        """Predictions of shape (n_items, n_targets), NaN where there is no answer."""
        known = np.asarray(targets, dtype=np.float64)
        known = known[:, np.newaxis] if known.ndim == 1 else known
        if len(known) != len(examples):
            raise UsageError(f"{len(examples)} examples have {len(known)} rows of targets")
        call = _Call(
            self._view(items),
            *await asyncio.to_thread(self._examples, examples, known),
            n_targets=known.shape[1],
            target=self._target,
            seed=self._seed,
            failures=self.failures,
        )
        n = max(1, min(self._n_items, MAX_NUMBERS // max(1, known.shape[1])))
        groups = (range(at, min(at + n, len(items))) for at in range(0, len(items), n))
        await self._client.run(call.requests(groups), call.handle)
        return call.predicted

    def _view(self, items: Catalog) -> View:
        return View(items, self._max_chars, self._loader, self._max_images)

    def _examples(self, examples: Catalog, targets: Floats) -> tuple[list[Item], Floats]:
        """Examples to show, those with all targets, and their targets."""
        whole = np.flatnonzero(~np.isnan(targets).any(axis=1))
        drawn = np.random.default_rng(self._seed).permutation(whole)[: self._max_examples]
        if not len(drawn):
            return [], targets[:0]
        view = self._view(examples)
        shown: list[Item] = []
        rows: list[int] = []
        n_chars = 0
        for row in sorted(drawn.tolist()):
            try:
                item = view.item(row)
            except ImageError:
                continue
            n_chars += len(item.text)
            if n_chars > MAX_EXAMPLE_CHARS and shown:
                break
            shown.append(item)
            rows.append(row)
        return shown, targets[rows]


class _Call:
    """One call of a predictor."""

    def __init__(
        self,
        view: View,
        examples: Sequence[Item],
        targets: Floats,
        *,
        n_targets: int,
        target: str,
        seed: int,
        failures: Counter[str],
    ) -> None:
        self._view = view
        self._examples = examples
        self._targets = targets
        self._target = target
        self._seed = seed
        self._failures = failures
        self.predicted = np.full((len(view), n_targets), np.nan)

    def requests(self, groups: Iterable[Sequence[int]]) -> Iterator[Request]:
        """Questions of groups of items, lazily; an item that cannot be shown is left out."""
        for group in groups:
            rows: list[int] = []
            items: list[Item] = []
            for row in group:
                try:
                    items.append(self._view.named(row))
                except ImageError:
                    self._failures["image"] += 1
                else:
                    rows.append(row)
            if rows:
                yield self._request(rows, items)

    def handle(self, request: Request, outcome: Outcome) -> Iterable[Request]:
        """Keep what is predicted; ask halves again of what failed or was left out."""
        rows: Sequence[int] = request.tag
        if isinstance(outcome, Answer):
            self.predicted[rows] = outcome.value
            rows = [row for row in rows if np.isnan(self.predicted[row]).any()]
            # Fewer are left out than were asked, so that this ends.
            return self.requests([rows] if rows else [])
        if outcome.kind is FailureKind.IMAGE:
            shown = [row for row in rows if self._view.fault(row) is None]
            if len(shown) < len(rows):
                self._failures["image"] += len(rows) - len(shown)
                return self.requests([shown] if shown else [])
        if len(rows) == 1:
            self._failures[outcome.kind] += 1
            return ()
        middle = len(rows) // 2
        return self.requests([rows[:middle], rows[middle:]])

    def _request(self, rows: Sequence[int], items: Sequence[Item]) -> Request:
        n_targets = self.predicted.shape[1]
        prompt, ids = prediction.prompt(
            items,
            self._examples,
            self._targets,
            n_targets=n_targets,
            target=self._target,
            seed=self._seed,
        )
        return Request(
            prompt,
            prediction.VERSION,
            partial(_read, ids, n_targets),
            divisible=len(rows) > 1,
            tag=rows,
        )


def _read(ids: Sequence[str], n_targets: int, reply: Reply) -> Floats:
    return prediction.read(reply, ids, n_targets)

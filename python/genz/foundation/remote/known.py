"""What the store knows of a call's cells, and the plan that says what it knew at first.

A call asks the cells that nobody judged before. When it is made again (resumed, replayed) the
store knows more; the plan that the first one recorded makes it cut the same tiles.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from genz.client.dialects import BadBodyError
from genz.client.prompt import Reply
from genz.client.request import Cells, InvalidAnswerError
from genz.foundation.remote.tiles import Mask, Size, pack, unpack
from genz.prompts.cells import VERSIONS, read_cells

_CHUNK = 20_000
_DIGEST_SIZE = 16

ReadPayload = Callable[[str], Reply]


class Store(Protocol):
    """What judging needs of `genz.store.AnswerStore`."""

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be recorded."""
        ...

    def find_cells(
        self, model: str, form: str, items: Sequence[bytes], features: Sequence[str], /
    ) -> Iterator[tuple[Cells, str]]:
        """Stored answers that judge any of these cells, in a fixed order."""
        ...

    def find_plan(self, digest: bytes, /) -> bytes | None:
        """The plan of a call that was made before."""
        ...

    def record_plan(self, digest: bytes, plan: bytes, /) -> None:
        """Keep the plan of a call; the first one stays."""
        ...


def digest_of_call(
    model: str, size: Size, seed: int, items: NDArray[np.void], features: Sequence[str]
) -> bytes:
    """Digest of all that a plan is cut from, 32 bytes."""
    sha = hashlib.sha256(repr((model, VERSIONS[size.form], str(size), seed)).encode())
    sha.update(repr(list(features)).encode("utf-8", "backslashreplace"))
    sha.update(items.tobytes())
    return sha.digest()


def recall(
    store: Store,
    read_payload: ReadPayload,
    model: str,
    size: Size,
    digests: NDArray[np.void],
    features: Sequence[str],
) -> NDArray[np.float64]:
    """Judgments in the store, shape (n_items, n_features), NaN where there is none.

    Answers of tiles larger than `size` are left out: they may be what an audit found poor. Of
    several answers the first one counts.

    Parameters
    ----------
    digests : ndarray of shape (n_items,)
        Of distinct items, sorted.
    """
    values = np.full((len(digests), len(features)), np.nan)
    column_of = {feature: k for k, feature in enumerate(features)}
    for start in range(0, len(digests), _CHUNK):
        # Cutting one string is much faster than turning each element into one.
        raw = digests[start : start + _CHUNK].tobytes()
        chunk = [raw[at : at + _DIGEST_SIZE] for at in range(0, len(raw), _DIGEST_SIZE)]
        row_of: dict[bytes, int] = {}
        for cells, payload in store.find_cells(model, VERSIONS[size.form], chunk, features):
            if len(cells.items) > size.n_items or len(cells.features) > size.n_features:
                continue
            row_of = row_of or {digest: row for row, digest in enumerate(chunk, start)}
            try:
                judged = read_cells(cells, read_payload(payload))
            except (InvalidAnswerError, BadBodyError, ValueError):
                continue
            _write(
                values,
                judged,
                [row_of.get(item) for item in cells.items],
                [column_of.get(feature) for feature in cells.features],
            )
    return values


def wanted_cells(store: Store, digest: bytes, values: NDArray[np.float64]) -> Mask:
    """Cells to ask; of `values` those are dropped that the call's first plan did not know."""
    plan = store.find_plan(digest)
    if plan is None:
        # A run from the store alone leaves it as it is.
        if not store.is_read_only:
            store.record_plan(digest, pack(~np.isnan(values)))
    else:
        values[~unpack(plan, values.shape)] = np.nan
    return np.isnan(values)


def _write(
    values: NDArray[np.float64],
    judged: NDArray[np.float64],
    rows: Sequence[int | None],
    columns: Sequence[int | None],
) -> None:
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            if row is not None and column is not None and np.isnan(values[row, column]):
                values[row, column] = judged[i, j]

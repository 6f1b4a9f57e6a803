"""Entries for the tests of the answer store."""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from genz.client.prompt import Usage
from genz.client.request import Cells
from genz.store import AnswerStore, Entry
from genz.store.entry import unpack_payload


def digest(name: str) -> bytes:
    """Digest of an item, 16 bytes."""
    return hashlib.sha256(name.encode()).digest()[:16]


def make_key(name: str | int) -> bytes:
    return hashlib.sha256(str(name).encode()).digest()


def make_tile(
    name: str | int,
    items: Iterable[str] = ("a", "b"),
    features: tuple[str, ...] = ("is red", "is tall"),
    *,
    model: str = "some-model",
    form: str = "tile-1",
    sample: int = 0,
    text: str = "",
) -> Entry:
    digests = tuple(map(digest, items))
    ids = tuple(f"{ix:02}" for ix in range(len(digests)))
    payload = json.dumps({"id": str(name), "text": text or "y n " * 100})
    cells = Cells(form, digests, features, ids)
    return Entry(make_key(name), model, form, payload, cells, sample, Usage(100, 20, 30))


def commit_all(store: AnswerStore, entries: Iterable[Entry], n_workers: int = 1) -> None:
    """Commit entries, in their order if one worker does it."""

    async def main() -> None:
        waiting = iter(entries)

        async def work() -> None:
            for entry in waiting:
                await store.commit(entry)

        await asyncio.gather(*(work() for _ in range(n_workers)))

    asyncio.run(main())


def fill(path: Path, n: int = 300) -> list[Entry]:
    """Make a store of n answers."""
    entries = [make_tile(ix, (f"{ix}", f"{ix + 1}")) for ix in range(n)]
    with AnswerStore.open(path) as store:
        commit_all(store, entries, 8)
    return entries


def payloads_of(store: AnswerStore, items: str, features: list[str], **where: object) -> list[str]:
    """Payloads of the tiles that judge any of the cells."""
    arguments = {"model": "some-model", "form": "tile-1", **where}
    tiles = store.find_cells(items=[digest(item) for item in items], features=features, **arguments)
    return [payload for _, payload in tiles]


def everything_in(path: Path) -> bytes:
    """All that a store's files hold, to be searched: as it lies there, and unpacked."""
    contents = [file.read_bytes() for file in path.parent.glob(f"{path.name}*")]
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT payload FROM answers")
        contents += [unpack_payload(payload).encode() for (payload,) in rows]
    return b"\n".join(contents)

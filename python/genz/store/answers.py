"""The answer store as the client sees it."""

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

from genz.client.request import Cells, Failure, FailureKind
from genz.errors import StoreError
from genz.store.cells import find_cells
from genz.store.database import (
    BUSY_TIMEOUT,
    connect_reader,
    connect_writer,
    explained,
    locate,
)
from genz.store.entry import Entry, check_key, unpack_payload
from genz.store.lock import WriterLock
from genz.store.writer import Operation, Writer


class AnswerStore:
    """Answers of endpoints and the cells they judge, in one file of SQLite.

    Make one with `open`. Look-ups belong to the thread that opened the store; `commit` and
    `note_failure` may come from any. What is handed over is stored as it is, nothing is searched
    for secrets: hand over what the server sent, and nothing of the request or of the image.

    Attributes
    ----------
    path : Path
    """

    def __init__(
        self, path: Path, busy_timeout: float, writer: Writer | None, lock: WriterLock | None
    ) -> None:
        self.path = path
        self._connection = connect_reader(path, busy_timeout)
        self._writer = writer
        self._lock = lock
        self._noted: dict[bytes, Failure] = {}
        self._noting = threading.Lock()
        self._lost: BaseException | None = None
        self._closed = False

    @classmethod
    def open(
        cls,
        path: Path | None = None,
        *,
        read_only: bool = False,
        busy_timeout: float = BUSY_TIMEOUT,
    ) -> Self:
        """Open a store, created if it is missing.

        Parameters
        ----------
        path : Path, optional
            None is the one in the user's cache directory.
        read_only : bool
            Needs no lock and reads beside a process that writes; the store must exist.
        busy_timeout : float
            Seconds to wait for another program's lock on the database.

        Raises
        ------
        StoreError
            Another process writes to it, it is damaged, from a newer version or no store at all.
        """
        path = locate(path)
        if read_only:
            return cls(path, busy_timeout, None, None)
        lock = WriterLock(path)
        writer = None
        try:
            writer = Writer(connect_writer(path, busy_timeout), path)
            return cls(path, busy_timeout, writer, lock)
        except BaseException:
            if writer is not None:
                writer.close()
            lock.release()
            raise

    @property
    def is_read_only(self) -> bool:
        """Whether the store was opened for look-ups alone."""
        return self._writer is None

    def close(self) -> None:
        """Write what is queued, close the file and let others write.

        Raises
        ------
        StoreError
            A failure that was noted could not be written.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._connection.close()
        finally:
            # The writer goes last of all connections, and so leaves one file behind.
            if self._writer is not None:
                self._writer.close()
            if self._lock is not None:
                self._lock.release()
        if self._lost is not None:
            raise self._lost

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self.close()
        except StoreError:
            # What ended the block says more.
            if kind is None:
                raise

    def find(self, key: bytes) -> str | None:
        """Payload of the answer to a question, as the server sent it."""
        row = self._row("SELECT payload FROM answers WHERE key = ?", key)
        if row is None:
            return None
        try:
            return unpack_payload(row[0])
        except ValueError as error:
            raise self._damaged(f"answer {key.hex()}", error) from None

    async def commit(self, entry: Entry) -> None:
        """Store an answer; return when the death of this process could not undo it any more.

        The first answer of a key stays, so that a run repeats byte for byte.

        Raises
        ------
        StoreError
            Nothing of it was stored: the disk is full, the file is locked, damaged or read-only.
        """
        await self._writing().write(lambda tables, now: tables.add_answer(entry, now))

    def note_failure(self, key: bytes, kind: FailureKind, reason: str) -> None:
        """Remember that a question has no answer; does not wait for the disk.

        Raises
        ------
        StoreError
            An earlier failure could not be written.
        """
        check_key(key)
        if self._lost is not None:
            raise StoreError(*self._lost.args)
        # The reason may quote what no file can hold: unpaired surrogates.
        failure = Failure(kind, reason.encode("utf-8", "backslashreplace").decode())
        writer = self._writing()
        with self._noting:
            self._noted[key] = failure
        writer.submit(
            lambda tables, now: tables.add_failure(key, failure, now, replace=True)
        ).add_done_callback(lambda done: self._on_noted(key, failure, done))

    def find_failure(self, key: bytes) -> Failure | None:
        """How a question failed the last time, if it did."""
        noted = self._noted.get(key)
        if noted is not None:
            return noted
        row = self._row("SELECT kind, reason FROM failures WHERE key = ?", key)
        try:
            return None if row is None else Failure(FailureKind(row[0]), row[1])
        except ValueError as error:
            raise self._damaged(f"failure {key.hex()}", error) from None

    def find_cells(
        self,
        model: str,
        form: str,
        items: Sequence[bytes],
        features: Sequence[str],
        sample: int = 0,
    ) -> Iterator[tuple[Cells, str]]:
        """Yield the answers (cells and payload) that judge any of the cells items x features.

        Each comes once, the first committed first. Consume it before the store is closed.
        """
        with explained(self.path):
            try:
                yield from find_cells(self._connection, model, form, items, features, sample)
            except ValueError as error:
                raise self._damaged("an answer", error) from None

    def find_plan(self, digest: bytes) -> bytes | None:
        """The plan that was recorded under a digest."""
        row = self._row("SELECT plan FROM plans WHERE digest = ?", digest)
        return None if row is None else bytes(row[0])

    def record_plan(self, digest: bytes, plan: bytes) -> None:
        """Store a plan and wait until it is committed; the first one of a digest stays."""
        self._wait(lambda tables, now: tables.add_plan(digest, plan, now))

    def find_endpoint(self, name: str) -> dict[str, Any] | None:
        """What is known of an endpoint."""
        row = self._row("SELECT facts FROM endpoints WHERE name = ?", name)
        return None if row is None else dict(json.loads(row[0]))

    def record_endpoint(self, name: str, facts: dict[str, Any]) -> None:
        """Store what is known of an endpoint, in the place of what was known; wait for it."""
        self._wait(lambda tables, now: tables.add_endpoint(name, facts, now, replace=True))

    def _wait(self, operation: Operation) -> None:
        self._writing().submit(operation).result()

    def _writing(self) -> Writer:
        if self._writer is None:
            raise StoreError(f"the answer store {self.path} is open for reading only")
        return self._writer

    def _row(self, statement: str, value: bytes | str) -> Any:
        with explained(self.path):
            return self._connection.execute(statement, (value,)).fetchone()

    def _on_noted(self, key: bytes, failure: Failure, done: "Future[None]") -> None:
        """Take a failure that is now in the file out of those noted (in the writer's thread)."""
        error = done.exception()
        if error is not None:
            self._lost = error
            return
        with self._noting:
            if self._noted.get(key) is failure:
                del self._noted[key]

    def _damaged(self, what: str, error: ValueError) -> StoreError:
        return StoreError(
            f"{what} in the answer store {self.path} is damaged ({error}): `genz store verify` "
            "says what else is"
        )

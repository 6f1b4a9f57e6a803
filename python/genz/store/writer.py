"""The one thread that writes: what has queued up meanwhile becomes one transaction."""

import asyncio
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from genz.errors import StoreError
from genz.store.database import explain, transaction
from genz.store.tables import Tables

Operation = Callable[[Tables, int], object]
"""Inserts rows; the second argument is the time, in seconds since 1970."""

MOST_IN_ONE = 1000
"""Operations of one transaction: nobody waits for an endless one."""

_SYNC_INTERVAL = 1.0


@dataclass(frozen=True, slots=True)
class _Job:
    operation: Operation
    waiter: "asyncio.Future[None] | Future[None]"


class Writer:
    """Writes operations in the order of their arrival, several in one transaction.

    What was acknowledged survives the death of the process at any moment. The disk is synchronised
    by at most one transaction a second and at checkpoints: a power cut may take back the last
    seconds, and damages nothing.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._tables = Tables(connection)
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._synchronised = float("-inf")
        # A daemon: a program that forgets to close the store must end nevertheless.
        self._thread = threading.Thread(target=self._run, name="genz-store", daemon=True)
        self._thread.start()

    async def write(self, operation: Operation) -> None:
        """Return after the operation is committed.

        Cancelled, it does not wait any longer; the operation is carried out nevertheless.

        Raises
        ------
        StoreError
            Nothing of the operation was committed.
        """
        waiter = asyncio.get_running_loop().create_future()
        self._put(_Job(operation, waiter))
        await waiter

    def submit(self, operation: Operation) -> "Future[None]":
        """Queue an operation; the future holds what `write` returns or raises."""
        waiter: Future[None] = Future()
        self._put(_Job(operation, waiter))
        return waiter

    def close(self) -> None:
        """Write what is queued, then close the connection."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _put(self, job: _Job) -> None:
        with self._closing:
            if self._closed:
                raise StoreError(f"the answer store {self._path} is closed")
            self._queue.put(job)

    def _run(self) -> None:
        try:
            while (job := self._queue.get()) is not None:
                batch, last = self._drain(job)
                self._write(batch)
                if last:
                    break
        finally:
            self._connection.close()

    def _drain(self, first: _Job) -> tuple[list[_Job], bool]:
        """Everything that is queued, and whether the queue's end is reached."""
        batch = [first]
        while len(batch) < MOST_IN_ONE:
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
            if job is None:
                return batch, True
            batch.append(job)
        return batch, False

    def _write(self, batch: list[_Job]) -> None:
        """Write a batch and wake its waiters."""
        try:
            self._synchronise()
            created = int(time.time())
            with transaction(self._connection):
                for job in batch:
                    job.operation(self._tables, created)
        except Exception as error:
            self._tables.forget()
            if len(batch) > 1 and not _is_of_store(error):
                # One of them cannot be stored whatever happens: it must not take others with it.
                for job in batch:
                    self._write([job])
            else:
                _resolve(batch, explain(error, self._path))
        else:
            _resolve(batch, None)

    def _synchronise(self) -> None:
        """Have the disk confirm the next transaction if the last confirmed is a second ago."""
        now = time.monotonic()
        due = now - self._synchronised >= _SYNC_INTERVAL
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if due else 'NORMAL'}")
        if due:
            self._synchronised = now


def _is_of_store(error: Exception) -> bool:
    """Whether it is an error of the file, not of what was to be stored."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def _resolve(batch: list[_Job], error: StoreError | None) -> None:
    """Wake all waiters: those of one loop by one call."""
    by_loop = defaultdict(list)
    for job in batch:
        if isinstance(job.waiter, asyncio.Future):
            by_loop[job.waiter.get_loop()].append(job.waiter)
        else:
            _settle(job.waiter, error)
    for loop, waiters in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_all, waiters, error)
        except RuntimeError:
            # The loop was closed: nobody waits any longer.
            continue


def _settle_all(waiters: "list[asyncio.Future[None]]", error: StoreError | None) -> None:
    for waiter in waiters:
        if not waiter.done():
            _settle(waiter, error)


def _settle(waiter: "asyncio.Future[None] | Future[None]", error: StoreError | None) -> None:
    if error is None:
        waiter.set_result(None)
    else:
        # Each waiter its own: an exception collects the traceback of whoever raises it.
        waiter.set_exception(StoreError(*error.args))

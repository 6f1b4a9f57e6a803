"""Connections to the store's file, and what their errors mean to the user."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genz.errors import StoreError
from genz.store import schema
from genz.store.location import create_file, default_path
from genz.store.lock import WriterLock

BUSY_TIMEOUT = 30.0
"""Seconds to wait for another program that holds the database's own lock."""

_REFUSED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


def locate(path: Path | None) -> Path:
    """Path of the store; None is the default place. Links are followed: one file, one lock."""
    return (default_path() if path is None else path).expanduser().resolve()


def connect_writer(path: Path, busy_timeout: float = BUSY_TIMEOUT) -> sqlite3.Connection:
    """Open for writing, create and migrate; the caller holds the `WriterLock`.

    The connection may be handed to another thread once, and is used by one at a time.
    """
    with explained(path):
        try:
            create_file(path)
        except OSError as error:
            raise StoreError(f"the answer store {path} cannot be written: {error}") from None
        connection = _connect(path, "rw", busy_timeout, any_thread=True)
        try:
            # First of all whose file it is: the journal mode is written into it.
            schema.read_version(connection, path)
            # A killed process loses nothing; see `Writer` for a power cut.
            connection.execute("PRAGMA synchronous = NORMAL")
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode != "wal":
                raise StoreError(
                    f"the answer store {path} cannot use a write-ahead log: wanted a directory on "
                    "a local disk, name one with --store"
                )
            schema.migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def connect_reader(path: Path, busy_timeout: float = BUSY_TIMEOUT) -> sqlite3.Connection:
    """Open for reading, beside a writer or alone; nothing is created."""
    if not path.is_file():
        raise StoreError(f"there is no answer store at {path}, wanted a file")
    with explained(path):
        try:
            return _checked(path, "ro", busy_timeout)
        except sqlite3.OperationalError as error:
            # Readers of a write-ahead log leave a file beside it, which a read-only directory
            # forbids. Where there is no log the file alone is everything, and nobody writes.
            log = path.with_name(path.name + "-wal")
            refused = error.sqlite_errorcode & 0xFF in _REFUSED
            if not refused or (log.exists() and log.stat().st_size):
                raise
            return _checked(path, "ro&immutable=1", busy_timeout)


def _checked(path: Path, mode: str, busy_timeout: float) -> sqlite3.Connection:
    connection = _connect(path, mode, busy_timeout)
    try:
        schema.check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(
    path: Path, mode: str, busy_timeout: float, *, any_thread: bool = False
) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_timeout,
        isolation_level=None,
        check_same_thread=not any_thread,
    )


@contextmanager
def writing(path: Path, busy_timeout: float = BUSY_TIMEOUT) -> Iterator[sqlite3.Connection]:
    """Hold the lock and a connection; errors of SQLite become `StoreError`."""
    with WriterLock(path):
        connection = connect_writer(path, busy_timeout)
        try:
            with explained(path):
                yield connection
        finally:
            connection.close()


@contextmanager
def reading(path: Path, busy_timeout: float = BUSY_TIMEOUT) -> Iterator[sqlite3.Connection]:
    """Hold a connection for reading; errors of SQLite become `StoreError`."""
    connection = connect_reader(path, busy_timeout)
    try:
        with explained(path):
            yield connection
    finally:
        connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write everything or, after whatever error, nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # Some errors, a full disk among them, have rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into `StoreError`."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error


def explain(error: Exception, path: Path) -> StoreError:
    """Say what an error, of SQLite or of what was to be stored, means and what to do."""
    code = getattr(error, "sqlite_errorcode", None)
    advice = _ADVICE.get(code & 0xFF) if code is not None else None
    what = error if isinstance(error, sqlite3.Error) else repr(error)
    return StoreError(f"the answer store {path} {advice or 'cannot do this'} ({what})")


_ADVICE = {
    sqlite3.SQLITE_NOTADB: "is no database: name another file with --store, or move it away",
    sqlite3.SQLITE_CORRUPT: (
        "is damaged: `genz store verify` says where, `genz store export` saves what can be read; "
        "then move the file away and import"
    ),
    sqlite3.SQLITE_FULL: (
        "has no room, its disk is full: free some and run again; earlier answers are unharmed"
    ),
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written, the disk fails or a limit of size is reached: earlier answers "
        "are unharmed if `genz store verify` says so"
    ),
    sqlite3.SQLITE_BUSY: "is locked by another program: close that, and run again",
    sqlite3.SQLITE_LOCKED: "is locked by another program: close that, and run again",
    sqlite3.SQLITE_READONLY: (
        "may not be written: change its permissions, or name another with --store"
    ),
    sqlite3.SQLITE_PERM: "may not be used: change its permissions, or name another with --store",
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened: wanted a file that may be read, in a directory that may be written; "
        "name one with --store"
    ),
}

"""The tables, their version, and the steps from each version to the next."""

import sqlite3
from pathlib import Path

from genz.errors import StoreError

APPLICATION_ID = 0x47454E5A
"""``GENZ``: marks our files among all files of SQLite."""

# One row for an answer and one for each of its items, none for a cell: a tile of 20 x 10 is 21
# rows. What judges the same features of the same model shares one feature set. Descriptions are
# JSON in ASCII, since a model may well propose what is no valid UTF-8. The payload stands last, so
# that statistics need not read over it; it has no type, so that SQLite converts nothing.
_FIRST = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    """
    CREATE TABLE feature_sets (
      id INTEGER PRIMARY KEY,
      model TEXT NOT NULL,
      form TEXT NOT NULL,
      sample INTEGER NOT NULL,
      n_features INTEGER NOT NULL,
      features TEXT NOT NULL,
      UNIQUE (features, model, form, sample)
    )
    """,
    """
    CREATE TABLE set_features (
      feature TEXT NOT NULL,
      set_id INTEGER NOT NULL REFERENCES feature_sets (id),
      PRIMARY KEY (feature, set_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE answers (
      id INTEGER PRIMARY KEY,
      key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
      model TEXT NOT NULL,
      version TEXT NOT NULL,
      sample INTEGER NOT NULL,
      prompt_tokens INTEGER NOT NULL,
      completion_tokens INTEGER NOT NULL,
      cached_tokens INTEGER NOT NULL,
      created INTEGER NOT NULL,
      set_id INTEGER REFERENCES feature_sets (id),
      items BLOB,
      ids TEXT,
      payload NOT NULL
    )
    """,
    """
    CREATE TABLE judged_items (
      set_id INTEGER NOT NULL REFERENCES feature_sets (id),
      item BLOB NOT NULL,
      answer_id INTEGER NOT NULL REFERENCES answers (id),
      PRIMARY KEY (set_id, item, answer_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE failures (
      key BLOB PRIMARY KEY CHECK (length(key) = 32),
      kind TEXT NOT NULL,
      reason TEXT NOT NULL,
      created INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE plans (
      digest BLOB PRIMARY KEY,
      created INTEGER NOT NULL,
      plan BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE endpoints (
      name TEXT PRIMARY KEY,
      created INTEGER NOT NULL,
      facts TEXT NOT NULL
    )
    """,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)
"""Statements that lead from version k to k + 1, for each k; none is ever changed afterwards."""


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a new or an older store to the present version, each step whole or not at all.

    Raises what `read_version` raises.
    """
    for version in range(read_version(connection, path), len(MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        for statement in MIGRATIONS[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version + 1}")
        connection.execute("COMMIT")


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise unless the store is of the present version; nothing is written.

    Raises
    ------
    StoreError
        An older version that is to be migrated first, or what `read_version` raises.
    """
    version = read_version(connection, path)
    if version < len(MIGRATIONS):
        raise StoreError(
            f"the answer store {path} is of version {version}, wanted {len(MIGRATIONS)}: any run "
            "that may write to it brings it up to date"
        )


def read_version(connection: sqlite3.Connection, path: Path) -> int:
    """Version of the store, 0 where there is none yet; nothing is written.

    Raises
    ------
    StoreError
        A newer version, or another application's file.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        (n_tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application or version or n_tables:
            raise StoreError(
                f"{path} is a database of another application (application_id {application}): "
                "name another file with --store"
            )
        return 0
    if version > len(MIGRATIONS):
        raise StoreError(
            f"the answer store {path} is of version {version}, this genz reads versions up to "
            f"{len(MIGRATIONS)}: use the newer genz that wrote it, or another store"
        )
    return int(version)

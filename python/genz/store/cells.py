"""Look-up of stored answers by the cells (item, feature) that they judge."""

import contextlib
import itertools
import sqlite3
from collections.abc import Iterator, Sequence

from genz.client.request import Cells
from genz.store.entry import make_cells, pack_text, unpack_payload

# Variables of one statement, below the limit of old versions of SQLite (999).
_N_ITEMS = 900
_N_ANSWERS = 256

_numbers = itertools.count()


def find_cells(
    connection: sqlite3.Connection,
    model: str,
    form: str,
    items: Sequence[bytes],
    features: Sequence[str],
    sample: int,
) -> Iterator[tuple[Cells, str]]:
    """Yield the answers that judge any of these cells, each once, the first committed first.

    Their ids are collected in a temporary table, outside of this process's memory if they are
    many. No statement stays open between two answers: the writer's log could not be emptied.
    """
    sets = _sets(connection, model, form, features, sample)
    if not sets:
        return
    found = f"temp.found_{next(_numbers)}"
    connection.execute(f"CREATE TABLE {found} (id INTEGER PRIMARY KEY)")
    try:
        _collect(connection, found, list(sets), sorted(set(items)))
        last = -1
        while True:
            rows = connection.execute(
                "SELECT id, set_id, items, ids, payload FROM answers "  # noqa: S608
                f"JOIN {found} USING (id) WHERE id > ? ORDER BY id LIMIT {_N_ANSWERS}",
                (last,),
            ).fetchall()
            if not rows:
                return
            for _, set_id, digests, ids, payload in rows:
                yield make_cells(form, sets[set_id], digests, ids), unpack_payload(payload)
            last = rows[-1][0]
    finally:
        # Where the store was closed before the iteration ended, the table went with it.
        with contextlib.suppress(sqlite3.ProgrammingError):
            connection.execute(f"DROP TABLE {found}")


def _sets(
    connection: sqlite3.Connection, model: str, form: str, features: Sequence[str], sample: int
) -> dict[int, str]:
    """Feature sets that hold any of the features: id and packed descriptions."""
    sets: dict[int, str] = {}
    for feature in features:
        sets.update(
            connection.execute(
                "SELECT id, features FROM set_features JOIN feature_sets ON id = set_id "
                "WHERE feature = ? AND model = ? AND form = ? AND sample = ?",
                (pack_text(feature), model, form, sample),
            )
        )
    return sets


def _collect(
    connection: sqlite3.Connection, found: str, set_ids: list[int], items: list[bytes]
) -> None:
    """Put the ids of answers about any of the items into the table `found`."""
    connection.execute("BEGIN")
    try:
        for start in range(0, len(items), _N_ITEMS):
            some = items[start : start + _N_ITEMS]
            marks = ",".join("?" * len(some))
            for set_id in set_ids:
                connection.execute(
                    f"INSERT OR IGNORE INTO {found} SELECT answer_id FROM judged_items "  # noqa: S608
                    f"WHERE set_id = ? AND item IN ({marks})",
                    (set_id, *some),
                )
    finally:
        connection.execute("COMMIT")

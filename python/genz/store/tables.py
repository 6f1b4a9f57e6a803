"""Rows of the tables: what is inserted for an answer, a failure, a plan, an endpoint."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from genz.client.request import Cells, Failure
from genz.store.entry import MOST_TOKENS, Entry, pack_payload, pack_text, pack_texts

_INSERT_ANSWER = """
INSERT OR IGNORE INTO answers (
  key, model, version, sample, prompt_tokens, completion_tokens, cached_tokens, created,
  set_id, items, ids, payload
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_MOST_REMEMBERED_SETS = 10_000

_SetKey = tuple[str, str, int, tuple[str, ...]]


class Tables:
    """Inserts rows by one connection, within the transaction of the caller.

    Every method returns whether its row is new.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._set_ids: dict[_SetKey, int] = {}

    def forget(self) -> None:
        """Forget the ids of what a transaction inserted that was rolled back."""
        self._set_ids.clear()

    def add_answer(self, entry: Entry, created: int) -> bool:
        """Insert an answer and its cells; the first answer of a key stays."""
        execute = self._connection.execute
        cells = entry.cells
        counts = (entry.usage.prompt, entry.usage.completion, entry.usage.cached)
        if cells is None:
            set_id = items = ids = None
        else:
            set_id = self._set_id(entry.model, entry.sample, cells)
            items, ids = b"".join(cells.items), pack_texts(cells.ids)
        row = execute(
            _INSERT_ANSWER,
            (
                entry.key,
                entry.model,
                entry.version,
                entry.sample,
                *(max(0, min(n, MOST_TOKENS)) for n in counts),
                created,
                set_id,
                items,
                ids,
                pack_payload(entry.payload),
            ),
        )
        if not row.rowcount:
            return False
        if cells is not None:
            answer_id = row.lastrowid
            self._connection.executemany(
                "INSERT OR IGNORE INTO judged_items VALUES (?, ?, ?)",
                [(set_id, item, answer_id) for item in cells.items],
            )
        # What failed before and was asked again is no failure any more.
        execute("DELETE FROM failures WHERE key = ?", (entry.key,))
        return True

    def add_failure(self, key: bytes, failure: Failure, created: int, *, replace: bool) -> bool:
        """Insert a failure, in the place of an earlier one of its key or not at all."""
        values = (key, str(failure.kind), failure.reason, created)
        return self._insert("failures", values, replace=replace)

    def add_plan(self, digest: bytes, plan: bytes, created: int) -> bool:
        """Insert a plan; the first one of a digest stays."""
        return self._insert("plans", (digest, created, plan), replace=False)

    def add_endpoint(
        self, name: str, facts: Mapping[str, Any], created: int, *, replace: bool
    ) -> bool:
        """Insert what is known of an endpoint, in the place of an earlier finding or not at all."""
        return self._insert("endpoints", (name, created, json.dumps(facts)), replace=replace)

    def _insert(self, table: str, values: tuple[object, ...], *, replace: bool) -> bool:
        marks = ", ".join("?" * len(values))
        verb = "REPLACE" if replace else "IGNORE"
        statement = f"INSERT OR {verb} INTO {table} VALUES ({marks})"  # noqa: S608
        return self._connection.execute(statement, values).rowcount > 0

    def _set_id(self, model: str, sample: int, cells: Cells) -> int:
        wanted = (model, cells.form, sample, cells.features)
        known = self._set_ids.get(wanted)
        if known is not None:
            return known
        execute = self._connection.execute
        values = (model, cells.form, sample, pack_texts(cells.features))
        row = execute(
            "SELECT id FROM feature_sets WHERE model = ? AND form = ? AND sample = ? "
            "AND features = ?",
            values,
        ).fetchone()
        if row is None:
            done = execute(
                "INSERT INTO feature_sets (model, form, sample, features, n_features) "
                "VALUES (?, ?, ?, ?, ?)",
                (*values, len(cells.features)),
            )
            row = (done.lastrowid,)
            self._connection.executemany(
                "INSERT OR IGNORE INTO set_features VALUES (?, ?)",
                [(pack_text(feature), row[0]) for feature in cells.features],
            )
        if len(self._set_ids) >= _MOST_REMEMBERED_SETS:
            self._set_ids.clear()
        self._set_ids[wanted] = row[0]
        return int(row[0])

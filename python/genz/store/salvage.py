"""Reading every record of a store, and around what is damaged."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from genz.client.prompt import Usage
from genz.client.request import Failure, FailureKind
from genz.store.entry import Entry, make_cells, unpack_payload
from genz.store.records import (
    AnswerRecord,
    EndpointRecord,
    FailureRecord,
    PlanRecord,
    Record,
)

Lost = Callable[[str], None]
"""Told of each record that cannot be read, in one line."""

_N_ROWS = 256

_ANSWERS = """
SELECT answers.id, key, answers.model, version, answers.sample, prompt_tokens, completion_tokens,
  cached_tokens, created, set_id, form, features, items, ids, payload
FROM answers LEFT JOIN feature_sets ON feature_sets.id = set_id
WHERE answers.id BETWEEN ? AND ? ORDER BY answers.id
"""
_OTHERS = {
    "failures": "SELECT key, kind, reason, created FROM failures ORDER BY key",
    "plans": "SELECT digest, plan, created FROM plans ORDER BY digest",
    "endpoints": "SELECT name, facts, created FROM endpoints ORDER BY name",
}


def read_all(connection: sqlite3.Connection, lost: Lost) -> Iterator[Record]:
    """Yield answers in the order of their commits, then failures, plans and endpoints."""
    for row in _rows(connection, lost):
        try:
            record = _answer(row)
        except (ValueError, TypeError) as error:
            lost(f"answer {row[0]}: {error}")
            continue
        yield record
    for table, read in (("failures", _failure), ("plans", _plan), ("endpoints", _endpoint)):
        cursor = connection.execute(_OTHERS[table])
        while True:
            try:
                row = cursor.fetchone()
                if row is None:
                    break
                other = read(row)
            except sqlite3.DatabaseError as error:
                lost(f"the rest of the {table}: {error}")
                break
            except (ValueError, TypeError) as error:
                lost(f"one of the {table}: {error}")
                continue
            yield other


def _rows(connection: sqlite3.Connection, lost: Lost) -> Iterator[tuple[Any, ...]]:
    last = _last_id(connection)
    for first in range(1, last + 1, _N_ROWS):
        yield from _range(connection, first, min(first + _N_ROWS - 1, last), lost)


def _range(
    connection: sqlite3.Connection, first: int, last: int, lost: Lost
) -> Iterator[tuple[Any, ...]]:
    """Rows of a range of ids; one that fails is halved until the damaged ids stand alone."""
    try:
        rows = connection.execute(_ANSWERS, (first, last)).fetchall()
    except sqlite3.DatabaseError as error:
        if first == last:
            lost(f"answer {first}: {error}")
            return
        middle = (first + last) // 2
        yield from _range(connection, first, middle, lost)
        yield from _range(connection, middle + 1, last, lost)
    else:
        yield from rows


def _last_id(connection: sqlite3.Connection) -> int:
    try:
        (last,) = connection.execute("SELECT max(id) FROM answers").fetchone()
    except sqlite3.DatabaseError:
        # The end of the table is damaged; the index of its keys holds the ids as well.
        (last,) = connection.execute(
            "SELECT max(id) FROM answers INDEXED BY sqlite_autoindex_answers_1 WHERE key >= x''"
        ).fetchone()
    return int(last or 0)


def _answer(row: tuple[Any, ...]) -> AnswerRecord:
    key, model, version, sample, *counts, created, set_id, form, features, items, ids, payload = (
        row[1:]
    )
    if set_id is None:
        cells = None
    elif form is None:
        raise ValueError(f"its feature set {set_id} is missing")
    else:
        cells = make_cells(form, features, items, ids)
    usage = Usage(*counts)
    entry = Entry(key, model, version, unpack_payload(payload), cells, sample, usage)
    return AnswerRecord(entry, created)


def _failure(row: tuple[Any, ...]) -> FailureRecord:
    key, kind, reason, created = row
    return FailureRecord(key, Failure(FailureKind(kind), reason), created)


def _plan(row: tuple[Any, ...]) -> PlanRecord:
    digest, plan, created = row
    return PlanRecord(digest, bytes(plan), created)


def _endpoint(row: tuple[Any, ...]) -> EndpointRecord:
    name, facts, created = row
    return EndpointRecord(name, dict(json.loads(facts)), created)

"""Whether a store is whole: SQLite's own checks, and each record read."""

import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from genz.store.database import locate, reading
from genz.store.exchange import NAMES
from genz.store.parsing import check_json
from genz.store.records import AnswerRecord, PlanRecord
from genz.store.salvage import read_all

_MOST_OF_A_KIND = 20
_CHECKS = (
    f"PRAGMA integrity_check({_MOST_OF_A_KIND})",
    "PRAGMA foreign_key_check",
)


@dataclass(slots=True)
class Verification:
    """What was read, and each finding in one line; none of a store that is whole."""

    path: Path
    counts: "Counter[str]" = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


def verify_store(store: Path | None) -> Verification:
    """Check a store.

    Raises
    ------
    StoreError
        It cannot be opened at all.
    """
    path = locate(store)
    result = Verification(path)
    with reading(path) as connection:
        connection.execute("BEGIN")
        for check in _CHECKS:
            result.findings += _run(connection, check)
        n_judged = 0
        for record in read_all(connection, result.findings.append):
            result.counts[NAMES[type(record)]] += 1
            if isinstance(record, AnswerRecord):
                n_judged += _check_answer(record, result)
            elif isinstance(record, PlanRecord) and not record.digest:
                result.findings.append("a plan has an empty digest")
        _check_index(connection, n_judged, result.findings)
    return result


def _run(connection: sqlite3.Connection, check: str) -> list[str]:
    try:
        rows = connection.execute(check).fetchmany(_MOST_OF_A_KIND)
    except sqlite3.DatabaseError as error:
        return [f"{check.removeprefix('PRAGMA ')}: {error}"]
    if check.endswith("foreign_key_check"):
        return [f"a row of {table} refers to a missing one of {of}" for table, _, of, _ in rows]
    return [text for (text,) in rows if text != "ok"]


def _check_answer(record: AnswerRecord, result: Verification) -> int:
    """Check what its columns do not say; return its number of distinct items."""
    entry = record.entry
    try:
        check_json(entry.payload)
    except ValueError as error:
        result.findings.append(f"answer {entry.key.hex()}: {error}")
    if entry.cells is None:
        return 0
    result.counts["cells"] += len(entry.cells.items) * len(entry.cells.features)
    return len(set(entry.cells.items))


def _check_index(connection: sqlite3.Connection, n_judged: int, findings: list[str]) -> None:
    try:
        (n_rows,) = connection.execute("SELECT count(*) FROM judged_items").fetchone()
    except sqlite3.DatabaseError as error:
        findings.append(f"the index of items: {error}")
        return
    if n_rows != n_judged:
        findings.append(f"the index of items has {n_rows} rows, wanted {n_judged} of the answers")

"""Deleting what is old or of a model that is not asked any more."""

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from genz.errors import StoreError, UsageError
from genz.store.database import locate, reading, transaction, writing
from genz.store.statistics import size_of

_DAY = 86400


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows are chosen (and deleted), and the bytes that this freed."""

    answers: int
    failures: int
    plans: int
    freed: int


def prune_store(
    store: Path | None,
    *,
    older_than: float | None = None,
    model: str | None = None,
    failures: bool = False,
    delete: bool = False,
) -> Pruned:
    """Delete answers, or failures alone, that meet all conditions; then give the space back.

    Parameters
    ----------
    store : Path, optional
    older_than : float, optional
        Days since the commit. Of plans only those so old are deleted, and none by model.
    model : str, optional
        The model that answered; failures know none.
    failures : bool
        Delete failures, so that their questions are asked again, and no answers.
    delete : bool
        False only counts, beside whoever writes.

    Raises
    ------
    UsageError
        No condition, or failures of a model.
    StoreError
        There is no store, it is being written or damaged.
    """
    if failures and model is not None:
        raise UsageError("failures are of no model: give --failures without --model")
    if not failures and older_than is None and model is None:
        raise UsageError("nothing to choose by: wanted --older-than, --model or --failures")
    where, values = _conditions(older_than, model)
    chosen = {
        "answers": not failures,
        "failures": failures,
        "plans": not failures and model is None,
    }
    path = locate(store)
    if not delete:
        with reading(path) as connection:
            return Pruned(**_count(connection, chosen, where, values), freed=0)
    if not path.exists():
        raise StoreError(f"there is no answer store at {path}")
    with writing(path) as connection:
        before = size_of(path)
        with transaction(connection):
            counts = _count(connection, chosen, where, values)
            if chosen["answers"]:
                _delete_cells(connection, where, values)
            for table in (table for table, is_chosen in chosen.items() if is_chosen):
                connection.execute(f"DELETE FROM {table} WHERE {where}", values)  # noqa: S608
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Pruned(**counts, freed=max(0, before - size_of(path)))


def _conditions(older_than: float | None, model: str | None) -> tuple[str, tuple[object, ...]]:
    conditions = ["TRUE"]
    values: list[object] = []
    if older_than is not None:
        conditions.append("created < ?")
        values.append(time.time() - older_than * _DAY)
    if model is not None:
        conditions.append("model = ?")
        values.append(model)
    return " AND ".join(conditions), tuple(values)


def _count(
    connection: sqlite3.Connection,
    chosen: dict[str, bool],
    where: str,
    values: tuple[object, ...],
) -> dict[str, int]:
    counts = dict.fromkeys(chosen, 0)
    for table in (table for table, is_chosen in chosen.items() if is_chosen):
        statement = f"SELECT count(*) FROM {table} WHERE {where}"  # noqa: S608
        (counts[table],) = connection.execute(statement, values).fetchone()
    return counts


def _delete_cells(connection: sqlite3.Connection, where: str, values: tuple[object, ...]) -> None:
    """Delete what refers to the answers that go, and feature sets that nothing refers to then."""
    connection.execute(
        f"DELETE FROM judged_items WHERE answer_id IN (SELECT id FROM answers WHERE {where})",  # noqa: S608
        values,
    )
    kept = f"SELECT set_id FROM answers WHERE set_id IS NOT NULL AND NOT ({where})"  # noqa: S608
    for table, column in (("set_features", "set_id"), ("feature_sets", "id")):
        connection.execute(f"DELETE FROM {table} WHERE {column} NOT IN ({kept})", values)  # noqa: S608

"""What a store holds, by model and version of the prompt."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genz.store.database import locate, reading

_GROUPS = """
SELECT answers.model AS model, version, count(*) AS answers,
  total(length(items) / 16 * n_features) AS cells, sum(prompt_tokens) AS prompt_tokens,
  sum(completion_tokens) AS completion_tokens, sum(cached_tokens) AS cached_tokens,
  min(created) AS oldest, max(created) AS newest
FROM answers LEFT JOIN feature_sets ON feature_sets.id = set_id
GROUP BY answers.model, version ORDER BY answers.model, version
"""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of a store.

    Attributes
    ----------
    path : Path
    size : int
        Bytes of the database and its log.
    groups : list of dict
        ``model``, ``version``, ``answers``, ``cells``, ``prompt_tokens``, ``completion_tokens``,
        ``cached_tokens``, ``oldest`` and ``newest`` (seconds since 1970).
    failures : dict
        Count by kind.
    plans, endpoints : int
    """

    path: Path
    size: int
    groups: list[dict[str, Any]]
    failures: dict[str, int]
    plans: int
    endpoints: int


def store_statistics(store: Path | None) -> Statistics:
    """Count what a store holds; a run may write to it meanwhile."""
    path = locate(store)
    with reading(path) as connection:
        connection.execute("BEGIN")
        cursor = connection.execute(_GROUPS)
        names = [name for name, *_ in cursor.description]
        groups = [dict(zip(names, row, strict=True)) for row in cursor]
        for group in groups:
            group["cells"] = int(group["cells"])
        kinds = "SELECT kind, count(*) FROM failures GROUP BY kind ORDER BY kind"
        (plans,) = connection.execute("SELECT count(*) FROM plans").fetchone()
        (endpoints,) = connection.execute("SELECT count(*) FROM endpoints").fetchone()
        failures = dict(connection.execute(kinds).fetchall())
    return Statistics(path, size_of(path), groups, failures, plans, endpoints)


def size_of(path: Path) -> int:
    """Bytes of a database and of its log."""
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())

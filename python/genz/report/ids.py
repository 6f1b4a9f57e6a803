"""Names of the items of a report."""

from typing import Any

from genz.regressor import GenZRegressor


def ids_of(model: GenZRegressor) -> list[str]:
    """Names of the items that were fitted; numbers from 1 where they have none."""
    n_items = len(model.judgments_)
    ids: list[Any] = model.metadata.get("ids") or []
    if len(ids) != n_items:
        return [f"item {n}" for n in range(1, n_items + 1)]
    return [str(id_) for id_ in ids]

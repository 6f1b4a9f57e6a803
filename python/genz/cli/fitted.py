"""The catalog of a fit once more, with the roles that the saved model remembers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genz.catalog import Catalog
from genz.catalog.columns import check_column
from genz.catalog.files import Columns, read_columns
from genz.cli.numbers import read_covariates, read_groups, read_ids, read_target, read_weights
from genz.errors import DataError, UsageError
from genz.regressor import GenZRegressor
from genz.statistics.arrays import Floats, Indices

_N_NAMED = 3


@dataclass(frozen=True)
class Fitted:
    """Items that were fitted, in their order, with targets and the rest as the file has them now.

    Attributes
    ----------
    items : Catalog
    y : ndarray of shape (N,) or (N, D)
    covariates : ndarray of shape (N, P) or None
    weights : ndarray of shape (N,) or None
    groups : ndarray of int, shape (N,), or None
    ids : list of str
        Row numbers, the first being 1, where the model was fitted without ids.
    n_targets_changed : int
        Items whose target is not that of the fit.
    """

    items: Catalog
    y: Floats
    covariates: Floats | None
    weights: Floats | None
    groups: Indices | None
    ids: list[str]
    n_targets_changed: int


def read_fitted(model: GenZRegressor, path: Path) -> Fitted:
    """Read the catalog that a model was fitted to.

    Raises
    ------
    DataError
        Items that were not fitted or are missing; the text names them.
    UsageError
        A model whose columns have no names, because it was fitted in Python.
    """
    columns = read_columns(path)
    id_name, targets = model.metadata.get("id"), model.metadata.get("target") or []
    weight, group = model.metadata.get("weight"), model.metadata.get("group")
    covariates = model.metadata.get("covariates") or []
    if len(covariates) != model.covariates_.shape[1] or not targets:
        raise UsageError(
            "the model was fitted in Python, so its targets and covariates have no names here: "
            "fit it again there (GenZRegressor.refit)"
        )
    for name in (*covariates, *(n for n in (id_name, weight, group) if n is not None)):
        check_column(name, columns)
    ids = None if id_name is None else read_ids(id_name, columns[id_name])
    if all(name in columns for name in targets) or ids is None:
        y, rows = _targets(model, columns, targets)
    else:
        # Targets of a file of their own: those of the fit belong to the ids.
        y, rows = model.targets_, _rows_of(ids, model.metadata.get("ids") or [])
    names = [str(row + 1) for row in rows] if ids is None else [ids[row] for row in rows]
    _check_ids(names if ids is not None else None, model.metadata.get("ids"), len(model.judgments_))
    is_changed = ~np.isclose(y, model.targets_, rtol=1e-12, atol=0, equal_nan=True)
    return Fitted(
        Catalog.from_items(columns, fields=model.fields_).take(rows),
        y[:, 0] if model.is_scalar_ else y,
        read_covariates(columns, covariates, rows),
        None if weight is None else read_weights(weight, columns[weight], rows),
        None if group is None else read_groups(columns[group], rows),
        names,
        int(is_changed.any(axis=1).sum()),
    )


def _targets(
    model: GenZRegressor, columns: Columns, names: Sequence[str]
) -> tuple[Floats, list[int]]:
    """Targets of the rows that have one, and these rows."""
    for name in names:
        check_column(name, columns)
    y = np.column_stack([read_target(name, columns[name], log=model.log_target) for name in names])
    rows = np.flatnonzero(~np.isnan(y).all(axis=1))
    return y[rows], rows.tolist()


def _rows_of(ids: list[str], fitted: Sequence[str]) -> list[int]:
    """Rows of the fitted items, as far as they are there."""
    row_of = {name: row for row, name in enumerate(ids)}
    return [row_of[name] for name in fitted if name in row_of]


def _check_ids(ids: list[str] | None, fitted: Sequence[str] | None, n_fitted: int) -> None:
    """Raise unless the items with a target are those that were fitted, in their order."""
    if ids is None or fitted is None or list(fitted) == ids:
        return
    missing = [name for name in fitted if name not in set(ids)]
    strange = [name for name in ids if name not in set(fitted)]
    parts = [f"{len(missing)} of the {n_fitted} items that were fitted are missing{_some(missing)}"]
    parts += [f"{len(strange)} with a target were not fitted{_some(strange)}"]
    told = [part for part, names in zip(parts, (missing, strange), strict=True) if names]
    raise DataError(
        f"the catalog is not that of the fit: {'; '.join(told) or 'its items have another order'}; "
        "give that catalog, or fit again"
    )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_N_NAMED])
    return f" ({shown}{', ...' if len(names) > _N_NAMED else ''})"

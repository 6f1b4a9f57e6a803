"""A catalog file and the roles of its columns as what a fit takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genz.catalog import Catalog
from genz.catalog.columns import check_column
from genz.catalog.files import Columns, read_columns
from genz.cli.numbers import read_covariates, read_groups, read_ids, read_target, read_weights
from genz.cli.targets import TargetFile, read_target_file
from genz.errors import DataError, UsageError
from genz.foundation import FoundationModel
from genz.regressor import GenZRegressor
from genz.statistics.arrays import Floats, Indices

DEFAULT_N_FEATURES = 30
DEFAULT_N_FEATURES_VECTOR = 20


@dataclass(frozen=True)
class Roles:
    """Options of the command line that say which column is what.

    The targets are columns or, with `target_file`, vectors beside the catalog. `apart` are columns
    that are neither fields of the items nor anything else (folds).
    """

    target: Sequence[str]
    id: str | None
    text: Sequence[str]
    table: Sequence[str]
    images: Sequence[str]
    covariates: Sequence[str]
    weight: str | None
    group: str | None
    log_target: bool
    target_file: str | None = None
    apart: Sequence[str] = ()


@dataclass(frozen=True)
class Training:
    """The rows of a catalog that have a target.

    Attributes
    ----------
    items : Catalog
        N items with their fields; kinds are inferred from all rows of the file.
    y : ndarray of shape (N,) or (N, D)
    covariates : ndarray of shape (N, P) or None
    weights : ndarray of shape (N,) or None
    groups : ndarray of int, shape (N,), or None
    ids : list of str or None
    rows : ndarray of shape (N,)
        Rows of the items, the first of the file being 0.
    n_without_target : int
    target_names : list of str
        Columns, or dimensions of the target file, D names.
    target_file : TargetFile or None
    n_unused_targets : int
        Vectors of the target file that are of no item.
    columns : dict of str to list
        Everything in the file.
    """

    items: Catalog
    y: Floats
    covariates: Floats | None
    weights: Floats | None
    groups: Indices | None
    ids: list[str] | None
    rows: Indices
    n_without_target: int
    target_names: list[str]
    target_file: TargetFile | None
    n_unused_targets: int
    columns: Columns

    @property
    def metadata(self) -> dict[str, Any]:
        """What a saved model remembers of where its targets came from."""
        known: dict[str, Any] = {"target": self.target_names}
        if self.target_file is not None:
            known["target_file"] = {
                "file": self.target_file.path.name,
                "ids": self.target_file.ids_name,
                "matrix": self.target_file.matrix_name,
                "n_unused": self.n_unused_targets,
            }
        return known

    def left_out(self) -> list[str]:
        """Say which rows and vectors are not fitted."""
        n_rows = len(self.items) + self.n_without_target
        said = []
        if self.n_without_target:
            said.append(f"{self.n_without_target} of {n_rows} rows have no target: not fitted")
        if self.target_file is not None:
            if self.n_unused_targets:
                said.append(
                    f"{self.n_unused_targets} of {len(self.target_file.ids)} vectors of "
                    f"{self.target_file.path.name} are of no item: not used"
                )
            n_missing = int(np.isnan(self.y).sum())
            if n_missing:
                said.append(f"{n_missing} of {self.y.size} numbers to fit are NaN: not observed")
        return said

    def values(self, name: str) -> list[Any]:
        """Raw values of a column in the rows that have a target."""
        column = self.columns[name]
        return [column[row] for row in self.rows]


def read_training(path: Path, roles: Roles) -> Training:
    """Read a catalog and check every column that has a role."""
    _check_roles(roles)
    columns = read_columns(path)
    single = (roles.id, roles.weight, roles.group, *roles.apart)
    for name in (*roles.target, *roles.covariates, *(n for n in single if n is not None)):
        check_column(name, columns)
    ids = None if roles.id is None else read_ids(roles.id, columns[roles.id])
    targets, names, file, n_unused = _targets(columns, roles, ids)
    rows = np.flatnonzero(~np.isnan(targets).all(axis=1))
    some = rows.tolist()
    return Training(
        items=_items(columns, roles).take(rows),
        y=targets[rows, 0] if len(names) == 1 else targets[rows],
        covariates=read_covariates(columns, roles.covariates, some),
        weights=None
        if roles.weight is None
        else read_weights(roles.weight, columns[roles.weight], some),
        groups=None if roles.group is None else read_groups(columns[roles.group], some),
        ids=None if ids is None else [ids[row] for row in some],
        rows=rows,
        n_without_target=len(targets) - len(rows),
        target_names=names,
        target_file=file,
        n_unused_targets=n_unused,
        columns=columns,
    )


def _targets(
    columns: Columns, roles: Roles, ids: list[str] | None
) -> tuple[Floats, list[str], TargetFile | None, int]:
    """Targets of all rows (N, D), their names, their file, and how many vectors of it are left."""
    if roles.target_file is None:
        read = [read_target(name, columns[name], log=roles.log_target) for name in roles.target]
        return np.column_stack(read), list(roles.target), None, 0
    if roles.id is None or ids is None:
        raise UsageError("--target-file needs --id, the column whose values its ids are")
    file = read_target_file(roles.target_file, roles.id)
    targets, n_unused = file.join(ids)
    return targets, file.names, file, n_unused


def make_model(
    roles: Roles,
    foundation_model: FoundationModel,
    n_features: int | None,
    features_file: Path | None,
    *,
    patience: int,
    n_searches: int,
    seed: int,
) -> GenZRegressor:
    """Make the estimator that the options describe."""
    n_targets = len(roles.target)
    own = [] if features_file is None else read_features(features_file)
    if n_features is None:
        default = DEFAULT_N_FEATURES if n_targets == 1 else DEFAULT_N_FEATURES_VECTOR
        n_features = max(default, len(own))
    if n_features < len(own):
        raise UsageError(
            f"--features {n_features} has no room for the {len(own)} of {features_file}"
        )
    return GenZRegressor(
        foundation_model,
        n_features,
        log_target=roles.log_target,
        features=own or None,
        patience=patience,
        n_searches=n_searches,
        random_state=seed,
    )


def read_features(path: Path) -> list[str]:
    """Read descriptions, one a line; blank lines and comments (``#``) are skipped."""
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text") from None
    lines = (" ".join(line.split()) for line in text.splitlines())
    first: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line or line.startswith("#"):
            continue
        if line in first:
            raise DataError(f"{path}: {line!r} is in line {first[line]} and again in line {number}")
        first[line] = number
    if not first:
        raise DataError(f"{path} holds no description of a feature")
    return list(first)


def _items(columns: Columns, roles: Roles) -> Catalog:
    if roles.text or roles.table:
        return Catalog.from_items(columns, text=roles.text, table=roles.table, images=roles.images)
    used = {*roles.target, *roles.covariates, roles.id, roles.weight, roles.group, *roles.apart}
    fields = {name: values for name, values in columns.items() if name not in used}
    if not fields:
        raise DataError("every column has another role: no field is left to describe the items")
    return Catalog.from_items(fields, images=roles.images)


def _check_roles(roles: Roles) -> None:
    if bool(roles.target) == (roles.target_file is not None):
        if roles.target:
            raise UsageError("--target and --target-file exclude each other, wanted one of them")
        raise UsageError("Missing option '--target' or '--target-file', wanted one of them")
    if roles.log_target and roles.target_file is not None:
        raise UsageError("--log-target needs a single --target; take logarithms in the file")
    if len(set(roles.target)) < len(roles.target):
        raise UsageError("--target names a column twice")
    if roles.log_target and len(roles.target) > 1:
        raise UsageError("--log-target needs a single --target")
    others = {
        "--id": [roles.id],
        "--text": roles.text,
        "--table": roles.table,
        "--images": roles.images,
        "--covariates": roles.covariates,
        "--weight": [roles.weight],
        "--group": [roles.group],
        "--fold-column": roles.apart,
    }
    for option, names in others.items():
        leaking = next((name for name in names if name in roles.target), None)
        if leaking is not None:
            raise UsageError(f"column {leaking!r} is the target, it cannot be {option} as well")
    both = next((name for name in roles.text if name in roles.table), None)
    if both is not None:
        raise UsageError(f"column {both!r} is in --text and in --table, wanted one of them")

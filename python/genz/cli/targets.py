"""Vector targets of a ``.npz`` file, joined to the items of a catalog by their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genz.errors import DataError, UsageError
from genz.statistics.arrays import Floats

ID_NAMES = ("id", "ids", "item_id", "item_ids", "item", "items", "key", "keys", "name", "names")
"""Arrays that are taken for the ids without being asked for, beside one named as ``--id``."""

_ADVICE = "say which by --target-file FILE:IDS:MATRIX"


@dataclass(frozen=True)
class TargetFile:
    """Vectors by id.

    Attributes
    ----------
    path : Path
    ids_name, matrix_name : str
        The arrays that were read.
    ids : list of str
    matrix : ndarray of shape (M, D)
        A row for each of `ids`; NaN = not observed.
    """

    path: Path
    ids_name: str
    matrix_name: str
    ids: list[str]
    matrix: Floats

    @property
    def names(self) -> list[str]:
        """Names of the D target dimensions, counted from 1."""
        return [f"{self.matrix_name}_{d}" for d in range(1, self.matrix.shape[1] + 1)]

    def join(self, item_ids: Sequence[str]) -> tuple[Floats, int]:
        """Targets of items (N, D), NaN where there is no vector, and the number of vectors unused.

        Raises
        ------
        DataError
            When no id is in both, or a dimension is the same wherever it is known.
        """
        row_of = {name: row for row, name in enumerate(self.ids)}
        rows = np.array([row_of.get(name, -1) for name in item_ids], dtype=np.intp)
        if (rows < 0).all():
            raise DataError(
                f"no id of the catalog, such as {item_ids[0]!r}, is in {self.ids_name!r} of "
                f"{self.path}, which holds such as {self.ids[0]!r}"
            )
        targets = np.where((rows >= 0)[:, np.newaxis], self.matrix[rows], np.nan)
        for name, values in zip(self.names, targets.T, strict=True):
            known = values[~np.isnan(values)]
            if not len(known):
                raise DataError(f"target {name!r} of {self.path} is NaN for every item")
            if known.min() == known.max():
                raise DataError(
                    f"target {name!r} of {self.path} is {known[0] + 0.0:g} wherever it is known: "
                    "there is nothing to explain; leave the dimension out"
                )
        return targets, len(self.ids) - int((rows >= 0).sum())


def read_target_file(given: str, id_column: str) -> TargetFile:
    """Read ``FILE.npz`` or ``FILE.npz:IDS:MATRIX``; nothing is unpickled.

    Parameters
    ----------
    given : str
        Without names the ids are the array named as `id_column`, or as one of `ID_NAMES`, and the
        matrix is the only array of floating-point numbers (M, D) with a row for each of them.

    Raises
    ------
    UsageError
        No such file.
    DataError
        A damaged file or one that is no ``.npz``, arrays that are missing, pickled or of a wrong
        shape, ids that are missing or not unique, infinite numbers, a choice that is not unique.
    """
    path, ids_name, matrix_name = _split(given)
    arrays = _read(path)
    if ids_name is None or matrix_name is None:
        ids_name = _find_ids(path, arrays, id_column)
    ids = _ids(path, ids_name, _named(path, arrays, ids_name))
    if matrix_name is None:
        matrix_name = _find_matrix(path, arrays, ids_name)
    matrix = _matrix(path, matrix_name, _named(path, arrays, matrix_name), ids)
    return TargetFile(path, ids_name, matrix_name, ids, matrix)


def _split(given: str) -> tuple[Path, str | None, str | None]:
    if not Path(given).exists() and given.count(":") >= 2:
        file, ids_name, matrix_name = given.rsplit(":", 2)
        if not ids_name or not matrix_name:
            raise UsageError(f"--target-file {given} holds an empty name, wanted FILE:IDS:MATRIX")
        return Path(file), ids_name, matrix_name
    return Path(given), None, None


def _read(path: Path) -> dict[str, NDArray[Any] | None]:
    """Arrays by name; None for one that only unpickling could read."""
    if not path.is_file():
        raise UsageError(f"{path} is no file, wanted --target-file FILE.npz or FILE.npz:IDS:MATRIX")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            if not isinstance(stored, np.lib.npyio.NpzFile):
                raise TypeError("a single array has no ids")
            return {name: _load(stored, name) for name in stored.files}
    except Exception as error:
        # Anything, as numpy reads a header by Python's tokenizer. Its own text is not passed on: it
        # advises to unpickle, which genz never does.
        raise DataError(
            f"{path} is not an npz file of plain arrays ({type(error).__name__}): write it by "
            "numpy.savez(FILE, ids=..., matrix=...)"
        ) from None


def _load(stored: "np.lib.npyio.NpzFile", name: str) -> NDArray[Any] | None:
    try:
        array = stored[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        return None
    # A member that is no array comes as its bytes.
    return array if isinstance(array, np.ndarray) else None


def _named(path: Path, arrays: dict[str, NDArray[Any] | None], name: str) -> NDArray[Any]:
    if name not in arrays:
        raise DataError(f"{path} has no array {name!r}, it has {_listed(arrays)}")
    array = arrays[name]
    if array is None:
        raise DataError(
            f"array {name!r} of {path} is pickled, which can run code: save it as numbers or as "
            "strings of a fixed length (astype(str))"
        )
    return array


def _find_ids(path: Path, arrays: dict[str, NDArray[Any] | None], id_column: str) -> str:
    for names in ((id_column,), ID_NAMES):
        found = [name for name in arrays if name in names or name.lower() in names]
        if len(found) == 1:
            return found[0]
        if found:
            raise DataError(f"{path} has several arrays of ids, {', '.join(found)}: {_ADVICE}")
    raise DataError(
        f"{path} has no array named {id_column!r}, 'id', 'ids' or 'item_id', it has "
        f"{_listed(arrays)}: {_ADVICE}"
    )


def _find_matrix(path: Path, arrays: dict[str, NDArray[Any] | None], ids_name: str) -> str:
    ids = arrays[ids_name]
    found = [
        name
        for name, array in arrays.items()
        if array is not None
        and ids is not None
        and array.ndim == 2
        and array.dtype.kind == "f"
        and len(array) == len(ids)
    ]
    if len(found) != 1:
        got = f"several: {', '.join(found)}" if found else f"none, it has {_listed(arrays)}"
        n_ids = 0 if ids is None else len(ids)
        raise DataError(
            f"{path} wants one array of floating-point numbers with {n_ids} rows, as many as "
            f"{ids_name!r} has ids, got {got}; {_ADVICE}"
        )
    return found[0]


def _listed(arrays: dict[str, NDArray[Any] | None]) -> str:
    shown = [
        f"{name} {'(pickled)' if array is None else array.shape}" for name, array in arrays.items()
    ]
    return ", ".join(shown) or "no array"


def _ids(path: Path, name: str, array: NDArray[Any]) -> list[str]:
    what = f"ids {name!r} of {path}"
    if array.ndim != 1 or array.dtype.kind not in "iufUS":
        raise DataError(
            f"{what} are {array.dtype} of shape {array.shape}, wanted a vector of strings or "
            "whole numbers"
        )
    if not len(array):
        raise DataError(f"{what} are empty")
    first: dict[str, int] = {}
    for row, value in enumerate(array.tolist()):
        text = _id(value)
        if text is None:
            raise DataError(f"{what}: {value!r} in row {row} (from 0) is no name of an item")
        if text in first:
            raise DataError(
                f"{what}: {text!r} is in row {first[text]} and again in row {row} (from 0)"
            )
        first[text] = row
    return list(first)


def _id(value: str | bytes | float) -> str | None:
    """An id as the catalog's ids are read: whole numbers without a point, no blanks around."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return None
    return str(value).strip() or None


def _matrix(path: Path, name: str, array: NDArray[Any], ids: list[str]) -> Floats:
    what = f"array {name!r} of {path}"
    if array.ndim != 2 or not array.shape[1] or array.dtype.kind not in "iuf":
        raise DataError(
            f"{what} is {array.dtype} of shape {array.shape}, wanted numbers of shape "
            f"({len(ids)}, dimensions)"
        )
    if len(array) != len(ids):
        raise DataError(f"{what} has {len(array)} rows, wanted one for each of {len(ids)} ids")
    matrix = array.astype(np.float64)
    if np.isinf(matrix).any():
        row, d = np.argwhere(np.isinf(matrix))[0]
        raise DataError(
            f"{what} is {matrix[row, d]:g} for id {ids[row]!r}, dimension {d + 1}: wanted a finite "
            "number, or NaN where it is not known"
        )
    return matrix

"""Arguments as the arrays that the Rust core reads without a copy."""

from numbers import Integral
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from genz.errors import DataError, UsageError

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Singles = NDArray[np.float32]
Bytes = NDArray[np.uint8]

UNKNOWN_BYTE: Final = 255
"""An unknown judgment among those of type uint8."""

MAX_COUNT: Final = 2**31 - 1


def as_floats(name: str, values: Any, n_dims: int) -> Floats:
    """Convert to a C-contiguous float64 array of `n_dims` dimensions.

    A vector where a matrix is wanted becomes one column; a scalar where a vector is wanted
    becomes one entry. None and what a data frame has for nothing are NaN.

    Raises
    ------
    DataError
        Entries that are not real numbers, or more dimensions than wanted.
    """
    values = _unframed(values)
    check_real(name, values)
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(_not_a_number(name, values, error)) from None
    if array.ndim == n_dims - 1:
        array = array[..., np.newaxis]
    if array.ndim != n_dims:
        wanted = {1: "a vector", 2: "a matrix with one row for each item"}[n_dims]
        raise DataError(f"{name} has shape {array.shape}, wanted {wanted}")
    return np.ascontiguousarray(array)


def check_real(name: str, values: Any) -> None:
    """Raise where `values` are sparse or complex, which a conversion would misread."""
    if sparse.issparse(values):
        raise DataError(f"{name} is sparse, wanted a dense array: pass {name}.toarray()")
    if getattr(getattr(values, "dtype", None), "kind", "") == "c":
        raise DataError(f"Complex data not supported: {name} is complex, wanted real numbers")


def as_table(name: str, values: Any) -> Any:
    """Rows and columns of a data frame or of whatever numpy reads, not converted to numbers yet.

    Raises
    ------
    DataError
        A vector, which does not say whether it is a row or a column; rows of unequal length;
        sparse or complex numbers.
    """
    check_real(name, values)
    values = _unframed(values)
    try:
        table = np.asarray(values)
    except ValueError as error:
        raise DataError(_not_a_number(name, values, error)) from None
    if table.ndim < 2:
        raise DataError(
            f"{name} has shape {table.shape}, wanted one row for each item and one column for each "
            "feature. Reshape your data: array.reshape(-1, 1) for one feature, "
            "array.reshape(1, -1) for one item"
        )
    return table


def is_vector(values: Any) -> bool:
    """Whether values that can be read have one dimension."""
    return np.asarray(values).ndim == 1


def as_reals(name: str, values: Any) -> Floats | Singles:
    """Convert to a matrix: float32 and float64 of any strides without a copy.

    Raises
    ------
    DataError
        See :func:`as_floats`.
    """
    matrix = _as_matrix_of(values, np.float32, np.float64)
    return as_floats(name, values, 2) if matrix is None else matrix


def as_judgments(values: Any, name: str = "judgments") -> Bytes | Singles | Floats:
    """Convert judgments to a matrix: bool, uint8, float32 and float64 without a copy.

    Raises
    ------
    DataError
        See :func:`as_floats`.
    """
    matrix = _as_matrix_of(values, np.bool_, np.uint8, np.float32, np.float64)
    if matrix is None:
        return as_floats(name, values, 2)
    return matrix.view(np.uint8) if matrix.dtype == np.bool_ else matrix


def judgments_as_floats(values: Any, name: str = "judgments") -> Floats:
    """Convert judgments to float64, the byte 255 to NaN.

    Raises
    ------
    DataError
        See :func:`as_floats`.
    """
    judgments = as_judgments(values, name)
    known = judgments.astype(np.float64)
    if judgments.dtype == np.uint8:
        known[judgments == UNKNOWN_BYTE] = np.nan
    return known


def _as_matrix_of(values: Any, *types: type[np.generic]) -> NDArray[Any] | None:
    """Return a matrix, or a vector as its only column, if the core can read it where it lies."""
    if not isinstance(values, np.ndarray) or values.dtype not in types:
        return None
    matrix = values[:, np.newaxis] if values.ndim == 1 else values
    return matrix if matrix.ndim == 2 and matrix.flags.aligned else None


def as_vector(name: str, values: Any, size: int) -> Floats:
    """Convert to a vector; a scalar is repeated `size` times."""
    vector = as_floats(name, values, 1)
    return np.full(size, vector[0]) if np.ndim(values) == 0 else vector


def as_gold(values: Any) -> Bytes | None:
    """Convert optional gold labels (0, 1, NaN = truth not known) to bytes; the core checks shape.

    Raises
    ------
    DataError
        An entry that is no label.
    """
    if values is None:
        return None
    gold = judgments_as_floats(values, "gold")
    bad = np.argwhere(~np.isin(gold, (0.0, 1.0)) & ~np.isnan(gold))
    if len(bad):
        row, column = bad[0]
        raise DataError(
            f"gold[{row}, {column}] is {gold[row, column]:g}, wanted 0, 1 or NaN (truth not known)"
        )
    return np.where(np.isnan(gold), UNKNOWN_BYTE, np.nan_to_num(gold)).astype(np.uint8)


def as_item_weights(values: Any) -> Floats | None:
    """Convert optional item weights, not all of them zero; the core checks their domain."""
    if values is None:
        return None
    weights = as_floats("item weights", values, 1)
    if len(weights) and not weights.any():
        raise DataError("the weight of every item is zero, wanted a positive one for some")
    return weights


def as_covariates(values: Any, n_items: int) -> Floats:
    """Convert covariates to (N, P); None is P = 0."""
    return np.asarray(as_real_covariates(values, n_items), dtype=np.float64)


def as_real_covariates(values: Any, n_items: int) -> Floats | Singles:
    """Convert covariates to (N, P) as `as_reals` does; None is P = 0."""
    if values is None:
        return np.zeros((n_items, 0))
    covariates = as_reals("covariates", values)
    if len(covariates) != n_items:
        raise DataError(
            f"covariates has {len(covariates)} rows, wanted one for each of {n_items} items"
        )
    return covariates


def as_new_covariates(values: Any, n_items: int, n_columns: int) -> Floats:
    """Convert covariates of new items: as many columns as in the fit, and none missing."""
    covariates = as_covariates(values, n_items)
    if covariates.shape[1] != n_columns:
        raise DataError(
            f"covariates has {covariates.shape[1]} columns, wanted {n_columns} as in the fit"
        )
    rows = np.flatnonzero(~np.isfinite(covariates).all(axis=1))
    if len(rows):
        raise DataError(f"covariates of row {rows[0]} are not finite, wanted a number for each")
    return covariates


def as_targets(values: Any, n_items: int, *, log: bool) -> Floats:
    """Convert targets to (N, D), with `log` to the logarithms of positive scalar ones."""
    targets = as_floats("y", values, 2)
    if len(targets) != n_items:
        raise DataError(f"y has {len(targets)} rows, wanted one for each of {n_items} items")
    if not log:
        return targets
    if targets.shape[1] != 1:
        raise UsageError("log_target needs a scalar target; take logarithms of a vector yourself")
    if np.any(targets <= 0):
        row = int(np.flatnonzero(targets[:, 0] <= 0)[0])
        raise DataError(
            f"y[{row}] is {targets[row, 0]:g}, wanted a number above 0 because of log_target"
        )
    return np.log(targets)


def check_n_threads(n_threads: int | None) -> int | None:
    """Return `n_threads` if it is None (one for each core) or at least 1."""
    return None if n_threads is None else check_count("n_threads", n_threads, 1)


def check_count(name: str, value: Any, least: int) -> int:
    """Return `value` as an int if it is an integer of at least `least`."""
    if not isinstance(value, Integral) or not least <= int(value) <= MAX_COUNT:
        raise UsageError(
            f"{name} is {value!r}, wanted an integer of at least {least} and at most {MAX_COUNT}"
        )
    return int(value)


def check_number(name: str, value: Any) -> float:
    """Return `value` as a float; the core checks its domain."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UsageError(f"{name} is {value!r}, wanted a number") from None


def _unframed(values: Any) -> Any:
    """Columns of a data frame as a matrix, a series as a vector; anything else stays as it is."""
    if values is None or isinstance(values, np.ndarray | list | tuple):
        return values
    import narwhals as nw  # noqa: PLC0415 - arrays do without it

    frame = nw.from_native(values, eager_only=True, allow_series=True, pass_through=True)
    if isinstance(frame, nw.Series):
        return _as_numbers(frame)
    if isinstance(frame, nw.DataFrame) and frame.columns:
        return np.column_stack([_as_numbers(column) for column in frame.iter_columns()])
    return values


def _as_numbers(series: Any) -> NDArray[Any]:
    """A column as float64, NaN where it has nothing; as objects where it is not of numbers."""
    import narwhals as nw  # noqa: PLC0415 - arrays do without it

    if series.dtype.is_numeric() or series.dtype == nw.Boolean:
        return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
    return np.array(series.to_list(), dtype=object)


def _not_a_number(name: str, values: Any, error: Exception) -> str:
    """Name the first entry that no conversion reads."""
    ragged = f"{name} has rows of unequal length, wanted a whole array of numbers"
    try:
        entries = np.asarray(values, dtype=object)
    except ValueError:
        return ragged
    for index, entry in np.ndenumerate(entries):
        if isinstance(entry, list | tuple | np.ndarray):
            return ragged
        try:
            float(entry)
        except (TypeError, ValueError):
            row = index[0] if index else 0
            return f"{name} is {entry!r} in row {row}, wanted a number or NaN"
    return f"{name} cannot be read as numbers: {error}"

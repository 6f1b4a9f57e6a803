"""Raw columns of whatever a user calls a catalog: frames, dictionaries, strings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from narwhals.exceptions import DuplicateError
from numpy.typing import NDArray
from scipy import sparse

from genz.catalog.fields import FieldKind
from genz.catalog.values import LIST_TYPES, is_missing, nested_type
from genz.errors import DataError
from genz.spelling import nearest_name

TEXT_FIELD = "text"
"""The one field of a catalog of strings."""


@dataclass(frozen=True)
class RawColumn:
    """Values as they came, and their kind where the source itself declares it."""

    values: Sequence[Any]
    kind: FieldKind | None = None


def columns_of(items: Any) -> dict[str, RawColumn]:
    """Raw columns by name, all of one length.

    Raises
    ------
    DataError
        Another type, two columns of one name, or columns of different lengths.
    """
    if isinstance(items, list | tuple):
        return _of_list(items)
    if isinstance(items, Mapping) and all(isinstance(v, list | tuple) for v in items.values()):
        columns = _unique((name, RawColumn(values)) for name, values in items.items())
        _check_lengths(columns)
        return columns
    if isinstance(items, np.ndarray):
        return _of_array(items)
    try:
        native = nw.from_native(items, eager_only=True, allow_series=True)
        if isinstance(native, nw.Series):
            return _of_list(native.to_list())
        return _unique((name, _of_series(native.get_column(name))) for name in native.columns)
    except DuplicateError as error:
        reason = " ".join(str(error).split())
        raise DataError(f"two columns have the same name: {reason}; rename them") from None
    except TypeError:
        if hasattr(items, "__array__"):
            return _of_array(np.asarray(items))
        raise _unusable(items) from None


def width_of(items: Any) -> int | None:
    """How many columns items without names have; None where columns have names."""
    if isinstance(items, list | tuple) and items and all(map(_is_row, items)):
        return len(items[0]) if len(set(map(len, items))) == 1 else None
    # A data frame is no array, though numpy reads it. A lazy one counts its columns when asked.
    is_frame = isinstance(items, Mapping | str) or hasattr(type(items), "columns")
    if is_frame or not hasattr(items, "__array__"):
        return None
    shape = np.asarray(items).shape
    return shape[1] if len(shape) == 2 else None


def _of_list(items: Sequence[Any]) -> dict[str, RawColumn]:
    if _are_texts(items):
        return {TEXT_FIELD: RawColumn(items)}
    if all(isinstance(item, Mapping) for item in items):
        names = dict.fromkeys(name for item in items for name in item)
        return _unique((name, RawColumn([item.get(name) for item in items])) for name in names)
    if not all(map(_is_row, items)):
        kinds = sorted({type(item).__name__ for item in items})
        raise DataError(
            f"items is a list of {', '.join(kinds)}, wanted all strings, all dictionaries or all "
            "rows of one length. Reshape your data: a list of rows, [[value], [value]], has one "
            "field"
        )
    lengths = {len(item) for item in items}
    if len(lengths) > 1:
        raise DataError(
            f"items has rows of {min(lengths)} and of {max(lengths)} values, wanted one length"
        )
    return _numbered(zip(*items, strict=True))


def _of_array(array: NDArray[Any]) -> dict[str, RawColumn]:
    """Columns of a matrix as table fields x0, x1...; a vector is as its list."""
    if array.dtype.kind == "c":
        raise DataError("Complex data not supported: items is complex, wanted real numbers")
    if array.ndim == 1 and array.dtype.kind in "OUT":
        return _of_list(array.tolist())
    if array.ndim != 2 or array.dtype.kind not in "biufOUTM":
        raise DataError(
            f"items is an array of shape {array.shape} and type {array.dtype}, wanted rows and "
            "columns. Reshape your data: array.reshape(-1, 1) for one field, "
            "array.reshape(1, -1) for one item"
        )
    if not array.shape[1]:
        raise DataError(
            f"items has 0 feature(s) (shape={array.shape}) while a minimum of 1 is required."
        )
    # `tolist` makes dates of days, but integers of nanoseconds.
    columns = array.astype("datetime64[D]") if array.dtype.kind == "M" else array
    return _numbered(columns.T.tolist())


def _numbered(columns: Iterable[Sequence[Any]]) -> dict[str, RawColumn]:
    return {f"x{n}": RawColumn(list(values)) for n, values in enumerate(columns)}


def _are_texts(items: Sequence[Any]) -> bool:
    """Whether there are strings and, as a data frame's series may have, missing ones."""
    return any(isinstance(item, str) for item in items) and all(
        isinstance(item, str) or (not isinstance(item, Mapping) and is_missing(item))
        for item in items
    )


def _is_row(item: Any) -> bool:
    return isinstance(item, list | tuple) or (isinstance(item, np.ndarray) and item.ndim == 1)


def _unusable(items: Any) -> DataError:
    wanted = (
        "wanted a pandas, polars or pyarrow data frame, a list of dictionaries, a list of strings, "
        "a dictionary of lists or an array with a column for each field"
    )
    if sparse.issparse(items):
        return DataError(f"items is a sparse {type(items).__name__}, {wanted}: use .toarray()")
    return DataError(f"items is {type(items).__name__}, {wanted}")


def check_column(name: str, columns: Iterable[str]) -> None:
    """Raise unless there is a column of this name; the text names the nearest."""
    if name not in columns:
        near = nearest_name(name, columns)
        hint = "" if near is None else f"; the nearest is {near!r}"
        raise DataError(f"the catalog has no column {name!r}{hint}")


def check_flat(name: str, column: RawColumn) -> None:
    """Raise if a value holds dictionaries or lists of lists, which no field can."""
    types = set(map(type, column.values))
    if not any(issubclass(each, (Mapping, *LIST_TYPES)) for each in types):
        return
    for row, value in enumerate(column.values):
        if nested := nested_type(value):
            raise DataError(
                f"column {name!r} holds {nested} in row {row} (from 0), wanted numbers, strings, "
                "dates or lists of these: make columns of its parts or leave it out"
            )


def _of_series(series: "nw.Series[Any]") -> RawColumn:
    declared = series.dtype in (nw.Categorical, nw.Enum)
    return RawColumn(series.to_list(), FieldKind.CATEGORY if declared else None)


def _unique(columns: Iterable[tuple[Any, RawColumn]]) -> dict[str, RawColumn]:
    """By names as strings, of which two may be one where the names were none."""
    named: dict[str, RawColumn] = {}
    for name, column in columns:
        if str(name) in named:
            raise DataError(f"two columns are named {str(name)!r}: rename one")
        named[str(name)] = column
    return named


def _check_lengths(columns: Mapping[str, RawColumn]) -> None:
    lengths = {name: len(column.values) for name, column in columns.items()}
    longest = max(lengths, key=lengths.__getitem__, default="")
    for name, length in lengths.items():
        if length != lengths[longest]:
            raise DataError(
                f"column {name!r} has {length} values, column {longest!r} has {lengths[longest]}: "
                "wanted one for each item in both"
            )

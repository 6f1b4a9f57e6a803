"""Raw columns of whatever a user calls a catalog: frames, dictionaries, strings."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
from narwhals.exceptions import DuplicateError

from genz.catalog.fields import FieldKind
from genz.catalog.values import LIST_TYPES, nested_type
from genz.errors import DataError

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
        if all(isinstance(item, str) for item in items):
            return {TEXT_FIELD: RawColumn(items)}
        if all(isinstance(item, Mapping) for item in items):
            names = dict.fromkeys(name for item in items for name in item)
            return _unique((name, RawColumn([item.get(name) for item in items])) for name in names)
    if isinstance(items, Mapping) and all(isinstance(v, list | tuple) for v in items.values()):
        columns = _unique((name, RawColumn(values)) for name, values in items.items())
        _check_lengths(columns)
        return columns
    try:
        frame = nw.from_native(items, eager_only=True)
        return _unique((name, _of_series(frame.get_column(name))) for name in frame.columns)
    except DuplicateError as error:
        reason = " ".join(str(error).split())
        raise DataError(f"two columns have the same name: {reason}; rename them") from None
    except TypeError:
        raise DataError(
            f"items is {type(items).__name__}, wanted a pandas, polars or pyarrow data frame, a "
            "list of dictionaries, a list of strings or a dictionary of lists"
        ) from None


def check_column(name: str, columns: Iterable[str]) -> None:
    """Raise unless there is a column of this name; the text names the nearest."""
    if name not in columns:
        near = difflib.get_close_matches(name, columns, n=1, cutoff=0.0)
        hint = f"; the nearest is {near[0]!r}" if near else ""
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

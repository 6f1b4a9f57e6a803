"""An immutable table of items."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from genz.catalog.fields import Field, FieldKind, Value, infer_kind, parse
from genz.errors import DataError

TEXT_FIELD = "text"
"""The one field of a catalog of strings."""


class Catalog:
    """N items with typed fields; a missing value is None.

    Build one with :meth:`from_items`.
    """

    def __init__(self, fields: Sequence[Field], columns: Mapping[str, NDArray[np.object_]]) -> None:
        self.fields = tuple(fields)
        self._columns = dict(columns)
        self._n_items = len(next(iter(self._columns.values()))) if self._columns else 0

    @classmethod
    def from_items(
        cls,
        items: Any,
        *,
        fields: Sequence[Field] | None = None,
        text: Sequence[str] | None = None,
        table: Sequence[str] | None = None,
    ) -> Self:
        """Read items.

        Parameters
        ----------
        items : data frame, list of dict, list of str, dict of columns, or Catalog
            pandas, polars and pyarrow frames through narwhals; strings become the one field
            ``text``; columns as :func:`genz.catalog.files.read_columns` gives them.
        fields : sequence of Field, optional
            The fields of a fitted model: other columns are ignored, values that do not parse are
            missing. Without it kinds are inferred.
        text, table : sequences of str, optional
            Columns to read as free text and as table fields; all others are left out.

        Raises
        ------
        DataError
            No items, items of another type, or a column that is not there.
        """
        if isinstance(items, Catalog):
            raw: dict[str, list[Any]] = {name: list(col) for name, col in items._columns.items()}
            fields = items.fields if fields is None and not (text or table) else fields
        else:
            raw = _columns_of(items)
        if not raw or not len(next(iter(raw.values()))):
            raise DataError("the catalog is empty, wanted at least one item with one field")
        if fields is None:
            fields = _infer(raw, text, table)
        for field in fields:
            check_column(field.name, raw)
        columns = {}
        for field in fields:
            column = np.empty(len(raw[field.name]), dtype=object)
            column[:] = [parse(field.kind, value) for value in raw[field.name]]
            columns[field.name] = column
        return cls(fields, columns)

    def __len__(self) -> int:
        return self._n_items

    def __repr__(self) -> str:
        names = ", ".join(f"{field.name}: {field.kind}" for field in self.fields)
        return f"Catalog({len(self)} items; {names})"

    @cached_property
    def kinds(self) -> dict[str, FieldKind]:
        """Kind of each field by name."""
        return {field.name: field.kind for field in self.fields}

    def column(self, name: str) -> list[Value]:
        """Values of a field, None where missing."""
        return list(self._columns[name])

    def array(self, name: str) -> NDArray[np.object_]:
        """Values of a field as an object array; not to be written to."""
        return self._columns[name]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Values of a number field, NaN where missing; dates as days since year 1."""
        if name not in self._numbers:
            date = self.kinds[name] is FieldKind.DATE
            values = (
                np.nan if v is None else float(v.toordinal() if date else v)
                for v in self._columns[name]
            )
            self._numbers[name] = np.fromiter(values, dtype=np.float64, count=len(self))
        return self._numbers[name]

    @cached_property
    def _numbers(self) -> dict[str, NDArray[np.float64]]:
        return {}

    def item(self, ix: int) -> dict[str, Value]:
        """One item as a dictionary."""
        return {name: column[ix] for name, column in self._columns.items()}

    def take(self, indices: Iterable[int] | NDArray[np.intp]) -> "Catalog":
        """The items at these positions, in this order."""
        ix = np.asarray(indices, dtype=np.intp)
        return Catalog(self.fields, {name: col[ix] for name, col in self._columns.items()})

    def describe(self, ix: int, max_length: int = 300) -> str:
        """One item as one readable line."""
        parts = []
        for name, value in self.item(ix).items():
            if value is not None:
                shown = ", ".join(value) if isinstance(value, tuple) else value
                parts.append(
                    f"{name}: {shown:g}" if isinstance(shown, float) else f"{name}: {shown}"
                )
        line = " ".join("; ".join(parts).split())
        return line if len(line) <= max_length else line[: max_length - 1] + "…"


def _columns_of(items: Any) -> dict[str, list[Any]]:
    if isinstance(items, list | tuple):
        if all(isinstance(item, str) for item in items):
            return {TEXT_FIELD: list(items)}
        if all(isinstance(item, Mapping) for item in items):
            names = dict.fromkeys(str(name) for item in items for name in item)
            return {name: [item.get(name) for item in items] for name in names}
    if isinstance(items, Mapping) and all(isinstance(v, list | tuple) for v in items.values()):
        lengths = {str(name): len(values) for name, values in items.items()}
        longest = max(lengths, key=lengths.__getitem__, default="")
        for name, length in lengths.items():
            if length != lengths[longest]:
                raise DataError(
                    f"column {name!r} has {length} values, column {longest!r} has "
                    f"{lengths[longest]}: wanted one for each item in both"
                )
        return {str(name): list(values) for name, values in items.items()}
    try:
        frame = nw.from_native(items, eager_only=True)
    except TypeError:
        raise DataError(
            f"items is {type(items).__name__}, wanted a pandas, polars or pyarrow data frame, a "
            "list of dictionaries, a list of strings or a dictionary of lists"
        ) from None
    return {str(name): frame[name].to_list() for name in frame.columns}


def _infer(
    raw: Mapping[str, list[Any]], text: Sequence[str] | None, table: Sequence[str] | None
) -> list[Field]:
    if text is None and table is None:
        return [Field(name, infer_kind(name, values)) for name, values in raw.items()]
    for name in (*(text or ()), *(table or ())):
        check_column(name, raw)
    fields = [Field(name, FieldKind.TEXT) for name in text or ()]
    for name in table or ():
        kind = infer_kind(name, raw[name])
        fields.append(Field(name, FieldKind.CATEGORY if kind is FieldKind.TEXT else kind))
    return fields


def check_column(name: str, raw: Mapping[str, Any]) -> None:
    """Raise, naming the nearest column, unless there is a column of this name."""
    if name not in raw:
        near = difflib.get_close_matches(name, raw, n=1, cutoff=0.0)
        hint = f"; the nearest is {near[0]!r}" if near else ""
        raise DataError(f"the catalog has no column {name!r}{hint}")

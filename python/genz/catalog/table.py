"""An immutable table of items."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from genz.catalog.columns import RawColumn, check_column, check_flat, columns_of
from genz.catalog.fields import Field, FieldKind, Value, infer_kind, parse_column
from genz.errors import DataError, UsageError


class Catalog:
    """N items with typed fields; a missing value is None.

    Build one with :meth:`from_items`.

    Parameters
    ----------
    fields : sequence of Field
    columns : mapping of str to ndarray of shape (N,) and type object
        Values of each field by its name, None where missing.
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
        images: Sequence[str] | None = None,
    ) -> Self:
        """Read items.

        Parameters
        ----------
        items : data frame, list of dict, list of str, array, dict of columns, or Catalog
            pandas, polars and pyarrow frames and series through narwhals; strings become the one
            field ``text``; the columns of a matrix, or of a list of rows, are ``x0``, ``x1``...;
            columns as :func:`genz.catalog.files.read_columns` gives them.
        fields : sequence of Field, optional
            The fields of a fitted model: other columns are ignored, values that do not parse are
            missing. Without it kinds are inferred.
        text, table : sequences of str, optional
            Columns to read as free text and as table fields; all others are left out.
        images : sequence of str, optional
            Columns with paths of image files, which no column is taken for by itself: one path, a
            list of paths, or several with ``|`` between them.

        Warns
        -----
        DataWarning
            Values that are there but cannot be read as the field's kind.

        Raises
        ------
        DataError
            No items, items of another type, a column that is not there, two of one name,
            dictionaries inside of a column, an infinite number.
        UsageError
            A column among two of `text`, `table` and `images`.
        """
        if isinstance(items, Catalog):
            raw = {name: RawColumn(items.column(name), kind) for name, kind in items.kinds.items()}
        else:
            raw = columns_of(items)
        if not raw or not len(next(iter(raw.values())).values):
            raise DataError("the catalog is empty, wanted at least one item with one field")
        if fields is None:
            fields = _infer(raw, _names(text), _names(table), _names(images) or ())
        columns = {}
        for field in fields:
            check_column(field.name, raw)
            check_flat(field.name, raw[field.name])
            columns[field.name] = parse_column(field, raw[field.name].values)
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

    def distinct(self, name: str) -> tuple[list[Value], NDArray[np.intp]]:
        """Distinct values of a field, and of every item the position of its value among them."""
        if name not in self._distinct:
            positions: dict[Value, int] = {}
            codes = (positions.setdefault(v, len(positions)) for v in self._columns[name])
            ix = np.fromiter(codes, dtype=np.intp, count=len(self))
            self._distinct[name] = list(positions), ix
        return self._distinct[name]

    @cached_property
    def _distinct(self) -> dict[str, tuple[list[Value], NDArray[np.intp]]]:
        return {}

    def images(self, ix: int) -> tuple[str, ...]:
        """Paths of the images of one item, those of all fields in order."""
        return tuple(
            path
            for field in self.fields
            if field.kind is FieldKind.IMAGES
            for path in self._columns[field.name][ix] or ()
        )

    def item(self, ix: int) -> dict[str, Value]:
        """One item as a dictionary."""
        return {name: column[ix] for name, column in self._columns.items()}

    def take(self, indices: Iterable[int] | NDArray[np.intp]) -> "Catalog":
        """The items at these positions, in this order."""
        ix = np.asarray(indices, dtype=np.intp)
        return Catalog(self.fields, {name: col[ix] for name, col in self._columns.items()})

    def digest(self) -> str:
        """SHA-256 of all fields and values, by which the same items are known again."""
        sha = hashlib.sha256()
        for field in self.fields:
            sha.update(repr((field.name, str(field.kind))).encode("utf-8", "backslashreplace"))
            for value in self._columns[field.name]:
                sha.update(repr(value).encode("utf-8", "backslashreplace"))
                sha.update(b"\0")
        return sha.hexdigest()

    def describe(self, ix: int, max_length: int = 300) -> str:
        """One item as one readable line, without images."""
        parts = []
        for name, value in self.item(ix).items():
            if value is not None and self.kinds[name] is not FieldKind.IMAGES:
                shown = _shown(value)
                # One long text must not hide all fields behind it.
                parts.append(f"{name}: {_cut(shown, max_length // 2)}")
        return _cut("; ".join(parts), max_length)


def _infer(
    raw: Mapping[str, RawColumn],
    text: Sequence[str] | None,
    table: Sequence[str] | None,
    images: Sequence[str],
) -> list[Field]:
    named = Counter((*(text or ()), *(table or ()), *images))
    for name, count in named.items():
        check_column(name, raw)
        if count > 1:
            raise UsageError(f"column {name!r} is named twice among text, table and images")
    pictures = [Field(name, FieldKind.IMAGES) for name in images]
    if text is None and table is None:
        others = {name: column for name, column in raw.items() if name not in images}
        return [Field(name, _kind(name, column)) for name, column in others.items()] + pictures
    fields = [Field(name, FieldKind.TEXT) for name in text or ()]
    for name in table or ():
        kind = _kind(name, raw[name])
        fields.append(Field(name, FieldKind.CATEGORY if kind is FieldKind.TEXT else kind))
    return fields + pictures


def _kind(name: str, column: RawColumn) -> FieldKind:
    check_flat(name, column)
    return infer_kind(name, column.values) if column.kind is None else column.kind


def _names(names: Sequence[str] | str | None) -> Sequence[str] | None:
    return [names] if isinstance(names, str) else names


def _cut(text: str, max_length: int) -> str:
    return text if len(text) <= max_length else text[: max_length - 1] + "…"


def _shown(value: Value) -> str:
    """A value as a person writes it, on one line."""
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else f"{value:.10g}"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return " ".join(text.split())

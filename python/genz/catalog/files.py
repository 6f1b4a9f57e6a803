"""Catalogs as files: CSV, JSON Lines and Parquet, chosen by suffix."""

import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from genz.errors import DataError, UsageError

Columns = dict[str, list[Any]]
"""Raw values by column name, one for each row; None where a row says nothing."""

SUFFIXES = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".parquet")


def read_columns(path: str | Path) -> Columns:
    """Read a catalog file.

    Parameters
    ----------
    path : path
        UTF-8 text of comma-separated values with a header (``.csv``), one JSON object a line
        (``.jsonl``, ``.ndjson``), both also compressed (``.gz``); or ``.parquet``.

    Returns
    -------
    dict of str to list
        As :meth:`genz.Catalog.from_items` takes it. Values of a CSV are strings: nothing is lost
        of a zipcode's leading zeros before the catalog infers what a column is.

    Raises
    ------
    UsageError
        No such file, or a suffix that is not known.
    DataError
        Contents that are not a whole table; the text says in which line.
    """
    path = Path(path)
    suffix = next((s for s in reversed(SUFFIXES) if path.name.lower().endswith(s)), None)
    if suffix is None:
        raise UsageError(f"{path} is no catalog by its name, wanted one of {', '.join(SUFFIXES)}")
    if path.is_dir():
        raise UsageError(f"{path} is a directory, wanted a file")
    try:
        if suffix == ".parquet":
            columns = _read_parquet(path)
        elif suffix.startswith(".csv"):
            columns = _read_csv(path, _text(path))
        else:
            columns = _read_json_lines(path, _text(path))
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except PermissionError:
        raise UsageError(f"{path} may not be read") from None
    if not columns or not len(next(iter(columns.values()))):
        raise DataError(f"{path} has no rows, wanted at least one item")
    return columns


def _text(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix.lower() == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path} is not a whole gzip file: {error}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: byte 0x{content[error.start]:02x} is not UTF-8; save the file "
            "in that encoding"
        ) from None
    if not text.strip():
        raise DataError(f"{path} is empty")
    return text


def _read_csv(path: Path, text: str) -> Columns:
    # The quotes' own line ends must reach the reader as they are.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    lines = []
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(
            f"{path}, line {reader.line_num}: {error} (are all quotes closed?)"
        ) from None
    names = [name.strip() for name in rows[0]]
    if len(names) == 1 and (separator := next((s for s in ";\t" if s in names[0]), None)):
        raise DataError(f"{path} is separated by {separator!r}, wanted commas")
    _check_names(path, names)
    for row, line in zip(rows[1:], lines[1:], strict=True):
        if len(row) != len(names):
            raise DataError(
                f"{path}, line {line}: {len(row)} values, wanted {len(names)} as in the header"
            )
    return {name: [row[ix] for row in rows[1:]] for ix, name in enumerate(names)}


def _read_json_lines(path: Path, text: str) -> Columns:
    records: list[dict[str, Any]] = []
    # str.splitlines would also break at separators that JSON allows inside of strings.
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            record = json.loads(content, object_pairs_hook=_unique)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}, line {line}: not JSON: {error}") from None
        if not isinstance(record, dict):
            raise DataError(f"{path}, line {line}: {_kind(record)}, wanted an object")
        _check_values(path, f"line {line}", record.items())
        records.append(record)
    names = dict.fromkeys(name for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}


def _read_parquet(path: Path) -> Columns:
    try:
        import pyarrow  # noqa: PLC0415 - an extra
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise UsageError(
            f"{path}: reading Parquet needs pyarrow: pip install 'genz[parquet]'"
        ) from None
    try:
        table = pyarrow.parquet.read_table(path, partitioning=None)
        names = list(table.column_names)
        _check_names(path, names)
        columns = {name: table.column(name).to_pylist() for name in names}
    except FileNotFoundError:
        raise
    except (pyarrow.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} is not a whole Parquet file: {reason}") from None
    for row in range(table.num_rows):
        _check_values(path, f"row {row + 1}", ((name, columns[name][row]) for name in names))
    return columns


def _check_names(path: Path, names: list[str]) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    if repeated:
        raise DataError(f"{path} has two columns {repeated[0]!r}: rename one")
    if "" in names:
        raise DataError(f"{path}: column {names.index('') + 1} has no name; name or remove it")


def _check_values(path: Path, where: str, values: Iterable[tuple[str, Any]]) -> None:
    for name, value in values:
        if isinstance(value, dict | bytes):
            raise DataError(
                f"{path}, {where}: {name!r} is {_kind(value)}, wanted a string, number, date or "
                "list of these"
            )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the name {name!r} occurs twice in an object")
    return record


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "a string", bytes: "bytes", bool: "a boolean"}
    return names.get(type(value), "a number")

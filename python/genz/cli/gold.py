"""``--gold FILE``: a table of labels as `GenZRegressor.fit` takes them."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from genz.cli.numbers import read_ids
from genz.errors import DataError, UsageError
from genz.gold import COLUMNS, read_truth

if TYPE_CHECKING:
    from genz.cli.training import Training

Labels = dict[tuple[int, str], float]


def read_gold(path: Path, training: "Training", id_column: str | None) -> Labels:
    """Read a CSV file with the columns item, feature and truth.

    Items are named by the column of ``--id``, without one by their row in the catalog, the first
    being 1. Labels of rows without target are left out: those are not fitted.

    Raises
    ------
    UsageError, DataError
        With the line of the file.
    """
    n_rows = len(next(iter(training.columns.values())))
    position = {row: ix for ix, row in enumerate(training.rows.tolist())}
    if id_column is None:
        rows = {str(row + 1): row for row in range(n_rows)}
    else:
        ids = read_ids(id_column, training.columns[id_column])
        rows = {name: row for row, name in enumerate(ids)}
    labels: Labels = {}
    for number, (item, feature, truth) in _read(path):
        where = f"{path}, line {number}"
        if item not in rows:
            wanted = f"a row from 1 to {n_rows}" if id_column is None else "an id of it"
            raise DataError(f"{where}: the catalog has no item {item!r}, wanted {wanted}")
        if not feature:
            raise DataError(f"{where}: there is no feature, wanted its description")
        value = read_truth(truth)
        if value is None:
            raise DataError(f"{where}: truth is {truth!r}, wanted 0, 1, yes, no, true or false")
        row = rows[item]
        if row not in position:
            continue
        cell = (position[row], feature)
        if labels.setdefault(cell, value) != value:
            raise DataError(f"{where}: item {item!r} has another truth for it in an earlier line")
    return labels


def _read(path: Path) -> list[tuple[int, list[str]]]:
    """Line number, and item, feature and truth of each row."""
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text") from None
    reader = csv.reader(text.splitlines(keepends=True))
    header = [name.strip().lower() for name in next(reader, [])]
    missing = next((name for name in COLUMNS if name not in header), None)
    if missing is not None:
        raise DataError(
            f"{path}, line 1: there is no column {missing!r}, wanted {', '.join(COLUMNS)}"
        )
    places = [header.index(name) for name in COLUMNS]
    read = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise DataError(
                f"{path}, line {reader.line_num}: {len(cells)} fields, wanted {len(header)}"
            )
        read.append((reader.line_num, [" ".join(cells[place].split()) for place in places]))
    return read

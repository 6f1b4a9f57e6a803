"""Where the data sets of the experiments lie, and their tables.

No data set comes with genz; docs/experiments.md says where each is fetched and what it holds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genz.catalog.files import Columns, read_columns
from genz.catalog.values import as_number
from genz.errors import DataError, UsageError
from genz.statistics.arrays import Floats

DEFAULT_DIRECTORY = Path("../shared/data")
"""Beside the repository."""


def locate(directory: Path | None, file: str) -> Path:
    """Path of a data set's file.

    Raises
    ------
    UsageError
        The file is not there.
    """
    place = DEFAULT_DIRECTORY if directory is None else directory
    path = place / file
    if not path.is_file():
        raise UsageError(
            f"{place} has no {file}: the data of the experiments do not come with genz, "
            "docs/experiments.md says where to get them; name their directory with --data"
        )
    return path


def read_table(path: Path, wanted: Sequence[str]) -> Columns:
    """Read the columns that an experiment uses.

    Raises
    ------
    DataError
        A column that is not there.
    """
    columns = read_columns(path)
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(missing)}; docs/experiments.md describes the layout"
        )
    return {name: columns[name] for name in wanted}


def numbers(path: Path, name: str, values: Sequence[Any], *, positive: bool = False) -> Floats:
    """Read a column of numbers, NaN where missing.

    Raises
    ------
    DataError
        Something else than a number; with `positive` also what is missing or not above 0.
    """
    read = np.array([np.nan if (n := as_number(value)) is None else n for value in values])
    for row, (value, number) in enumerate(zip(values, read.tolist(), strict=True), start=1):
        is_given = value is not None and str(value).strip() != ""
        if (is_given and np.isnan(number)) or (positive and not number > 0):
            wanted = "a number above 0" if positive else "a number"
            raise DataError(f"{path}: {name} of row {row} is {value!r}, wanted {wanted}")
    return read


def by_groups(values: Sequence[Any]) -> "np.typing.NDArray[np.intp]":
    """Number equal values alike, (N,)."""
    codes: dict[Any, int] = {}
    return np.array([codes.setdefault(value, len(codes)) for value in values], dtype=np.intp)

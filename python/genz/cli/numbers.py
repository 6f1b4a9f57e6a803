"""Columns of numbers, checked value by value; rows count from 1 as in the file."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from genz.catalog.fields import as_number, is_missing
from genz.catalog.values import distinct
from genz.errors import DataError
from genz.statistics.arrays import Floats, Indices


def read_numbers(what: str, values: Sequence[Any]) -> Floats:
    """Read numbers, NaN where missing; `what` names the column in errors."""
    numbers = np.full(len(values), np.nan)
    for ix, value in enumerate(values):
        if not is_missing(value):
            number = as_number(str(value).strip())
            if number is None:
                raise DataError(f"{what} is {value!r} in row {ix + 1}, wanted a number")
            numbers[ix] = number
    return numbers


def read_target(name: str, values: Sequence[Any], *, log: bool) -> Floats:
    """Read a target, NaN where it is not known.

    Raises
    ------
    DataError
        Labels, values that are not numbers, numbers not above 0 with `log`, one number only, or
        nothing at all.
    """
    what = f"target {name!r}"
    present = [(ix, value) for ix, value in enumerate(values) if not is_missing(value)]
    if not present:
        raise DataError(f"{what} is missing in every row, wanted a number in some")
    labels = [(ix, v) for ix, v in present if as_number(str(v).strip()) is None]
    if 2 * len(labels) > len(present):
        ix, label = labels[0]
        raise DataError(
            f"{what} holds labels, such as {label!r} in row {ix + 1}: genz regresses numbers; code "
            "the labels as numbers if their order means something"
        )
    numbers = read_numbers(what, values)
    if log and np.any(numbers <= 0):
        ix = int(np.flatnonzero(numbers <= 0)[0])
        raise DataError(
            f"{what} is {numbers[ix]:g} in row {ix + 1}, wanted a number above 0 because of "
            "--log-target"
        )
    if np.nanmin(numbers) == np.nanmax(numbers):
        raise DataError(
            f"{what} is {np.nanmin(numbers):g} wherever it is known: there is nothing to explain"
        )
    return numbers


def read_weights(name: str, values: Sequence[Any], rows: Sequence[int]) -> Floats:
    """Read the weights of some rows (indices): numbers of at least 0, not all 0."""
    weights = read_numbers(f"weight {name!r}", values)[list(rows)]
    for row, weight in zip(rows, weights, strict=True):
        if not weight >= 0:
            got = "missing" if np.isnan(weight) else f"{weight:g}"
            raise DataError(
                f"weight {name!r} is {got} in row {row + 1}, wanted a number of at least 0"
            )
    if not weights.any():
        raise DataError(f"weight {name!r} is 0 in every row that has a target")
    return weights


def read_groups(values: Sequence[Any], rows: Sequence[int]) -> Indices:
    """Number the groups of some rows (indices); the items are counted among these."""
    return distinct("group", [values[row] for row in rows])


def read_covariates(
    columns: dict[str, list[Any]], names: Sequence[str], rows: Sequence[int]
) -> Floats | None:
    """Read the covariates of some rows (indices), (N, P); None without names."""
    if not names:
        return None
    matrix = np.column_stack([read_numbers(f"covariate {n!r}", columns[n]) for n in names])
    matrix = matrix[list(rows)]
    if np.isnan(matrix).any():
        row, column = np.argwhere(np.isnan(matrix))[0]
        raise DataError(
            f"covariate {names[column]!r} is missing in row {rows[row] + 1}: fill it in, leave the "
            "row out, or give the column as --table instead"
        )
    return matrix


def read_ids(name: str, values: Sequence[Any]) -> list[str]:
    """Read names of items, none missing and no two alike."""
    first: dict[str, int] = {}
    for row, value in enumerate(values, start=1):
        if is_missing(value):
            raise DataError(f"id {name!r} is missing in row {row}")
        # A data frame makes floats of whole numbers as soon as one value is missing.
        whole = isinstance(value, float) and value.is_integer()
        text = str(int(value)) if whole else str(value).strip()
        if text in first:
            raise DataError(f"id {text!r} is in row {first[text]} and again in row {row}")
        first[text] = row
    return list(first)

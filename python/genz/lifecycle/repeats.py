"""Judgments that were asked again: all answers of a cell, and what they come to together."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from genz.errors import DataError
from genz.statistics.arrays import Floats

Cell = dict[str, Any]
"""``item`` (index), ``feature`` (description), ``answers``, the first being that of the fit."""


def combined(answers: Sequence[float | None]) -> float:
    """What several answers about one cell come to, NaN for unknown (None) ones alone.

    Answers of yes and no: the majority, and unknown where it is a tie, because a model that says
    both knows neither. Probabilities: their mean.
    """
    known = [float(answer) for answer in answers if answer is not None]
    if not known:
        return float("nan")
    mean = sum(known) / len(known)
    if any(answer not in (0.0, 1.0) for answer in known):
        return mean
    return float("nan") if mean == 0.5 else float(mean > 0.5)


def merged(old: Iterable[Cell], new: Iterable[Cell]) -> list[Cell]:
    """Cells of both, those of `new` in the place of older records of the same cell."""
    by_cell = {(cell["item"], cell["feature"]): cell for cell in (*old, *new)}
    return list(by_cell.values())


def apply(judgments: Floats, features: Sequence[str], cells: Iterable[Cell]) -> Floats:
    """Judgments (N, K) with the cells' answers combined; cells of other features are left out.

    Raises
    ------
    DataError
        A cell that is no cell of these judgments.
    """
    judgments = judgments.copy()
    for cell in cells:
        try:
            item_ix, feature, answers = cell["item"], cell["feature"], cell["answers"]
            if feature in features:
                if not 0 <= item_ix < len(judgments):
                    raise IndexError(f"item {item_ix} of {len(judgments)}")
                judgments[item_ix, features.index(feature)] = combined(answers)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{cell!r} is no repeated judgment of this model: {error!r}") from None
    return judgments


def extended(
    cells: Sequence[Cell], asked: Sequence[tuple[int, str]], judged: Floats, answers: Floats
) -> list[Cell]:
    """Records of the asked cells (item, feature) with one answer more each.

    Parameters
    ----------
    cells : sequence of dict
        Records so far.
    judged : ndarray
        Judgments of the fit, the first answers of cells without a record.
    answers : ndarray
        What was answered now; NaN adds none.
    """
    known = {(cell["item"], cell["feature"]): cell["answers"] for cell in cells}
    records = []
    for key, first, answer in zip(asked, judged.tolist(), answers.tolist(), strict=True):
        if np.isnan(answer):
            continue
        before = known.get(key, [None if np.isnan(first) else first])
        records.append({"item": key[0], "feature": key[1], "answers": [*before, answer]})
    return records

"""Predictions that a report draws beside what was observed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from genz.errors import DataError
from genz.report.checks import Floats, check_choice

PredictionSource = Literal["training items", "cross-validation"]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of the targets, on their original scale, beside what was observed.

    Attributes
    ----------
    ids : sequence of str, length n_items
        Names of the items, shown when the pointer rests on a mark.
    actual, predicted, lower, upper : ndarrays of shape (n_items, n_targets)
        Observed targets, point predictions and ends of the central intervals; NaN where missing.
    source : {"training items", "cross-validation"}
        Whether the model that predicts an item was fitted to it. The report says so everywhere.
    level : float
        Nominal coverage of the intervals, in (0, 1).
    """

    ids: Sequence[str]
    actual: Floats
    predicted: Floats
    lower: Floats
    upper: Floats
    source: PredictionSource
    level: float

    def __post_init__(self) -> None:
        check_choice("source of the predictions", self.source, get_args(PredictionSource))
        if not 0.0 < self.level < 1.0:
            raise DataError(f"level of the intervals is {self.level}, wanted a number in (0, 1)")
        wanted = (len(self.ids), *self.actual.shape[1:])
        for name in ("actual", "predicted", "lower", "upper"):
            shape = getattr(self, name).shape
            if len(shape) != 2 or shape != wanted:
                raise DataError(
                    f"{name} has shape {shape}, wanted (n_items, n_targets), the same for all, and "
                    f"one of {len(self.ids)} ids for each row"
                )

    @property
    def n_targets(self) -> int:
        """Target dimensions."""
        return int(self.actual.shape[1])

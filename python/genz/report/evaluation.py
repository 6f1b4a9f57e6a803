"""A cross-validation saved beside a fitted model: scores and held-out predictions."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genz.errors import ModelDirectoryError
from genz.persistence import EVALUATION_ARRAYS_FILE, EVALUATION_FILE, read_beside
from genz.report.checks import Floats
from genz.report.content import Difference

SCHEMA_VERSION = 2
_ARRAYS = ("actual", "predicted", "lower", "upper")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What ``genz evaluate --save`` leaves.

    Attributes
    ----------
    scores : mapping of str to mapping of str to float
        Scores by method and metric.
    differences : mapping of str to mapping of str to Difference
        Scores of genz less those of another method, by that method and metric.
    level : float
        Nominal coverage of the intervals.
    n_folds : int or None
    seed : int or None
    ids : tuple of str, length n_items
    actual, predicted, lower, upper : ndarrays of shape (n_items, n_targets)
        Held-out predictions on the original scale.
    """

    scores: Mapping[str, Mapping[str, float]]
    differences: Mapping[str, Mapping[str, Difference]]
    level: float
    n_folds: int | None
    seed: int | None
    ids: tuple[str, ...]
    actual: Floats
    predicted: Floats
    lower: Floats
    upper: Floats


def read_evaluation(directory: Path) -> Evaluation | None:
    """Read the cross-validation of a model; None when there is none.

    Raises
    ------
    ModelDirectoryError
        When one of its two files is missing, damaged or of another schema.
    """
    path = directory / EVALUATION_FILE
    if not path.exists():
        return None
    try:
        document = json.loads(read_beside(directory, EVALUATION_FILE))
        _check_version(directory, document["schema_version"])
        content = io.BytesIO(read_beside(directory, EVALUATION_ARRAYS_FILE))
        with np.load(content, allow_pickle=False) as stored:
            arrays = {name: _columns(stored[name]) for name in _ARRAYS}
        return _restore(document, arrays)
    except ModelDirectoryError:
        raise
    except FileNotFoundError:
        problem = f"{EVALUATION_ARRAYS_FILE} is missing"
    except (OSError, zipfile.BadZipFile, AttributeError, KeyError, TypeError, ValueError) as error:
        problem = str(error) if isinstance(error, ValueError) else repr(error)
    raise ModelDirectoryError(
        f"the evaluation in {directory} is damaged ({problem}); evaluate again or remove "
        f"{path.name}"
    )


def _check_version(directory: Path, version: object) -> None:
    if version != SCHEMA_VERSION:
        raise ModelDirectoryError(
            f"the evaluation in {directory} has the schema version {version!r}, this genz reads "
            f"{SCHEMA_VERSION}: evaluate again with --save, or remove {EVALUATION_FILE}"
        )


def _restore(document: dict[str, Any], arrays: dict[str, Floats]) -> Evaluation:
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) > 1:
        raise ValueError("its arrays differ in shape")
    n_items = len(arrays["actual"])
    ids = document.get("ids") or [f"item {n}" for n in range(1, n_items + 1)]
    if len(ids) != n_items:
        raise ValueError(f"{len(ids)} ids for {n_items} items")
    scores = {
        str(method): {
            str(metric): _score(value)
            for metric, value in row.items()
            # The report measures single dimensions on the predictions that it draws.
            if not isinstance(value, list)
        }
        for method, row in document["scores"].items()
    }
    return Evaluation(
        scores=scores,
        differences=_differences(document["differences"], float(document["difference_level"])),
        level=float(document["level"]),
        n_folds=document.get("n_folds"),
        seed=document.get("seed"),
        ids=tuple(map(str, ids)),
        **arrays,
    )


def _differences(stored: dict[str, Any], level: float) -> dict[str, dict[str, Difference]]:
    return {
        str(method): {str(metric): _difference(row, level) for metric, row in by_metric.items()}
        for method, by_metric in stored.items()
    }


def _difference(row: dict[str, Any], level: float) -> Difference:
    return Difference(float(row["value"]), float(row["lower"]), float(row["upper"]), level)


def _score(value: float | None) -> float:
    """Read a score; JSON has no NaN, so None stands for one that does not exist."""
    return np.nan if value is None else float(value)


def _columns(values: Any) -> Floats:
    """Give scalar targets, stored as (N,) or (N, 1), their second axis."""
    floats = np.asarray(values, dtype=np.float64)
    return floats[:, np.newaxis] if floats.ndim == 1 else floats

"""The evaluation beside the model that it belongs to: ``evaluation.json`` and ``.npz``."""

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from genz.evaluation.comparison import LEVEL as DIFFERENCE_LEVEL
from genz.evaluation.cross_validation import CrossValidation
from genz.evaluation.methods import OURS
from genz.evaluation.null import LEVEL as NULL_LEVEL
from genz.evaluation.null import NullRuns
from genz.evaluation.predictions import LEVEL
from genz.persistence import EVALUATION_ARRAYS_FILE, EVALUATION_FILE, save_beside

SCHEMA_VERSION = 2


def save_evaluation(result: CrossValidation, directory: Path, *, ids: list[str], seed: int) -> None:
    """Write scores and genz's held-out predictions beside a model, both files or none.

    Arrays ``actual``, ``predicted``, ``lower``, ``upper`` have the shape (N,), for vector targets
    (N, D), on the target's own scale.
    """
    ours = result.predictions[OURS]
    arrays = {
        "actual": result.targets,
        "predicted": ours.point,
        "lower": ours.lower,
        "upper": ours.upper,
    }
    if result.targets.shape[1] == 1:
        arrays = {name: array[:, 0] for name, array in arrays.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    document = {
        "schema_version": SCHEMA_VERSION,
        **as_document(result),
        "level": LEVEL,
        "n_folds": int(result.folds.max()) + 1,
        "seed": seed,
        "ids": ids,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    files = {EVALUATION_ARRAYS_FILE: buffer.getvalue(), EVALUATION_FILE: text.encode()}
    save_beside(directory, files)


def as_document(result: CrossValidation) -> dict[str, Any]:
    """Scores and how sure they are, of JSON's types."""
    return {
        "scores": result.scores,
        "standard_errors": result.standard_errors,
        "differences": {
            method: {name: asdict(difference) for name, difference in by_score.items()}
            for method, by_score in result.differences.items()
        },
        "difference_level": DIFFERENCE_LEVEL,
    }


def null_as_document(result: NullRuns) -> dict[str, Any]:
    """Null runs and the family-wise error that they show, of JSON's types."""
    lower, upper = result.interval
    return {
        "n_runs": len(result.runs),
        "n_accepting": result.n_accepting,
        "family_wise_error": result.family_wise_error,
        "lower": lower,
        "upper": upper,
        "level": NULL_LEVEL,
    }

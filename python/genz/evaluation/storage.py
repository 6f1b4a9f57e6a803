"""The evaluation beside the model that it belongs to: ``evaluation.json`` and ``.npz``."""

import io
import json
from pathlib import Path

import numpy as np

from genz.evaluation.cross_validation import OURS, CrossValidation
from genz.evaluation.predictions import LEVEL
from genz.persistence import EVALUATION_ARRAYS_FILE, EVALUATION_FILE, write_whole

SCHEMA_VERSION = 1


def save_evaluation(result: CrossValidation, directory: Path, *, ids: list[str], seed: int) -> None:
    """Write scores and genz's held-out predictions; every file whole, the JSON last.

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
        "scores": result.scores,
        "level": LEVEL,
        "n_folds": int(result.folds.max()) + 1,
        "seed": seed,
        "ids": ids,
    }
    write_whole(directory / EVALUATION_ARRAYS_FILE, buffer.getvalue())
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(directory / EVALUATION_FILE, text.encode())

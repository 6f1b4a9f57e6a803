"""A fitted model as a directory: ``model.json`` and ``arrays.npz``, never pickle."""

import hashlib
import io
import json
import os
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from genz import __version__
from genz.catalog import Field, FieldKind
from genz.errors import ModelDirectoryError, UsageError
from genz.feature import Feature
from genz.foundation import FoundationModel
from genz.regressor import GenZRegressor
from genz.statistics.parameters import PARAMETER_NAMES
from genz.statistics.regression import LatentFeatureRegression

SCHEMA_VERSION = 1
MODEL_FILE = "model.json"
ARRAYS_FILE = "arrays.npz"
EVALUATION_FILE = "evaluation.json"
EVALUATION_ARRAYS_FILE = "evaluation.npz"
REPORT_FILE = "report.html"

_ARRAYS = (*(f"{name}_" for name in PARAMETER_NAMES), "weights_std_error_", "covariance_")
_SETTINGS = ("n_features", "log_target", "text", "table", "features", "patience", "random_state")


def check_vacant(path: Path, *, force: bool = False) -> None:
    """Raise unless a model may be saved to `path`."""
    nearest = next(place for place in (path, *path.parents) if place.exists())
    if not nearest.is_dir():
        raise UsageError(f"{nearest} is a file, wanted a directory for the model")
    if not os.access(nearest, os.W_OK):
        raise UsageError(f"{nearest} may not be written, choose another directory for the model")
    if (path / MODEL_FILE).exists() and not force:
        raise UsageError(f"{path} holds a fitted model; use --force (force=True) to replace it")


def save(model: GenZRegressor, path: Path, *, force: bool = False) -> None:
    """Save; every file appears whole or not at all, ``model.json`` last.

    What was derived from a model that is replaced, its evaluation and report, goes with it.
    """
    check_vacant(path, force=force)
    regression = model.regression_
    arrays = {name: getattr(regression, name) for name in _ARRAYS}
    arrays.update(judgments=model.judgments_, objectives=regression.log_likelihoods_)
    arrays.update(targets=model.targets_, covariates=model.covariates_)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    settings = {name: getattr(model, name) for name in _SETTINGS}
    document = {
        "schema_version": SCHEMA_VERSION,
        "genz_version": __version__,
        "arrays_sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        "foundation_model": _model_name(model),
        "settings": settings,
        "regression": {
            "settings": regression.get_params(),
            "log_likelihood": regression.log_likelihood_,
            "n_iter": regression.n_iter_,
            "converged": regression.converged_,
            "solver": regression.solver_,
            "is_scalar": regression.is_scalar_,
        },
        "is_scalar": model.is_scalar_,
        "n_targets": model.n_targets_,
        "fields": [asdict(field) for field in model.fields_],
        "features": [asdict(feature) for feature in model.features_],
        "trace": model.trace_,
        "metadata": model.metadata,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    path.mkdir(parents=True, exist_ok=True)
    for derived in (EVALUATION_FILE, EVALUATION_ARRAYS_FILE, REPORT_FILE):
        (path / derived).unlink(missing_ok=True)
    write_whole(path / ARRAYS_FILE, buffer.getvalue())
    write_whole(path / MODEL_FILE, text.encode())


def load(
    path: Path, foundation_model: FoundationModel | None = None, *, judging: bool = True
) -> GenZRegressor:
    """Load; anything missing, damaged or of another schema is named.

    Without `judging`, a model of an unknown foundation model is loaded too: it shows what was
    fitted and cannot judge new items.
    """
    document, arrays = _read(path)
    try:
        return _restore(document, arrays, foundation_model, judging=judging)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise ModelDirectoryError(f"{path / MODEL_FILE} is damaged: {error!r}; fit again") from None


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the target and move over it, so that no half of a file is ever seen."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        document = json.loads((path / MODEL_FILE).read_text("utf-8"))
        content = (path / ARRAYS_FILE).read_bytes()
    except FileNotFoundError as error:
        name = Path(error.filename).name
        raise ModelDirectoryError(f"{path} is not a fitted model: it has no {name}") from None
    except (OSError, ValueError) as error:
        raise ModelDirectoryError(f"{path} cannot be read: {error}") from None
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version != SCHEMA_VERSION:
        raise ModelDirectoryError(
            f"{path} has schema version {version!r}, this genz reads {SCHEMA_VERSION}; fit again "
            "or install the genz that wrote it"
        )
    if hashlib.sha256(content).hexdigest() != document.get("arrays_sha256"):
        raise ModelDirectoryError(
            f"{path / ARRAYS_FILE} is not the file that was saved (its SHA-256 differs); fit again"
        )
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return document, {name: stored[name] for name in stored.files}
    except (ValueError, zipfile.BadZipFile) as error:
        raise ModelDirectoryError(f"{path / ARRAYS_FILE} is damaged: {error}") from None


def _restore(
    document: dict[str, Any],
    arrays: dict[str, Any],
    foundation_model: FoundationModel | None,
    *,
    judging: bool,
) -> GenZRegressor:
    name = document["foundation_model"]
    if judging and foundation_model is None and name != "builtin":
        raise UsageError(f"this model was fitted with {name!r}: give it as foundation_model")
    model = GenZRegressor(foundation_model=foundation_model or name, **document["settings"])
    fitted = document["regression"]
    regression = LatentFeatureRegression(**fitted["settings"])
    for array in _ARRAYS:
        setattr(regression, array, arrays[array])
    regression.log_likelihoods_ = arrays["objectives"]
    for attribute in ("log_likelihood", "n_iter", "converged", "solver", "is_scalar"):
        setattr(regression, f"{attribute}_", fitted[attribute])
    model.regression_ = regression
    for array in ("judgments", "targets", "covariates"):
        setattr(model, f"{array}_", arrays[array])
    model.is_scalar_ = document["is_scalar"]
    model.n_targets_ = document["n_targets"]
    model.fields_ = tuple(Field(f["name"], FieldKind(f["kind"])) for f in document["fields"])
    model.features_ = [Feature(**_tuples(feature)) for feature in document["features"]]
    model.trace_ = document["trace"]
    model.metadata = document["metadata"]
    return model


def _model_name(model: GenZRegressor) -> str:
    foundation_model = model.foundation_model
    return foundation_model if isinstance(foundation_model, str) else foundation_model.name


def _tuples(feature: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in feature.items()}

"""A fitted model as a directory: ``model.json`` and ``arrays-<digest>.npz``, never pickle.

``run.json`` beside them tells of the run that made the model: when, by which command, at what cost.
A run that replays the same answers writes the same model, byte for byte, and another ``run.json``.

The arrays' file is named by its SHA-256, which ``model.json`` holds: replacing ``model.json`` is
the one step that replaces a model, so a save that is killed at any moment leaves the old model
whole or the new one. Two processes must not save to one directory at once.
"""

import hashlib
import io
import json
import math
import os
import re
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from genz import __version__
from genz.catalog import Field, FieldKind
from genz.errors import ModelDirectoryError, UsageError
from genz.feature import Feature
from genz.foundation import FoundationModel
from genz.migration import OLDEST, migrate
from genz.nearest import Nearest
from genz.plain_json import to_json
from genz.regressor import GenZRegressor
from genz.statistics.parameters import PARAMETER_NAMES
from genz.statistics.regression import LatentFeatureRegression

SCHEMA_VERSION = 4
MODEL_FILE = "model.json"
EVALUATION_FILE = "evaluation.json"
EVALUATION_ARRAYS_FILE = "evaluation.npz"
REPORT_FILE = "report.html"
RUN_FILE = "run.json"
CHANGES_FILE = "changes.json"

_ARRAYS = (*(f"{name}_" for name in PARAMETER_NAMES), "weights_std_error_", "covariance_")
# Attributes of the fitted regression that are neither arrays nor times.
_FACTS = (
    *("log_likelihood", "n_iter", "converged", "n_e_steps", "is_scalar"),
    *("solver", "why", "exact", "worst_certificate", "n_rescued"),
)
_TRAINING = ("judgments", "targets", "covariates", "item_weights")
_LIFECYCLE = ("items_digest", "locked", "vetoed", "repeats", "is_certain")
_SETTINGS = (
    *("n_features", "log_target", "text", "table", "images"),
    *("features", "contrast", "patience", "random_state"),
)


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
    """Save; a model that `path` holds is replaced as a whole or not at all.

    What was derived from a model that is replaced, its evaluation and report, goes before it: it
    must not be taken for the new model's.

    Raises
    ------
    UsageError
        `path` holds a model and not `force`, or cannot be written to.
    DataError
        A number of the model is not finite, so JSON cannot hold it.
    """
    check_is_fitted(model, "regression_")
    check_vacant(path, force=force)
    regression = model.regression_
    arrays = {name: getattr(regression, name) for name in _ARRAYS}
    arrays.update({name: getattr(model, f"{name}_") for name in _TRAINING})
    arrays["objectives"] = regression.log_likelihoods_
    if model.gold_ is not None:
        arrays.update(gold=model.gold_)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    settings = {name: getattr(model, name) for name in _SETTINGS}
    document = {
        "schema_version": SCHEMA_VERSION,
        "genz_version": __version__,
        "arrays_sha256": digest,
        "foundation_model": _model_name(model),
        "endpoint": model.endpoint_,
        "settings": settings,
        "regression": {
            "settings": regression.get_params(),
            **{name: getattr(regression, f"{name}_") for name in _FACTS},
        },
        "is_scalar": model.is_scalar_,
        "n_targets": model.n_targets_,
        "fields": [asdict(field) for field in model.fields_],
        "features": [asdict(feature) for feature in model.features_],
        "trace": model.trace_,
        "unknown": model.unknown_,
        "profiles": model.profiles_,
        **{name: getattr(model, f"{name}_") for name in _LIFECYCLE},
        "metadata": model.metadata,
    }
    text, run = to_json(document), to_json(model.run)
    try:
        path.mkdir(parents=True, exist_ok=True)
        write_whole(path / _arrays_file(digest), buffer.getvalue())
        for derived in (EVALUATION_FILE, EVALUATION_ARRAYS_FILE, REPORT_FILE, RUN_FILE):
            (path / derived).unlink(missing_ok=True)
        write_whole(path / MODEL_FILE, text)
        # They name the model that they are about, so a kill before this line does no harm.
        (path / CHANGES_FILE).unlink(missing_ok=True)
        if model.run:
            write_whole(path / RUN_FILE, run)
        _remove_leftovers(path, digest)
    except OSError as error:
        raise UsageError(f"the model cannot be saved to {path}: {error.strerror}") from None


def load(
    path: Path, foundation_model: FoundationModel | None = None, *, judging: bool = True
) -> GenZRegressor:
    """Load; anything missing, damaged or of another schema is named.

    Without `judging`, a model of an unknown foundation model is loaded too: it shows what was
    fitted and cannot judge new items.
    """
    document, arrays = _read(path)
    try:
        migrate(document, arrays)
        model = _restore(document, arrays, foundation_model, judging=judging)
        model.run = _read_run(path)
        return model
    except UsageError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
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
    if path.exists() and not path.is_dir():
        raise ModelDirectoryError(f"{path} is a file, wanted the directory of a fitted model")
    try:
        document = json.loads((path / MODEL_FILE).read_text("utf-8"))
        digest = _check_document(path, document)
        content = (path / _arrays_file(digest)).read_bytes()
    except FileNotFoundError as error:
        name = Path(error.filename).name
        raise ModelDirectoryError(f"{path} is not a fitted model: it has no {name}") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ModelDirectoryError(f"{path} cannot be read: {error}; fit again") from None
    file = path / _arrays_file(digest)
    if hashlib.sha256(content).hexdigest() != digest:
        raise ModelDirectoryError(
            f"{file} is not the file that was saved (its SHA-256 differs); fit again"
        )
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return document, {name: stored[name] for name in stored.files}
    except (EOFError, OSError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        # numpy's own text advises to unpickle, which genz never does.
        raise ModelDirectoryError(
            f"{file} is not an npz file of plain numbers ({type(error).__name__}); fit again"
        ) from None


def _read_run(path: Path) -> dict[str, Any]:
    """Facts of the run that made the model; a model without them is whole."""
    try:
        run = json.loads((path / RUN_FILE).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ModelDirectoryError(
            f"{path / RUN_FILE} cannot be read: {error}; the model does without it: delete it"
        ) from None
    return run if isinstance(run, dict) else {}


def _check_document(path: Path, document: Any) -> str:
    """Check the schema version; the digest of the arrays that belong to the document."""
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version not in range(OLDEST, SCHEMA_VERSION + 1):
        raise ModelDirectoryError(
            f"{path} has schema version {version!r}, this genz reads {OLDEST} to {SCHEMA_VERSION}; "
            "fit again or install the genz that wrote it"
        )
    digest = document.get("arrays_sha256")
    if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
        raise ModelDirectoryError(
            f"{path / MODEL_FILE} is damaged: arrays_sha256 is {digest!r}, wanted 64 hexadecimal "
            "digits; fit again"
        )
    return digest


def _arrays_file(digest: str) -> str:
    return f"arrays-{digest[:16]}.npz"


def _remove_leftovers(path: Path, digest: str) -> None:
    """Remove the arrays of a model that was replaced, and what a killed save left behind."""
    for pattern in ("*arrays-*.npz*", f".{MODEL_FILE}.*"):
        for file in path.glob(pattern):
            if file.name != _arrays_file(digest):
                file.unlink(missing_ok=True)


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
    for name in _FACTS:
        setattr(regression, f"{name}_", fitted[name])
    # The times are those of a run, not of a model.
    regression.predicted_seconds_ = regression.seconds_ = math.nan
    regression.n_features_in_ = len(regression.weights_)
    model.regression_ = regression
    for array in _TRAINING:
        setattr(model, f"{array}_", arrays[array])
    model.gold_ = arrays.get("gold")
    model.is_scalar_ = document["is_scalar"]
    model.n_targets_ = document["n_targets"]
    model.fields_ = tuple(Field(f["name"], FieldKind(f["kind"])) for f in document["fields"])
    model.features_ = [_feature(feature) for feature in document["features"]]
    if len(model.features_) != len(regression.weights_):
        raise ValueError(
            f"{len(model.features_)} features beside {len(regression.weights_)} rows of weights"
        )
    model.trace_ = document["trace"]
    model.endpoint_ = document["endpoint"]
    model.unknown_ = document["unknown"]
    model.profiles_ = document["profiles"]
    model.items_digest_, model.repeats_ = document["items_digest"], document["repeats"]
    model.is_certain_ = document["is_certain"]
    model.locked_, model.vetoed_ = tuple(document["locked"]), tuple(document["vetoed"])
    model.metadata = document["metadata"]
    return model


def _model_name(model: GenZRegressor) -> str:
    foundation_model = model.foundation_model
    return foundation_model if isinstance(foundation_model, str) else foundation_model.name


def _feature(document: dict[str, Any]) -> Feature:
    # Models of before vector targets were shown by items have none.
    nearest = Nearest(**_tuples(document.get("nearest", {})))
    return Feature(**_tuples({**document, "nearest": nearest}))


def _tuples(feature: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in feature.items()}

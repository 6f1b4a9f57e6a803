"""Saving and loading, and files beside a model."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sklearn.utils.validation import check_is_fitted

from genz.errors import DataError, ModelDirectoryError, UsageError
from genz.foundation import FoundationModel
from genz.persistence import earlier
from genz.persistence.arrays import Arrays, pack, unpack
from genz.persistence.checks import check_arrays, check_document
from genz.persistence.document import arrays_of, document_of
from genz.persistence.manifest import ARRAYS_FILE, MODEL_FILE, RUN_FILE, Manifest
from genz.persistence.migration import migrate
from genz.persistence.provenance import software
from genz.persistence.restoring import restore
from genz.persistence.writing import add_files, check_vacant, replace_model, write_whole
from genz.plain_json import to_json
from genz.regressor import GenZRegressor


def save(model: GenZRegressor, path: Path, *, force: bool = False) -> None:
    """Save; a model that `path` holds is replaced as a whole or not at all.

    ``run.json`` tells of the run that made the model: when, by which versions and command, at what
    cost. A run that replays the same answers writes the same ``model.json`` and ``arrays.npz``,
    byte for byte, and another ``run.json``.

    Raises
    ------
    UsageError
        `path` holds a model and not `force`, holds something else, or cannot be written to.
    DataError
        A number of the model is not finite, so JSON cannot hold it, or something of it is of a
        type that could not be loaded.
    """
    check_is_fitted(model, "regression_")
    check_vacant(path, force=force)
    document = to_json(document_of(model))
    try:
        check_document(json.loads(document))
    except (KeyError, TypeError) as error:
        raise DataError(
            f"the model was not saved, it could not be loaded: {error.args[0]}"
        ) from None
    files = {
        MODEL_FILE: document,
        ARRAYS_FILE: pack(arrays_of(model)),
        RUN_FILE: to_json(software() | model.run),
    }
    try:
        replace_model(path, files)
    except OSError as error:
        raise UsageError(f"the model cannot be saved to {path}: {error.strerror}") from None


def load(
    path: Path, foundation_model: FoundationModel | None = None, *, judging: bool = True
) -> GenZRegressor:
    """Load; anything missing, damaged or of another schema is named.

    Without `judging`, a model of an unknown foundation model is loaded too: it shows what was
    fitted and cannot judge new items. Files that the manifest does not list are not read.

    Raises
    ------
    ModelDirectoryError
        A directory that is not a whole model; the text says why and what to do.
    UsageError
        A model that another foundation model was asked for, which is not given.
    """
    if path.exists() and not path.is_dir():
        raise ModelDirectoryError(f"{path} is a file, wanted the directory of a fitted model")
    document, arrays, run = _read(path)
    try:
        migrate(document, arrays)
        check_document(document)
        check_arrays(document, arrays)
        model = restore(document, arrays, foundation_model, judging=judging)
    except UsageError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelDirectoryError(f"{path / MODEL_FILE} is damaged: {error!r}; fit again") from None
    model.run = run
    return model


def fingerprint(directory: Path) -> str:
    """A digest that is another one for every other model; of the files as the manifest lists them.

    Raises
    ------
    ModelDirectoryError
        The directory holds no model.
    """
    manifest = Manifest.read(directory)
    if manifest is None:
        # Of the schema versions that have no manifest; their document has the arrays' digest.
        return hashlib.sha256(earlier.read_model(directory)).hexdigest()
    digests = manifest.files[MODEL_FILE].sha256 + manifest.files[ARRAYS_FILE].sha256
    return hashlib.sha256(digests.encode()).hexdigest()


def save_beside(directory: Path, files: Mapping[str, bytes]) -> None:
    """Put files about the model beside it, all or none, and list them in its manifest.

    In a directory without a manifest, of an earlier schema version, each file is replaced for
    itself, in the order given.
    """
    manifest = Manifest.read(directory)
    if manifest is None:
        for name, content in files.items():
            write_whole(directory / name, content)
    else:
        add_files(directory, manifest, files)


def read_beside(directory: Path, name: str) -> bytes:
    """A file about the model; FileNotFoundError where there is none.

    Raises
    ------
    ModelDirectoryError
        The manifest lists another file under this name.
    """
    manifest = Manifest.read(directory)
    if manifest is None or name not in manifest.files:
        return (directory / name).read_bytes()
    return manifest.read_file(directory, name)


def _read(path: Path) -> tuple[dict[str, Any], Arrays, dict[str, Any]]:
    """The document, the arrays and the facts of the run."""
    manifest = Manifest.read(path)
    if manifest is None:
        document = _parse(path / MODEL_FILE, earlier.read_model(path))
        arrays = earlier.read_arrays(path, document)
        run = earlier.read_run(path)
    else:
        try:
            files = _read_listed(path, manifest)
        except ModelDirectoryError:
            if Manifest.read(path) == manifest:
                raise
            # Another process has put a new model there since.
            return _read(path)
        document = _parse(path / MODEL_FILE, files[MODEL_FILE])
        arrays = unpack(files[ARRAYS_FILE], path / ARRAYS_FILE)
        run = files.get(RUN_FILE)
    if run is None:
        return document, arrays, {}
    facts = _parse(path / RUN_FILE, run, "the model does without it: delete it")
    return document, arrays, facts if isinstance(facts, dict) else {}


def _read_listed(path: Path, manifest: Manifest) -> dict[str, bytes]:
    """The files of a model; it is whole without the facts of its run."""
    files = {name: manifest.read_file(path, name) for name in (MODEL_FILE, ARRAYS_FILE)}
    if RUN_FILE in manifest.files and (path / RUN_FILE).exists():
        files[RUN_FILE] = manifest.read_file(path, RUN_FILE)
    return files


def _parse(file: Path, content: bytes, advice: str = "fit again") -> Any:
    try:
        return json.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ModelDirectoryError(f"{file} cannot be read: {error}; {advice}") from None

"""Directories of schema versions 3 and 4: no manifest, arrays named by their SHA-256."""

import hashlib
import re
from pathlib import Path
from typing import Any

from genz.errors import ModelDirectoryError
from genz.persistence.arrays import Arrays, unpack
from genz.persistence.manifest import (
    MANIFEST_FILE,
    MODEL_FILE,
    RUN_FILE,
    SCHEMA_VERSION,
    check_regular,
)
from genz.persistence.migration import OLDEST


def read_model(directory: Path) -> bytes:
    """``model.json`` of a directory without a manifest."""
    return _read(directory, MODEL_FILE)


def read_run(directory: Path) -> bytes | None:
    """``run.json`` of such a directory, if it is there."""
    return _read(directory, RUN_FILE) if (directory / RUN_FILE).exists() else None


def read_arrays(directory: Path, document: Any) -> Arrays:
    """The arrays that belong to the document.

    Raises
    ------
    ModelDirectoryError
        A document of another schema version, arrays that are missing or not those that were saved.
    """
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version == SCHEMA_VERSION and type(version) is int:
        raise ModelDirectoryError(
            f"{directory} is not a whole model: it has no {MANIFEST_FILE}; get the whole directory "
            "again, or fit again"
        )
    if type(version) is not int or version not in range(OLDEST, SCHEMA_VERSION):
        raise ModelDirectoryError(
            f"{directory} has schema version {version!r}, this genz reads {OLDEST} to "
            f"{SCHEMA_VERSION}; fit again or install the genz that wrote it"
        )
    digest = document.get("arrays_sha256")
    if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
        raise ModelDirectoryError(
            f"{directory / MODEL_FILE} is damaged: arrays_sha256 is {digest!r}, wanted 64 "
            "hexadecimal digits; fit again"
        )
    name = f"arrays-{digest[:16]}.npz"
    content = _read(directory, name)
    if hashlib.sha256(content).hexdigest() != digest:
        raise ModelDirectoryError(
            f"{directory / name} is not the file that was saved (its SHA-256 differs); get the "
            "directory again, or fit again"
        )
    return unpack(content, directory / name)


def _read(directory: Path, name: str) -> bytes:
    try:
        check_regular(directory, directory / name)
        return (directory / name).read_bytes()
    except FileNotFoundError:
        raise ModelDirectoryError(f"{directory} is not a fitted model: it has no {name}") from None
    except OSError as error:
        raise ModelDirectoryError(f"{directory / name} cannot be read: {error.strerror}") from None

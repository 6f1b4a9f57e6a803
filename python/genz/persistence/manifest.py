"""``manifest.json``: the files of a model's directory that are read again, by size and SHA-256."""

import hashlib
import json
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from genz.errors import ModelDirectoryError
from genz.plain_json import to_json

SCHEMA_VERSION = 5
MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.json"
ARRAYS_FILE = "arrays.npz"
RUN_FILE = "run.json"
EVALUATION_FILE = "evaluation.json"
EVALUATION_ARRAYS_FILE = "evaluation.npz"
REPORT_FILE = "report.html"
REPORT_TWIN_FILE = "report.json"
CHANGES_FILE = "changes.json"

LISTED = (MODEL_FILE, ARRAYS_FILE, RUN_FILE, EVALUATION_FILE, EVALUATION_ARRAYS_FILE)
"""What a manifest may list: names of its own choice could lead out of the directory.

The report is written and never read; changes that wait are for people to mend, and name the model.
"""

MAX_MANIFEST_BYTES = 1 << 16
_HEXADECIMAL = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Entry:
    """What is known of a file: its `size` in bytes and its SHA-256."""

    size: int
    sha256: str

    @classmethod
    def of(cls, content: bytes) -> Self:
        """The entry of a file with this content."""
        return cls(len(content), hashlib.sha256(content).hexdigest())


@dataclass(frozen=True)
class Manifest:
    """The files of a directory, by name."""

    files: Mapping[str, Entry]

    @classmethod
    def read(cls, directory: Path) -> "Manifest | None":
        """The manifest of a directory; None where there is none.

        Raises
        ------
        ModelDirectoryError
            A newer schema version, or a file that is no manifest.
        """
        file = directory / MANIFEST_FILE
        try:
            check_regular(directory, file)
            if file.stat().st_size > MAX_MANIFEST_BYTES:
                raise _no_manifest(file, f"it is larger than {MAX_MANIFEST_BYTES:,} bytes")
            document = json.loads(file.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise _no_manifest(file, str(error)) from None
        version = document.get("schema_version") if isinstance(document, dict) else None
        if type(version) is int and version > SCHEMA_VERSION:
            raise ModelDirectoryError(
                f"{directory} has schema version {version}, this genz reads up to {SCHEMA_VERSION}:"
                " install the genz that wrote it, or a later one"
            )
        if type(version) is not int or version != SCHEMA_VERSION:
            raise _no_manifest(file, f"its schema version is {version!r}, wanted {SCHEMA_VERSION}")
        files = document.get("files")
        if not isinstance(files, dict) or not {MODEL_FILE, ARRAYS_FILE} <= files.keys():
            raise _no_manifest(file, f"it does not list {MODEL_FILE} and {ARRAYS_FILE}")
        for name in files:
            if name not in LISTED:
                raise _no_manifest(file, f"it lists {name!r}, wanted {', '.join(LISTED)}")
        return cls({name: _entry(file, name, entry) for name, entry in files.items()})

    def to_json(self) -> bytes:
        """The file's content."""
        files = {name: asdict(entry) for name, entry in sorted(self.files.items())}
        return to_json({"schema_version": SCHEMA_VERSION, "files": files})

    def read_file(self, directory: Path, name: str) -> bytes:
        """A listed file, if it is the one that was saved.

        Where a save was killed after the manifest was replaced, the file still has its name of
        before; see `genz.persistence.writing`.

        Raises
        ------
        ModelDirectoryError
            The file is missing, cut off or another one, or leads out of the directory.
        """
        entry = self.files[name]
        pending = pending_file(directory, name)
        try:
            check_regular(directory, pending)
            if pending.stat().st_size == entry.size:
                content = pending.read_bytes()
                if Entry.of(content) == entry:
                    return content
        except FileNotFoundError:
            pass
        file = directory / name
        try:
            check_regular(directory, file)
            size = file.stat().st_size
            if size != entry.size:
                raise ModelDirectoryError(_other(file, f"it has {size:,} of {entry.size:,} bytes"))
            content = file.read_bytes()
        except FileNotFoundError:
            raise ModelDirectoryError(
                f"{directory} is not a whole model: it has no {name}; get the whole directory "
                "again, or fit again"
            ) from None
        except OSError as error:
            raise ModelDirectoryError(f"{file} cannot be read: {error.strerror}") from None
        if Entry.of(content) != entry:
            raise ModelDirectoryError(_other(file, "its SHA-256 differs from the manifest's"))
        return content


def pending_file(directory: Path, name: str) -> Path:
    """Where a file waits until the manifest that lists it is there."""
    return directory / f".{name}.next"


def check_regular(directory: Path, file: Path) -> None:
    """Raise unless a file is one, and inside of its directory; FileNotFoundError without it."""
    if file.is_symlink() and not file.resolve().is_relative_to(directory.resolve()):
        raise ModelDirectoryError(
            f"{file} is a link out of the directory, which is not followed: put the file itself "
            "there"
        )
    if not stat.S_ISREG(file.stat().st_mode):
        raise ModelDirectoryError(f"{file} cannot be read: it is no regular file")


def _entry(file: Path, name: str, entry: Any) -> Entry:
    match entry:
        case {"size": int(size), "sha256": str(digest)} if (
            type(size) is int and size >= 0 and len(digest) == 64 and set(digest) <= _HEXADECIMAL
        ):
            return Entry(size, digest)
        case _:
            raise _no_manifest(
                file, f"{name} has no size in bytes and SHA-256 of 64 hexadecimal digits"
            )


def _other(file: Path, what: str) -> str:
    advice = "get the directory again, or fit again"
    if file.name == MODEL_FILE:
        advice = (
            f"if a description was changed by hand, undo that and use `genz features "
            f"{file.parent} edit`, then `genz refit`; else {advice}"
        )
    elif file.name == RUN_FILE:
        advice = "the model does without it: delete it"
    return f"{file} is not the file that was saved ({what}); {advice}"


def _no_manifest(file: Path, why: str) -> ModelDirectoryError:
    return ModelDirectoryError(
        f"{file} cannot be read as a manifest: {why}; get the directory again, or fit again"
    )

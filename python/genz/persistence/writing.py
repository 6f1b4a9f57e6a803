"""The files of a model's directory, replaced as a whole or not at all.

New files are written under other names; then ``manifest.json`` is replaced by one that lists them,
which is the one step that counts; then they get their names. A reader takes a file by what the
manifest says, under either name. So whatever kills a save leaves the old model whole or the new
one, and the next save finishes what was begun. Replacing the directory would not do: there is no
moment at which a directory that is there gives way to another everywhere. Two processes must not
save to one directory at once.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from genz.errors import ModelDirectoryError, UsageError
from genz.persistence.manifest import (
    CHANGES_FILE,
    EVALUATION_ARRAYS_FILE,
    EVALUATION_FILE,
    LISTED,
    MANIFEST_FILE,
    MODEL_FILE,
    REPORT_FILE,
    REPORT_TWIN_FILE,
    Entry,
    Manifest,
    pending_file,
)

_DERIVED = (EVALUATION_FILE, EVALUATION_ARRAYS_FILE, REPORT_FILE, REPORT_TWIN_FILE)
_READ = (*LISTED, MANIFEST_FILE, CHANGES_FILE)
_OURS = (*_READ, REPORT_FILE, REPORT_TWIN_FILE)


def check_vacant(path: Path, *, force: bool = False) -> None:
    """Raise unless a model may be saved to `path`."""
    nearest = next(place for place in (path, *path.parents) if place.exists())
    if not nearest.is_dir():
        raise UsageError(f"{nearest} is a file, wanted a directory for the model")
    if not os.access(nearest, os.W_OK):
        raise UsageError(f"{nearest} may not be written, choose another directory for the model")
    if not path.exists():
        return
    if _holds_model(path):
        if not force:
            raise UsageError(f"{path} holds a fitted model; use --force (force=True) to replace it")
        return
    names = (file.name for file in path.iterdir())
    ours = set(_OURS) - {MANIFEST_FILE}
    other = next((name for name in names if name not in ours and not _is_leftover(name)), None)
    if other is not None:
        raise UsageError(
            f"{path} holds {other!r} and no fitted model: choose a new or empty directory for the "
            "model"
        )


def check_no_part(path: Path) -> None:
    """Raise if a file at `path` would be read as a part of the model whose directory it is in."""
    # Where file systems do not tell letters by their case, Model.json is model.json.
    if path.name.lower() in _READ and _holds_model(path.parent):
        raise UsageError(
            f"{path} is a file of the model in {path.parent}, not to be written over: choose "
            "another name or directory"
        )


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the target and move over it, so that no half of a file is ever seen."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(beside, content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def replace_model(directory: Path, files: Mapping[str, bytes]) -> None:
    """Put a model in the place of the one that is there, if there is one.

    What was derived from that one, its evaluation and report, goes before it: it must not be taken
    for the new model's. Changes that wait name their model, so they may go after it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _begin(directory, files)
    for name in _DERIVED:
        (directory / name).unlink(missing_ok=True)
    _conclude(directory, Manifest({name: Entry.of(content) for name, content in files.items()}))
    (directory / CHANGES_FILE).unlink(missing_ok=True)
    # Of earlier schema versions, and of processes that were killed.
    for file in directory.glob("arrays-*.npz"):
        file.unlink(missing_ok=True)
    for file in directory.glob(".*"):
        if _is_leftover(file.name):
            file.unlink(missing_ok=True)


def add_files(directory: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Put files beside the model that is there, all or none; those of the same names go."""
    _begin(directory, files)
    entries = {name: Entry.of(content) for name, content in files.items()}
    _conclude(directory, Manifest({**manifest.files, **entries}))


def _holds_model(directory: Path) -> bool:
    """Whether a model is there; a damaged manifest alone may be of anything, as of a web app."""
    return (directory / MODEL_FILE).exists() or _known(directory) is not None


def _begin(directory: Path, files: Mapping[str, bytes]) -> None:
    """Finish what was killed, then write the new files under their names of before."""
    before = _known(directory)
    if before is not None:
        _give_names(directory, before)
    for name, content in files.items():
        _write(pending_file(directory, name), content)
    _flush(directory)


def _conclude(directory: Path, manifest: Manifest) -> None:
    write_whole(directory / MANIFEST_FILE, manifest.to_json())
    _flush(directory)
    _give_names(directory, manifest)


def _flush(directory: Path) -> None:
    """See to it that names are on the disk before what follows; Windows has no such call."""
    if os.name == "posix":
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _known(directory: Path) -> Manifest | None:
    """The manifest; a damaged one is about to be replaced, and nothing can be finished by it."""
    try:
        return Manifest.read(directory)
    except ModelDirectoryError:
        return None


def _give_names(directory: Path, manifest: Manifest) -> None:
    """Move every file that the manifest lists to its name; what no manifest lists goes."""
    for name in LISTED:
        pending = pending_file(directory, name)
        if pending.is_symlink() or not pending.exists():
            pending.unlink(missing_ok=True)
        elif manifest.files.get(name) == Entry.of(pending.read_bytes()):
            pending.replace(directory / name)
        else:
            pending.unlink()


def _write(path: Path, content: bytes) -> None:
    """Write a file that is not there, down to the disk: a link in its place is not followed."""
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _is_leftover(name: str) -> bool:
    """Whether a killed process left the file behind: ``.NAME.next`` or ``.NAME.PID``."""
    stem, _, end = name.removeprefix(".").rpartition(".")
    return name.startswith(".") and stem in _OURS and (end == "next" or end.isdigit())

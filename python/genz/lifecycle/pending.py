"""Changes that wait for a refit: ``changes.json`` beside the saved model, for people to read."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genz.errors import DataError, UsageError
from genz.lifecycle.changes import Changes
from genz.persistence import CHANGES_FILE, fingerprint, write_whole

if TYPE_CHECKING:
    from genz.regressor import GenZRegressor

VERSION = 1


def read_changes(directory: Path, model: "GenZRegressor") -> Changes:
    """Changes that wait beside the model that was loaded from `directory`.

    Raises
    ------
    DataError
        A file that is damaged, or about a model that is there no more.
    """
    file = directory / CHANGES_FILE
    advice = f"drop it by `genz features {directory} reset`"
    try:
        document = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return Changes.of(model)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{file} cannot be read: {error}; mend it or {advice}") from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise DataError(f"{file} is no file of changes of version {VERSION}; {advice}")
    if document.get("model_sha256") != fingerprint(directory):
        raise DataError(f"{file} is about another model than the one that is there now; {advice}")
    try:
        changes = Changes.of(model).replay(document["changes"])
        changes.repeats = list(document["repeats"])
    except (KeyError, TypeError, UsageError) as error:
        raise DataError(f"{file} is damaged: {error}; mend it or {advice}") from None
    return changes


def write_changes(directory: Path, changes: Changes) -> None:
    """Keep changes, whole or not at all; without any there is no file."""
    file = directory / CHANGES_FILE
    document: dict[str, Any] = {
        "version": VERSION,
        "model_sha256": fingerprint(directory),
        "changes": changes.records,
        "repeats": changes.repeats,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        if changes.records or changes.repeats:
            write_whole(file, text.encode("utf-8", "backslashreplace"))
        else:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None


def reset_changes(directory: Path) -> bool:
    """Drop what waits, damaged or not; whether there was anything."""
    file = directory / CHANGES_FILE
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UsageError(f"{file} cannot be removed: {error.strerror}") from None
    return True

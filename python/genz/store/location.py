"""Where the answer store lies, and how its file comes into being: readable to its owner alone."""

import os
import sys
from pathlib import Path

FILE = "answers.sqlite3"


def default_path() -> Path:
    """Path of the store in the user's cache directory, as the platform has it."""
    return _cache_directory() / "genz" / FILE


def create_file(path: Path) -> None:
    """Create an empty file of mode 0600, and its directory of mode 0700, where they are missing.

    SQLite gives the files it puts beside the database the mode of the database.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _cache_directory() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    # The XDG specification: a path that is not absolute is ignored.
    given = os.environ.get("XDG_CACHE_HOME", "")
    return Path(given) if os.path.isabs(given) else Path.home() / ".cache"

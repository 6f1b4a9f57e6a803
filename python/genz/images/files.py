"""Files below a root, and nothing else: no URL, no way out, nothing that is not a plain file."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from genz.errors import ImageError

_URL = re.compile(r"[a-z][a-z0-9+.-]*://|(?:data|file|javascript):", re.IGNORECASE)
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    # A named pipe without a writer would else wait for one for ever.
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True)
class OpenFile:
    """A plain file below the root; `version` changes when the file does."""

    descriptor: int
    size: int
    version: tuple[int, ...]

    def read(self, path: str, max_bytes: int) -> bytes:
        """Everything in it.

        Raises
        ------
        ImageError
            An empty file, or one of more than `max_bytes`, even if it grows meanwhile.
        """
        chunks, n_bytes = [], 0
        while n_bytes <= max_bytes and (
            chunk := os.read(self.descriptor, min(1 << 20, max_bytes + 1 - n_bytes))
        ):
            chunks.append(chunk)
            n_bytes += len(chunk)
        if not n_bytes:
            raise ImageError(f"image {path!r} is empty: replace the file or take the path out")
        if n_bytes > max_bytes:
            size = max(self.size, n_bytes)
            raise ImageError(
                f"image {path!r} has {size:,} bytes, wanted at most {max_bytes:,}: make it smaller"
            )
        return b"".join(chunks)


@contextmanager
def open_below(root: Path, path: str) -> Iterator[OpenFile]:
    """Open a plain file by its path relative to `root`, which has no links in it.

    Links may lead from one place below the root to another. What was opened is checked, not what
    the path led to before or after: a link that is changed meanwhile changes nothing.

    Raises
    ------
    ImageError
        A URL, an absolute path, ``..``, a link that leads out, a file that is missing, that may not
        be read or is no plain file.
    """
    _check_path(root, path)
    try:
        # Looked at before it is opened as well, for what opening alone would do to a device.
        _check_inside(root, path, os.path.realpath(root / path, strict=True))
        _check_plain(path, (root / path).stat().st_mode)
        descriptor = os.open(root / path, _FLAGS)
    except OSError as error:
        raise ImageError(_reason(root, path, error)) from None
    try:
        facts = os.fstat(descriptor)
        _check_plain(path, facts.st_mode)
        _check_inside(root, path, _real_path(descriptor, root / path, facts))
        version = (facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size)
        yield OpenFile(descriptor, facts.st_size, version)
    except OSError as error:
        raise ImageError(_reason(root, path, error)) from None
    finally:
        os.close(descriptor)


def _check_path(root: Path, path: str) -> None:
    if not path.strip():
        raise ImageError(f"the path of an image is {path!r}, wanted one relative to {root}")
    if _URL.match(path.strip()):
        raise ImageError(
            f"image {path!r} is a URL, and none is ever fetched: download it below {root} and "
            "give its path"
        )
    try:
        is_encodable = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        is_encodable = False
    if not is_encodable:
        raise ImageError(f"image {path!r} is no path: correct its characters")
    if PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute():
        raise ImageError(f"image {path!r} is an absolute path, wanted one relative to {root}")
    if ".." in PurePosixPath(path).parts or ".." in PureWindowsPath(path).parts:
        raise ImageError(f"image {path!r} has '..' in its path, wanted one below {root}")


def _check_inside(root: Path, path: str, real: str) -> None:
    if not Path(real).is_relative_to(root):
        raise ImageError(
            f"image {path!r} is a link that leads out of {root}: put the file itself there, or "
            "give a root that holds both"
        )


def _check_plain(path: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = "a directory" if stat.S_ISDIR(mode) else "a device, pipe or socket"
        raise ImageError(f"image {path!r} is {kind}, wanted a file")


def _real_path(descriptor: int, path: Path, facts: os.stat_result) -> str:
    """Where the opened file really is."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:  # no Linux
        real = os.path.realpath(path, strict=True)
        if not os.path.samestat(os.lstat(real), facts):
            raise FileNotFoundError(2, "the file was replaced while it was opened") from None
        return real


def _reason(root: Path, path: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"image {path!r} is missing below {root}: correct the path or the root"
    return f"image {path!r} below {root} cannot be read: {error.strerror or error}"

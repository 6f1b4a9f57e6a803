"""One process writes a store at a time: a lock of the operating system, gone with its holder."""

import os
import sys
from pathlib import Path
from typing import Self

from genz.errors import StoreError
from genz.store.location import create_file

if sys.platform == "win32":
    import msvcrt

    # Windows lets nobody read what is locked: far behind the pid, which others are to read.
    _OFFSET = 1 << 30

    def _acquire(descriptor: int) -> None:
        os.lseek(descriptor, _OFFSET, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _acquire(descriptor: int) -> None:
        # Not `lockf`: its locks do not exclude two stores in one process.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class WriterLock:
    """The right to write to a store, held until `release` or the end of the process.

    The file beside the store stays: to delete it would let two holders lock two files of one name.

    Raises
    ------
    StoreError
        Another holds it (its pid is named), or the file cannot be locked.
    """

    def __init__(self, store: Path) -> None:
        path = store.with_name(store.name + ".lock")
        try:
            create_file(path)
            self._descriptor = os.open(path, os.O_RDWR)
        except OSError as error:
            raise StoreError(
                f"the answer store {store} cannot be written: {path}: {error.strerror}; name "
                "another with --store, or read it with --offline"
            ) from None
        try:
            _acquire(self._descriptor)
        except OSError as error:
            pid = _pid(self._descriptor)
            os.close(self._descriptor)
            if not isinstance(error, BlockingIOError | PermissionError):
                raise StoreError(
                    f"the answer store {store} cannot be locked ({error.strerror}): wanted a "
                    "directory on a local disk, name one with --store"
                ) from None
            raise StoreError(
                f"the answer store {store} is being written by process {pid}: wait for its end, "
                "or name another with --store"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, str(os.getpid()).encode())

    def release(self) -> None:
        """Let others write; closing the file releases the lock."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _pid(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    text = os.read(descriptor, 20)
    # Between taking the lock and writing the pid there is a moment.
    return text.decode() if text.isdigit() else "(unknown)"

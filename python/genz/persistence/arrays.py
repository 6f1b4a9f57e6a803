"""Arrays as npz, and back with what a foreign file may do kept in bounds."""

import io
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np
from numpy.lib import format as npy

from genz.errors import ModelDirectoryError

MAX_BYTES: Final = 1 << 30
"""Arrays of so many bytes are unpacked from any file: judgments of a million items fit in."""
MAX_EXPANSION: Final = 64
"""Larger ones only from a file that is not smaller by more than this: binary judgments as 64-bit
floats shrink no further, what shrinks more is empty."""

Arrays = dict[str, "np.typing.NDArray[Any]"]


def pack(arrays: Arrays) -> bytes:
    """Arrays as an npz file, the same bytes for the same arrays."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **cast("dict[str, Any]", arrays))
    return buffer.getvalue()


def unpack(content: bytes, file: Path) -> Arrays:
    """Read an npz file of plain numbers; `file` is its name in messages.

    Raises
    ------
    ModelDirectoryError
        No npz file, one that holds more than numbers, or one that would unpack to more than it can
        honestly hold.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > max(MAX_BYTES, MAX_EXPANSION * len(content)):
                raise ModelDirectoryError(
                    f"{file} has {len(content):,} bytes and would unpack to {size:,}: no model "
                    "does; get the directory from whom you trust, or fit again"
                )
            arrays = {}
            for member in members:
                if not member.filename.endswith(".npy") or member.filename[:-4] in arrays:
                    raise ValueError(f"member {member.filename!r}")
                arrays[member.filename[:-4]] = _read(archive, member)
            return arrays
    except ModelDirectoryError:
        raise
    # Lengths, versions and methods in a zip file that no writer gives: NotImplementedError.
    except (
        *(EOFError, OSError, TypeError, ValueError, KeyError, NotImplementedError, RuntimeError),
        *(zipfile.BadZipFile, zlib.error),
    ) as error:
        # numpy's own text advises to unpickle, which genz never does.
        raise ModelDirectoryError(
            f"{file} is not an npz file of plain numbers ({type(error).__name__}); get the "
            "directory again, or fit again"
        ) from None


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Any:
    """One array, once its header promises no more than the member holds."""
    with archive.open(member) as stream:
        shape, dtype = _header(cast("BinaryIO", stream))
        n_bytes = math.prod(shape) * dtype.itemsize
        if dtype.kind not in "fiub" or n_bytes != member.file_size - stream.tell():
            raise ValueError(f"array {member.filename!r} of type {dtype}")
    with archive.open(member) as stream:
        return npy.read_array(cast("BinaryIO", stream), allow_pickle=False)


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
    version = npy.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"npy version {version}")
    shape, _, dtype = npy.read_array_header_1_0(stream)
    return shape, dtype

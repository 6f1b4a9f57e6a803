"""Random numbers that depend on what they are drawn for, and on nothing else.

A generator would make an answer depend on the order of the questions. Here a number is a hash of
the seed, the item, the feature and the purpose, for whole tiles at once.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

UINT64_MASK: Final = (1 << 64) - 1
_WEYL: Final = 0x9E3779B97F4A7C15


def digest(data: str | bytes) -> int:
    """Hash a text to 64 bits, the same in every process."""
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")


def digests(texts: Sequence[str]) -> NDArray[np.uint64]:
    """Hash texts to 64 bits each; shape (n_texts,)."""
    return np.fromiter((digest(text) for text in texts), dtype=np.uint64, count=len(texts))


def stream(seed: int, purpose: str, sample: int = 0) -> int:
    """Return the number of an independent stream of draws."""
    return digest(f"{seed}/{purpose}/{sample}")


def uniforms(
    rows: NDArray[np.uint64], columns: NDArray[np.uint64], stream_: int
) -> NDArray[np.float64]:
    """Draw a number in [0, 1) for every pair of a row and a column.

    Returns
    -------
    ndarray of shape (n_rows, n_columns)
        Each depends on its own row, its own column and the stream alone.
    """
    salted = _mix(columns ^ np.uint64(stream_))
    mixed = _mix(rows[:, None] ^ salted[None, :])
    return np.asarray((mixed >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def uniform(key: int, stream_: int) -> float:
    """Draw a number in [0, 1) for one key."""
    x = (key ^ stream_) + _WEYL & UINT64_MASK
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & UINT64_MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & UINT64_MASK
    return float((x ^ x >> 31) >> 11) * 2.0**-53


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix bits as splitmix64 does (Steele, Lea & Flood 2014)."""
    x = x + np.uint64(_WEYL)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))

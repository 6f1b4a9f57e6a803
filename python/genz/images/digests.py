"""Digests of images by what is in their files, which nothing has to be decoded for."""

import hashlib
import threading
from collections.abc import Callable

N_KEPT = 500_000
"""Digests of so many versions of files are kept; one takes some 300 bytes."""


def digest_of_content(content: bytes, max_side: int, quality: int) -> str:
    """Digest of a file and of how it is treated, SHA-256 in hexadecimal.

    Not of the encoded image: another version of Pillow must pay nothing again.
    """
    sha = hashlib.sha256(f"jpeg {max_side} {quality} ".encode("ascii"))
    sha.update(content)
    return sha.hexdigest()


class Digests:
    """Digests by version of a file, the first `n_kept` of them; may be used by several threads."""

    def __init__(self, n_kept: int = N_KEPT) -> None:
        self._n_kept = n_kept
        self._digests: dict[tuple[object, ...], bytes] = {}
        self._lock = threading.Lock()

    def find(self, version: tuple[object, ...], make: Callable[[], str]) -> str:
        """The digest of a version, made where it is not known."""
        with self._lock:
            known = self._digests.get(version)
        if known is not None:
            return known.hex()
        digest = make()
        with self._lock:
            if len(self._digests) < self._n_kept:
                self._digests[version] = bytes.fromhex(digest)
        return digest

"""What is put into the store at once: an answer with the cells that it judges."""

import json
import zlib
from dataclasses import dataclass

from genz.client.prompt import Usage
from genz.client.request import Cells

N_KEY = 32
"""Bytes of a key, a SHA-256."""
N_ITEM = 16
"""Bytes of the digest of an item."""

MOST_TOKENS = 2**40
"""A server that counts more counts nonsense, by which sums must not overflow."""

# Below this the header eats what compression saves.
_SMALL = 200
_NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer of an endpoint.

    Attributes
    ----------
    key : bytes
        SHA-256 (32 bytes) of all that changes the answer.
    model, version : str
        Name of the model; form and version of the prompt.
    payload : str
        JSON text as the server sent it, and nothing of the request.
    cells : Cells, optional
        The cells that it judges.
    sample : int
        Index among repeated samples of one question.
    usage : Usage

    Raises
    ------
    ValueError
        Digests of another length, or text that is not Unicode: nothing that a writer could store.
    """

    key: bytes
    model: str
    version: str
    payload: str
    cells: Cells | None = None
    sample: int = 0
    usage: Usage = _NO_USAGE

    def __post_init__(self) -> None:
        check_key(self.key)
        for name in (self.model, self.version, self.payload):
            # Unpaired surrogates; UnicodeEncodeError is a ValueError.
            _ = name.isascii() or name.encode()
        if self.cells is not None:
            check_items(self.cells.items)


def check_key(key: bytes) -> None:
    """Raise ValueError unless it has the length of a key."""
    if len(key) != N_KEY:
        raise ValueError(f"a key is {len(key)} bytes long, wanted {N_KEY}: a SHA-256")


def check_items(items: tuple[bytes, ...]) -> None:
    """Raise ValueError unless all have the length of an item's digest."""
    wrong = next((item for item in items if len(item) != N_ITEM), None)
    if wrong is not None:
        raise ValueError(f"the digest of an item is {len(wrong)} bytes long, wanted {N_ITEM}")


def pack_payload(payload: str) -> str | bytes:
    """Compress a long payload: bytes are compressed, text is not."""
    return payload if len(payload) < _SMALL else zlib.compress(payload.encode(), 1)


def unpack_payload(stored: str | bytes) -> str:
    """Undo `pack_payload`; raises ValueError on damaged bytes."""
    if isinstance(stored, str):
        return stored
    try:
        return zlib.decompress(stored).decode()
    except zlib.error as error:
        raise ValueError(f"its payload cannot be unpacked: {error}") from None


def pack_texts(texts: tuple[str, ...]) -> str:
    """Texts as JSON in ASCII, whatever characters they hold."""
    return json.dumps(texts, separators=(",", ":"))


def pack_text(text: str) -> str:
    """One text as JSON in ASCII."""
    return json.dumps(text)


def make_cells(form: str, features: str, items: bytes, ids: str) -> Cells:
    """Make cells from their columns in the store."""
    return Cells(
        form,
        tuple(items[start : start + N_ITEM] for start in range(0, len(items), N_ITEM)),
        tuple(json.loads(features)),
        tuple(json.loads(ids)),
    )

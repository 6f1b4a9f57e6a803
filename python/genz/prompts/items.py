"""Items as text: rendered, cleaned, digested, and put between markers that no text can forge."""

import hashlib
import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from genz.catalog import Catalog
from genz.catalog.fields import Value
from genz.client.prompt import Image

MAX_CHARS = 4000
"""Most characters of an item's text; about 1,000 tokens."""

CUT_MARK = "[…]"
"""Stands at the end of a text that was longer."""

MAX_FEATURE_CHARS = 1000
"""Most characters of a feature's description."""

ID_LETTERS = "bcdfghjkmpqrtvwxz"
ID_DIGITS = "23456789"
"""No vowels (an id is no word), nothing that looks like another character."""

MAX_IDS = len(ID_LETTERS) * len(ID_DIGITS)

_MARK_WORDS = "babe bade bead beef cafe cede dead deaf deed face fade feed".split()  # noqa: SIM905
_MARK_LETTERS = "abcdef"
"""Hexadecimal digits of words or of letters only: they take a third of mixed ones' tokens.

That no text forges a mark rests on none having it, not on its being hard to guess.
"""

_CONTROL_TOKENS = re.compile(
    r"<(?=/?item-|[|｜]|/?s>|/?(?:bos|eos|start_of_turn|end_of_turn|think)>|</?SYS>>)", re.I
)
_CONTROL_WORDS = re.compile(r"\[(?=/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|AVAILABLE_TOOLS)\])", re.I)
_KEPT_CONTROLS = "\n\t"
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")
_WITHOUT_KEPT = str.maketrans("", "", _KEPT_CONTROLS)
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})
"""Unassigned ones stay: what is assigned differs by version of Python, and a digest must not."""

_JOINER = "\u200d"


@dataclass(frozen=True, slots=True)
class Item:
    """An item as a foundation model sees it.

    Attributes
    ----------
    text : str
        Clean text of limited length.
    images : tuple of Image
    digest : bytes
        16 bytes of SHA-256 over the text and the images: what identifies the item in the store.
    """

    text: str
    images: tuple[Image, ...] = ()
    digest: bytes = b""

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", digest_of(self.text, self.images))


def digest_of(text: str, images: Sequence[Image] = ()) -> bytes:
    """Digest of what a foundation model sees of an item, 16 bytes."""
    sha = hashlib.sha256(text.encode("utf-8"))
    for image in images:
        sha.update(b"\0" + image.digest.encode("ascii"))
    return sha.digest()[:16]


def render(
    items: Catalog, ix: int, max_chars: int = MAX_CHARS, *, without: Sequence[str] = ()
) -> str:
    """Render one item of a catalog.

    The item of a catalog of plain strings is its string; another is a line ``name: value`` for
    each field that is there. Fields `without` (of images) are left out. Of several long fields
    each keeps a share of `max_chars`, so that none hides the others.
    """
    kinds = items.kinds
    if len(kinds) == 1 and "text" in kinds:
        value = items.array("text")[ix]
        return clean("" if value is None else shown(value), max_chars)
    lines = []
    for name in kinds:
        if name in without:
            continue
        value = items.array(name)[ix]
        if value is not None:
            lines.append((clean(name, 100).replace("\n", " "), clean(shown(value), max_chars)))
    return clean("\n".join(_share(lines, max_chars)), max_chars)


def shown(value: Value) -> str:
    """A value as a person writes it."""
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else f"{value:.10g}"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def clean(text: str, max_chars: int = MAX_CHARS) -> str:
    """Drop what a person does not see, disarm what a tokenizer takes for its own, and cut.

    Control, format (bidirectional, zero-width) and surrogate characters go, but for line feeds,
    tabs and the joiner between emoji; the first bracket of a marker or of a chat template's token
    (``<|im_end|>``, ``[INST]``) is replaced by one that is none.
    """
    # What is cut off need not be cleaned; cleaning may shorten the text by what it drops.
    was_long = len(text) > 4 * max_chars
    text = text[: 4 * max_chars]
    # Most texts hold nothing to drop, and looking at every character is the slow part.
    if not text.isprintable() and not text.translate(_WITHOUT_KEPT).isprintable():
        text = _LINE_ENDS.sub("\n", text)
        text = "".join(c for at, c in enumerate(text) if _is_kept(text, at, c))
    if "<" in text:
        text = _CONTROL_TOKENS.sub("‹", text)
    if "[" in text:
        text = _CONTROL_WORDS.sub("⁅", text)
    text = text.strip()
    if was_long or len(text) > max_chars:
        return text[: max(0, max_chars - len(CUT_MARK))].rstrip() + CUT_MARK
    return text


def one_line(feature: str) -> str:
    """A feature's description as it stands in a prompt: clean, on one line."""
    return " ".join(clean(feature, MAX_FEATURE_CHARS).split())


def mark_of(items: Sequence[Item], seed: int, avoid: Sequence[Item] = ()) -> str:
    """Eight hexadecimal digits by the digests of `items` that no text of them or `avoid` has."""
    sha = hashlib.sha256(str(seed).encode("ascii"))
    for item in items:
        sha.update(item.digest)
    rng = random.Random(sha.digest())  # noqa: S311 - drawn by the seed on purpose
    mark = "".join(rng.choices(_MARK_WORDS, k=2))
    while any(mark in item.text for item in (*items, *avoid)):
        mark = "".join(rng.choices(_MARK_LETTERS, k=8))
    return mark


def ids_of(mark: str, n: int) -> tuple[str, ...]:
    """Opaque ids, one for each of `n` items, that tell nothing of their order."""
    if n > MAX_IDS:
        raise ValueError(f"a prompt has {n} items, wanted at most {MAX_IDS}")
    rng = random.Random(mark)  # noqa: S311
    drawn = rng.sample(range(MAX_IDS), n)
    return tuple(ID_LETTERS[i // len(ID_DIGITS)] + ID_DIGITS[i % len(ID_DIGITS)] for i in drawn)


def parts_of(items: Sequence[Item], ids: Sequence[str], mark: str) -> "list[str | Image]":
    """The items between their markers, each one's images right after its text."""
    parts: list[str | Image] = []
    text = ""
    for item, item_id in zip(items, ids, strict=True):
        text += f'<item-{mark} id="{item_id}">\n{item.text}\n'
        if item.images:
            parts += [text, *item.images]
            text = ""
        text += f"</item-{mark}>\n"
    return [*parts, text]


def _is_kept(text: str, at: int, char: str) -> bool:
    if char in _KEPT_CONTROLS:
        return True
    if char == _JOINER:
        return 0 < at < len(text) - 1 and unicodedata.category(text[at - 1]) in ("So", "Sk", "Mn")
    return unicodedata.category(char) not in _DROPPED_CATEGORIES


def _share(lines: Sequence[tuple[str, str]], max_chars: int) -> list[str]:
    """Lines ``name: value``; where they are too long together, the longest values are cut."""
    lengths = sorted(len(name) + len(value) + 3 for name, value in lines)
    left, limit = max_chars, max_chars
    for rank, length in enumerate(lengths):
        limit = left // (len(lengths) - rank)
        if length > limit:
            break
        left -= length
    else:
        limit = max_chars
    return [
        f"{name}: {clean(value, max(len(CUT_MARK) + 1, limit - len(name) - 3))}"
        for name, value in lines
    ]

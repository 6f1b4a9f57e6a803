"""Items and features found by their text, as prompts show it."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

from genz.errors import UsageError
from genz.prompts.items import CUT_MARK, clean


# An item's key is wanted more than once for each request, a feature's for each of many.
@lru_cache(maxsize=2048)
def item_key(text: str) -> str:
    """What identifies an item: its text without regard to white space."""
    return " ".join(text.split())


@lru_cache(maxsize=2048)
def feature_key(text: str) -> str:
    """What identifies a feature: its text without case, white space or a full stop at the end."""
    return " ".join(text.split()).rstrip(".").casefold()


class ItemIndex:
    """Positions of items by text.

    Parameters
    ----------
    items : sequence of str
        Whole texts, not cleaned yet; a prompt may have cut them.

    Raises
    ------
    UsageError
        Two items of one text.
    """

    def __init__(self, items: Sequence[str]) -> None:
        keys = [item_key(clean(item, max(1, len(item)))) for item in items]
        self._positions = positions(keys, "item")
        self._ordered = sorted(self._positions)

    def find(self, text: str) -> int:
        """Return the position of an item by its text in a prompt; -1 if there is none."""
        key = item_key(text)
        ix = self._positions.get(key, -1)
        if ix >= 0 or not key.endswith(CUT_MARK):
            return ix
        beginning = key.removesuffix(CUT_MARK)
        first = bisect_left(self._ordered, beginning)
        alike = [k for k in self._ordered[first : first + 2] if k.startswith(beginning)]
        # Of two items that begin alike nobody knows which one was cut.
        return self._positions[alike[0]] if len(alike) == 1 else -1


def positions(keys: Sequence[str], what: str) -> dict[str, int]:
    """Position of every key; each may occur once."""
    found = {key: ix for ix, key in enumerate(keys)}
    if len(found) < len(keys):
        twice = next(key for ix, key in enumerate(keys) if found[key] != ix)
        raise UsageError(f"the {what} {twice[:80]!r} is in the truth table twice")
    return found

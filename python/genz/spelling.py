"""The name that was meant by one that there is not."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest_name(word: str, names: Iterable[str], *, cutoff: float = 0.0) -> str | None:
    """The name most like the word; None where none is as like as `cutoff`, from 0 to 1."""
    close = get_close_matches(word, list(names), n=1, cutoff=cutoff)
    return close[0] if close else None

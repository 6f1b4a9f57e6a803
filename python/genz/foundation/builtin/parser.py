"""Reads the sentences of `grammar` word by word."""

import datetime as dt
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from genz.catalog.values import as_number
from genz.foundation.builtin.conditions import (
    Between,
    Both,
    Condition,
    Includes,
    Mentions,
    Missing,
    OneOf,
    Simple,
    StartsWith,
    Threshold,
)

FIELD_RESERVED = frozenset({"is", "include", "includes", "starts", "mentions", "and", "or"})
"""Words that end a bare field."""

VALUE_RESERVED = FIELD_RESERVED | {
    *("not", "missing", "at", "above", "below", "more", "less", "than"),
    *("before", "after", "earlier", "later", "from", "to"),
}
"""Words that no bare value holds: a sentence with one of them says something else."""

_TOKEN = re.compile(
    r"""(?:
      (?P<quoted>"(?:[^"\\]|\\.)*")
    | (?P<phrase>'[^']*')
    | (?P<comma>,(?=\s))
    | (?P<word>(?:[^\s"',]|(?<=\d),(?=\d)|(?<=[^\s"',])'(?=[^\s"',]))+)
    )(?=[\s,]|$)\s*""",
    re.VERBOSE | re.DOTALL,
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True)
class Token:
    """A word, a comma, or what stands between quotes; `kind` is the name of its group."""

    kind: str
    text: str


def tokens_of(sentence: str) -> list[Token] | None:
    """Tokens of a sentence; None where a quote is not closed or something sticks to one."""
    tokens = []
    position = 0
    while position < len(sentence):
        match = _TOKEN.match(sentence, position)
        if match is None or match.lastgroup is None:
            return None
        tokens.append(Token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


class Parser:
    """Recursive descent over the tokens of one sentence; every method is None where it fails."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._ix = 0

    def condition(self) -> Condition | None:
        """The whole sentence."""
        first = self._simple()
        if first is None or self._next() is None:
            return first
        second = self._simple() if self._take("and") else None
        return None if second is None or self._next() is not None else Both(first, second)

    def _simple(self) -> Simple | None:
        field = self._atom(FIELD_RESERVED)
        if field is None:
            return None
        if self._take("is"):
            return self._comparison(field)
        if self._take("include") or self._take("includes"):
            values = self._values()
            return None if values is None else Includes(field, values)
        if self._take("starts", "with"):
            prefix = self._atom(VALUE_RESERVED)
            return None if prefix is None else StartsWith(field, prefix)
        if self._take("mentions"):
            phrase = self._quoted()
            return None if phrase is None else Mentions(field, phrase)
        return None

    def _comparison(self, field: str) -> Simple | None:
        if self._take("missing"):
            return Missing(field)
        if self._take("from"):
            low = self._atom(VALUE_RESERVED)
            high = self._atom(VALUE_RESERVED) if self._take("to") else None
            return None if low is None or high is None else Between(field, low, high)
        for words, read, above, after in _COMPARATORS:
            start = self._ix
            if self._take(*words):
                limit = read(self)
                if limit is not None:
                    return _threshold(field, limit, above=above, after=after)
                self._ix = start
        start = self._ix
        limit = self._number()
        if limit is not None and self._take("or"):
            for word, above in (
                ("more", True),
                ("later", True),
                ("less", False),
                ("earlier", False),
            ):
                if self._take(word):
                    return _threshold(field, limit, above=above, after=not above)
        self._ix = start
        values = self._values()
        return None if values is None else OneOf(field, values)

    def _values(self) -> tuple[str, ...] | None:
        values = []
        is_last = False
        while True:
            value = self._atom(VALUE_RESERVED)
            if value is None:
                return None
            values.append(value)
            has_comma = self._take_comma()
            if is_last or not (self._peek("or") or has_comma):
                return None if has_comma else tuple(values)
            is_last = self._take("or")

    def _atom(self, reserved: frozenset[str]) -> str | None:
        """A quoted string, or words up to one that is reserved."""
        if (quoted := self._quoted(kinds=("quoted",))) is not None:
            return quoted
        start = self._ix
        while (token := self._next()) and token.kind == "word" and token.text not in reserved:
            self._ix += 1
        words = [token.text for token in self._tokens[start : self._ix]]
        return " ".join(words) or None

    def _quoted(self, kinds: tuple[str, ...] = ("quoted", "phrase")) -> str | None:
        token = self._next()
        if token is None or token.kind not in kinds:
            return None
        self._ix += 1
        if token.kind == "phrase":
            return token.text[1:-1]
        try:
            return str(json.loads(token.text))
        except ValueError:
            return None

    def _number(self) -> float | None:
        token = self._next()
        number = as_number(token.text) if token and token.kind == "word" else None
        if number is None or not math.isfinite(number):
            return None
        self._ix += 1
        return number

    def _day(self) -> dt.date | None:
        token = self._next()
        if token is None or not _DAY.fullmatch(token.text):
            return None
        self._ix += 1
        try:
            return dt.date.fromisoformat(token.text)
        except ValueError:
            return None

    def _take(self, *words: str) -> bool:
        following = self._tokens[self._ix : self._ix + len(words)]
        found = following == [Token("word", word) for word in words]
        self._ix += len(words) * found
        return found

    def _take_comma(self) -> bool:
        found = self._tokens[self._ix : self._ix + 1] == [Token("comma", ",")]
        self._ix += found
        return found

    def _peek(self, word: str) -> bool:
        return self._next() == Token("word", word)

    def _next(self) -> Token | None:
        return self._tokens[self._ix] if self._ix < len(self._tokens) else None


Limit = float | dt.date

_COMPARATORS: tuple[tuple[tuple[str, ...], Callable[[Parser], Limit | None], bool, bool], ...] = (
    (("at", "least"), Parser._number, True, False),
    (("at", "most"), Parser._number, False, True),
    (("above",), Parser._number, True, True),
    (("more", "than"), Parser._number, True, True),
    (("below",), Parser._number, False, False),
    (("less", "than"), Parser._number, False, False),
    (("before",), Parser._day, False, False),
    (("before",), Parser._number, False, False),
    (("after",), Parser._day, True, True),
    (("after",), Parser._number, True, True),
    (("on", "or", "after"), Parser._day, True, False),
    (("on", "or", "before"), Parser._day, False, True),
)
"""Words, what follows them, whether it is a lower limit, whether it lies after what is named."""


def _threshold(field: str, limit: Limit, *, above: bool, after: bool) -> Threshold:
    """At least or below the limit; `after` moves it to the next day, or the next float there is."""
    if isinstance(limit, dt.date):
        return Threshold(field, float(limit.toordinal() + after), above, is_date=True)
    return Threshold(field, math.nextafter(limit, math.inf) if after else limit, above)

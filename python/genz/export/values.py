"""The values of a table's columns as genz reads them, as expressions of SQL.

Numbers are numbers, dates ISO dates; categories, lists and texts are strings: trimmed, and NULL
where they are a word for nothing. Only what a condition asks for is read.
"""

import string
from collections.abc import Mapping
from typing import Final

from genz.catalog import FieldKind
from genz.catalog.values import LIST_SEPARATOR, MISSING_WORDS

SEPARATORS: Final = (
    "".join(sorted(set(string.punctuation) - {"_"}))
    + "\t\n\r\f\v"
    + "–—―‘’‚“”„…•·«»‹›¡¿°©®™€£¥§¶†‡×÷′″→←、。，！？：；（）"
    + "\u00a0\u2009\u200b\u202f\u3000"
)
"""Characters beside the space that end a word, as far as texts commonly have them."""

BOUNDARY: Final = "␟"
"""Stands between the words and separators of a text where it matters which separators they are."""


PER_STAGE: Final = 16
"""Replacements within one expression: SQLite parses 100 levels of a stack, four to a call."""


class Values:
    """The columns that conditions read, each under an alias, in stages that build on each other."""

    def __init__(self, kinds: Mapping[str, FieldKind]) -> None:
        self._kinds = kinds
        self._aliases: dict[str, str] = {}
        self.stages: list[list[str]] = [[]]
        """What each stage selects beside all of the one before: ``expression AS alias``.

        The first reads from the table, which is called ``t``.
        """

    def value(self, field: str) -> str:
        """The value of a field; NULL where it is missing."""
        return self._alias(self._read(field), 0)

    def entries(self, field: str) -> str:
        """A list with the separator also before its first and behind its last entry."""
        bar = LIST_SEPARATOR
        inner = f"REPLACE(REPLACE({self._read(field)}, ' {bar}', '{bar}'), '{bar} ', '{bar}')"
        return self._alias(f"'{bar}' || {inner} || '{bar}'", 0)

    def words(self, field: str) -> str:
        """The words of a text in lower case, one space around each."""
        spaced, stage = self._replaced(field, dict.fromkeys(SEPARATORS, " "))
        # Runs of spaces become one: neither < nor > is left in the text.
        single = f"REPLACE(REPLACE(REPLACE({spaced}, ' ', '<>'), '><', ''), '<>', ' ')"
        return self._alias(f"REPLACE(' ' || {single} || ' ', '  ', ' ')", stage)

    def marked(self, field: str) -> str:
        """A text in lower case with boundaries around every separator and at its ends."""
        text, stage = self._replaced(field, {c: mark(c) for c in f" {SEPARATORS}"})
        return self._alias(f"'{BOUNDARY}' || {text} || '{BOUNDARY}'", stage)

    def _replaced(self, field: str, replacements: Mapping[str, str]) -> tuple[str, int]:
        """The alias of a text in lower case with these characters replaced, and its next stage."""
        alias = self._alias(f"LOWER({self._read(field)})", 0)
        pairs = list(replacements.items())
        starts = range(0, len(pairs), PER_STAGE)
        for stage, start in enumerate(starts, start=1):
            expression = alias
            for old, new in pairs[start : start + PER_STAGE]:
                expression = f"REPLACE({expression}, {quoted(old)}, {quoted(new)})"
            alias = self._alias(expression, stage)
        return alias, len(starts) + 1

    def _read(self, field: str) -> str:
        column = f"t.{name(field)}"
        match self._kinds[field]:
            case FieldKind.NUMBER:
                return column
            case FieldKind.DATE:
                return f"CAST({column} AS VARCHAR(32))"
            case FieldKind.TEXT:
                # A cast to a limited length would cut long texts in some databases.
                return _known(f"TRIM({column})")
            case _:
                return _known(f"TRIM(CAST({column} AS VARCHAR(4000)))")

    def _alias(self, expression: str, stage: int) -> str:
        if expression not in self._aliases:
            self._aliases[expression] = f"genz_value_{len(self._aliases) + 1}"
            self.stages += [[] for _ in range(stage + 1 - len(self.stages))]
            self.stages[stage].append(f"{expression} AS {self._aliases[expression]}")
        return self._aliases[expression]


def mark(character: str) -> str:
    """A separator between boundaries."""
    return f"{BOUNDARY}{character}{BOUNDARY}"


def name(identifier: str) -> str:
    """A name of a table or column between double quotes."""
    return '"' + identifier.replace('"', '""') + '"'


def path(identifier: str) -> str:
    """A name of a table that may have that of its schema before it, as ``sales.items``."""
    return ".".join(map(name, identifier.split(".")))


def quoted(text: str) -> str:
    """A string of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _known(expression: str) -> str:
    words = ", ".join(quoted(word) for word in sorted(MISSING_WORDS))
    return f"CASE WHEN {expression} IN ({words}) THEN NULL ELSE {expression} END"

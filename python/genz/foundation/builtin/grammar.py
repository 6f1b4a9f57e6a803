"""Conditions as English sentences and back.

===============================================  =================================================
sentence                                         read also
===============================================  =================================================
area is at least 2,500                           is 2,500 or more; is above, is more than 2,500
area is below 2,500                              is less than 2,500; is at most, is 2,500 or less
year is before 1980, year is 1980 or later       is after 1980, is 1980 or earlier
sold is before 2024-01-31, is on or after ...    is after, is on or before 2024-01-31
zipcode is 92276, 92277 or 93446                 with a comma before ``or``
zipcode starts with 932
zipcode is from 92201 to 92399
genres include Comedy or Drama                   includes
description mentions 'granite countertops'       mentions "granite countertops"
garage is missing
two of these joined by ``and``
===============================================  =================================================

Names and values print bare where they are plain words, and between double quotes, with JSON's
escapes, where they are not or hold a word of the grammar: so every sentence that is printed parses
back to its condition. What is not of the grammar (``zipcode is not 92276``) is not guessed at.
"""

import datetime as dt
import json
from functools import lru_cache

from genz.catalog.fields import name_words
from genz.foundation.builtin.conditions import (
    Between,
    Both,
    Condition,
    Includes,
    Mentions,
    Missing,
    OneOf,
    StartsWith,
    Threshold,
)
from genz.foundation.builtin.parser import FIELD_RESERVED, VALUE_RESERVED, Parser, tokens_of

_YEAR_WORDS = frozenset({"year", "yr", "vintage"})


def parse_condition(sentence: str) -> Condition | None:
    """Parse a sentence; None when it is not of the grammar."""
    tokens = tokens_of(sentence.strip())
    return None if tokens is None else Parser(tokens).condition()


def print_condition(condition: Condition) -> str:
    """Print a condition as a sentence that :func:`parse_condition` reads back."""
    if isinstance(condition, Both):
        return f"{print_condition(condition.first)} and {print_condition(condition.second)}"
    field = _quote(condition.field, FIELD_RESERVED)
    match condition:
        case Threshold(_, limit, above, is_date=True):
            day = dt.date.fromordinal(int(limit)).isoformat()
            return f"{field} is {'on or after' if above else 'before'} {day}"
        case Threshold(name, limit, above) if _is_year(name, limit):
            return (
                f"{field} is {int(limit)} or later" if above else f"{field} is before {int(limit)}"
            )
        case Threshold(_, limit, above):
            return f"{field} is {'at least' if above else 'below'} {_number(limit)}"
        case OneOf(_, values):
            return f"{field} is {_join(values)}"
        case Includes(_, values):
            return f"{field} include {_join(values)}"
        case Between(_, low, high):
            ends = (_quote(end, VALUE_RESERVED) for end in (low, high))
            return f"{field} is from {' to '.join(ends)}"
        case StartsWith(_, prefix):
            return f"{field} starts with {_quote(prefix, VALUE_RESERVED)}"
        case Mentions(_, phrase):
            plain = "'" not in phrase and phrase.isprintable()
            return f"{field} mentions " + (f"'{phrase}'" if plain else _in_quotes(phrase))
        case Missing():
            return f"{field} is missing"


def _is_year(field: str, limit: float) -> bool:
    return not _YEAR_WORDS.isdisjoint(name_words(field)) and 1000 <= limit < 3000 and limit % 1 == 0


def _number(number: float) -> str:
    whole = number % 1 == 0 and abs(number) < 1e15
    return f"{int(number):,}" if whole else f"{number:,}"


def _join(values: tuple[str, ...]) -> str:
    quoted = [_quote(value, VALUE_RESERVED) for value in values]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


@lru_cache(maxsize=8192)
def _quote(text: str, reserved: frozenset[str]) -> str:
    tokens = tokens_of(text)
    is_bare = (
        tokens is not None
        and all(token.kind == "word" and token.text not in reserved for token in tokens)
        and text == " ".join(token.text for token in tokens)
    )
    return text if text and is_bare else _in_quotes(text)


def _in_quotes(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

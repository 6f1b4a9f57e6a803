"""Sentences of the built-in model: what is printed reads back, what is not read is not guessed."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

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
from genz.foundation.builtin.grammar import parse_condition, print_condition

DAY = 737060.0
"""2019-01-01 in days."""


def just_above(limit: float) -> float:
    return math.nextafter(limit, math.inf)


@pytest.mark.parametrize(
    ("sentence", "condition"),
    [
        ("area is at least 2,500", Threshold("area", 2500, above=True)),
        ("area is below 0.25", Threshold("area", 0.25, above=False)),
        ("year is before 1980", Threshold("year", 1980, above=False)),
        ("Year_Built is 1980 or later", Threshold("Year_Built", 1980, above=True)),
        ("YearBuilt is before 1980", Threshold("YearBuilt", 1980, above=False)),
        ("year is at least 12,500", Threshold("year", 12500, above=True)),
        ("sold is before 2019-01-01", Threshold("sold", DAY, above=False, is_date=True)),
        ("sold is on or after 2019-01-01", Threshold("sold", DAY, above=True, is_date=True)),
        ("zipcode is 92276", OneOf("zipcode", ("92276",))),
        (
            "director is Burton, Waters or Jarmusch",
            OneOf("director", ("Burton", "Waters", "Jarmusch")),
        ),
        ("director is Tim Burton or O'Brien", OneOf("director", ("Tim Burton", "O'Brien"))),
        ("genres include Comedy", Includes("genres", ("Comedy",))),
        ("genres include Comedy or Drama", Includes("genres", ("Comedy", "Drama"))),
        ("zipcode starts with 932", StartsWith("zipcode", "932")),
        ("zipcode is from 92201 to 92399", Between("zipcode", "92201", "92399")),
        ('code is from "to" to "a, b"', Between("code", "to", "a, b")),
        ('title is "from dusk to dawn"', OneOf("title", ("from dusk to dawn",))),
        ("description mentions 'granite'", Mentions("description", "granite")),
        ('description mentions "o\'clock"', Mentions("description", "o'clock")),
        ("garage is missing", Missing("garage")),
        ('garage is "missing"', OneOf("garage", ("missing",))),
        ('state is OR or "or"', OneOf("state", ("OR", "or"))),
        ('city is "York, NY"', OneOf("city", ("York, NY",))),
        ('city is "a\\nb"', OneOf("city", ("a\nb",))),
        ('"this or that" is missing', Missing("this or that")),
        (
            "living area (sq ft) is at least 2,500",
            Threshold("living area (sq ft)", 2500, above=True),
        ),
        (
            "area is at least 2,500 and zipcode is 92276",
            Both(Threshold("area", 2500, above=True), OneOf("zipcode", ("92276",))),
        ),
        (
            "genres include Comedy, Drama or War and note mentions 'and so'",
            Both(Includes("genres", ("Comedy", "Drama", "War")), Mentions("note", "and so")),
        ),
    ],
)
def test_sentences_print_and_parse(sentence: str, condition: Condition) -> None:
    assert parse_condition(sentence) == condition
    assert print_condition(condition) == sentence


@pytest.mark.parametrize(
    ("sentence", "condition"),
    [
        ("area is at most 2,500", Threshold("area", just_above(2500), above=False)),
        ("area is 2,500 or less", Threshold("area", just_above(2500), above=False)),
        ("area is above 2500", Threshold("area", just_above(2500), above=True)),
        ("area is more than 2500", Threshold("area", just_above(2500), above=True)),
        ("area is less than 2500", Threshold("area", 2500, above=False)),
        ("area is 2500 or more", Threshold("area", 2500, above=True)),
        ("price is at least $300,000", Threshold("price", 300_000, above=True)),
        ("year is at least 1980", Threshold("year", 1980, above=True)),
        ("year is after 1980", Threshold("year", just_above(1980), above=True)),
        ("year is 1980 or earlier", Threshold("year", just_above(1980), above=False)),
        ("sold is after 2018-12-31", Threshold("sold", DAY, above=True, is_date=True)),
        ("sold is on or before 2018-12-31", Threshold("sold", DAY, above=False, is_date=True)),
        ("genres includes Comedy, Drama, or War", Includes("genres", ("Comedy", "Drama", "War"))),
        ("  status is  on or off\n", OneOf("status", ("on", "off"))),
    ],
)
def test_variants_are_read(sentence: str, condition: Condition) -> None:
    assert parse_condition(sentence) == condition


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        " ",
        "area",
        "area is",
        "is missing",
        "the house looks expensive",
        "area is at least",
        "area is at least large",
        "zipcode is from 92201",
        "zipcode is from 92201 to",
        "zipcode is from 92201 to 92399 to 93000",
        "area is at least 2,5000",
        "area is at least nan",
        "area is at least 1e999",
        "area is greater than 2500",
        "area is between 1 and 2",
        "sold is on or after 2019-02-30",
        "sold is on or after 2019-1-1",
        "zipcode is not 92276",
        "zipcode is not missing",
        "zipcode is 92276,",
        "zipcode is 92276 or",
        "zipcode is 1 or 2 or 3",
        "zipcode is 1, or",
        "zipcode is , 1",
        "zipcode starts with",
        "description mentions granite",
        "description mentions 'granite",
        "description mentions 'a' or 'b'",
        'city is "York',
        'city is "York"shire',
        'city is "\\x"',
        "garage is missing and",
        "garage is missing or pool is missing",
        "a is missing and b is missing and c is missing",
        "and garage is missing",
    ],
)
def test_other_sentences_are_unknown(sentence: str) -> None:
    assert parse_condition(sentence) is None


HOSTILE = [
    *(
        "",
        " ",
        "  a",
        "a  b",
        "a\nb",
        "a\u00a0b",
        "\u2028",
        '"',
        "'",
        "''",
        "\\",
        '\\"',
        ",",
        "a,b",
    ),
    *(
        "a, b",
        " and ",
        "and",
        "a and b is c",
        "or",
        "a or b",
        "is",
        "is missing",
        "missing",
        "not x",
    ),
    *(
        "at least 5",
        "below",
        "3",
        "2,500",
        "1e5",
        "2019-01-01",
        "on or after",
        "later",
        "1980 or later",
    ),
    *(
        "'x'",
        "it's",
        "dogs'",
        "’",
        "é",
        "日本",
        "\U0001f600",
        "\x00",
        "\u202e",
        "include",
        "starts with",
    ),
    *("mentions 'x'", "(a)", "-", "?", "None", "x.", "\ud800"),
]
WORDS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(),
    st.text(alphabet=" ,'\"\\aor1", max_size=8),
    st.lists(st.sampled_from(HOSTILE), max_size=4).map(" ".join),
)
VALUES = st.lists(WORDS, min_size=1, max_size=4).map(tuple)
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**16), 10**16).map(float),
    st.sampled_from([1980.0, 2500.0, 999.0, 0.1, 1e15, just_above(1980.0)]),
)
FIELDS = st.one_of(WORDS, st.sampled_from(["year", "Year built", "yr", "yearly rent"]))
SIMPLE: st.SearchStrategy[Simple] = st.one_of(
    st.builds(Threshold, FIELDS, NUMBERS, st.booleans()),
    st.builds(Threshold, FIELDS, st.integers(1, 3652059).map(float), st.booleans(), st.just(True)),
    st.builds(OneOf, FIELDS, VALUES),
    st.builds(Includes, FIELDS, VALUES),
    st.builds(StartsWith, FIELDS, WORDS),
    st.builds(Between, FIELDS, WORDS, WORDS),
    st.builds(Mentions, FIELDS, WORDS),
    st.builds(Missing, FIELDS),
)


@given(st.one_of(SIMPLE, st.builds(Both, SIMPLE, SIMPLE)))
@example(Both(OneOf("a", ("b and c is d",)), OneOf("e", ("and",))))
@settings(max_examples=500)
def test_every_condition_reads_back_from_its_sentence(condition: Condition) -> None:
    assert parse_condition(print_condition(condition)) == condition


@given(st.one_of(st.text(), st.lists(st.sampled_from([*HOSTILE, "a", "is"])).map(" ".join)))
@settings(max_examples=300)
def test_whatever_is_read_prints_and_reads_the_same(sentence: str) -> None:
    condition = parse_condition(sentence)
    if condition is not None and not isinstance(condition, Threshold):
        assert parse_condition(print_condition(condition)) == condition

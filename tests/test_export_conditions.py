"""Conditions in a real database hold for the items for which the built-in model says so."""

import sqlite3
from typing import Any

import numpy as np
import pandas as pd
import pytest

from genz import Catalog
from genz.catalog import FieldKind
from genz.export.conditions import to_condition
from genz.export.values import BOUNDARY, SEPARATORS, Values
from genz.foundation.builtin.grammar import parse_condition

TEXTS = [
    "Granite counter-tops, and a big garden behind the house",
    "Granites are not granular; the GRANITE is: granite",
    "5-star hotel\nwith a 'view', near station/centre",
    "a 5 star hotel; x5-star; 5-starry; counter\ttops",
    "“Granite”—counter–tops … and more (granite)",
    "granite",
    "  ",
    "under_score don't 100% <b>granite</b> a<>b",
    "NA",
    None,
    "garden  big, big garden",
    "counter-tops",
]
N = len(TEXTS)
COLUMNS: dict[str, list[Any]] = {
    "area": [2500.0, 2499.5, None, 0.1, -3.0, 1e16, 2500.0000000000005, 7.0, 8, 9, 10, 11],
    "zip code": [
        "93201",
        "92276",
        None,
        " 92276 ",
        "92276.0",
        "9",
        "93299",
        "AB",
        "NA",
        "",
        "o'x",
        "93200",
    ],
    "pool": ["true", "False", None, "TRUE", "no", "True", "w", "x", "y", "z", "n/a", "false"],
    "genres": [
        "Comedy|War",
        "Drama",
        None,
        "war | Comedy",
        "NA",
        "",
        "Comedy",
        "Dark Comedy",
        "War|NA",
        "Comedy| War",
        "it's",
        "War",
    ],
    "sold": ["1979-12-31", "1980-01-01", None, "2024-02-29", "1980-01-02", *["1999-06-01"] * 7],
    "note": TEXTS,
}
KINDS = dict(
    zip(
        COLUMNS,
        [
            *(FieldKind.NUMBER, FieldKind.CATEGORY, FieldKind.CATEGORY, FieldKind.LIST),
            *(FieldKind.DATE, FieldKind.TEXT),
        ],
        strict=True,
    )
)
CATALOG = Catalog.from_items(COLUMNS, table=list(COLUMNS)[:-1], text=["note"])

SENTENCES = [
    *("area is at least 2,500", "area is below 2,500", "area is above 2,500"),
    *("area is at most 2,500", "area is 2,500", "area is 7, 8 or 0.1", "area is large"),
    *("area is below -2.5", "area is at least 1e16", "area is below 1e308"),
    *("area is missing", "area is before 2024-01-31", "area mentions 'granite'"),
    *("area is from 7 to 10", "area is from -3 to 0.1"),
    *('"zip code" is 92276', '"zip code" is 92276, 9 or "o\'x"', '"zip code" starts with 932'),
    *('"zip code" starts with 9', '"zip code" is missing', '"zip code" is NA'),
    *('"zip code" is from 92276 to 93250', "\"zip code\" mentions '92276'"),
    *('"zip code" is at least 9', '"zip code" is from 9 to 93250'),
    *("pool is true", "pool is False", "pool is true or y", "pool is missing"),
    *("genres include Comedy", "genres include War or Drama", "genres is Comedy"),
    *("genres include NA", 'genres include "it\'s"', "genres is missing", "genres starts with C"),
    *("sold is before 1980-01-01", "sold is on or after 1980-01-01", "sold is before 1980"),
    *("sold is 1980 or later", "sold is after 1980", "sold is after 9999", "sold is before 99,999"),
    *("sold is missing", "sold is after 2024-02-28", "sold is 1980"),
    *("note mentions 'granite'", "note mentions 'GRANITE'", "note mentions 'counter tops'"),
    *("note mentions 'big garden'", "note mentions 'ranit'", "note mentions '5-star'"),
    *("note mentions 'counter-tops'", 'note mentions "don\'t"', "note mentions '100%'"),
    *("note mentions '5'", "note mentions 'under_score'", "note mentions 'score'"),
    *("note mentions ' '", "note is missing", "note mentions 'view'", "note mentions 'b'"),
    *("note mentions 'a<>b'", "note mentions 'na'", "note is granite"),
    *("nothing is missing", "nothing is at least 3"),
    *("area is at least 2,500 and pool is true", "area is below 7 and genres include War"),
    *("area is missing and note mentions 'house'", "note is missing and area is below 2"),
]


def judge_in_sqlite(condition: str, values: Values) -> list[float]:
    """Run a condition on a table of the raw values; NaN for NULL."""
    connection = sqlite3.connect(":memory:")
    types = {FieldKind.NUMBER: "DOUBLE PRECISION"}
    declared = ", ".join(f'"{name}" {types.get(KINDS[name], "TEXT")}' for name in COLUMNS)
    connection.execute(f"CREATE TABLE items ({declared})")
    marks = ", ".join("?" * len(COLUMNS))
    rows = zip(*COLUMNS.values(), strict=True)
    connection.executemany(f"INSERT INTO items VALUES ({marks})", rows)  # noqa: S608
    source = "items AS t"
    for n, stage in enumerate(values.stages):
        before = "t" if n == 0 else f"stage_{n - 1}"
        query = f"SELECT {', '.join([f'{before}.*', *stage])} FROM {source}"  # noqa: S608
        connection.execute(f"CREATE TEMP TABLE stage_{n} AS {query}")
        source = f"stage_{n}"
    judged = f"CASE WHEN {condition} THEN 1 WHEN NOT ({condition}) THEN 0 END"
    found = connection.execute(f"SELECT {judged} FROM {source} ORDER BY rowid")  # noqa: S608
    return [np.nan if truth is None else float(truth) for (truth,) in found]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_condition_holds_where_the_built_in_model_says_so(sentence: str) -> None:
    condition = parse_condition(sentence)
    if condition is None:
        pytest.fail(f"{sentence!r} is not of the grammar")
    values = Values(KINDS)
    said = to_condition(condition, CATALOG.kinds, values)
    assert said is not None
    np.testing.assert_array_equal(judge_in_sqlite(said, values), condition.judge(CATALOG))


def test_the_kinds_are_those_of_the_catalog() -> None:
    assert CATALOG.kinds == KINDS


@pytest.mark.parametrize("sentence", ["flag is true", "flag is False", "flag is missing"])
@pytest.mark.parametrize("declared", ["BOOLEAN", None])
def test_truth_values_are_read_as_sqlite_keeps_them(sentence: str, declared: str | None) -> None:
    frame = pd.DataFrame({"flag": [True, False, None, True]})
    connection = sqlite3.connect(":memory:")
    frame.to_sql("items", connection, index=False, dtype=declared and {"flag": declared})
    catalog = Catalog.from_items(frame)
    condition = parse_condition(sentence)
    assert condition is not None
    values = Values(catalog.kinds)
    said = to_condition(condition, catalog.kinds, values)
    (stage,) = values.stages
    query = f"SELECT {said} FROM (SELECT {', '.join(stage)} FROM items AS t)"  # noqa: S608
    found = [np.nan if v is None else v for (v,) in connection.execute(query)]
    np.testing.assert_array_equal(found, condition.judge(catalog))


@pytest.mark.parametrize(
    "sentence", ["note mentions 'counter-tops granite'", "note mentions 'smile☺'"]
)
def test_what_sql_cannot_say_is_not_said(sentence: str) -> None:
    condition = parse_condition(sentence)
    assert condition is not None
    assert to_condition(condition, KINDS, Values(KINDS)) is None
    both = parse_condition(f"area is missing and {sentence}")
    assert both is not None
    assert to_condition(both, KINDS, Values(KINDS)) is None


def test_separators_are_no_part_of_a_word_and_the_boundary_is_none_of_them() -> None:
    import re

    assert not re.search(r"\w", SEPARATORS)
    assert BOUNDARY not in SEPARATORS
    assert len(set(SEPARATORS)) == len(SEPARATORS)

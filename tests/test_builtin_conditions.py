"""Truths of conditions on real catalogs: yes, no, and unknown where the catalog does not say."""

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genz import Catalog
from genz.foundation.builtin.conditions import Both, Mentions, OneOf, StartsWith, Threshold
from genz.foundation.builtin.grammar import parse_condition

ITEMS: list[dict[str, Any]] = [
    {"area": 2500, "zipcode": "93201", "genres": ["Comedy", "War"], "year": 1979},
    {"area": 2499.5, "zipcode": "92276", "genres": ["Drama"], "year": 1980},
    {"area": None, "zipcode": None, "genres": None, "year": None},
]
for item, note, sold, pool in zip(
    ITEMS,
    ["Granite counter-tops, and a big garden behind the house", "Granites are not granular", None],
    ["1979-12-31", "1980-01-01", None],
    [True, False, None],
    strict=True,
):
    item.update(note=note, sold=sold, pool=pool)
CATALOG = Catalog.from_items(
    {name: [item[name] for item in ITEMS] for name in ITEMS[0] if name != "note"}
    | {"note": [item["note"] for item in ITEMS]},
    text="note",
    table=[name for name in ITEMS[0] if name != "note"],
)
NAN = math.nan


@pytest.mark.parametrize(
    ("sentence", "truth"),
    [
        ("area is at least 2,500", [1, 0, NAN]),
        ("area is below 2,500", [0, 1, NAN]),
        ("area is above 2,500", [0, 0, NAN]),
        ("area is at most 2,500", [1, 1, NAN]),
        ("area is 2,500", [1, 0, NAN]),
        ("area is large", [NAN, NAN, NAN]),
        ("year is before 1980", [1, 0, NAN]),
        ("year is 1980 or later", [0, 1, NAN]),
        ("year is after 1980", [0, 0, NAN]),
        ("year is before 1980-01-01", [NAN, NAN, NAN]),
        ("sold is before 1980-01-01", [1, 0, NAN]),
        ("sold is on or after 1980-01-01", [0, 1, NAN]),
        ("sold is before 1980", [1, 0, NAN]),
        ("sold is 1980 or later", [0, 1, NAN]),
        ("sold is after 1979", [0, 1, NAN]),
        ("sold is 1979 or earlier", [1, 0, NAN]),
        ("sold is before 99,999", [1, 1, NAN]),
        ("zipcode is 92276", [0, 1, NAN]),
        ("zipcode starts with 932", [1, 0, NAN]),
        ("zipcode is at least 2", [NAN, NAN, NAN]),
        ("zipcode is from 92000 to 92276", [0, 1, NAN]),
        ("zipcode is from 92277 to 99999", [1, 0, NAN]),
        ("zipcode is from 99 to 92276", [NAN, NAN, NAN]),
        ("zipcode is from 0 to 9", [0, 0, NAN]),
        ("area is from 2,500 to 2,600", [1, 0, NAN]),
        ("area is from small to large", [NAN, NAN, NAN]),
        ("genres is from A to Z", [NAN, NAN, NAN]),
        ("pool is true", [1, 0, NAN]),
        ("genres include Comedy", [1, 0, 0]),
        ("genres include Drama or War", [1, 1, 0]),
        ("genres is Comedy", [1, 0, 0]),
        ("genres starts with C", [NAN, NAN, NAN]),
        ("note mentions 'granite'", [1, 0, 0]),
        ("note mentions 'counter tops'", [1, 0, 0]),
        ("note mentions 'tops and'", [1, 0, 0]),
        ("note mentions 'ranit'", [0, 0, 0]),
        ("note mentions ' '", [NAN, NAN, NAN]),
        ("note is Granite", [NAN, NAN, NAN]),
        ("zipcode mentions '92276'", [0, 1, 0]),
        ("area mentions '2500'", [NAN, NAN, NAN]),
        ("zipcode is missing", [0, 0, 1]),
        ("note is missing", [0, 0, 1]),
        ("nothing is missing", [NAN, NAN, NAN]),
        ("area is at least 2,500 and zipcode is 93201", [1, 0, NAN]),
        ("area is at least 2,500 and genres include Comedy", [1, 0, 0]),
        ("area is at least 2,500 and zipcode is missing", [0, 0, NAN]),
        ("zipcode is missing and area is at least 2,500", [0, 0, NAN]),
    ],
)
def test_judging_by_hand(sentence: str, truth: list[float]) -> None:
    condition = parse_condition(sentence)
    assert condition is not None
    np.testing.assert_array_equal(condition.judge(CATALOG), truth)


@given(
    st.text(alphabet="aAsS\u017fkK\u212aİi -'", min_size=1).filter(str.strip),
    st.text(alphabet="aAsS\u017fkK\u212aİi -'", min_size=1).filter(str.strip),
)
def test_phrases_are_found_as_whole_words_in_any_case(text: str, phrase: str) -> None:
    words = [re.escape(word) for word in phrase.split()]
    pattern = r"\W+".join(words)
    want = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
    catalog = Catalog.from_items([text])
    truth = Mentions("text", phrase).judge(Catalog.from_items(catalog, text=["text"]))
    np.testing.assert_array_equal(truth, [want is not None])


def test_and_is_kleenes() -> None:
    """Yes, no and unknown of a number and of a category, in all nine pairs."""
    pairs = [(a, b) for a in (1.0, 0.0, None) for b in ("1", "0", None)]
    catalog = Catalog.from_items(
        {"a": [a for a, _ in pairs], "id": [b for _, b in pairs]}, table=["a", "id"]
    )
    truth = Both(Threshold("a", 1, above=True), OneOf("id", ("1",))).judge(catalog)
    np.testing.assert_array_equal(truth, [1, 0, NAN, 0, 0, 0, NAN, 0, NAN])


def test_a_category_is_judged_by_its_distinct_values_only() -> None:
    """100,000 items of three values cost three comparisons, not 100,000."""
    compared = []

    class Counted(str):
        __slots__ = ()

        def startswith(self, *arguments: Any) -> bool:
            compared.append(self)
            return super().startswith(*arguments)

    column = np.empty(100_000, dtype=object)
    column[:] = [Counted(value) for value in ("93201", "93446", "92276", "93201")] * 25_000
    (field,) = Catalog.from_items({"zipcode": ["93201"]}).fields
    truth = StartsWith("zipcode", "93").judge(Catalog([field], {"zipcode": column}))
    assert truth.sum() == 75_000
    assert len(compared) == 3

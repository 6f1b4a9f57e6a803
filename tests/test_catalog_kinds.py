"""Kinds of fields are right whoever wrote the catalog, and values are read as they are meant."""

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import genz
from genz import Catalog
from genz.catalog import Field, FieldKind
from genz.catalog.fields import infer_kind, name_words, parse

DAY = dt.date(2024, 1, 31)
LONG = "a sunny house with a large garden near the old mill"


def read(name: str, values: list[Any]) -> tuple[str, list[Any]]:
    catalog = Catalog.from_items({name: values})
    return str(catalog.kinds[name]), catalog.column(name)


@pytest.mark.parametrize(
    ("values", "want"),
    [
        ([1, 2.5, None], [1.0, 2.5, None]),
        ([np.int64(1), np.float32(2.5), np.float64("nan")], [1.0, 2.5, None]),
        ([Decimal("1.5"), 10**20], [1.5, 1e20]),
        (["1", "-2.5", " 3e2 ", "+4", ".5", "7."], [1.0, -2.5, 300.0, 4.0, 0.5, 7.0]),
        (["1,234", "12", "1,234,567.8"], [1234.0, 12.0, 1234567.8]),
        (["$1,200", "$900.50", "-$3"], [1200.0, 900.5, -3.0]),
        (["€ 12", "€ 1e3"], [12.0, 1000.0]),
        (["45%", "7.5 %", "-1%"], [45.0, 7.5, -1.0]),
        (["1", "NA", "", "None", "nan", "2", None], [1.0, None, None, None, None, 2.0, None]),
    ],
)
def test_numbers(values: list[Any], want: list[Any]) -> None:
    assert read("size", values) == ("number", want)


@pytest.mark.parametrize(
    "values",
    [
        ["1_000", "2_000"],
        ["1.234,5", "2.345,6"],
        ["12,34", "1,2"],
        ["$5", "€5"],
        ["45%", "0.45"],
        ["$5%", "$6%"],
        ["inf", "1"],
        ["٣", "٤"],
        ["0x10", "0x11"],
        ["1-2", "3-4"],
        ["1", "2", "3", "4+"] * 30,
    ],
)
def test_what_is_not_surely_a_number_is_a_category(values: list[str]) -> None:
    kind, got = read("size", values)
    assert kind == "category"
    assert None not in got


def test_a_few_words_among_numbers_are_missing_and_said() -> None:
    values = [str(n) for n in range(40)] + ["unknown"]
    with pytest.warns(genz.DataWarning, match=r"'size': 1 of 41 .*number.*'unknown' in row 40"):
        kind, got = read("size", values)
    assert (kind, got[-1]) == ("number", None)
    assert read("size", [*values[:10], "unknown"])[0] == "category", "more than 5 %"


@pytest.mark.parametrize(
    ("name", "values", "want"),
    [
        ("place", ["01234", "12345"], ["01234", "12345"]),
        ("zipcode", ["12345", "54321"], ["12345", "54321"]),
        ("ZIP", [12345, 54321], ["12345", "54321"]),
        ("zipCode", [12345.0, None], ["12345", None]),
        ("Zip Code", ["12345.0", "54321.0"], ["12345", "54321"]),
        ("postal_code", ["12345", "K1A 0B1"], ["12345", "K1A 0B1"]),
        ("code postal", [75001, 75002], ["75001", "75002"]),
        ("zip5", [12345, 54321], ["12345", "54321"]),
        ("houseId", [np.int64(7), np.int64(8)], ["7", "8"]),
        ("id", [7, 8], ["7", "8"]),
        ("id number", [2**60 + 1], [str(2**60 + 1)]),
    ],
)
def test_codes_are_categories(name: str, values: list[Any], want: list[Any]) -> None:
    assert read(name, values) == ("category", want)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("postal_distance", ["1", "12"]),
        ("code_length", [3, 4]),
        ("idle_time", [3, 4]),
        ("width", [3, 4]),
        ("year", [1980, 1990]),
        ("zipcode", [1.5, 100.05]),
        ("share", ["0.5", "0"]),
    ],
)
def test_measures_are_no_codes(name: str, values: list[Any]) -> None:
    assert read(name, values)[0] == "number"


@pytest.mark.parametrize(
    ("values", "want"),
    [
        ([True, False, None], ["True", "False", None]),
        ([np.bool_(True), np.bool_(False)], ["True", "False"]),
        (["true", "FALSE", "NA"], ["True", "False", None]),
        ([1, True, "x"], ["1", "True", "x"]),
    ],
)
def test_booleans_are_one_category_whoever_wrote_them(values: list[Any], want: list[Any]) -> None:
    assert read("pool", values) == ("category", want)


@pytest.mark.parametrize(
    "value",
    [
        DAY,
        dt.datetime(2024, 1, 31, 23, 59),
        dt.datetime(2024, 1, 31, tzinfo=dt.UTC),
        pd.Timestamp("2024-01-31 10:00"),
        np.datetime64("2024-01-31"),
        np.datetime64("2024-01-31T10:00:00.000000001"),
        "2024-01-31",
        " 2024/01/31 ",
        "2024-01-31T10:00:00Z",
        "2024-01-31 10:00:00.5+02:00",
    ],
)
def test_dates_are_days(value: Any) -> None:
    kind, got = read("sold", [value, None, pd.NaT, "None"])
    assert (kind, got) == ("date", [DAY, None, None, None])
    assert type(got[0]) is dt.date


@pytest.mark.parametrize("text", ["31/01/2024", "2024-13-01", "2024-01", "2024-01/31", "20240131x"])
def test_what_is_not_surely_a_day_is_a_category(text: str) -> None:
    assert read("sold", [text]) == ("category", [text])


def test_dates_that_files_write_for_unknown_are_missing_and_said() -> None:
    with pytest.warns(genz.DataWarning, match="cannot be read as a date"):
        kind, got = read("sold", ["2024-01-31"] * 30 + ["unknown"])
    assert (kind, got[-1]) == ("date", None)


@pytest.mark.parametrize(
    ("values", "want"),
    [
        (["Comedy|Drama", "Horror"], [("Comedy", "Drama"), ("Horror",)]),
        ([" a | b", "a | c", "b | c "], [("a", "b"), ("a", "c"), ("b", "c")]),
        ([["a", "b"], (), None], [("a", "b"), None, None]),
        ([{"b", "a"}, frozenset("c")], [("a", "b"), ("c",)]),
        ([np.array(["a", "b"]), np.array([])], [("a", "b"), None]),
        ([["a", None, "", 3.0, float("nan"), True]], [("a", "3", "True")]),
        (["a||b", "a|b", "|"], [("a", "b"), ("a", "b"), None]),
    ],
)
def test_lists(values: list[Any], want: list[Any]) -> None:
    assert read("genres", values) == ("list", want)


def test_titles_with_a_bar_are_no_lists() -> None:
    values = [f"Loft {n} | near park {n}" for n in range(20)]
    assert read("title", values) == ("category", values)
    values = [f"{LONG} {n} | {LONG}" for n in range(20)]
    assert read("title", values)[0] == "text"


def test_text() -> None:
    assert read("note", [LONG, LONG, "NA", "None"]) == ("text", [LONG, LONG, None, "None"])


def test_mixed_types_are_strings() -> None:
    assert read("lot", [1, "two", 2.5, False]) == ("category", ["1", "two", "2.5", "False"])


@pytest.mark.parametrize("value", [None, math.nan, "", "  ", "NA", "N/A", "null", "<NA>", pd.NA])
def test_a_column_without_values_is_a_category(value: Any) -> None:
    assert read("empty", [value, None]) == ("category", [None, None])


@pytest.mark.parametrize("value", ["None", "none", "Na", "No_Alley_Access", "Nan", "Null"])
def test_words_that_may_be_meant_are_values_of_a_category(value: str) -> None:
    """Ames: Mas_Vnr_Type is None where a house has no veneer; Na is sodium."""
    assert read("kind", [value, "Brick", "NA"]) == ("category", [value, "Brick", None])


@pytest.mark.parametrize("value", [math.inf, -math.inf, np.float32("inf"), Decimal("-Infinity")])
def test_an_infinite_number_is_an_error(value: Any) -> None:
    with pytest.raises(genz.DataError, match=r"'area' is infinite in row 1 \(from 0\)"):
        read("area", [1.0, value])


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"street": "A"}, "a dictionary"),
        ([{"street": "A"}], "a list of dictionaries or lists"),
        ([["a"], ["b"]], "a list of dictionaries or lists"),
        (np.array([["a"], ["b"]]), "a list of dictionaries or lists"),
    ],
)
def test_nested_values_are_an_error(value: Any, what: str) -> None:
    with pytest.raises(genz.DataError, match=rf"'address' holds {what} in row 1"):
        read("address", [None, value])
    items = {"area": [1, 2], "address": [None, value]}
    assert Catalog.from_items(items, table=["area"]).column("area") == [1.0, 2.0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("YearBuilt", ["year", "built"]),
        ("year_built", ["year", "built"]),
        ("Year built", ["year", "built"]),
        ("ZIPCode", ["zip", "code"]),
        ("1stFlrSF", ["1", "st", "flr", "sf"]),
        ("größe-m2", ["größe", "m", "2"]),
        ("", []),
    ],
)
def test_words_of_names(name: str, words: list[str]) -> None:
    assert name_words(name) == words


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_infinity=False),
    st.text(),
    st.dates(),
    st.datetimes(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.lists(st.text()),
    st.sampled_from(["1,234", "$3", "45%", "2024-01-31", "a|b", "None", "NA", "007"]),
)


@given(st.text(), st.lists(ANYTHING, min_size=1))
@pytest.mark.filterwarnings("ignore::genz.DataWarning")
def test_any_column_is_read_and_what_was_read_reads_again(name: str, values: list[Any]) -> None:
    catalog = Catalog.from_items({name: values})
    field = Field(name, infer_kind(name, values))
    assert catalog.fields == (field,)
    column = catalog.column(name)
    types = {
        FieldKind.NUMBER: float,
        FieldKind.CATEGORY: str,
        FieldKind.DATE: dt.date,
        FieldKind.LIST: tuple,
        FieldKind.TEXT: str,
    }
    assert {type(value) for value in column} <= {types[field.kind], type(None)}
    assert Catalog.from_items(catalog, fields=[field]).column(name) == column


@given(st.lists(st.one_of(st.integers(-(10**6), 10**6), st.none()), min_size=2))
def test_a_file_and_a_data_frame_give_the_same_codes(values: list[int | None]) -> None:
    """pandas makes floats of whole numbers with a gap, and writes them so."""
    frame = pd.DataFrame({"id": pd.Series(values, dtype=float)})
    written = {"id": ["" if math.isnan(v) else repr(v) for v in frame["id"].tolist()]}
    want = [None if value is None else str(value) for value in values]
    for items in (frame, written, {"id": values}):
        got = Catalog.from_items(items, fields=[Field("id", FieldKind.CATEGORY)])
        assert got.column("id") == want


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_from_any_text_of_it(number: float) -> None:
    for text in (repr(number), f"{number:,}", f"{number!r}%", f"${abs(number):,}"):
        want = abs(number) if text.startswith("$") else number
        assert parse(FieldKind.NUMBER, text) == want

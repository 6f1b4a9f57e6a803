"""`Catalog`: the same items from every kind of frame, and clear words about what is none."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import genz
from genz import Catalog
from genz.catalog import Field, FieldKind

RECORDS: list[dict[str, Any]] = [
    {
        "area": 2500,
        "price": 1.5,
        "zipcode": "01234",
        "sold": dt.date(2024, 1, 31),
        "pool": True,
        "genres": ["Comedy", "Drama"],
        "style": "Ranch",
        "description": "a sunny house with a large garden near the old mill",
    },
    dict.fromkeys(("area", "price", "zipcode", "sold", "pool", "genres", "style"))
    | {"description": None},
]
WANT: list[dict[str, Any]] = [
    RECORDS[0] | {"area": 2500.0, "pool": "True", "genres": ("Comedy", "Drama")},
    RECORDS[1],
]
KINDS = {
    "area": FieldKind.NUMBER,
    "price": FieldKind.NUMBER,
    "zipcode": FieldKind.CATEGORY,
    "sold": FieldKind.DATE,
    "pool": FieldKind.CATEGORY,
    "genres": FieldKind.LIST,
    "style": FieldKind.CATEGORY,
    "description": FieldKind.TEXT,
}


def nullable_pandas() -> pd.DataFrame:
    frame = pd.DataFrame(RECORDS)
    types = {"area": "Int64", "price": "Float64", "zipcode": "string", "pool": "boolean"}
    return frame.astype(types | {"style": "category"})


def columns(records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [record[name] for record in records] for name in records[0]}


SOURCES = {
    "records": RECORDS,
    "columns": columns(RECORDS),
    "pandas": pd.DataFrame(RECORDS),
    "pandas with timestamps": pd.DataFrame(RECORDS).assign(
        sold=pd.to_datetime(["2024-01-31 12:00", None])
    ),
    "nullable pandas": nullable_pandas(),
    "pandas of arrow": pa.Table.from_pylist(RECORDS).to_pandas(types_mapper=pd.ArrowDtype),
    "pandas from parquet": pa.Table.from_pylist(RECORDS).to_pandas(),
    "polars": pl.DataFrame(RECORDS),
    "polars enum": pl.DataFrame(RECORDS).cast({"style": pl.Enum(["Ranch", "Loft"])}),
    "pyarrow": pa.Table.from_pylist(RECORDS),
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_gives_the_same_catalog(source: str) -> None:
    catalog = Catalog.from_items(SOURCES[source])
    assert catalog.kinds == KINDS
    assert [catalog.item(ix) for ix in range(len(catalog))] == WANT


def test_declared_categories_are_categories_even_if_they_look_like_numbers() -> None:
    catalog = Catalog.from_items(pd.DataFrame({"rank": pd.Categorical([3, 1, None])}))
    assert catalog.kinds["rank"] is FieldKind.CATEGORY
    assert catalog.column("rank") == ["3", "1", None]
    text = Catalog.from_items(pd.DataFrame({"rank": pd.Categorical(["x"])}), text="rank")
    assert text.kinds["rank"] is FieldKind.TEXT


def test_strings_are_texts() -> None:
    catalog = Catalog.from_items(["a red house", "a blue one"], text=["text"])
    assert catalog.column("text") == ["a red house", "a blue one"]
    assert catalog.kinds == {"text": FieldKind.TEXT}


def test_records_need_not_have_the_same_keys() -> None:
    catalog = Catalog.from_items([{"a": 1}, {"b": "x"}, {}])
    assert catalog.column("a") == [1.0, None, None]
    assert catalog.column("b") == [None, "x", None]


def test_names_that_are_no_strings() -> None:
    assert Catalog.from_items([{1: 5.0}, {1: 6.0}]).column("1") == [5.0, 6.0]
    assert Catalog.from_items(pd.DataFrame({1: [5.0]})).column("1") == [5.0]


@pytest.mark.parametrize(
    "items",
    [
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame([[1, 2]], columns=[1, "1"]),
        pa.table([[1], [2]], names=["a", "a"]),
        [{1: 2, "1": 3}],
    ],
)
def test_two_columns_of_one_name_are_an_error(items: Any) -> None:
    with pytest.raises(genz.DataError, match=r"two columns .*rename"):
        Catalog.from_items(items)


@pytest.mark.parametrize(
    "items",
    [
        pl.DataFrame({"address": [{"street": "A"}]}),
        pa.table({"address": pa.array([[("A", 1)]], pa.map_(pa.string(), pa.int32()))}),
        [{"address": {"street": "A"}}],
    ],
)
def test_nested_columns_are_an_error(items: Any) -> None:
    with pytest.raises(genz.DataError, match=r"column 'address' holds .*make columns of its parts"):
        Catalog.from_items(items)


@pytest.mark.parametrize("items", [[], (), {}, [{}], pd.DataFrame(), pd.DataFrame({"a": []})])
def test_an_empty_catalog_is_an_error(items: Any) -> None:
    with pytest.raises(genz.DataError, match="the catalog is empty"):
        Catalog.from_items(items)


@pytest.mark.parametrize("items", ["a house", 3, None, {1, 2}])
def test_other_types_are_an_error(items: Any) -> None:
    with pytest.raises(genz.DataError, match=rf"items is {type(items).__name__}, wanted a pandas"):
        Catalog.from_items(items)


@pytest.mark.parametrize("items", [[1, 2], [{"a": 1}, "b"], pd.Series([1.5]), np.array([1.5])])
def test_a_vector_of_other_than_texts_or_dictionaries_is_an_error(items: Any) -> None:
    with pytest.raises(genz.DataError, match="Reshape your data"):
        Catalog.from_items(items)


def test_a_lazy_frame_is_an_error() -> None:
    with pytest.raises(genz.DataError, match="items is LazyFrame"):
        Catalog.from_items(pl.DataFrame({"a": [1]}).lazy())


def test_columns_of_different_lengths_are_an_error() -> None:
    with pytest.raises(genz.DataError, match="'b' has 1 values, column 'a' has 2"):
        Catalog.from_items({"a": [1, 2], "b": [1]})


def test_columns_are_chosen_by_role() -> None:
    items = {"style": ["Ranch", "Loft"], "note": ["dry", "wet"], "area": [1, 2]}
    catalog = Catalog.from_items(items, text="note", table=["area"])
    assert catalog.fields == (Field("note", FieldKind.TEXT), Field("area", FieldKind.NUMBER))
    long = {"note": ["a sunny house with a large garden near the old mill"]}
    assert Catalog.from_items(long, table=["note"]).kinds["note"] is FieldKind.CATEGORY


def test_roles_that_cannot_be_given() -> None:
    items = {"area": [1.0], "zipcode": ["01234"]}
    with pytest.raises(genz.DataError, match="no column 'zip_code'; the nearest is 'zipcode'"):
        Catalog.from_items(items, table=["zip_code"])
    with pytest.raises(genz.UsageError, match="'area' is named twice"):
        Catalog.from_items(items, text=["area"], table=["area"])


FITTED = [
    Field("area", FieldKind.NUMBER),
    Field("zipcode", FieldKind.CATEGORY),
    Field("sold", FieldKind.DATE),
]


def test_fields_of_a_fitted_model_read_a_new_catalog() -> None:
    new = pd.DataFrame(
        {"extra": [1, 2], "sold": ["2024-01-31", None], "zipcode": [1234, 5], "area": ["1,200", ""]}
    )
    catalog = Catalog.from_items(new, fields=FITTED)
    assert catalog.fields == tuple(FITTED)
    assert catalog.column("area") == [1200.0, None]
    assert catalog.column("zipcode") == ["1234", "5"]
    assert catalog.column("sold") == [dt.date(2024, 1, 31), None]


def test_a_missing_column_is_named_with_the_nearest() -> None:
    items = {"Area": [1.0], "zipcode": ["1"], "sold": ["2024-01-31"]}
    with pytest.raises(genz.DataError, match="no column 'area'; the nearest is 'Area'"):
        Catalog.from_items(items, fields=FITTED)
    with pytest.raises(genz.DataError, match="no column 'area'"):
        Catalog.from_items(Catalog.from_items(items), fields=FITTED)


def test_values_that_do_not_parse_are_missing_and_said() -> None:
    items = {"area": ["large", "3"], "zipcode": ["1", "2"], "sold": [None, None]}
    with pytest.warns(genz.DataWarning, match=r"'area': 1 of 2 values .*'large' in row 0"):
        catalog = Catalog.from_items(items, fields=FITTED)
    assert catalog.column("area") == [None, 3.0]


def test_a_catalog_of_a_catalog_is_the_same() -> None:
    catalog = Catalog.from_items(RECORDS)
    again = Catalog.from_items(catalog)
    assert again.fields == catalog.fields
    assert again.item(0) == catalog.item(0)
    assert Catalog.from_items(catalog, table=["area"]).fields == (Field("area", FieldKind.NUMBER),)


def test_numbers_distinct_and_take() -> None:
    items = {"area": [3, None, 1], "sold": [None, dt.date(1, 1, 2), None], "style": ["b", "a", "b"]}
    catalog = Catalog.from_items(items)
    np.testing.assert_array_equal(catalog.numbers("area"), [3, np.nan, 1])
    np.testing.assert_array_equal(catalog.numbers("sold"), [np.nan, 2, np.nan])
    taken = catalog.take([2, 0, 2])
    np.testing.assert_array_equal(taken.numbers("area"), [1, 3, 1])
    assert taken.column("style") == ["b", "b", "b"]
    values, positions = catalog.distinct("style")
    assert [values[position] for position in positions] == ["b", "a", "b"]
    assert sorted(map(str, values)) == ["a", "b"]
    assert len(catalog.take([])) == 0


def test_an_item_is_described_on_one_readable_line() -> None:
    items = [
        {
            "note": "first line\nsecond line, " + "and so on " * 50,
            "price": 1_234_567.0,
            "share": 0.1,
            "sold": pd.Timestamp("2024-01-31 10:00"),
            "genres": ["Comedy", "Drama"],
            "gone": None,
        }
    ]
    line = Catalog.from_items(items).describe(0)
    assert line.startswith("note: first line second line, and so on")
    assert line.endswith("…; price: 1234567; share: 0.1; sold: 2024-01-31; genres: Comedy, Drama")
    assert len(Catalog.from_items(items).describe(0, max_length=40)) == 40

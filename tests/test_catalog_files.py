"""Catalog files: what is read, and how each defect is named."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

import planted
from genz import Catalog, DataError, UsageError
from genz.catalog import FieldKind
from genz.catalog.files import read_columns


def written(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_csv_keeps_quoted_newlines_and_leading_zeros(tmp_path: Path) -> None:
    content = '\ufeffzipcode,note\r\n01203,"two\r\nlines, ""quoted"""\r\n\r\n85255,\r\n'
    columns = read_columns(written(tmp_path, "a.csv", content))
    assert columns == {"zipcode": ["01203", "85255"], "note": ['two\r\nlines, "quoted"', ""]}
    catalog = Catalog.from_items(columns)
    assert catalog.kinds["zipcode"] is FieldKind.CATEGORY
    assert catalog.column("zipcode") == ["01203", "85255"]
    assert catalog.column("note")[1] is None


def test_every_format_gives_the_same_catalog(tmp_path: Path) -> None:
    houses = planted.rows(12)
    houses[3]["area"] = None
    as_csv = planted.write_csv(tmp_path / "a.csv", houses)
    as_json = planted.write_json_lines(tmp_path / "a.jsonl", houses)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(houses), tmp_path / "a.parquet")
    paths = [
        as_csv,
        written(tmp_path, "b.csv.gz", gzip.compress(as_csv.read_bytes())),
        as_json,
        written(tmp_path, "b.ndjson", as_json.read_bytes()),
        tmp_path / "a.parquet",
    ]
    catalogs = [Catalog.from_items(read_columns(path)) for path in paths]
    assert catalogs[0].kinds["area"] is FieldKind.NUMBER
    for catalog in catalogs[1:]:
        assert catalog.kinds == catalogs[0].kinds
        for ix in range(12):
            assert catalog.item(ix) == catalogs[0].item(ix)


def test_json_lines_fill_absent_names_and_keep_lists(tmp_path: Path) -> None:
    content = '{"a": 1, "genres": ["Comedy", "War"]}\n\n{"b": "x\u2028y"}\n'
    columns = read_columns(written(tmp_path, "a.jsonl", content))
    assert columns == {"a": [1, None], "genres": [["Comedy", "War"], None], "b": [None, "x\u2028y"]}
    assert Catalog.from_items(columns).kinds["genres"] is FieldKind.LIST


def test_parquet_does_not_read_columns_off_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "town=Rome"
    folder.mkdir()
    pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2]}), folder / "a.parquet")
    assert read_columns(folder / "a.parquet") == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "a,b\n1,2\n\n1,2,3\n", "line 4: 3 values, wanted 2"),
        ("a.csv", 'a,b\n1,"2\n', "line 2: unexpected end of data"),
        ("a.csv", "a, a\n1,2\n", "two columns 'a'"),
        ("a.csv", "a,\n1,2\n", "column 2 has no name"),
        ("a.csv", "a;b\n1;2\n", "separated by ';', wanted commas"),
        ("a.csv", "", "is empty"),
        ("a.csv", "a,b\n", "no rows"),
        ("a.csv", b"a,b\n1,2\n1,\xe9\n", "line 3: byte 0xe9 is not UTF-8"),
        ("a.csv.gz", b"a,b\n1,2\n", "not a whole gzip file"),
        ("b.csv.gz", gzip.compress(b"a,b\n1,2\n")[:-4], "not a whole gzip file"),
        ("a.jsonl", '{"a": 1}\n{"a": \n', "line 2: not JSON"),
        ("a.jsonl", '{"a": 1}\n[1]\n', "line 2: a list, wanted an object"),
        ("a.jsonl", '{"a": 1, "a": 2}\n', "line 1: not JSON: the name 'a' occurs twice"),
        ("a.jsonl", '{"a": {"b": 1}}\n', "line 1: 'a' is an object"),
        ("a.jsonl", "{}\n{}\n", "no rows"),
        ("a.jsonl", " \n", "is empty"),
        ("a.parquet", b"PAR1 but no more", "not a whole Parquet file"),
    ],
)
def test_defects_are_named(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(DataError) as caught:
        read_columns(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_catalog_by_its_name_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"wanted one of \.csv"):
        read_columns(written(tmp_path, "a.xlsx", "a"))
    with pytest.raises(UsageError, match="does not exist"):
        read_columns(tmp_path / "absent.csv")
    with pytest.raises(UsageError, match="does not exist"):
        read_columns(tmp_path / "absent.parquet")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="is a directory"):
        read_columns(tmp_path / "folder.csv")


def test_nested_parquet_is_named_by_row(tmp_path: Path) -> None:
    table = pyarrow.table({"a": [None, {"b": 1}]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match="row 2: 'a' is an object"):
        read_columns(tmp_path / "a.parquet")


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2]}), tmp_path / "a.parquet")
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from genz.catalog.files import read_columns\n"
        f"read_columns({json.dumps(str(tmp_path / 'a.parquet'))})"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "UsageError" in done.stderr
    assert "pip install 'genz[parquet]'" in done.stderr


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(DataError, match="column 'b' has 1 values, column 'a' has 2"):
        Catalog.from_items({"a": [1, 2], "b": [1]})

"""Bad input to the command line: one line on stderr, an exit code, nothing written."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import planted
from commands import check_refusal, run
from genz import GenZRegressor
from small_model import arrays_file, edit

Houses = list[dict[str, Any]]


def changed(row: int, **values: Any) -> Callable[[Houses], None]:
    """Change some values of a row that counts from 1, as rows do in messages."""

    def change(houses: Houses) -> None:
        houses[row - 1].update(values)

    return change


def every(**values: Any) -> Callable[[Houses], None]:
    def change(houses: Houses) -> None:
        for house in houses:
            house.update(values)

    return change


def labelled(houses: Houses) -> None:
    for house in houses:
        house["price"] = "dear" if house["price"] > 300_000 else "cheap"


BASE = ("--target", "price")


@pytest.mark.parametrize(
    ("change", "options", "exit_code", "said"),
    [
        (None, ["--target", "prise"], 7, "no column 'prise'; the nearest is 'price'"),
        (None, [*BASE, "--id", "ids"], 7, "no column 'ids'; the nearest is 'id'"),
        (None, [*BASE, "--table", "area,yeer"], 7, "no column 'yeer'; the nearest is 'year'"),
        (None, [*BASE, "--text", "descriptio"], 7, "the nearest is 'description'"),
        (None, [*BASE, "--covariates", "aera"], 7, "the nearest is 'area'"),
        (None, [*BASE, "--weight", "hosts"], 7, "the nearest is 'host'"),
        (changed(5, price="n. a."), BASE, 7, "target 'price' is 'n. a.' in row 5, wanted a number"),
        (changed(5, price="inf"), BASE, 7, "target 'price' is 'inf' in row 5"),
        (labelled, BASE, 7, "target 'price' holds labels, such as"),
        (None, ["--target", "zipcode", "--target", "host"], 7, "target 'host' holds labels"),
        (every(price=7), BASE, 7, "target 'price' is 7 wherever it is known"),
        (every(price=""), BASE, 7, "target 'price' is missing in every row"),
        (changed(9, price=0), [*BASE, "--log-target"], 7, "is 0 in row 9, wanted a number above 0"),
        (changed(9, price=-2.5), [*BASE, "--log-target"], 7, "is -2.5 in row 9"),
        (changed(9, id="h2"), [*BASE, "--id", "id"], 7, "id 'h2' is in row 3 and again in row 9"),
        (changed(9, id=""), [*BASE, "--id", "id"], 7, "id 'id' is missing in row 9"),
        (
            changed(4, year=""),
            [*BASE, "--covariates", "area,year"],
            7,
            "covariate 'year' is missing in row 4",
        ),
        (
            changed(4, year="old"),
            [*BASE, "--covariates", "area,year"],
            7,
            "covariate 'year' is 'old' in row 4, wanted a number",
        ),
        (every(year=5), [*BASE, "--covariates", "year"], 7, "covariate"),
        (changed(4, year=-1), [*BASE, "--weight", "year"], 7, "weight 'year' is -1 in row 4"),
        (changed(4, year=""), [*BASE, "--weight", "year"], 7, "weight 'year' is missing in row 4"),
        (every(year=0), [*BASE, "--weight", "year"], 7, "weight 'year' is 0 in every row"),
        (None, [*BASE, "--target", "price"], 2, "--target names a column twice"),
        (None, [*BASE, "--table", "area,price"], 2, "column 'price' is the target"),
        (None, [*BASE, "--covariates", "price"], 2, "column 'price' is the target"),
        (None, [*BASE, "--table", "area", "--text", "area"], 2, "in --text and in --table"),
        (None, [*BASE, "--target", "year", "--log-target"], 2, "--log-target needs a single"),
        (None, [*BASE, "--features", "0"], 2, "Invalid value for '--features'"),
        (None, [*BASE, "--table", "area,,year"], 2, "holds an empty name"),
        (None, [*BASE, "--model", "oracle"], 2, "wanted builtin, openai:NAME or anthropic:NAME"),
        (None, [*BASE, "--seed", "-1"], 2, "Invalid value for '--seed'"),
        (None, [*BASE, "--features-file", "absent.txt"], 2, "absent.txt does not exist"),
        (None, [], 2, "Missing option '--target'"),
    ],
)
def test_fit_refuses(
    tmp_path: Path,
    change: Callable[[Houses], None] | None,
    options: list[str],
    exit_code: int,
    said: str,
) -> None:
    houses = planted.rows(40)
    if change is not None:
        change(houses)
    catalog = planted.write_csv(tmp_path / "houses.csv", houses)
    done = run("fit", catalog, "--out", tmp_path / "new" / "model", *options)
    check_refusal(done, exit_code, said)
    assert [path.name for path in tmp_path.iterdir()] == ["houses.csv"]


def test_a_row_without_target_may_lack_covariates_and_weight(tmp_path: Path) -> None:
    houses = planted.rows(40)
    houses[3].update(price="", year="", area="")
    catalog = planted.write_csv(tmp_path / "houses.csv", houses)
    options = [*BASE, "--table", "zipcode", "--covariates", "year", "--weight", "area"]
    assert run("fit", catalog, *options, "--out", tmp_path / "m").exit_code == 0
    check_refusal(
        run("predict", tmp_path / "m", catalog), 7, "covariate 'year' is missing in row 4"
    )


def test_fit_refuses_what_is_no_catalog(tmp_path: Path) -> None:
    out = tmp_path / "model"
    empty = tmp_path / "empty.csv"
    empty.write_text("id,price\n", encoding="utf-8")
    check_refusal(run("fit", empty, *BASE, "--out", out), 7, "has no rows")
    check_refusal(run("fit", tmp_path / "absent.csv", *BASE, "--out", out), 2, "does not exist")
    check_refusal(run("fit", tmp_path / "x.pkl", *BASE, "--out", out), 2, "no catalog by its name")
    alone = tmp_path / "alone.csv"
    alone.write_text("price\n1\n2\n", encoding="utf-8")
    check_refusal(run("fit", alone, *BASE, "--out", out), 7, "no field is left")
    assert not out.exists()


def test_fit_refuses_a_file_for_a_directory(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("mine", encoding="utf-8")
    done = run("fit", tmp_path / "absent.csv", *BASE, "--out", tmp_path / "model", "--force")
    check_refusal(done, 2, "is a file, wanted a directory")
    assert (tmp_path / "model").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("content", "exit_code", "said"),
    [
        (b"# only a comment\n\n", 7, "holds no description"),
        (b"area is at least 2\n\narea is  at least 2\n", 7, "in line 1 and again in line 3"),
        (b"\xff\xfe", 7, "not UTF-8"),
        (b"a\nb\nc\n", 2, "--features 2 has no room for the 3"),
    ],
)
def test_features_files_are_checked(
    tmp_path: Path, content: bytes, exit_code: int, said: str
) -> None:
    catalog = planted.write_csv(tmp_path / "houses.csv", planted.rows(40))
    own = tmp_path / "own.txt"
    own.write_bytes(content)
    options = [*BASE, "--features", "2", "--features-file", own, "--out", tmp_path / "m"]
    check_refusal(run("fit", catalog, *options), exit_code, said)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    catalog = planted.write_csv(folder / "houses.csv", planted.rows(60))
    options = [*BASE, "--id", "id", "--features", "1", "--table", "area,zipcode"]
    assert run("fit", catalog, *options, "--out", folder / "m").exit_code == 0
    return folder


def test_predict_refuses(fitted: Path, tmp_path: Path) -> None:
    model, catalog = fitted / "m", fitted / "houses.csv"
    check_refusal(run("predict", model, catalog, "--interval", "1"), 2, "level is 1.0")
    check_refusal(run("predict", model, tmp_path / "absent.csv"), 2, "does not exist")
    nowhere = tmp_path / "no" / "p.csv"
    check_refusal(
        run("predict", model, catalog, "--out", nowhere), 2, "is no directory to write p.csv to"
    )
    check_refusal(
        run("predict", tmp_path, catalog), 7, "is not a fitted model: it has no model.json"
    )
    for name, said in (("id", "no column 'id'"), ("area", "no column 'area'")):
        houses = [{k: v for k, v in h.items() if k != name} for h in planted.rows(5)]
        new = planted.write_csv(tmp_path / f"no_{name}.csv", houses)
        out = tmp_path / "p.csv"
        check_refusal(run("predict", model, new, "--out", out), 7, said)
        assert not out.exists()


def test_predict_refuses_covariates_without_names(tmp_path: Path) -> None:
    houses = planted.rows(40)
    model = GenZRegressor(n_features=1).fit(
        [{"area": house["area"]} for house in houses],
        [house["price"] for house in houses],
        covariates=[house["year"] for house in houses],
    )
    model.save(tmp_path / "m")
    catalog = planted.write_csv(tmp_path / "houses.csv", houses)
    check_refusal(run("predict", tmp_path / "m", catalog), 2, "covariates that have no names")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda m: arrays_file(m).unlink(), "has no arrays.npz"),
        (lambda m: arrays_file(m).write_bytes(b"PK"), "is not the file that was saved"),
        (lambda m: (m / "model.json").write_text("{", "utf-8"), "is not the file that was saved"),
        (lambda m: (m / "manifest.json").write_text("[]", "utf-8"), "schema version is None"),
        (
            lambda m: (m / "manifest.json").write_text('{"schema_version": 99}', "utf-8"),
            "has schema version 99",
        ),
        (
            lambda m: edit(m, lambda document: document.pop("fields")),
            "is damaged: KeyError('fields')",
        ),
    ],
)
def test_a_broken_model_directory_is_named(
    tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    catalog = planted.write_csv(tmp_path / "houses.csv", planted.rows(40))
    options = [*BASE, "--features", "1", "--table", "area", "--out", tmp_path / "m"]
    assert run("fit", catalog, *options).exit_code == 0
    damage(tmp_path / "m")
    check_refusal(run("predict", tmp_path / "m", catalog), 7, said)


def test_report_refuses(fitted: Path, tmp_path: Path) -> None:
    check_refusal(run("report", tmp_path), 7, "is not a fitted model: it has no model.json")
    check_refusal(run("report", tmp_path / "absent"), 7, "is not a fitted model")
    nowhere = tmp_path / "no" / "r.html"
    check_refusal(
        run("report", fitted / "m", "--out", nowhere), 2, "is no directory to write r.html to"
    )


def test_usage_of_the_group_itself() -> None:
    check_refusal(run("fitt"), 2, "No such command 'fitt'; the nearest is 'fit'")
    check_refusal(run("store", "xyz"), 2, "wanted one of export, import, prune, stats, verify")
    check_refusal(run("features", "model", "lisst"), 2, "the nearest is 'list'")
    check_refusal(run("fit", "--feature", "3"), 2, "--features")
    check_refusal(run("fit"), 2, "Missing argument 'CATALOG'")
    check_refusal(run("predict", "--nonsense"), 2, "No such option")
    bare = run()
    assert bare.exit_code == 2
    assert "Fit and predict:" in bare.stderr


def test_a_directory_that_may_not_be_written_is_one_line(tmp_path: Path) -> None:
    # Not even a superuser makes a directory below a file.
    catalog = planted.write_csv(tmp_path / "houses.csv", planted.rows(40))
    options = [*BASE, "--features", "1", "--table", "area"]
    check_refusal(run("fit", catalog, *options, "--out", catalog / "m"), 2, "houses.csv is a file")


def test_verbose_adds_the_traceback(tmp_path: Path) -> None:
    done = run("fit", tmp_path / "absent.csv", *BASE, "--out", tmp_path / "m", "--verbose")
    assert done.exit_code == 2
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("genz: error: ")


@pytest.mark.skipif(os.name != "posix", reason="closes a pipe under a process")
def test_a_reader_that_leaves_early_is_no_traceback(fitted: Path, tmp_path: Path) -> None:
    many = planted.write_csv(tmp_path / "many.csv", planted.rows(5000))
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "genz", "predict", str(fitted / "m"), str(many)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 141
    assert said == b""

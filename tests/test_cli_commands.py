"""The commands on a catalog with planted features, in this process and in others."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import planted
from commands import records, run
from genz import GenZRegressor

FIT = ["--target", "price", "--id", "id", "--log-target", "--features", "4"]
FIELDS = ["--table", "area,zipcode", "--text", "description"]


def genz(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "genz", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    houses = planted.rows()
    for house in houses[-6:]:
        house["price"] = None
    return planted.write_csv(tmp_path_factory.mktemp("catalog") / "houses.csv", houses)


@pytest.fixture(scope="module")
def model(catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("model") / "new" / "model"
    done = run("fit", catalog, *FIT, *FIELDS, "--out", out)
    assert done.exit_code == 0, done.output
    assert "6 of 150 rows have no target: not fitted" in done.stderr
    assert "effects on log price" in done.stdout
    assert f"model saved to {out}" in done.stdout
    return out


def test_fit_finds_what_was_planted_and_remembers_the_columns(catalog: Path, model: Path) -> None:
    fitted = GenZRegressor.load(model)
    descriptions = " ".join(feature.description for feature in fitted.features_)
    assert "2,400" in descriptions
    assert "01203" in descriptions
    assert "description mentions" in descriptions
    known = fitted.metadata
    assert known["ids"] == [f"h{ix}" for ix in range(144)]
    assert fitted.run["command"].startswith(f"genz fit {catalog}")
    expected = {
        "catalog": "houses.csv",
        "target": ["price"],
        "id": "id",
        "covariates": [],
        "weight": None,
        "n_without_target": 6,
        "seed": 0,
    }
    assert {name: known[name] for name in expected} == expected
    assert {path.name for path in model.iterdir()} == {
        *("arrays.npz", "manifest.json", "model.json", "run.json")
    }


def test_the_same_fit_again_writes_the_same_model_byte_for_byte(
    catalog: Path, model: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    assert run("fit", catalog, *FIT, *FIELDS, "--out", again).exit_code == 0
    for file in (*model.glob("*.npz"), model / "model.json"):
        assert (again / file.name).read_bytes() == file.read_bytes()


def test_predict_in_another_process_is_what_the_model_says(catalog: Path, model: Path) -> None:
    done = genz("predict", model, catalog)
    assert (done.returncode, done.stderr) == (0, "")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(rows[0]) == ["id", "prediction", "lower", "upper"]
    assert [row["id"] for row in rows] == [f"h{ix}" for ix in range(150)]
    predicted = np.array(
        [[float(row[k]) for k in ("prediction", "lower", "upper")] for row in rows]
    )
    fitted = GenZRegressor.load(model)
    items = planted.rows()
    np.testing.assert_array_equal(predicted[:, 0], fitted.predict(items))
    np.testing.assert_array_equal(predicted[:, 1], fitted.predict_interval(items)[0])
    np.testing.assert_array_equal(predicted[:, 2], fitted.predict_interval(items)[1])
    # The six without target, which were not fitted, are predicted as well.
    actual = np.array([house["price"] for house in items])
    assert np.median(np.abs(predicted[-6:, 0] / actual[-6:] - 1)) < 0.25


def test_predict_needs_no_target_column_and_writes_json_lines(model: Path, tmp_path: Path) -> None:
    houses = [
        {k: v for k, v in house.items() if k in ("id", "area", "zipcode", "description")}
        for house in planted.rows(20, seed=9)
    ]
    new = planted.write_json_lines(tmp_path / "new.jsonl", houses)
    out = tmp_path / "predictions.jsonl"
    done = run("predict", model, new, "--out", out, "--interval", "0.5")
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    narrow = records(out.read_text("utf-8"))
    wide = records(run("predict", model, new, "--json").stdout)
    assert [row["id"] for row in narrow] == [house["id"] for house in houses]
    for inner, outer in zip(narrow, wide, strict=True):
        assert inner["prediction"] == outer["prediction"]
        assert outer["lower"] < inner["lower"] < inner["upper"] < outer["upper"]


def test_fit_json_is_the_trace_and_a_summary(catalog: Path, tmp_path: Path) -> None:
    arguments = ["fit", catalog, *FIT, *FIELDS, "--json", "--out"]
    first = run(*arguments, tmp_path / "a")
    again = run(*arguments, tmp_path / "b")
    trace, summary = records(first.stdout)[:-1], records(first.stdout)[-1]
    expected = GenZRegressor.load(tmp_path / "a").trace_
    assert trace == [{"event": "decision", **record} for record in expected]
    assert summary["event"] == "fitted"
    assert (summary["n_items"], summary["n_without_target"]) == (144, 6)
    assert summary["n_features"] == len(summary["features"]) >= 3
    assert records(again.stdout)[-1]["features"] == summary["features"]
    other = run(*arguments, tmp_path / "c", "--seed", "5")
    assert records(other.stdout)[:-1] != trace


def test_verbose_says_each_decision_on_stderr(catalog: Path, tmp_path: Path) -> None:
    done = run("fit", catalog, *FIT, *FIELDS, "--verbose", "--out", tmp_path / "m")
    said = [line for line in done.stderr.splitlines() if line.startswith("step ")]
    trace = GenZRegressor.load(tmp_path / "m").trace_
    assert len(said) == len(trace)
    accepted = [record["description"] for record in trace if record["action"] == "accept"]
    for line, description in zip([s for s in said if ": accept " in s], accepted, strict=True):
        assert description in line
        assert "gain" in line


def test_default_fields_are_the_columns_without_a_role(catalog: Path, tmp_path: Path) -> None:
    done = run(
        "fit", catalog, *FIT, "--covariates", "year", "--weight", "area", "--out", tmp_path / "m"
    )
    assert done.exit_code == 0, done.output
    fitted = GenZRegressor.load(tmp_path / "m")
    assert [field.name for field in fitted.fields_] == ["zipcode", "description", "host"]
    assert fitted.metadata["covariates"] == ["year"]
    years = [house["year"] for house in planted.rows()[:144]]
    assert fitted.covariates_[:, 0].tolist() == years
    assert fitted.targets_.shape == (144, 1)
    rows = list(csv.DictReader(io.StringIO(run("predict", tmp_path / "m", catalog).stdout)))
    x = np.array([house["year"] for house in planted.rows()])
    expected = fitted.predict(planted.rows(), covariates=x)
    np.testing.assert_array_equal([float(row["prediction"]) for row in rows], expected)


def test_own_features_are_judged_and_never_dropped(catalog: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("# mine\n\nzipcode is 01204\nhas a sea view\n", encoding="utf-8")
    done = run("fit", catalog, *FIT, *FIELDS, "--features-file", own, "--out", tmp_path / "m")
    assert done.exit_code == 0, done.output
    warned = [line for line in done.stderr.splitlines() if line.startswith("genz: warning: ")]
    assert len([line for line in warned if "'has a sea view'" in line]) == 1
    features = [f.description for f in GenZRegressor.load(tmp_path / "m").features_]
    assert features[:2] == ["zipcode is 01204", "has a sea view"]


def test_vector_target(tmp_path: Path) -> None:
    houses = [
        {
            "a": h["area"],
            "z": h["zipcode"],
            "y1": np.log(h["price"]),
            "y2": h["area"] / 1000 + ix % 2,
        }
        for ix, h in enumerate(planted.rows(80))
    ]
    houses[5]["y2"] = None
    houses[7].update(y1=None, y2=None)
    path = planted.write_csv(tmp_path / "v.csv", houses)
    targets = ["--target", "y1", "--target", "y2"]
    done = run("fit", path, *targets, "--features", "3", "--out", tmp_path / "m")
    assert done.exit_code == 0, done.output
    assert "1 of 80 rows have no target" in done.stderr
    rows = list(csv.DictReader(io.StringIO(run("predict", tmp_path / "m", path).stdout)))
    assert list(rows[0])[:3] == ["id", "prediction_y1", "prediction_y2"]
    assert [row["id"] for row in rows[:3]] == ["1", "2", "3"]
    as_json = records(run("predict", tmp_path / "m", path, "--json").stdout)
    assert as_json[4]["prediction"]["y2"] == float(rows[4]["prediction_y2"])
    scores = run("evaluate", path, *targets, "--features", "2", "--folds", "2", "--json")
    assert {"cosine", "r2"} <= records(scores.stdout)[-1]["scores"]["ridge"].keys()


def test_force_replaces_the_model_and_what_was_derived_from_it(
    catalog: Path, tmp_path: Path
) -> None:
    out = tmp_path / "m"
    small = ["--target", "price", "--features", "1", "--table", "area", "--out", out]
    assert run("fit", catalog, *small).exit_code == 0
    before = (out / "model.json").read_bytes()
    saved = ["--target", "price", "--features", "1", "--folds", "2", "--table", "area"]
    assert run("evaluate", catalog, *saved, "--save", out).exit_code == 0
    assert "evaluation.npz" in (out / "manifest.json").read_text()
    refused = run("fit", tmp_path / "absent.csv", *small)
    assert refused.exit_code == 2
    assert "use --force" in refused.stderr
    assert (out / "model.json").read_bytes() == before
    assert run("fit", catalog, *small, "--log-target", "--force").exit_code == 0
    assert (out / "model.json").read_bytes() != before
    assert not (out / "evaluation.json").exists()


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT to a process")
def test_ctrl_c_ends_a_fit_with_130_and_writes_nothing(catalog: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    command = [sys.executable, "-m", "genz", "fit", str(catalog), "--target", "price", "--verbose"]
    process = subprocess.Popen(  # noqa: S603
        [*command, "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    while "step 1:" not in first:
        assert process.poll() is None
        first = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - start < 10
    assert process.returncode == 130
    assert said.splitlines()[-1] == "genz: interrupted"
    assert "Traceback" not in said
    assert not out.exists()


def test_help_and_version_load_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from genz.cli import main\n"
        "try:\n    main(['fit', '--help'])\n"
        "except SystemExit as exit:\n    assert not exit.code\n"
        "heavy = {'numpy', 'sklearn', 'narwhals', 'rich', 'jinja2'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--log-target" in done.stdout
    assert run("--version").stdout.startswith("genz ")

"""``genz evaluate`` on a catalog with planted features."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import planted
from commands import check_refusal, records, run

FIELDS = ("--table", "area,zipcode", "--text", "description")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    houses = planted.rows()
    for house in houses[-6:]:
        house["price"] = None
    return planted.write_csv(tmp_path_factory.mktemp("catalog") / "houses.csv", houses)


@pytest.fixture
def model(catalog: Path, tmp_path: Path) -> Path:
    options = ["--target", "price", "--log-target", "--features", "1", "--table", "area"]
    assert run("fit", catalog, *options, "--out", tmp_path / "model").exit_code == 0
    return tmp_path / "model"


EVALUATE: Sequence[str] = ("--target", "price", "--log-target", "--features", "3", "--json")


def test_evaluate_json_has_the_prescribed_last_record(catalog: Path, model: Path) -> None:
    done = run(
        "evaluate", catalog, *EVALUATE, "--id", "id", *FIELDS, "--folds", "3", "--save", model
    )
    assert done.exit_code == 0, done.output
    *folds, last = records(done.stdout)
    assert list(last) == ["scores"]
    assert list(last["scores"]) == ["genz", "median", "ridge", "gradient_boosting"]
    common = {
        "median_relative_error",
        "r2",
        "log_predictive_density",
        "coverage_90",
        "mean_width_90",
    }
    assert last["scores"]["genz"].keys() == common | {"n_features", "seconds"}
    assert all(last["scores"][m].keys() == common for m in ("median", "ridge"))
    ours = [fold for fold in folds if fold["method"] == "genz"]
    assert [fold["n_held_out"] for fold in ours] == [48, 48, 48]
    stored = json.loads((model / "evaluation.json").read_text("utf-8"))
    assert stored["scores"] == last["scores"]
    assert stored["ids"] == [f"h{ix}" for ix in range(144)]
    del stored["scores"], stored["ids"]
    assert stored == {"schema_version": 1, "level": 0.9, "n_folds": 3, "seed": 0}
    with np.load(model / "evaluation.npz", allow_pickle=False) as arrays:
        assert set(arrays.files) == {"actual", "predicted", "lower", "upper"}
        actual, predicted = arrays["actual"], arrays["predicted"]
        inside = (arrays["lower"] <= actual) & (actual <= arrays["upper"])
    assert actual.tolist() == [house["price"] for house in planted.rows()[:144]]
    ours = last["scores"]["genz"]
    assert ours["median_relative_error"] == np.median(np.abs(predicted - actual) / actual)
    assert ours["coverage_90"] == pytest.approx(np.mean(inside))


def test_evaluate_honours_groups_and_a_fold_column(catalog: Path, tmp_path: Path) -> None:
    houses = planted.rows(60)
    for ix, house in enumerate(houses):
        house["part"] = "first" if ix < 36 else "second"
    path = planted.write_csv(tmp_path / "p.csv", houses)
    few = ["--target", "price", "--features", "1", "--table", "area", "--json"]
    *folds, _ = records(run("evaluate", path, *few, "--fold-column", "part").stdout)
    assert [f["n_held_out"] for f in folds if f["method"] == "genz"] == [36, 24]
    *folds, _ = records(run("evaluate", path, *few, "--group", "part", "--folds", "2").stdout)
    assert [f["n_held_out"] for f in folds if f["method"] == "genz"] == [36, 24]
    crossed = run("evaluate", path, *few, "--fold-column", "part", "--group", "zipcode")
    assert crossed.exit_code == 7
    assert "is in the folds 'first' and 'second'" in crossed.stderr
    table = run("evaluate", path, *few[:-1], "--fold-column", "part").stdout.splitlines()
    assert table[0] == "60 items held out in 2 folds"
    assert [line.split()[0] for line in table[2:]] == [
        "genz",
        "median",
        "ridge",
        "gradient_boosting",
    ]


def test_evaluate_saves_beside_a_model_of_the_same_target_only(catalog: Path, model: Path) -> None:
    done = run("evaluate", catalog, "--target", "year", "--folds", "2", "--save", model)
    assert done.exit_code == 2
    assert "holds a model of log price, this is an evaluation of year" in done.stderr


def test_evaluate_refuses(catalog: Path, tmp_path: Path) -> None:
    def evaluate(*options: str | Path) -> Result:
        return run("evaluate", catalog, "--target", "price", "--features", "1", *options)

    check_refusal(evaluate("--folds", "1"), 2, "Invalid value for '--folds'")
    check_refusal(evaluate("--folds", "145"), 2, "145 folds of 144 items: wanted from 2 to 144")
    check_refusal(evaluate("--folds", "7", "--group", "zipcode"), 2, "7 folds of 6 groups")
    check_refusal(evaluate("--folds", "2", "--fold-column", "area"), 2, "exclude each other")
    check_refusal(evaluate("--fold-column", "parts"), 7, "no column 'parts'")
    check_refusal(evaluate("--group", "price"), 2, "column 'price' is the target")
    check_refusal(evaluate("--save", tmp_path), 7, "is not a fitted model")

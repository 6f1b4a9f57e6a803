"""``genz evaluate`` on a catalog with planted features."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import planted
from commands import check_refusal, records, run
from remote import Planted

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
    assert list(last) == [
        *("event", "scores", "standard_errors", "differences", "difference_level")
    ]
    assert list(last["scores"]) == ["genz", "mean", "ridge", "gradient_boosting", "ridge_tfidf"]
    common = {
        "median_relative_error",
        "r2",
        "log_predictive_density",
        "coverage_90",
        "mean_width_90",
    }
    assert all(row.keys() == common | {"n_features", "seconds"} for row in last["scores"].values())
    assert all(row.keys() == common for row in last["standard_errors"].values())
    compared = {"median_relative_error", "r2", "log_predictive_density"}
    for method, by_score in last["differences"].items():
        assert by_score.keys() == compared
        for name, row in by_score.items():
            first, second = last["scores"]["genz"][name], last["scores"][method][name]
            assert row["value"] == pytest.approx(first - second, rel=1e-9)
            assert row["lower"] < row["value"] < row["upper"]
    ours = [fold for fold in folds if fold["method"] == "genz"]
    assert [fold["n_held_out"] for fold in ours] == [48, 48, 48]
    stored = json.loads((model / "evaluation.json").read_text("utf-8"))
    assert last.pop("event") == "evaluation"
    for name in last:
        assert stored.pop(name) == last[name]
    assert stored["ids"] == [f"h{ix}" for ix in range(144)]
    del stored["ids"]
    assert stored == {"schema_version": 2, "level": 0.9, "n_folds": 3, "seed": 0}
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
    few = ["--target", "price", "--features", "1", "--table", "area", "--baselines", "mean,ridge"]
    few.append("--json")
    *folds, _ = records(run("evaluate", path, *few, "--fold-column", "part").stdout)
    assert [f["n_held_out"] for f in folds if f["method"] == "genz"] == [36, 24]
    *folds, _ = records(run("evaluate", path, *few, "--group", "part", "--folds", "2").stdout)
    assert [f["n_held_out"] for f in folds if f["method"] == "genz"] == [36, 24]
    crossed = run("evaluate", path, *few, "--fold-column", "part", "--group", "zipcode")
    assert crossed.exit_code == 7
    assert "is in the folds 'first' and 'second'" in crossed.stderr
    table = run("evaluate", path, *few[:-1], "--fold-column", "part").stdout.splitlines()
    assert table[0] == "60 items held out in 2 folds"
    methods = ["mean", "ridge"]
    assert [line.split()[0] for line in table[2:5]] == ["genz", *methods]
    assert table[5] == "in brackets: standard error over folds"
    assert "2,000 bootstrap samples of items" in table[7]
    assert [line.split()[0] for line in table[9:]] == methods
    grouped = run("evaluate", path, *few[:-1], "--group", "part", "--folds", "2").stdout
    assert "bootstrap samples of groups" in grouped


def test_evaluate_runs_the_baselines_that_are_named(catalog: Path) -> None:
    few = (catalog, *EVALUATE, "--folds", "2")
    *_, last = records(run("evaluate", *few, "--baselines", "all").stdout)
    assert list(last["scores"]) == [
        *("genz", "mean", "ridge", "gradient_boosting", "ridge_tfidf"),
        *("zero_shot", "direct", "hard", "random_groups"),
    ]
    assert last["scores"]["direct"]["n_unanswered"] == 0
    *_, last = records(run("evaluate", *few, "--baselines", "hard, mean").stdout)
    assert list(last["scores"]) == ["genz", "mean", "hard"]
    alone = run("evaluate", *few[:-3], "--folds", "2", "--baselines", "none").stdout.splitlines()
    assert [line.split()[0] for line in alone[2:]] == ["genz", "in"]


def test_methods_that_ask_an_endpoint_say_what_they_spent(tmp_path: Path) -> None:
    texts = Planted(60)
    path = texts.write_csv(tmp_path / "texts.csv")
    options = ("--target", "price", "--features", "2", "--patience", "1", "--folds", "2", "--json")
    with texts.server() as server:
        asked = ("--model", "openai:fake", "--base-url", server.base_url)
        store = ("--store", tmp_path / "store.sqlite3", "--baselines", "mean,direct,hard")
        done = run("evaluate", path, *options, *asked, *store)
        assert done.exit_code == 0, done.output
        scores = records(done.stdout)[-1]["scores"]
        again = run("evaluate", path, *options, *asked, *store)
    n_requests = {method: row["n_requests"] for method, row in scores.items()}
    # Of each fold 30 held-out items and 10 that calibrate, ten in a request.
    assert n_requests["direct"] == 2 * (3 + 1)
    assert n_requests["mean"] == n_requests["hard"] == 0 < n_requests["genz"]
    assert f"{int(sum(n_requests.values())):,} requests" in done.stderr
    assert scores["direct"]["n_tokens"] > 1_000
    assert "cost" not in scores["direct"], "no prices were given"
    assert scores["direct"]["n_unanswered"] == 0
    replayed = records(again.stdout)[-1]["scores"]
    assert all(row["n_requests"] == 0 for row in replayed.values())
    assert replayed["direct"]["r2"] == scores["direct"]["r2"]


def test_null_runs_are_counted_with_an_exact_interval(catalog: Path) -> None:
    few = ("--target", "price", "--log-target", "--features", "3", *FIELDS, "--null", "4")
    *runs, summary = records(run("evaluate", catalog, *few, "--json").stdout)
    assert [(r["null_run"], r["n_null_runs"]) for r in runs] == [(n, 4) for n in (1, 2, 3, 4)]
    n_accepting = sum(bool(r["features"]) for r in runs)
    assert summary["n_accepting"] == n_accepting
    assert summary["family_wise_error"] == n_accepting / 4
    assert summary["lower"] <= n_accepting / 4 < summary["upper"] < 1
    said = run("evaluate", catalog, *few).stdout.splitlines()
    assert said[0].startswith(f"{n_accepting} of 4 discoveries on permuted targets ended with")
    assert len(said) == 1 + sum(len(r["features"]) for r in runs)


def test_evaluate_saves_beside_a_model_of_the_same_target_only(catalog: Path, model: Path) -> None:
    done = run("evaluate", catalog, "--target", "year", "--folds", "2", "--save", model)
    assert done.exit_code == 2
    assert "holds a model of log price, this is an evaluation of year" in done.stderr


def test_evaluate_refuses(catalog: Path, tmp_path: Path) -> None:
    def evaluate(*options: str | Path) -> Result:
        return run("evaluate", catalog, "--target", "price", "--features", "1", *options)

    check_refusal(evaluate("--baselines", "median"), 2, "there is no baseline 'median', wanted")
    check_refusal(evaluate("--baselines", "all,mean"), 2, "all and none alone")
    check_refusal(evaluate("--null", "0"), 2, "Invalid value for '--null'")
    for options in (["--folds", "3"], ["--save", tmp_path], ["--baselines", "all"]):
        check_refusal(evaluate("--null", "2", *options), 2, f"--null and {options[0]} exclude")
    check_refusal(evaluate("--folds", "1"), 2, "Invalid value for '--folds'")
    check_refusal(evaluate("--folds", "145"), 2, "145 folds of 144 items: wanted from 2 to 144")
    check_refusal(evaluate("--folds", "7", "--group", "zipcode"), 2, "7 folds of 6 groups")
    check_refusal(evaluate("--folds", "2", "--fold-column", "area"), 2, "exclude each other")
    check_refusal(evaluate("--fold-column", "parts"), 7, "no column 'parts'")
    check_refusal(evaluate("--group", "price"), 2, "column 'price' is the target")
    check_refusal(evaluate("--save", tmp_path), 7, "is not a fitted model")

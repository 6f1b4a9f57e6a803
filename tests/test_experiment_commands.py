"""The experiments on real data as commands, run on made-up data in their layout."""

import re
from pathlib import Path

import numpy as np
import pytest

import genz
from commands import check_refusal, records, run
from experiment_data import write_airbnb, write_houses, write_movies
from genz.evaluation import CrossValidation
from genz.experiments import houses
from genz.experiments.intervals import difference
from genz.experiments.setting import Setting, repeat
from genz.foundation import BuiltinModel
from genz.testing import FakeFoundationServer, TruthTable

QUICK = ("--seeds", "0", "--patience", 1)


def test_houses_prints_scores_and_differences(tmp_path: Path) -> None:
    data = write_houses(tmp_path / "data")
    out = tmp_path / "model"
    done = run(
        *("experiment", "houses", "--data", data, *QUICK, "--folds", 3, "--features", 4),
        *("--methods", "gradient_boosting", "--out", out),
    )
    assert done.exit_code == 0, done.output
    for line in ("genz", "gradient_boosting", "ols_zipcode", "mean of 1 seeds"):
        assert f"\n{line}" in done.stdout
    assert "genz - gradient_boosting: " in done.stdout
    model = genz.GenZRegressor.load(out)
    assert model.metadata["target"] == ["price"]
    assert model.log_target
    reported = run("report", out)
    assert reported.exit_code == 0, reported.output
    assert (out / "report.html").stat().st_size > 10_000
    check_refusal(run("experiment", "houses", "--data", data, "--out", out), 2, "--force")


def test_records_of_every_seed(tmp_path: Path) -> None:
    data = write_airbnb(tmp_path)
    done = run(
        *("experiment", "airbnb", "--data", data, "--seeds", "0,4", "--patience", 1),
        *("--folds", 2, "--features", 3, "--items", 100, "--methods", "genz,ridge", "--json"),
    )
    assert done.exit_code == 0, done.output
    first, second, mean = records(done.stdout)
    assert (first["seed"], second["seed"]) == (0, 4)
    assert set(first["scores"]) == {"genz", "ridge"}
    errors = [r["scores"]["genz"]["median_relative_error"] for r in (first, second)]
    assert mean["mean"]["genz"]["median_relative_error"] == pytest.approx(np.mean(errors))
    found = mean["differences"]["ridge"]
    assert found["lower"] <= found["value"] <= found["upper"]
    values = [r["differences"]["ridge"]["median_relative_error"]["value"] for r in (first, second)]
    assert found["value"] == pytest.approx(np.mean(values))


def test_movies_tell_what_the_cosine_is_worth(tmp_path: Path) -> None:
    data = write_movies(tmp_path)
    common = ("experiment", "movies", "--data", data, *QUICK, "--folds", 3, "--features", 4)
    done = run(*common, "--methods", "none")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("ratings  cosine  movies\n")
    worth = [line for line in done.stdout.splitlines() if "on fold 0 is" in line]
    assert [line.partition(":")[0] for line in worth] == ["genz", "ridge_genres_year"]
    told = records(run(*common, "--methods", "none", "--summaries", "--json").stdout)
    assert told[0]["n_ratings"][0] == 1
    assert told[-1]["methods"]["genz"]["cosine"] > 0.5
    only = run("experiment", "movies", "--data", data, "--curve-only", "--json")
    assert len(records(only.stdout)) == 1


def test_a_model_behind_an_endpoint_is_asked_about_a_slice(tmp_path: Path) -> None:
    data = write_houses(tmp_path / "data", n_items=240)

    def holds(item: str, feature: str) -> bool:
        area = int(re.search(r"area: ([\d,]+)", item)[1].replace(",", ""))  # type: ignore[index]
        return area > 2400 if feature == "a large house" else "05678" in item

    truth = TruthTable(features=["a large house", "it lies in the dear town"], judge=holds)
    with FakeFoundationServer(truth) as server:
        common = (
            *("experiment", "houses", "--data", data, "--model", "openai:fake", *QUICK),
            *("--base-url", server.base_url, "--store", tmp_path / "store.sqlite3"),
            *("--items", 200, "--folds", 2, "--features", 2, "--methods", "none", "--json"),
        )
        done = run(*common)
    assert done.exit_code == 0, done.output
    first, mean = records(done.stdout)
    assert first["scores"]["genz"]["r2"] > 0.4
    assert first["scores"]["genz"]["n_requests"] > 0
    assert mean["n_seeds"] == 1
    assert "requests" in done.stderr
    again = run(*common, "--offline")
    assert again.exit_code == 0, again.output
    assert records(again.stdout)[0]["scores"]["genz"]["r2"] == first["scores"]["genz"]["r2"]


@pytest.mark.parametrize("name", ["houses", "movies", "airbnb", "windsor"])
def test_data_that_are_not_there_are_a_usage_error(name: str, tmp_path: Path) -> None:
    done = run("experiment", name, "--data", tmp_path)
    check_refusal(done, 2, "docs/experiments.md says where to get them")


def test_a_method_that_there_is_not_is_refused(tmp_path: Path) -> None:
    data = write_houses(tmp_path)
    done = run("experiment", "houses", "--data", data, "--methods", "lasso,mean")
    check_refusal(done, 2, "lasso")


def results(tmp_path: Path) -> tuple[Setting, list[CrossValidation]]:
    setting = houses.read(write_houses(tmp_path))
    found = []
    for seed in (0, 1):
        model = setting.model(BuiltinModel(), 2, patience=1, seed=seed)
        found.append(repeat(setting, model, n_folds=2, baselines=("mean",)))
    return setting, found


def test_the_difference_over_seeds_is_that_of_the_scores(tmp_path: Path) -> None:
    setting, found = results(tmp_path)
    for method in ("mean", houses.OLS):
        expected = np.mean(
            [
                r.scores["genz"]["median_relative_error"]
                - r.scores[method]["median_relative_error"]
                for r in found
            ]
        )
        over_seeds = difference(found, method, setting.groups)
        assert over_seeds.value == pytest.approx(expected)
        assert over_seeds.lower < over_seeds.value < over_seeds.upper
        assert over_seeds == difference(found, method, setting.groups)
    assert difference(found, "mean").upper < 0
    assert difference(found, "genz").lower == difference(found, "genz").upper == 0


def test_references_are_compared_like_methods(tmp_path: Path) -> None:
    _, found = results(tmp_path)
    for result in found:
        scores = result.scores[houses.OLS]
        assert scores["r2"] is not None
        assert scores["r2"] > 0.8
        assert scores["coverage_90"] == pytest.approx(0.9, abs=0.12)
        assert "r2" in result.differences[houses.OLS]
        assert np.isfinite(result.predictions[houses.OLS].point).all()

"""The commands about a fitted model's features: change, refit, audit, ask again."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import genz
from commands import check_refusal, records, run
from genz.persistence import CHANGES_FILE, EVALUATION_FILE
from genz.testing import ErrorRates
from planted import rows, write_csv
from remote import FEATURES, Planted

FIT = ("--target", "price", "--log-target", "--id", "id", "--patience", "4", "--features", "3")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("fitted")
    catalog = write_csv(place / "houses.csv", rows())
    assert run("fit", catalog, *FIT, "--out", place / "model").exit_code == 0
    return place / "model", catalog


@pytest.fixture
def model(fitted: tuple[Path, Path], tmp_path: Path) -> Path:
    genz.GenZRegressor.load(fitted[0]).save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def catalog(fitted: tuple[Path, Path]) -> Path:
    return fitted[1]


def listed(model: Path) -> list[dict]:
    done = run("features", model, "list", "--json")
    assert done.exit_code == 0, done.output
    return records(done.stdout)


def test_changes_are_listed_and_dropped(model: Path) -> None:
    before = listed(model)
    assert [row["number"] for row in before] == [1, 2, 3]
    assert run("features", model, "lock", "1", "2").exit_code == 0
    assert run("features", model, "veto", before[2]["description"]).exit_code == 0
    done = run("features", model, "add", "year is before 1960")
    assert done.exit_code == 0
    assert "4; it judges 1 of 3 features" in done.stderr
    after = listed(model)
    assert [row["status"] for row in after] == ["locked", "locked", "vetoed", "added, locked"]
    assert after[0]["weights"] == before[0]["weights"]
    assert "weights" not in after[3]
    text = run("features", model, "list").stdout
    assert "  4. " in text
    assert "year is before 1960  [added, locked]" in text
    assert run("features", model, "unlock", "1").exit_code == 0
    assert run("features", model, "unveto", "3").exit_code == 0
    assert [row["status"] for row in listed(model)[:3]] == ["", "locked", ""]
    assert "changes dropped" in run("features", model, "reset").stderr
    assert listed(model) == before
    assert "no changes wait" in run("features", model, "reset").stderr


def test_one_feature_is_shown_whole(model: Path) -> None:
    first = genz.GenZRegressor.load(model).features_[0]
    done = run("features", model, "show", "1")
    assert done.stdout.startswith(f"1. {first.description}\n")
    assert f"effect: {first.weights[0]:+.5g}" in done.stdout
    assert f"with: {first.examples_with[0]}" in done.stdout
    assert run("features", model, "edit", "1", "area is at least 1,900").exit_code == 0
    shown = json.loads(run("features", model, "show", "1", "--json").stdout)
    assert shown["description"] == "area is at least 1,900"
    assert shown["status"] == "edited"
    assert shown["fitted"]["description"] == first.description


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("lock", "9"), "there is no feature 9, wanted 1 to 3"),
        (("lock", "1", "9"), "there is no feature 9, wanted 1 to 3"),
        (("veto", "is nowhere"), "no feature is 'is nowhere'"),
        (("merge", "1", "1", "x y"), "cannot be merged with itself"),
        (("edit", "2", ""), "description is empty"),
    ],
)
def test_a_change_that_fails_leaves_nothing(
    model: Path, arguments: tuple[str, ...], said: str
) -> None:
    check_refusal(run("features", model, *arguments), 2, said)
    assert not (model / CHANGES_FILE).exists()


def test_a_directory_without_a_model(tmp_path: Path, catalog: Path) -> None:
    for command in (("features", tmp_path, "list"), ("features", tmp_path, "lock", "1")):
        check_refusal(run(*command), 7, "is not a fitted model")
    check_refusal(run("refit", tmp_path, catalog), 7, "is not a fitted model")
    check_refusal(run("audit", tmp_path, catalog), 7, "is not a fitted model")


def test_a_refit_replaces_the_model_and_tells_the_difference(model: Path, catalog: Path) -> None:
    (model / EVALUATION_FILE).write_text("{}")
    old = genz.GenZRegressor.load(model)
    names = [feature.description for feature in old.features_]
    assert run("features", model, "edit", "1", "area is at least 1,900").exit_code == 0
    assert run("features", model, "veto", "3").exit_code == 0
    done = run("refit", model, catalog)
    assert done.exit_code == 0, done.output
    assert "1 of 2 features are judged, 150 judgments of 150 items" in done.stderr
    assert "the evaluation was that of the old model and is removed" in done.stderr
    new = genz.GenZRegressor.load(model)
    assert [feature.description for feature in new.features_] == [
        "area is at least 1,900",
        names[1],
    ]
    assert f"area is at least 1,900  [was: {names[0]}]" in done.stdout
    assert f"{names[2]}  [gone]" in done.stdout
    first, second = old.regression_.log_likelihood_, new.regression_.log_likelihood_
    assert f"log likelihood {first:,.3f} -> {second:,.3f}" in done.stdout
    assert f"{old.features_[1].weights[0]:+.5g}" in done.stdout
    assert not (model / EVALUATION_FILE).exists()
    assert not (model / CHANGES_FILE).exists()
    assert names[2] in [row["description"] for row in listed(model) if row["status"] == "vetoed"]
    assert new.metadata == old.metadata
    assert new.run["command"].startswith("genz refit")
    assert run("report", model).exit_code == 0


def test_a_refit_elsewhere_leaves_the_model_and_its_changes(
    model: Path, catalog: Path, tmp_path: Path
) -> None:
    assert run("features", model, "veto", "1").exit_code == 0
    before = {file.name: file.read_bytes() for file in model.iterdir()}
    done = run("refit", model, catalog, "--out", tmp_path / "new", "--json")
    assert done.exit_code == 0, done.output
    summary = records(done.stdout)[-1]
    assert [row["status"] for row in summary["features"]] == ["kept", "kept", "gone"]
    assert summary["out"] == str(tmp_path / "new")
    assert {file.name: file.read_bytes() for file in model.iterdir()} == before
    assert len(genz.GenZRegressor.load(tmp_path / "new").features_) == 2
    check_refusal(
        run("refit", model, catalog, "--out", tmp_path / "new"), 2, "holds a fitted model"
    )


def test_a_refit_goes_on_looking(model: Path, catalog: Path) -> None:
    vetoed = genz.GenZRegressor.load(model).features_[0].description
    assert run("features", model, "veto", "1").exit_code == 0
    done = run("refit", model, catalog, "--discover", "--features", "4")
    assert done.exit_code == 0, done.output
    found = [feature.description for feature in genz.GenZRegressor.load(model).features_]
    assert vetoed not in found
    assert len(found) >= 3, "the gap that the veto left is filled by another description"


def test_a_catalog_that_is_not_that_of_the_fit(model: Path, tmp_path: Path, catalog: Path) -> None:
    houses = rows()
    fewer = write_csv(tmp_path / "fewer.csv", houses[:-2] + rows(152)[150:])
    said = "1 of the 150 items that were fitted are missing ('h149')"
    check_refusal(run("refit", model, write_csv(tmp_path / "one.csv", houses[:-1])), 7, said)
    done = run("audit", model, fewer)
    check_refusal(done, 7, "2 with a target were not fitted ('h150', 'h151')")
    turned = write_csv(tmp_path / "turned.csv", houses[::-1])
    check_refusal(run("audit", model, turned), 7, "its items have another order")
    larger = [house | {"area": house["area"] + 1} for house in houses]
    done = run("refit", model, write_csv(tmp_path / "larger.csv", larger))
    assert done.exit_code == 7
    assert "are not those that were fitted" in done.stderr.splitlines()[-1]


def test_new_targets_of_the_same_items_are_fitted_with_a_word(
    model: Path, tmp_path: Path, catalog: Path
) -> None:
    dearer = [house | {"price": house["price"] * 2} for house in rows()]
    before = genz.GenZRegressor.load(model)
    done = run("refit", model, write_csv(tmp_path / "dearer.csv", dearer))
    assert done.exit_code == 0, done.output
    assert "warning: 150 of 150 items have another target" in done.stderr
    after = genz.GenZRegressor.load(model)
    shift = after.regression_.intercept_ - before.regression_.intercept_
    np.testing.assert_allclose(shift, np.log(2), atol=1e-3)


def test_the_audit_shows_the_item_that_was_priced_wrongly(tmp_path: Path) -> None:
    """House 7 has the price of a house of the other size, which contradicts the judged size."""
    houses = rows()
    houses[7]["price"] *= np.exp(0.9 if houses[7]["area"] < 2000 else -0.9)
    catalog = write_csv(tmp_path / "houses.csv", houses)
    assert run("fit", catalog, *FIT, "--out", tmp_path / "model").exit_code == 0
    done = run("audit", tmp_path / "model", catalog, "--json", "--top", "3")
    assert done.exit_code == 0, done.output
    *cells, summary = records(done.stdout)
    assert cells[0]["item"] == "h7"
    assert "area" in cells[0]["feature"]
    assert f"area: {houses[7]['area']}" in cells[0]["excerpt"]
    assert cells[0]["log_likelihood_change_refit"] > 1
    assert summary["n_contradictions"] >= 1
    assert summary["n_judged"] == 150 * len(summary["by_feature"])
    text = run("audit", tmp_path / "model", catalog, "--refits", "0").stdout
    assert " ~+" in text
    assert "h7: " in text
    assert "by one Newton step" in text
    check_refusal(
        run("audit", tmp_path / "model", catalog, "--ask-again", "2"), 2, "changes nothing"
    )


def test_answers_that_were_asked_again_wait_for_a_refit(tmp_path: Path) -> None:
    """A judge with errors; the second answers are another judge's, from the same store."""
    planted = Planted(120)
    catalog = planted.write_csv(tmp_path / "houses.csv")
    (tmp_path / "own.txt").write_text("\n".join(FEATURES[:3]))
    store = ("--store", tmp_path / "store.sqlite3")
    fit = ("--target", "price", "--features", "3", "--features-file", tmp_path / "own.txt")
    errors = ErrorRates(false_positive=0.08, false_negative=0.08)
    model = tmp_path / "model"
    with planted.server(errors=errors) as server:
        asked = ("--model", "openai:fake", "--base-url", server.base_url, *store)
        assert run("fit", catalog, *fit, *asked, "--out", model).exit_code == 0
    with planted.server(errors=ErrorRates()) as server:
        asked = ("--model", "openai:fake", "--base-url", server.base_url, *store)
        done = run("audit", model, catalog, *asked, "--ask-again", "5", "--json")
        assert done.exit_code == 0, done.output
        assert server.statistics.n_requests == 5
        url = server.base_url
    *cells, summary = records(done.stdout)
    assert summary["n_asked_again"] == 5
    assert summary["n_changed"] >= 4, "what the target contradicts most was misjudged"
    changed = [c for c in cells[:5] if (c["asked_again"] > 0.5) != (c["judgment"] > 0.5)]
    assert len(changed) == summary["n_changed"]
    assert f"{len(changed)} of 5 answers are others than before" in done.stderr
    assert "5 judgments that were asked again wait" in run("features", model, "list").stdout
    before = genz.GenZRegressor.load(model, foundation_model=genz.OpenAIModel("fake", url))
    done = run("refit", model, catalog, "--model", "openai:fake", "--base-url", url, *store)
    assert done.exit_code == 0, done.output
    assert "0 of 3 features are judged" in done.stderr
    assert "5 judgments asked again count" in done.stderr
    after = genz.GenZRegressor.load(model, foundation_model=genz.OpenAIModel("fake", url))
    assert np.isnan(after.judgments_).sum() == len(changed), "yes and no make an unknown"
    assert len(after.repeats_) == 5
    assert after.regression_.log_likelihood_ > before.regression_.log_likelihood_


def test_a_vector_model_is_listed_refitted_and_audited(tmp_path: Path) -> None:
    houses = [house | {"rent": round(float(np.sqrt(house["price"])), 3)} for house in rows()]
    catalog = write_csv(tmp_path / "houses.csv", houses)
    fit = ("--target", "price", "--target", "rent", "--id", "id", "--features", "2")
    assert run("fit", catalog, *fit, "--patience", "1", "--out", tmp_path / "m").exit_code == 0
    assert "|effect|" in run("features", tmp_path / "m", "list").stdout
    assert run("features", tmp_path / "m", "veto", "1").exit_code == 0
    done = run("refit", tmp_path / "m", catalog)
    assert done.exit_code == 0, done.output
    assert "training cosine" in done.stdout
    assert run("audit", tmp_path / "m", catalog).exit_code == 0


def test_targets_that_the_catalog_has_not_are_those_of_the_fit(model: Path, tmp_path: Path) -> None:
    """A model whose targets came from elsewhere: ids say whose they are."""
    catalog = tmp_path / "items.csv"
    with catalog.open("w", encoding="utf-8", newline="") as file:
        names = [name for name in rows()[0] if name != "price"]
        writer = csv.DictWriter(file, fieldnames=names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows()[::-1])
    done = run("refit", model, catalog)
    assert done.exit_code == 0, done.output
    assert "another target" not in done.stderr

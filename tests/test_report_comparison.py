"""Two models side by side."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planted
from commands import check_refusal, run
from genz import GenZRegressor, UsageError
from genz.report.comparing import compare, write_comparison
from genz.report.render_comparison import render_comparison
from report_pages import hostile_comparison
from report_samples import PAYLOAD, Page, fitted, houses, save_evaluation, text_of

ROW_NUMBERS = [str(row) for row in range(1, 151)]
"""What the command line calls held-out items without --id."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One catalog, fitted with different features; and one with ids."""
    directory = tmp_path_factory.mktemp("models")
    items, targets = houses()
    large = np.array([[i["area"] >= 2500] for i in items], dtype=float)
    granite = np.array([[i["remarks"] == "granite kitchen"] for i in items], dtype=float)
    for name, own, columns in (
        ("one", ["is large", "is of granite"], [large, granite]),
        ("two", ["is large", "has a stone kitchen"], [large, granite]),
    ):
        model = GenZRegressor(n_features=2, features=own)
        model.fit(items, targets[:, 0], judgments=np.hstack(columns)).save(directory / name)
    fitted(n_targets=3)[0].save(directory / "vector")
    return directory


def test_a_model_is_like_itself(models: Path) -> None:
    same = compare(models / "one", models / "one")
    assert [row.description for row in same.common] == ["is large", "is of granite"]
    assert [row.agreement for row in same.common] == [1.0, 1.0]
    assert not same.only_first
    assert not same.only_second
    shared = same.predictions
    assert shared is not None
    assert shared.r2[0] == shared.r2[1] > 0.5
    assert (shared.typical_difference, shared.first_nearer) == (0, 0.5)
    assert shared.correlation == pytest.approx(1)
    assert same.names == (str(models / "one"), str(models / "one"))


def test_the_same_property_in_other_words_is_recognised(models: Path) -> None:
    found = compare(models / "one", models / "two")
    assert [row.description for row in found.common] == ["is large"]
    (first,), (second,) = found.only_first, found.only_second
    assert (first.description, first.likest) == ("is of granite", "has a stone kitchen")
    assert (second.description, second.likest) == ("has a stone kitchen", "is of granite")
    assert first.correlation == pytest.approx(1)
    text = Page(render_comparison(found)).text
    assert "1 feature in common, 1 only in the first, 1 only in the second" in text
    assert "150 shared items" in text


def test_other_targets_are_not_compared(models: Path) -> None:
    found = compare(models / "one", models / "vector")
    assert found.predictions is None
    assert found.notes == [
        "The targets differ (the target, 1 dimension; the target, 3 dimensions): effects are not "
        "comparable, scores and predictions are not compared."
    ]
    render_comparison(found)
    assert compare(models / "vector", models / "vector").predictions is not None


def judged(directory: Path, *, seed: int = 0, **metadata: Any) -> Path:
    """A model by its judgments, with an evaluation."""
    items, targets = houses(seed=seed)
    large = np.array([[i["area"] >= 2500] for i in items], dtype=float)
    model = GenZRegressor(n_features=1, features=["is large"])
    model.fit(items, targets[:, 0], judgments=large)
    model.metadata = metadata
    model.save(directory)
    save_evaluation(directory, 150, ids=metadata.get("ids", ROW_NUMBERS))
    return directory


def test_targets_of_other_names_are_not_compared(tmp_path: Path) -> None:
    price = judged(tmp_path / "price", target=["price"])
    year = judged(tmp_path / "year", target=["year"])
    found = compare(price, year)
    assert found.predictions is None
    assert not found.scores
    assert "The targets differ (price, 1 dimension; year, 1 dimension)" in found.notes[0]
    same = compare(price, price)
    assert same.scores
    assert not same.notes


def test_row_numbers_of_other_catalogs_are_not_matched(tmp_path: Path) -> None:
    first, second = judged(tmp_path / "first"), judged(tmp_path / "second", seed=1)
    found = compare(first, second)
    assert found.predictions is None
    assert [note.split(",")[0] for note in found.notes] == ["No items are known to be shared"]
    # The same catalog, for which the rows of the two evaluations are the same items.
    same = compare(first, first)
    assert same.predictions is not None
    assert (same.predictions.source, len(same.predictions.ids)) == ("cross-validation", 150)


def test_held_out_items_are_those_of_the_models(tmp_path: Path) -> None:
    ids = [f"house {n}" for n in range(150)]
    first, second = judged(tmp_path / "first", ids=ids), judged(tmp_path / "second", ids=ids)
    assert compare(first, second).predictions is not None
    for directory in (first, second):
        save_evaluation(directory, 150, ids=ROW_NUMBERS)
    found = compare(first, second)
    assert found.predictions is None
    assert found.notes == [
        "The evaluations are not known to be of the shared items, so predictions stand apart."
    ]
    few = judged(tmp_path / "few")
    save_evaluation(few, 149, ids=ROW_NUMBERS[:149])
    assert compare(few, few).predictions is None


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """By the command line, with ids and an evaluation; the second knows fewer items."""
    directory = tmp_path_factory.mktemp("evaluated")
    roles = ["--target", "price", "--id", "id", "--log-target", "--features", "2"]
    for name, rows in (("all", planted.rows()), ("few", planted.rows()[:100])):
        catalog = planted.write_csv(directory / f"{name}.csv", rows)
        assert run("fit", catalog, *roles, "--out", directory / name).exit_code == 0
        done = run(
            "evaluate", catalog, *roles, "--folds", "3", "--baselines", "mean",
            "--save", directory / name,
        )  # fmt: skip
        assert done.exit_code == 0, done.output
    return directory / "all", directory / "few"


def test_held_out_scores_and_shared_items_by_their_ids(
    evaluated: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "both.html"
    done = run("report", "--compare", *evaluated, "--out", out, "--json-twin")
    assert done.exit_code == 0, done.output
    assert f"comparison written to {out}" in done.stderr
    twin = json.loads(out.with_suffix(".json").read_text("utf-8"))
    stored = [
        json.loads((path / "evaluation.json").read_text("utf-8"))["scores"]["genz"]["r2"]
        for path in evaluated
    ]
    assert twin["scores"]["r2"] == stored
    assert twin["schema_version"] == 1
    shared = twin["predictions"]
    assert shared["source"] == "cross-validation"
    assert len(shared["ids"]) == 100
    text = text_of(out)
    assert "100 items of 150 and 100 are shared" in text
    assert "Held-out scores" in text
    assert "://" not in out.read_text("utf-8")


def test_hostile_text_stays_text() -> None:
    page = Page(render_comparison(hostile_comparison()))
    assert page.tags.count("script") == 1
    assert not {"img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    for field in ("common", "own", "note", "fact"):
        assert field + PAYLOAD in page.text, field


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["one", "two"], 2, "2 directories are given, wanted 1 (two are compared with --compare)"),
        (["--compare", "one"], 2, "1 directories are given, wanted 2"),
        (["--compare", "one", "none"], 7, "none is not a fitted model"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    models: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(models)
    check_refusal(run("report", *arguments), code, said)


def test_a_place_that_cannot_be_written_is_named(models: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_comparison(models / "one", models / "two", tmp_path / "no" / "where.html")

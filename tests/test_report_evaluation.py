"""A report with a cross-validation beside the model: held-out figures come first."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from genz import GenZRegressor
from genz.errors import ModelDirectoryError
from genz.persistence import load
from genz.report.evaluation import read_evaluation
from genz.report.from_model import content_of, write_report
from report_samples import fitted, houses, save_evaluation, text_of


@pytest.fixture(scope="module")
def log_model() -> GenZRegressor:
    return fitted(log_target=True)[0]


@pytest.fixture
def directory(log_model: GenZRegressor, tmp_path: Path) -> Path:
    log_model.save(tmp_path / "model")
    return tmp_path / "model"


def test_held_out_predictions_and_scores_come_first(directory: Path) -> None:
    save_evaluation(directory, 150)
    evaluation = read_evaluation(directory)
    assert evaluation is not None
    content = content_of(load(directory), evaluation)
    assert content.predictions is not None
    assert content.predictions.source == "cross-validation"
    np.testing.assert_array_equal(content.predictions.actual, evaluation.actual)
    text = text_of(write_report(directory))
    assert "12.3\u202f%" in text
    assert "10-fold cross-validation" in text
    assert "house 149: actual" in text
    assert "in-sample" not in text
    assert "Scores against baselines" in text


def test_the_command_line_fits_evaluates_and_reports(tmp_path: Path) -> None:
    items, targets = houses(90)
    with (tmp_path / "houses.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", *items[0], "price"])
        for n, item in enumerate(items):
            writer.writerow([f"house {n}", *item.values(), np.exp(targets[n, 0])])

    def genz(*arguments: str) -> None:
        subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "genz", *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    what = ("houses.csv", "--id", "name", "--target", "price", "--log-target")
    how = ("--covariates", "area", "--features", "2")
    genz("fit", *what, *how, "--out", "model")
    genz("evaluate", *what, *how, "--folds", "2", "--save", "model")
    genz("report", "model")
    text = text_of(tmp_path / "model" / "report.html")
    for shown in (
        "price in houses.csv",
        "90 fitted",
        "2-fold cross-validation of 90 items, seed 0",
        "house 89: actual",
        "gradient boosting",
        "Mean width of 90\u202f% intervals",
        "per unit",
        "genz fit houses.csv",
    ):
        assert shown in text, shown
    assert "in-sample" not in text


def test_an_evaluation_of_other_items_is_noted(directory: Path) -> None:
    save_evaluation(directory, 90)
    assert "The evaluation is of 90 items, the model was fitted to 150" in text_of(
        write_report(directory)
    )
    save_evaluation(directory, 150, n_targets=2)
    text = text_of(write_report(directory))
    assert "it belongs to another model and is not shown" in text
    assert "in-sample" in text


def test_a_damaged_evaluation_is_named_and_nothing_written(directory: Path) -> None:
    damages = {
        "arrays are missing": (directory / "evaluation.npz").unlink,
        "not an archive": lambda: (directory / "evaluation.npz").write_bytes(b"no"),
        "not JSON": lambda: (directory / "evaluation.json").write_text("{"),
        "a list": lambda: (directory / "evaluation.json").write_text("[]"),
        "no scores": lambda: save_evaluation(directory, 150, scores=None),
        "no level": lambda: save_evaluation(directory, 150, level=None),
        "no differences": lambda: save_evaluation(directory, 150, differences=None),
        "ids lost": lambda: save_evaluation(directory, 150, ids=["a"]),
    }
    for name, damage in damages.items():
        save_evaluation(directory, 150)
        damage()
        with pytest.raises(ModelDirectoryError, match=r"the evaluation in .* is damaged"):
            write_report(directory)
        assert not (directory / "report.html").exists(), name


def test_an_evaluation_of_an_older_schema_is_refused_with_what_to_do(directory: Path) -> None:
    save_evaluation(directory, 150, schema_version=1)
    with pytest.raises(ModelDirectoryError, match="schema version 1, this genz reads 2: evaluate"):
        write_report(directory)
    assert not (directory / "report.html").exists()


def test_paired_differences_stand_beside_scores_and_in_the_header(directory: Path) -> None:
    save_evaluation(directory, 150)
    text = text_of(write_report(directory))
    difference = "−7.7\u202f% [−10.0\u202f%, −5.0\u202f%]"
    assert f"ridge: 20.0\u202f%, difference {difference}" in text
    assert "95\u202f% interval" in text
    assert text.count(difference) == 2

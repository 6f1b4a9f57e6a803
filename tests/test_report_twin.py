"""The JSON beside the report holds the report's numbers."""

import json
from pathlib import Path

import numpy as np
import pytest

from commands import check_refusal, run
from genz import GenZRegressor, UsageError
from genz.report import measures
from genz.report.from_model import content_of, write_report
from genz.report.twin import twin_of
from report_samples import content, fitted, hostile_content, predictions


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("twin") / "model"
    fitted(log_target=True)[0].save(out)
    return out


def test_the_twin_has_the_numbers_of_the_report(directory: Path) -> None:
    assert run("report", directory, "--json-twin").exit_code == 0
    twin = json.loads((directory / "report.json").read_text("utf-8"))
    model = GenZRegressor.load(directory)
    shown = content_of(model)
    assert twin["schema_version"] == 1
    assert [row["weights"] for row in twin["features"]] == model.regression_.weights_.tolist()
    assert twin["predictions"]["predicted"] == shown.predictions.predicted.tolist()
    assert twin["measured"]["r2"] == [measures.r2(shown.predictions, 0, "log")]
    assert twin["measured"]["coverage"] == measures.coverage(shown.predictions)
    assert len(twin["cards"]) == len(shown.cards)
    assert twin["facts"] == shown.facts
    html = (directory / "report.html").read_text("utf-8")
    assert all(fact in html for fact in list(twin["facts"].values())[:3])


def test_any_content_has_a_twin_that_any_reader_takes() -> None:
    p = predictions(5)
    p.actual[0] = np.nan
    for n_targets in (1, 3):
        document = json.loads(twin_of(hostile_content(n_targets)))
        assert document["title"] == hostile_content(n_targets).title
        assert document["n_targets"] == n_targets
    document = json.loads(twin_of(content(predictions=p)))
    assert document["predictions"]["actual"][0] == [None]
    assert "pictures_with" not in document["features"][0]
    assert json.loads(twin_of(content(predictions=None)))["measured"] == {}


def test_a_new_fit_takes_the_old_twin_away(directory: Path, tmp_path: Path) -> None:
    model = GenZRegressor.load(directory)
    model.save(tmp_path / "copy")
    write_report(tmp_path / "copy", twin=True)
    model.save(tmp_path / "copy", force=True)
    assert not (tmp_path / "copy" / "report.json").exists()


def test_what_cannot_be_written_is_refused(directory: Path, tmp_path: Path) -> None:
    refused = run("report", directory, "--json-twin", "--out", tmp_path / "a.json")
    check_refusal(refused, 2, "a.json is the name of the JSON twin")
    (tmp_path / "taken.json").mkdir()
    with pytest.raises(UsageError, match=r"taken.html cannot be written"):
        write_report(directory, tmp_path / "taken.html", twin=True)


@pytest.mark.parametrize(
    ("out", "twin"),
    [
        ("model.html", True),
        ("run.html", True),
        ("evaluation.html", True),
        ("changes.html", True),
        ("Manifest.html", True),
        ("model.json", False),
        ("arrays.npz", False),
    ],
)
def test_no_file_of_a_model_is_written_over(directory: Path, out: str, twin: bool) -> None:
    before = {file: file.read_bytes() for file in directory.iterdir()}
    options = ["--out", directory / out, *["--json-twin"] * twin]
    for models in ([directory], ["--compare", directory, directory]):
        check_refusal(run("report", *models, *options), 2, "is a file of the model in")
    assert {file: file.read_bytes() for file in directory.iterdir()} == before


def test_such_a_name_is_free_where_no_model_is(directory: Path, tmp_path: Path) -> None:
    write_report(directory, tmp_path / "model.html", twin=True)
    assert json.loads((tmp_path / "model.json").read_bytes())["schema_version"] == 1

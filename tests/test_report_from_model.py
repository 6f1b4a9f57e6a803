"""The report of a saved model: what it shows is what was fitted, and it degrades gracefully."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genz import BuiltinModel, GenZRegressor, UsageError
from genz.errors import ModelDirectoryError
from genz.persistence import load
from genz.report.from_model import content_of, write_report
from genz.report.trace import proposals_of, steps_of
from report_samples import PAYLOAD, fitted, houses, text_of

UNKNOWN = "has a bright future"


@pytest.fixture(scope="module")
def log_model() -> tuple[GenZRegressor, list[dict[str, Any]]]:
    return fitted(log_target=True)


@pytest.fixture(scope="module")
def vector_model() -> tuple[GenZRegressor, list[dict[str, Any]]]:
    return fitted(n_targets=3, covariates=np.random.default_rng(1).normal(size=(150, 2)))


@pytest.fixture
def directory(log_model: tuple[GenZRegressor, Any], tmp_path: Path) -> Path:
    log_model[0].metadata = {}
    log_model[0].save(tmp_path / "model")
    return tmp_path / "model"


def test_a_model_saved_from_python_has_a_report(directory: Path) -> None:
    before = set(directory.iterdir())
    path = write_report(directory)
    assert path == directory / "report.html"
    assert set(directory.iterdir()) - before == {path}
    text = text_of(path)
    assert "The target" in text
    assert "150 fitted" in text
    assert "in-sample" in text
    for feature in load(directory).features_:
        assert feature.description in text
        assert feature.examples_with[0][:60] in text


def test_in_sample_predictions_are_those_of_the_model(
    log_model: tuple[GenZRegressor, list[dict[str, Any]]],
) -> None:
    model, items = log_model
    shown = content_of(model).predictions
    assert shown is not None
    lower, upper = model.predict_interval(items, level=0.9)
    np.testing.assert_allclose(shown.predicted[:, 0], model.predict(items), rtol=1e-12)
    np.testing.assert_allclose(shown.lower[:, 0], lower, rtol=1e-12)
    np.testing.assert_allclose(shown.upper[:, 0], upper, rtol=1e-12)
    np.testing.assert_array_equal(shown.actual, model.targets_)
    assert shown.source == "training items"


def test_rows_are_those_of_the_fit(log_model: tuple[GenZRegressor, Any]) -> None:
    model = log_model[0]
    content = content_of(model)
    assert [row.description for row in content.features] == [
        feature.description for feature in model.features_
    ]
    assert [row.weights[0] for row in content.features] == model.regression_.weights_[:, 0].tolist()
    assert all(row.prevalence is None for row in content.features)
    assert content.steps[-1].log_likelihood == model.regression_.log_likelihood_
    assert content.steps[-1].n_features == len(model.features_)
    n_accepted = sum(record["action"] == "accept" for record in model.trace_)
    n_rejected = sum(record["action"] == "reject" for record in model.trace_)
    assert sum(p.accepted for p in content.proposals) == n_accepted > 0
    assert sum(not p.accepted for p in content.proposals) == n_rejected > 0


def test_metadata_name_what_was_fitted(
    log_model: tuple[GenZRegressor, Any], tmp_path: Path
) -> None:
    model = log_model[0]
    model.metadata = {
        "catalog": "houses.csv",
        "target": ["price"],
        "ids": [f"house-{n}" for n in range(150)],
        "n_without_target": 1200,
        "weight": "visits",
        "seed": 7,
    }
    model.run = {
        "created": "2026-01-02T03:04:05+00:00",
        "command": "genz fit houses.csv --target price",
    }
    model.save(tmp_path)
    text = text_of(write_report(tmp_path))
    for shown in (
        "price in houses.csv",
        "150 fitted, 1,200 without a target",
        "price, fitted on the log scale",
        "visits",
        "2026-01-02T03:04:05+00:00",
        "genz fit houses.csv --target price",
        "house-149: actual",
    ):
        assert shown in text, shown


def test_hostile_metadata_and_items_stay_text(tmp_path: Path) -> None:
    items, targets = houses()
    for item in items:
        item["remarks"] += PAYLOAD
    model = GenZRegressor(n_features=2, patience=1).fit(items, targets[:, 0])
    model.metadata = {
        "catalog": PAYLOAD,
        "target": [PAYLOAD],
        "ids": [PAYLOAD] * 150,
    }
    model.run = {"command": PAYLOAD}
    model.save(tmp_path)
    html = write_report(tmp_path).read_text("utf-8")
    assert html.count("<script") == html.count("</script>") == 1
    assert "<img" not in html


def test_vector_targets_and_covariates(
    vector_model: tuple[GenZRegressor, list[dict[str, Any]]], tmp_path: Path
) -> None:
    model = vector_model[0]
    model.metadata = {"target": ["north", "east", "up"], "covariates": ["age", "height"]}
    content = content_of(model)
    assert [row.name for row in content.coefficients] == ["intercept", "age", "height"]
    np.testing.assert_array_equal(
        [row.weights for row in content.coefficients[1:]], model.regression_.covariate_weights_
    )
    covariance = model.regression_.covariance_
    assert covariance is not None
    for d in range(3):
        for m, row in enumerate(content.coefficients):
            assert row.std_errors[d] == np.sqrt(covariance[d, m, m])
    model.save(tmp_path)
    text = text_of(write_report(tmp_path))
    for shown in ("north, east and up", "Actual north", "Actual up", "Cosine similarity", "age"):
        assert shown in text, shown


def test_features_that_were_not_judged_are_noted(tmp_path: Path) -> None:
    items, targets = houses()
    judgments = np.full((150, 2), np.nan)
    judgments[:, 1] = [item["area"] >= 2500 for item in items]
    judgments[:30, 1] = np.nan
    model = GenZRegressor(n_features=3, patience=1, features=[UNKNOWN, "is large"])
    with pytest.warns(match="judges no item"):
        model.fit(items, targets[:, 0], judgments=judgments)
    model.save(tmp_path)
    text = text_of(write_report(tmp_path))
    assert f"could not judge “{UNKNOWN}” for any item" in text
    assert "Some items could not be judged on “is large” (20\u202f% of the items)" in text
    assert "20\u202f% could not be judged" in text
    assert "2 given by the user" in text
    features, _ = text.split("Beside the features")
    assert features.count("not judged") == 1


def test_a_target_that_is_missing_for_some_items(tmp_path: Path) -> None:
    items, targets = houses()
    y = targets[:, 0]
    y[:20] = np.nan
    GenZRegressor(n_features=2, patience=1).fit(items, y).save(tmp_path)
    assert "20 items without an actual or predicted value" in text_of(write_report(tmp_path))


class Renamed(BuiltinModel):
    """A foundation model that is not at hand when the report is written."""

    name = "a-language-model"


def test_a_report_needs_no_foundation_model(tmp_path: Path) -> None:
    items, targets = houses()
    GenZRegressor(Renamed(), n_features=2, patience=1).fit(items, targets[:, 0]).save(tmp_path)
    assert "a-language-model" in text_of(write_report(tmp_path))
    with pytest.raises(UsageError, match="this model was fitted with 'a-language-model'"):
        load(tmp_path)
    with pytest.raises(UsageError, match="foundation_model is 'a-language-model'"):
        load(tmp_path, judging=False).predict(items)


def test_the_same_model_gives_the_same_file_in_any_process(directory: Path) -> None:
    pages = []
    for seed in ("1", "2"):
        out = directory / f"{seed}.html"
        code = (
            "import sys; from pathlib import Path; from genz.report.from_model import write_report;"
            "write_report(Path(sys.argv[1]), Path(sys.argv[2]))"
        )
        subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-W", "error", "-c", code, str(directory), str(out)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
        )
        pages.append(out.read_bytes())
    assert pages[0] == pages[1]


def test_what_cannot_be_written_is_a_usage_error(directory: Path, tmp_path: Path) -> None:
    for out in (tmp_path / "nowhere" / "report.html", tmp_path):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(UsageError, match="cannot be written"):
            write_report(directory, out)
        assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(ModelDirectoryError, match="is not a fitted model"):
        write_report(tmp_path / "nothing")


def test_an_old_report_is_replaced(directory: Path) -> None:
    (directory / "report.html").write_text("old")
    assert write_report(directory).read_text("utf-8") != "old"


def test_trace_becomes_steps_and_proposals() -> None:
    trace = [
        {"step": 0, "action": "fit", "n_features": 0, "log_likelihood": -9.0},
        {"step": 1, "action": "contrast", "kind": "residual"},
        {"step": 1, "action": "reject", "kind": "residual", "description": "a", "screened": 2.0,
         "reason": "others promise more"},
        {"step": 1, "action": "accept", "kind": "residual", "description": "b", "gain": 3.0,
         "standard_error": 1.0, "n_features": 1},
        {"step": 1, "action": "fit", "n_features": 1, "log_likelihood": -5.0},
        {"step": 2, "action": "something new"},
        {"step": 2, "action": "prune", "description": "b", "loss": 0.25, "n_features": 0},
        {"step": 2, "action": "fit", "n_features": 0, "log_likelihood": None},
        {"step": 2, "action": "fit", "n_features": 0, "log_likelihood": -9.0},
    ]  # fmt: skip
    steps = steps_of(trace)
    assert [(s.step, s.kind, s.n_features, s.log_likelihood) for s in steps] == [
        (0, "other", 0, -9.0),
        (1, "accepted", 1, -5.0),
        (2, "pruned", 0, None),
        (3, "other", 0, -9.0),
    ]
    assert steps[1].action == "accepted “b”"
    rejected, accepted = proposals_of(trace)
    assert (rejected.accepted, rejected.promise, rejected.gain) == (False, 2.0, None)
    assert (accepted.accepted, accepted.gain) == (True, 3.0)
    assert accepted.reason == "pruned in the end: without it, the fit loses 0.25 nats"

"""Saved models: the same predictions in another process, replaced as a whole or not at all."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import genz
from genz.persistence import EVALUATION_ARRAYS_FILE, EVALUATION_FILE, MODEL_FILE, REPORT_FILE
from small_model import arrays_file, fit, houses, prices


@pytest.fixture(scope="module")
def model() -> genz.GenZRegressor:
    return fit()


@pytest.fixture
def saved(model: genz.GenZRegressor, tmp_path: Path) -> Path:
    model.save(tmp_path / "model")
    return tmp_path / "model"


def test_another_process_predicts_the_same(model: genz.GenZRegressor, saved: Path) -> None:
    assert model.features_, "nothing was discovered, so nothing would be compared"
    script = (
        "import json, sys, genz\n"
        "model = genz.GenZRegressor.load(sys.argv[1])\n"
        "items = json.load(sys.stdin)\n"
        "lower, upper = model.predict_interval(items)\n"
        "rows = [model.predict(items), lower, upper, *model.transform(items).T]\n"
        "json.dump([row.tolist() for row in rows], sys.stdout)\n"
    )
    got = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, str(saved)],
        input=json.dumps(houses()),
        capture_output=True,
        text=True,
        check=True,
    )
    lower, upper = model.predict_interval(houses())
    want = [model.predict(houses()), lower, upper, *model.transform(houses()).T]
    assert json.loads(got.stdout) == [row.tolist() for row in want]


def test_everything_fitted_is_restored(model: genz.GenZRegressor, saved: Path) -> None:
    loaded = genz.GenZRegressor.load(saved)
    assert loaded.features_ == model.features_
    assert loaded.trace_ == model.trace_
    assert loaded.fields_ == model.fields_
    np.testing.assert_array_equal(loaded.judgments_, model.judgments_)
    fitted = dict(vars(model.regression_))
    assert fitted.pop("seconds_") > 0
    assert fitted.pop("predicted_seconds_") > 0
    for name, value in fitted.items():
        np.testing.assert_array_equal(getattr(loaded.regression_, name), value, err_msg=name)


def test_saving_a_loaded_model_changes_nothing(saved: Path, tmp_path: Path) -> None:
    genz.GenZRegressor.load(saved).save(tmp_path / "again")
    for file in saved.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_vector_targets_and_numpy_settings(tmp_path: Path) -> None:
    items = houses()
    y = np.column_stack([np.log(prices(items)), -2 * np.log(prices(items))])
    model = genz.GenZRegressor(n_features=np.int64(2), patience=1, random_state=np.int64(5))
    model.fit(items, y).save(tmp_path)
    loaded = genz.GenZRegressor.load(tmp_path)
    assert loaded.random_state == 5
    np.testing.assert_array_equal(loaded.predict(items), model.predict(items))


def test_text_that_utf8_has_not_is_kept(model: genz.GenZRegressor, tmp_path: Path) -> None:
    feature = "area is \ud800 \u2028 é"
    own = genz.GenZRegressor(n_features=1, features=[feature], random_state=0)
    judgments = (np.arange(90) % 2)[:, np.newaxis]
    own.fit(houses(), prices(houses()), judgments=judgments).save(tmp_path)
    assert genz.GenZRegressor.load(tmp_path).features_[0].description == feature


def test_a_model_is_not_replaced_without_force(model: genz.GenZRegressor, saved: Path) -> None:
    before = {file.name: file.read_bytes() for file in saved.iterdir()}
    with pytest.raises(genz.UsageError, match=r"holds a fitted model.*force"):
        model.save(saved)
    assert {file.name: file.read_bytes() for file in saved.iterdir()} == before
    model.save(saved, force=True)


def test_what_was_derived_from_a_replaced_model_goes_with_it(
    model: genz.GenZRegressor, saved: Path
) -> None:
    for name in (EVALUATION_FILE, EVALUATION_ARRAYS_FILE, REPORT_FILE, "notes.txt"):
        (saved / name).write_text("of the old model")
    model.save(saved, force=True)
    want = {MODEL_FILE, arrays_file(saved).name, "notes.txt"}
    assert {file.name for file in saved.iterdir()} == want


def test_places_that_cannot_hold_a_model(model: genz.GenZRegressor, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(genz.UsageError, match="is a file, wanted a directory"):
        model.save(file, force=True)
    with pytest.raises(genz.UsageError, match="is a file, wanted a directory"):
        model.save(file / "below")
    assert file.read_text() == "mine"


def test_an_unfitted_model_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        genz.GenZRegressor().save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("value", [float("nan"), np.float64("inf"), np.array([1.0, -np.inf])])
def test_a_number_that_json_cannot_hold_is_named(saved: Path, tmp_path: Path, value: Any) -> None:
    model = genz.GenZRegressor.load(saved)
    model.trace_.append({"step": 9, "loss": value})
    where = rf"model\.trace\[{len(model.trace_) - 1}\]\.loss(\[1\])? is not a finite number"
    with pytest.raises(genz.DataError, match=where):
        model.save(tmp_path / "other")
    assert not (tmp_path / "other").exists()


KILLED_SAVE = """
import os, signal, sys
from pathlib import Path
import genz

model = genz.GenZRegressor.load(sys.argv[1])
model.judgments_ = 1 - model.judgments_
event, n_left = sys.argv[3], int(sys.argv[4])

def kill(name, arguments):
    global n_left
    if name == event:
        n_left -= 1
        if n_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
model.save(sys.argv[2], force=True)
"""


@pytest.mark.parametrize(
    ("event", "count", "survivor"),
    [("os.rename", 1, "old"), ("os.rename", 2, "old"), ("pathlib.Path.glob", 1, "new")],
)
def test_a_killed_save_leaves_the_old_model_or_the_new(
    model: genz.GenZRegressor, saved: Path, tmp_path: Path, event: str, count: int, survivor: str
) -> None:
    """The child kills itself just before the call that the interpreter announces as `event`."""
    place = tmp_path / "replaced"
    model.save(place)
    command = [sys.executable, "-c", KILLED_SAVE, str(saved), str(place), event, str(count)]
    killed = subprocess.run(command, check=False)  # noqa: S603
    assert killed.returncode == -signal.SIGKILL
    want = model.judgments_ if survivor == "old" else 1 - model.judgments_
    np.testing.assert_array_equal(genz.GenZRegressor.load(place).judgments_, want)
    model.save(place, force=True)
    assert {file.name for file in place.iterdir()} == {MODEL_FILE, arrays_file(place).name}

"""Saved models: the same predictions in another process, replaced as a whole or not at all."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import genz
from genz.persistence import (
    EVALUATION_ARRAYS_FILE,
    EVALUATION_FILE,
    REPORT_FILE,
    read_beside,
    save_beside,
)
from genz.persistence.manifest import Manifest
from small_model import fit, houses, prices

FILES = {"manifest.json", "model.json", "arrays.npz", "run.json"}


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


@pytest.mark.parametrize(
    "options",
    [
        {"log_target": 1},
        {"random_state": None},
        {"random_state": np.random.RandomState(1)},
        {"random_state": np.random.default_rng(1)},
        {"regression": genz.LatentFeatureRegression(random_state=np.random.default_rng(1))},
    ],
)
def test_whatever_is_fitted_is_saved_and_loaded(options: dict[str, Any], tmp_path: Path) -> None:
    model = genz.GenZRegressor(n_features=2, patience=1, **options)
    model.fit(houses(), prices(houses())).save(tmp_path)
    for name, value in options.items():
        assert getattr(model, name) is value
    loaded = genz.GenZRegressor.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(houses()), model.predict(houses()))
    seed = model.random_state if isinstance(model.random_state, int) else None
    assert loaded.random_state == seed
    assert loaded.regression_.random_state is None


@pytest.mark.parametrize("name", ["patience", "n_features"])
def test_counts_that_are_no_integers_are_refused_before_the_fit(name: str) -> None:
    model = genz.GenZRegressor(**{name: 2.0})
    with pytest.raises(genz.UsageError, match=rf"{name} is 2\.0, wanted an integer"):
        model.fit(houses(), prices(houses()))


def test_what_could_not_be_loaded_is_not_saved(saved: Path, tmp_path: Path) -> None:
    model = genz.GenZRegressor.load(saved)
    model.metadata = ["not a dictionary"]  # type: ignore[assignment]
    with pytest.raises(genz.DataError, match=r"not saved.*metadata is a list, wanted dict"):
        model.save(tmp_path / "other")
    assert not (tmp_path / "other").exists()


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
    assert {file.name for file in saved.iterdir()} == {*FILES, "notes.txt"}


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


def test_a_directory_of_something_else_is_left_alone(
    model: genz.GenZRegressor, tmp_path: Path
) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    for force in (False, True):
        with pytest.raises(genz.UsageError, match=r"holds 'thesis.tex' and no fitted model"):
            model.save(tmp_path, force=force)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_the_manifest_of_a_web_app_is_no_model(model: genz.GenZRegressor, tmp_path: Path) -> None:
    content = '{"name": "My app", "start_url": "."}'
    (tmp_path / "manifest.json").write_text(content)
    for force in (False, True):
        with pytest.raises(genz.UsageError, match=r"holds 'manifest.json' and no fitted model"):
            model.save(tmp_path, force=force)
    assert [file.name for file in tmp_path.iterdir()] == ["manifest.json"]
    assert (tmp_path / "manifest.json").read_text() == content


def test_a_model_with_a_damaged_manifest_is_replaced_with_force(
    model: genz.GenZRegressor, saved: Path
) -> None:
    (saved / "manifest.json").write_text("{")
    with pytest.raises(genz.UsageError, match=r"holds a fitted model.*force"):
        model.save(saved)
    model.save(saved, force=True)
    genz.GenZRegressor.load(saved)


def test_the_manifest_is_of_the_files_as_sha256sum_sees_them(saved: Path) -> None:
    listed = json.loads((saved / "manifest.json").read_text())
    assert listed["schema_version"] == 5
    assert listed["files"].keys() == FILES - {"manifest.json"}
    for name, entry in listed["files"].items():
        content = (saved / name).read_bytes()
        assert entry == {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


KILLED_SAVES = """
import os, shutil, signal, sys
from pathlib import Path
import genz

source, n_most = Path(sys.argv[1]), int(sys.argv[3])
model = genz.GenZRegressor.load(source)
model.judgments_ = 1 - model.judgments_

def save(place, n_left):
    def kill(name, arguments):
        nonlocal n_left
        is_write = name == "open" and len(arguments) == 3 and (arguments[2] or 0) & os.O_CREAT
        if is_write or name in ("os.rename", "os.remove"):
            n_left -= 1
            if n_left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(kill)
    model.save(place, force=True)

for count in range(1, n_most + 1):
    place = Path(sys.argv[2]) / str(count)
    if sys.argv[4] == "over":
        shutil.copytree(source, place)
    child = os.fork()
    if child == 0:
        save(place, count)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
    print(count)
"""


def killed_saves(source: Path, places: Path, how: str) -> list[Path]:
    """Save other judgments, killed before each call that writes, moves or removes a file."""
    command = [sys.executable, "-c", KILLED_SAVES, str(source), str(places), "99", how]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return [places / count for count in done.stdout.split()]


def test_a_save_that_is_killed_anywhere_leaves_the_old_model_or_the_new(
    model: genz.GenZRegressor, saved: Path, tmp_path: Path
) -> None:
    survivors = []
    places = killed_saves(saved, tmp_path, "over")
    for place in places:
        is_old = is_judged_as(model, place)
        survivors.append(is_old)
        whole = genz.GenZRegressor.load(place)
        shutil.copytree(place, tmp_path / f"{place.name} left")
        whole.save(place, force=True)
        assert {file.name for file in place.iterdir()} == FILES
        assert is_judged_as(model, place) == is_old
    assert survivors == sorted(survivors, reverse=True), "the old one up to a moment, then the new"
    assert survivors.count(True) > 5
    assert survivors.count(False) > 5
    # What the first save that counted left behind is lost by none that is killed after it.
    left = tmp_path / f"{places[survivors.index(False)].name} left"
    assert any(file.name.endswith(".next") for file in left.iterdir())
    (tmp_path / "again").mkdir()
    again = [is_judged_as(model, place) for place in killed_saves(left, tmp_path / "again", "over")]
    assert again == sorted(again)
    assert len(set(again)) == 2


def is_judged_as(model: genz.GenZRegressor, place: Path) -> bool:
    """Whether a saved model has the judgments of this one, or the opposite of them."""
    found = genz.GenZRegressor.load(place).judgments_
    is_same = np.array_equal(found, model.judgments_, equal_nan=True)
    assert is_same or np.array_equal(found, 1 - model.judgments_, equal_nan=True)
    return is_same


def test_a_first_save_that_is_killed_leaves_nothing_or_a_model(
    model: genz.GenZRegressor, saved: Path, tmp_path: Path
) -> None:
    wholes = []
    for place in killed_saves(saved, tmp_path, "new"):
        try:
            found = genz.GenZRegressor.load(place).judgments_
        except genz.ModelDirectoryError as error:
            assert "it has no model.json" in str(error)  # noqa: PT017
            wholes.append(False)
        else:
            np.testing.assert_array_equal(found, 1 - model.judgments_)
            wholes.append(True)
        model.save(place, force=wholes[-1])
        assert {file.name for file in place.iterdir()} == FILES
    assert wholes == sorted(wholes)
    assert len(set(wholes)) == 2


def test_who_reads_while_another_saves_has_one_model_or_the_other(
    model: genz.GenZRegressor, saved: Path
) -> None:
    other = genz.GenZRegressor.load(saved)
    other.judgments_ = 1 - other.judgments_
    other.metadata = {"is": "other"}
    script = (
        "import sys, genz\n"
        "models = [genz.GenZRegressor.load(path) for path in sys.argv[2:]]\n"
        "print('ready', flush=True)\n"
        "for n in range(60):\n"
        "    models[n % 2].save(sys.argv[1], force=True)\n"
    )
    sources = [saved.with_name("one"), saved.with_name("other")]
    model.save(sources[0])
    other.save(sources[1])
    command = [sys.executable, "-c", script, *map(str, (saved, *sources))]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as saver:  # noqa: S603
        assert saver.stdout is not None
        assert saver.stdout.readline() == b"ready\n"
        n_read = 0
        while saver.poll() is None:
            loaded = genz.GenZRegressor.load(saved)
            want = other if loaded.metadata else model
            np.testing.assert_array_equal(loaded.judgments_, want.judgments_)
            n_read += 1
    assert saver.returncode == 0
    assert n_read > 5


def test_what_is_known_of_other_files_stays_when_one_is_added(saved: Path) -> None:
    before = Manifest.read(saved)
    save_beside(saved, {EVALUATION_FILE: b"{}", EVALUATION_ARRAYS_FILE: b"12"})
    after = Manifest.read(saved)
    assert before is not None
    assert after is not None
    assert after.files.items() > before.files.items()
    assert read_beside(saved, EVALUATION_ARRAYS_FILE) == b"12"
    (saved / EVALUATION_FILE).write_bytes(b"[]")
    with pytest.raises(genz.ModelDirectoryError, match=r"evaluation\.json is not the file"):
        read_beside(saved, EVALUATION_FILE)
    genz.GenZRegressor.load(saved)

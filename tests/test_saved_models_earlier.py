"""Directories that earlier versions of genz wrote are read, predict the same, and become new ones.

Those in `data` were written by genz's own code of schema version 3 and 4, with one covariate and a
logarithmic target; `expected.json` holds what the models predicted then.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genz
from genz.lifecycle import Changes
from genz.lifecycle.pending import read_changes, write_changes
from genz.persistence import provenance, save_beside
from small_model import houses, prices

VERSIONS = (3, 4)


@pytest.fixture(params=VERSIONS)
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a directory of an earlier version, beside what it predicted."""
    shutil.copytree(Path(__file__).parent / "data" / f"saved-model-{request.param}", tmp_path / "m")
    return tmp_path / "m" / "model"


def expected(saved: Path) -> dict[str, Any]:
    return json.loads((saved.parent / "expected.json").read_text())


def test_it_predicts_what_it_did(saved: Path) -> None:
    model, want = genz.GenZRegressor.load(saved), expected(saved)
    assert [feature.description for feature in model.features_] == want["features"]
    predicted = model.predict(houses(), covariates=want["covariates"])
    np.testing.assert_allclose(predicted, want["prediction"], rtol=1e-12)
    lower, upper = model.predict_interval(houses(), covariates=want["covariates"])
    np.testing.assert_allclose(lower, want["lower"], rtol=1e-12)
    np.testing.assert_allclose(upper, want["upper"], rtol=1e-12)
    assert model.run == {"created": "2026-01-31T12:00:00+00:00", "command": "fit"}
    assert model.metadata == {"target": ["price"], "covariates": ["age"]}


def test_what_an_earlier_version_did_not_keep_is_said(saved: Path) -> None:
    model = genz.GenZRegressor.load(saved)
    made_of = provenance(model)
    version = json.loads((saved / "model.json").read_text())["schema_version"]
    assert (made_of["data"]["items_sha256"] is None) == (version == 3)
    assert made_of["endpoint"] is made_of["prompts"] is None
    assert (made_of["foundation_model"], made_of["seed"]) == ("builtin", 7)


def test_saved_again_it_is_of_this_version_and_nothing_of_the_old_one_is_left(saved: Path) -> None:
    model, want = genz.GenZRegressor.load(saved), expected(saved)
    model.save(saved, force=True)
    assert {file.name for file in saved.iterdir()} == {
        *("manifest.json", "model.json", "arrays.npz", "run.json")
    }
    again = genz.GenZRegressor.load(saved)
    np.testing.assert_array_equal(
        again.predict(houses(), covariates=want["covariates"]),
        model.predict(houses(), covariates=want["covariates"]),
    )
    assert again.run == {**model.run, "versions": again.run["versions"]}


def test_it_is_refitted(saved: Path) -> None:
    model, want = genz.GenZRegressor.load(saved), expected(saved)
    x = np.array(want["covariates"])[:, np.newaxis]
    y = prices(houses()) * np.exp(0.3 * x[:, 0])
    again = model.refit(houses(), y, covariates=x, changes=Changes.of(model).veto(2))
    kept = [text for n, text in enumerate(want["features"]) if n != 1]
    assert [feature.description for feature in again.features_] == kept
    with pytest.raises(genz.DataError, match="fitted to 90"):
        model.refit(houses()[:50], y[:50], covariates=x[:50])


def test_changes_that_wait_beside_it_are_of_it(saved: Path) -> None:
    write_changes(saved, Changes.of(genz.GenZRegressor.load(saved)).lock(1))
    model = genz.GenZRegressor.load(saved)
    assert len(read_changes(saved, model).records) == 1
    model.save(saved, force=True)
    assert read_changes(saved, model).records == []


def test_files_beside_it_are_written_as_they_were(saved: Path) -> None:
    save_beside(saved, {"evaluation.json": b"{}"})
    assert (saved / "evaluation.json").read_bytes() == b"{}"
    assert not (saved / "manifest.json").exists()
    genz.GenZRegressor.load(saved)


def arrays_of(saved: Path) -> Path:
    (file,) = saved.glob("arrays-*.npz")
    return file


def document(saved: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    stored = json.loads((saved / "model.json").read_text("utf-8"))
    change(stored)
    (saved / "model.json").write_text(json.dumps(stored), "utf-8")


def flip(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda d: arrays_of(d).unlink(), r"it has no arrays-[0-9a-f]{16}\.npz"),
        (lambda d: flip(arrays_of(d)), "its SHA-256 differs"),
        (lambda d: (d / "model.json").unlink(), r"it has no model\.json"),
        (lambda d: (d / "model.json").write_text("{"), "cannot be read: .*line 1"),
        (lambda d: (d / "model.json").write_bytes(b'"\xff"'), "cannot be read: .*can't decode"),
        (lambda d: (d / "model.json").write_text("[" * 100_000), "cannot be read: .*recursion"),
        (lambda d: (d / "model.json").write_text("[1]"), "schema version None, this genz reads 3"),
        (lambda d: document(d, lambda m: m.update(schema_version=2)), "version 2, this genz reads"),
        (lambda d: document(d, lambda m: m.update(schema_version=6)), "version 6, this genz reads"),
        (lambda d: document(d, lambda m: m.update(schema_version=5)), r"no manifest\.json"),
        (lambda d: document(d, lambda m: m.update(schema_version="4")), "version '4', this genz"),
        (
            lambda d: document(d, lambda m: m.update(arrays_sha256="../../../etc/passwd")),
            "wanted 64 hexadecimal digits",
        ),
        (lambda d: document(d, lambda m: m.update(metadata=[])), "metadata is a list, wanted dict"),
    ],
)
def test_a_damaged_one_is_refused_with_the_reason(
    saved: Path, damage: Callable[[Path], None], reason: str
) -> None:
    damage(saved)
    with pytest.raises(genz.ModelDirectoryError, match=reason) as caught:
        genz.GenZRegressor.load(saved)
    assert "\n" not in str(caught.value)

"""Directories that are not a whole saved model are refused with the reason, whatever is wrong."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genz
from genz.persistence.manifest import MODEL_FILE
from small_model import edit, fit, houses, refuse


@pytest.fixture(scope="module")
def model() -> genz.GenZRegressor:
    return fit()


@pytest.fixture
def saved(model: genz.GenZRegressor, tmp_path: Path) -> Path:
    model.save(tmp_path / "model")
    return tmp_path / "model"


def flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(bytes(content))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def link_out(file: Path) -> None:
    outside = file.parent.parent / "outside"
    file.rename(outside)
    file.symlink_to(outside)


def to_directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def to_pipe(file: Path) -> None:
    """Nobody writes to it: whoever opened it would wait for ever."""
    file.unlink()
    os.mkfifo(file)


def manifest(directory: Path, **changed: Any) -> None:
    document = json.loads((directory / "manifest.json").read_text())
    (directory / "manifest.json").write_text(json.dumps(document | changed))


HANDMADE = "if a description was changed by hand, undo that and use `genz features .* edit`"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (shutil.rmtree, r"is not a fitted model: it has no model\.json"),
        (lambda d: (d / "manifest.json").unlink(), r"not a whole model: it has no manifest\.json"),
        (lambda d: (d / "model.json").unlink(), r"not a whole model: it has no model\.json; get"),
        (lambda d: (d / "arrays.npz").unlink(), r"not a whole model: it has no arrays\.npz; get"),
        (lambda d: cut(d / "arrays.npz"), r"not the file that was saved \(it has .* bytes\); get"),
        (lambda d: cut(d / "model.json"), r"not the file that was saved \(it has .* bytes\)"),
        (lambda d: flip(d / "arrays.npz", 200), "SHA-256 differs from the manifest's"),
        (lambda d: flip(d / "model.json", 200), HANDMADE),
        (lambda d: flip(d / "run.json", 5), "the model does without it: delete it"),
        (lambda d: link_out(d / "model.json"), r"model\.json is a link out of the directory"),
        (lambda d: link_out(d / "arrays.npz"), r"arrays\.npz is a link out of the directory"),
        (lambda d: link_out(d / "manifest.json"), r"manifest\.json is a link out of the directory"),
        (lambda d: to_directory(d / "model.json"), "it is no regular file"),
        (lambda d: to_pipe(d / "arrays.npz"), "it is no regular file"),
        (lambda d: manifest(d, schema_version=6), "version 6, this genz reads up to 5: install"),
        (lambda d: manifest(d, schema_version=4), "schema version is 4, wanted 5"),
        (lambda d: manifest(d, schema_version=True), "schema version is True, wanted 5"),
        (lambda d: manifest(d, files=[]), r"does not list model\.json and arrays\.npz"),
        (
            lambda d: manifest(d, files=dict.fromkeys(["model.json", "arrays.npz", "../x"])),
            r"lists '\.\./x', wanted",
        ),
        (
            lambda d: manifest(d, files={"model.json": {"size": 3}, "arrays.npz": 4}),
            r"model\.json has no size in bytes and SHA-256",
        ),
        (lambda d: (d / "manifest.json").write_text("{"), "cannot be read as a manifest: .*line"),
        (lambda d: (d / "manifest.json").write_bytes(b"\xff"), "cannot be read as a manifest"),
        (lambda d: (d / "manifest.json").write_text("[" * 60_000), "manifest: .*recursion"),
        (lambda d: (d / "manifest.json").write_text(" " * 70_000), "larger than 65,536 bytes"),
    ],
)
def test_a_broken_directory_is_refused_with_the_reason(
    saved: Path, damage: Callable[[Path], None], reason: str
) -> None:
    damage(saved)
    refuse(saved, reason)


def test_every_flipped_bit_is_noticed(saved: Path) -> None:
    for name in ("model.json", "arrays.npz"):
        content = (saved / name).read_bytes()
        for at in range(0, len(content), len(content) // 25):
            flip(saved / name, at)
            refuse(saved, "is not the file that was saved")
            (saved / name).write_bytes(content)
    genz.GenZRegressor.load(saved)


def test_a_file_is_not_a_model(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("{}")
    refuse(tmp_path / "file", "is a file, wanted the directory")


def test_what_is_not_of_the_model_is_not_read(model: genz.GenZRegressor, saved: Path) -> None:
    (saved / "notes.txt").write_text("mine")
    (saved / ".arrays.npz.next").write_text("of a save that was killed")
    (saved / "run.json").unlink()
    loaded = genz.GenZRegressor.load(saved)
    assert loaded.run == {}
    np.testing.assert_array_equal(loaded.predict(houses()), model.predict(houses()))


def test_a_link_to_the_directory_and_within_it_is_followed(saved: Path, tmp_path: Path) -> None:
    (saved / "model.json").rename(saved / "shared.json")
    (saved / "model.json").symlink_to("shared.json")
    (tmp_path / "latest").symlink_to(saved)
    genz.GenZRegressor.load(tmp_path / "latest")


def test_a_save_follows_no_link_out_of_the_directory(
    model: genz.GenZRegressor, saved: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    for name in (".model.json.next", ".arrays.npz.next"):
        (saved / name).symlink_to(tmp_path / "mine")
    model.save(saved, force=True)
    assert (tmp_path / "mine").read_text() == "mine"
    genz.GenZRegressor.load(saved)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"settings": {"unheard_of": 1}}, r"KeyError\('settings.n_features'\)"),
        ({"settings": []}, "settings is a list, wanted dict"),
        ({"fields": [{"name": "area", "kind": "colour"}]}, "'colour' is not a valid FieldKind"),
        ({"fields": "area"}, "fields is a str, wanted list"),
        ({"features": []}, r"weights_ has the shape \(\d, 1\), wanted \(0, 1\)"),
        ({"features": ["text"]}, r"features\[0\] is a str, wanted dict"),
        ({"features": [{"description": "half a feature"}]}, r"KeyError\('features\[0\].weights'\)"),
        ({"regression": 3}, "regression is a int, wanted dict"),
        ({"is_scalar": 1}, "is_scalar is a int, wanted bool"),
        ({"n_targets": True}, "n_targets is a bool, wanted int"),
        ({"n_targets": 2}, r"has the shape \(\d, 1\), wanted \(\d, 2\)"),
        ({"locked": "all"}, "locked is a str, wanted list"),
        ({"items_digest": 3}, "items_digest is a int, wanted str or null"),
        ({"trace": [1]}, r"trace\[0\] is a int, wanted dict"),
    ],
)
def test_json_of_wrong_types_is_refused(saved: Path, change: dict[str, Any], reason: str) -> None:
    edit(saved, lambda document: document.update(change))
    refuse(saved, reason)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("description", None, r"features\[0\]\.description is a NoneType, wanted str"),
        ("weights", ["1"], r"features\[0\]\.weights\[0\] is a str, wanted int or float"),
        ("weights", [1.0, 2.0], "weights of the feature .* are 2, wanted 1"),
        ("nearest", {}, r"features\[0\]\.nearest\.along"),
        ("share", "half", r"features\[0\]\.share is a str"),
        ("colour", "red", "unexpected keyword argument 'colour'"),
    ],
)
def test_a_feature_of_wrong_types_is_refused(
    saved: Path, key: str, value: Any, reason: str
) -> None:
    edit(saved, lambda document: document["features"][0].update({key: value}))
    refuse(saved, reason)


def test_a_key_that_is_gone_is_named(saved: Path) -> None:
    text = (saved / MODEL_FILE).read_text("utf-8")
    for key in json.loads(text):
        if key not in ("schema_version", "provenance"):
            edit(saved, lambda document, key=key: document.pop(key))
            refuse(saved, key)
            (saved / MODEL_FILE).write_text(text, "utf-8")


def test_a_model_of_another_foundation_model_must_be_given_it(saved: Path) -> None:
    edit(saved, lambda document: document.update(foundation_model="oracle"))
    with pytest.raises(genz.UsageError, match="fitted with 'oracle': give it"):
        genz.GenZRegressor.load(saved)
    loaded = genz.GenZRegressor.load(saved, foundation_model=genz.BuiltinModel())
    assert loaded.predict(houses()).shape == (90,)

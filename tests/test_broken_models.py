"""Directories that are not a whole saved model are refused with the reason, whatever is wrong."""

import hashlib
import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genz
from genz.persistence import MODEL_FILE
from small_model import arrays_file, fit, houses


@pytest.fixture(scope="module")
def model() -> genz.GenZRegressor:
    return fit()


@pytest.fixture
def saved(model: genz.GenZRegressor, tmp_path: Path) -> Path:
    model.save(tmp_path / "model")
    return tmp_path / "model"


def edit(directory: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads((directory / MODEL_FILE).read_text("utf-8"))
    change(document)
    (directory / MODEL_FILE).write_text(json.dumps(document), "utf-8")


def replace_arrays(directory: Path, content: bytes) -> None:
    """Replace the arrays as someone would who also knows about the digest."""
    arrays_file(directory).unlink()
    digest = hashlib.sha256(content).hexdigest()
    (directory / f"arrays-{digest[:16]}.npz").write_bytes(content)
    edit(directory, lambda document: document.update(arrays_sha256=digest))


def damage(directory: Path, case: str) -> None:
    arrays = arrays_file(directory)
    content = arrays.read_bytes()
    match case:
        case "no directory":
            for file in directory.iterdir():
                file.unlink()
            directory.rmdir()
        case "no model.json":
            (directory / MODEL_FILE).unlink()
        case "no arrays":
            arrays.unlink()
        case "truncated arrays":
            arrays.write_bytes(content[: len(content) // 2])
        case "edited arrays":
            arrays.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "truncated json":
            text = (directory / MODEL_FILE).read_text("utf-8")
            (directory / MODEL_FILE).write_text(text[: len(text) // 2], "utf-8")
        case "empty json":
            (directory / MODEL_FILE).write_bytes(b"")
        case "not utf-8":
            (directory / MODEL_FILE).write_bytes(b'{"schema_version": "\xff"}')
        case "deep json":
            (directory / MODEL_FILE).write_text("[" * 100_000)
        case "a list":
            (directory / MODEL_FILE).write_text("[1]")
        case "json is a directory":
            (directory / MODEL_FILE).unlink()
            (directory / MODEL_FILE).mkdir()


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("no directory", "it has no model.json"),
        ("no model.json", "it has no model.json"),
        ("no arrays", r"it has no arrays-[0-9a-f]{16}\.npz"),
        ("truncated arrays", "its SHA-256 differs"),
        ("edited arrays", "its SHA-256 differs"),
        ("truncated json", "cannot be read: .*line"),
        ("empty json", "cannot be read: Expecting value"),
        ("not utf-8", "cannot be read: .*can't decode"),
        ("deep json", "cannot be read: .*recursion"),
        ("a list", "schema version None, this genz reads 3 to 4"),
        ("json is a directory", "cannot be read: .*directory"),
    ],
)
def test_a_broken_directory_is_refused_with_the_reason(saved: Path, case: str, reason: str) -> None:
    damage(saved, case)
    with pytest.raises(genz.ModelDirectoryError, match=reason) as caught:
        genz.GenZRegressor.load(saved)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 7


def test_a_file_is_not_a_model(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("{}")
    with pytest.raises(genz.ModelDirectoryError, match="is a file, wanted the directory"):
        genz.GenZRegressor.load(tmp_path / "file")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema_version": 1}, "schema version 1, this genz reads 3 to 4"),
        ({"schema_version": "2"}, "schema version '2', this genz reads 3 to 4"),
        ({"arrays_sha256": None}, "arrays_sha256 is None"),
        ({"arrays_sha256": "../../../etc/passwd"}, "wanted 64 hexadecimal digits"),
        ({"settings": {"unheard_of": 1}}, "unheard_of"),
        ({"settings": []}, "is damaged"),
        ({"fields": [{"name": "area", "kind": "colour"}]}, "'colour' is not a valid FieldKind"),
        ({"fields": "area"}, "is damaged"),
        ({"features": []}, "0 features beside"),
        ({"features": ["text"]}, "is damaged"),
        ({"features": [{"description": "half a feature"}]}, "is damaged"),
        ({"regression": 3}, "is damaged"),
    ],
)
def test_edited_json_is_refused(saved: Path, change: dict[str, Any], reason: str) -> None:
    edit(saved, lambda document: document.update(change))
    with pytest.raises(genz.ModelDirectoryError, match=reason):
        genz.GenZRegressor.load(saved)


def test_a_key_that_is_gone_is_named(saved: Path) -> None:
    for key in json.loads((saved / MODEL_FILE).read_text("utf-8")):
        if key in ("genz_version", "schema_version"):
            continue
        text = (saved / MODEL_FILE).read_text("utf-8")
        edit(saved, lambda document, key=key: document.pop(key))
        with pytest.raises(genz.ModelDirectoryError, match=key):
            genz.GenZRegressor.load(saved)
        (saved / MODEL_FILE).write_text(text, "utf-8")


def pickled_npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, weights_=np.array([{"runs": "code"}], dtype=object))
    return buffer.getvalue()


def single_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [pickled_npz(), pickle.dumps([1.0]), b"", b"PK\x03\x04 and no more", single_array()],
    ids=["npz of objects", "pickle", "empty", "half a zip", "npy"],
)
def test_foreign_arrays_are_refused_and_never_unpickled(saved: Path, content: bytes) -> None:
    replace_arrays(saved, content)
    with pytest.raises(genz.ModelDirectoryError, match="is not an npz file of plain numbers"):
        genz.GenZRegressor.load(saved)


def test_a_model_of_another_foundation_model_must_be_given_it(saved: Path) -> None:
    edit(saved, lambda document: document.update(foundation_model="oracle"))
    with pytest.raises(genz.UsageError, match="fitted with 'oracle': give it"):
        genz.GenZRegressor.load(saved)
    loaded = genz.GenZRegressor.load(saved, foundation_model=genz.BuiltinModel())
    assert loaded.predict(houses()).shape == (90,)

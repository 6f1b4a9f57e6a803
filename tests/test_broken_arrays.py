"""Arrays that are not those of a model are refused, although the manifest was made to fit."""

import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import genz
from genz.persistence import arrays as npz
from small_model import arrays_file, edit_arrays, fit, refuse, seal


@pytest.fixture(scope="module")
def model() -> genz.GenZRegressor:
    return fit()


@pytest.fixture
def saved(model: genz.GenZRegressor, tmp_path: Path) -> Path:
    model.save(tmp_path / "model")
    return tmp_path / "model"


def with_one(name: str, value: float) -> Callable[[Path], None]:
    """Set the first number of an array."""

    def damage(directory: Path) -> None:
        with np.load(arrays_file(directory)) as stored:
            array = stored[name].copy()
        array.flat[0] = value
        edit_arrays(directory, **{name: array})

    return damage


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (with_one("weights_", np.nan), "weights_ holds NaN or infinity"),
        (with_one("covariance_", np.inf), "covariance_ holds NaN or infinity"),
        (with_one("noise_variance_", -1.0), "noise_variance_ holds numbers outside of 0 to inf"),
        (with_one("ppv_", 1.5), "ppv_ holds numbers outside of 0 to 1"),
        (with_one("judgments", 2.0), "judgments holds numbers outside of 0 to 1"),
        (with_one("targets", -np.inf), "targets holds infinity"),
        (lambda d: edit_arrays(d, weights_=np.zeros(3)), r"weights_ has the shape \(3,\), wanted"),
        (lambda d: edit_arrays(d, judgments=np.zeros((9, 1))), "judgments has the shape"),
        (lambda d: edit_arrays(d, gold=np.zeros((9, 1))), "gold has the shape"),
        (lambda d: edit_arrays(d, bonus=np.zeros(3)), "the array bonus is of no model"),
        (lambda d: edit_arrays(d, ppv_=np.array(["x"])), "not an npz file of plain numbers"),
    ],
)
def test_arrays_that_no_model_has_are_refused(
    saved: Path, damage: Callable[[Path], None], reason: str
) -> None:
    damage(saved)
    refuse(saved, reason)


def test_an_array_that_is_gone_is_named(saved: Path) -> None:
    with np.load(arrays_file(saved)) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "intercept_"}
    np.savez(arrays_file(saved), **arrays)
    seal(saved)
    refuse(saved, "intercept_")


def pickled_npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, weights_=np.array([{"runs": "code"}], dtype=object))
    return buffer.getvalue()


def single_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def header(shape: str, n_bytes: int) -> bytes:
    """An npy file of version 1.0 that says it has this shape, with so many bytes of numbers."""
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + bytes(n_bytes)


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pickled_npz(),
        pickle.dumps([1.0]),
        b"",
        b"PK\x03\x04 and no more",
        single_array(),
        zipped(weights_=header("(1000000000000,)", 8)),
        zipped(weights_=header("(-1,)", 8)),
        zipped(weights_=header("(1,)", 8).replace(b"\x01\x00", b"\x09\x00", 1)),
        zipped(weights_=b"no npy"),
    ],
    ids=[
        *("npz of objects", "pickle", "empty", "half a zip", "npy"),
        *("more promised than there is", "less than nothing", "unknown version", "text"),
    ],
)
def test_foreign_arrays_are_refused_and_never_unpickled(saved: Path, content: bytes) -> None:
    arrays_file(saved).write_bytes(content)
    seal(saved)
    refuse(saved, "is not an npz file of plain numbers")


def test_a_file_that_unpacks_to_more_than_it_can_hold_is_refused(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousandfold bomb, with the bound at a size that a test can afford."""
    monkeypatch.setattr(npz, "MAX_BYTES", 1 << 20)
    arrays_file(saved).write_bytes(zipped(weights_=header("(4000000,)", 32_000_000)))
    seal(saved)
    refuse(saved, "would unpack to 32,000,128: no model does")


def test_large_arrays_that_shrink_little_are_no_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "MAX_BYTES", 100)
    numbers = np.random.default_rng(0).normal(size=2000)
    (unpacked,) = npz.unpack(npz.pack({"weights_": numbers}), Path("arrays.npz")).values()
    np.testing.assert_array_equal(unpacked, numbers)
    with pytest.raises(genz.ModelDirectoryError, match="would unpack to 160,128: no model does"):
        npz.unpack(npz.pack({"weights_": np.zeros(20_000)}), Path("arrays.npz"))

"""Vector targets of a file on the command line: fit, evaluate, predict, report; hostile files."""

import csv
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commands import check_refusal, records, run
from genz import GenZRegressor
from genz.cli.targets import read_target_file
from genz.errors import DataError

N_ITEMS, N_DIMENSIONS = 240, 6
GENRES = ("drama", "comedy", "western", "horror")
RNG = np.random.default_rng(4)
HAS = RNG.random((N_ITEMS, 4)) < 0.4
EFFECTS = RNG.normal(size=(4, N_DIMENSIONS))
VECTORS = HAS @ EFFECTS + 0.3 * RNG.normal(size=(N_ITEMS, N_DIMENSIONS))
IDS = np.arange(100, 100 + N_ITEMS)
FEATURES = ["--features", "2", "--patience", "1"]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "films.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["film", "title", "genres"])
        for ix, has in zip(IDS, HAS, strict=True):
            genres = "|".join(g for g, is_one in zip(GENRES, has, strict=True) if is_one)
            writer.writerow([ix, f"The film of {ix}", genres or "other"])
    return path


def save(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_fit_predict_evaluate_and_report(catalog: Path, tmp_path: Path) -> None:
    """Of 240 films 230 have a vector, and of these one is not observed in one dimension."""
    matrix = VECTORS[10:].copy()
    matrix[0, 2] = np.nan
    extra = RNG.normal(size=(3, N_DIMENSIONS))
    order = RNG.permutation(233)
    file = save(
        tmp_path / "emb.npz",
        film=np.concatenate([IDS[10:], [1, 2, 3]])[order].astype(np.int32),
        emb=np.vstack([matrix, extra])[order].astype(np.float32),
        n_ratings=np.arange(233),
        user_factors=np.ones((50, N_DIMENSIONS)),
        names=np.array([{}], dtype=object),
    )
    targets = ["--id", "film", "--target-file", file]
    model = tmp_path / "model"
    done = run("fit", catalog, *targets, *FEATURES, "--out", model)
    assert done.exit_code == 0, done.output
    assert "10 of 240 rows have no target: not fitted" in done.stderr
    assert "3 of 233 vectors of emb.npz are of no item: not used" in done.stderr
    assert "1 of 1380 numbers to fit are NaN: not observed" in done.stderr
    fitted = GenZRegressor.load(model)
    assert fitted.features_
    for said in ("moves: emb_", "along: The film of ", "against: The film of "):
        assert done.stdout.count(said) == len(fitted.features_)
    assert fitted.metadata["target"] == [f"emb_{d}" for d in range(1, N_DIMENSIONS + 1)]
    known = {"file": "emb.npz", "ids": "film", "matrix": "emb", "n_unused": 3}
    assert fitted.metadata["target_file"] == known
    assert fitted.metadata["ids"] == [str(ix) for ix in IDS[10:]]
    # Every vector has come to the item of its id.
    np.testing.assert_array_equal(fitted.targets_, matrix.astype(np.float32))
    deviations = np.nan_to_num(fitted.targets_ - np.nanmean(fitted.targets_, axis=0))
    for feature in fitted.features_:
        lengths = np.linalg.norm(deviations, axis=1) * np.linalg.norm(feature.weights)
        cosines = deviations @ np.array(feature.weights) / lengths
        best, worst = IDS[10:][np.argmax(cosines)], IDS[10:][np.argmin(cosines)]
        nearest = feature.nearest
        assert (nearest.along[0], nearest.against[0]) == (
            f"The film of {best}",
            f"The film of {worst}",
        )
        assert nearest.cosines_along[0] == pytest.approx(cosines.max())
        assert nearest.cosines_against[0] == pytest.approx(cosines.min())

    out = tmp_path / "predicted.npz"
    assert run("predict", model, catalog, "--out", out).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(run("predict", model, catalog).stdout)))
    with np.load(out, allow_pickle=False) as predicted:
        assert predicted["prediction"].shape == (N_ITEMS, N_DIMENSIONS)
        assert predicted["ids"].tolist() == [row["id"] for row in rows]
        for d, name in enumerate(predicted["target"]):
            for what in ("prediction", "lower", "upper"):
                written = [float(row[f"{what}_{name}"]) for row in rows]
                np.testing.assert_array_equal(predicted[what][:, d], written)
        unseen = np.square(predicted["prediction"][:10] - VECTORS[:10]).sum()
        assert unseen < 0.8 * np.square(VECTORS[:10] - VECTORS[10:].mean(axis=0)).sum()

    held_out = ["--folds", "2", "--baselines", "mean", "--save", model]
    done = run("evaluate", catalog, *targets, *FEATURES, *held_out, "--json")
    assert done.exit_code == 0, done.output
    scores = records(done.stdout)[-1]["scores"]["genz"]
    assert scores["cosine"] > 0.5
    assert len(scores["r2_by_dimension"]) == N_DIMENSIONS
    assert scores["r2"] == pytest.approx(np.mean(scores["r2_by_dimension"]))
    assert run("report", model).exit_code == 0
    html = (model / "report.html").read_text("utf-8")
    assert "Noise, standard deviation" in html
    assert "Lie most where it leads" in html


def test_the_fit_by_columns_and_by_file_is_one(catalog: Path, tmp_path: Path) -> None:
    file = save(tmp_path / "t.npz", id=IDS, y=VECTORS[:, :2])
    beside = tmp_path / "films.jsonl"
    with catalog.open(encoding="utf-8") as lines, beside.open("w", encoding="utf-8") as out:
        for row, (y_1, y_2) in zip(csv.DictReader(lines), VECTORS[:, :2].tolist(), strict=True):
            out.write(json.dumps({**row, "y_1": y_1, "y_2": y_2}) + "\n")
    small = ["--id", "film", "--features", "2", "--patience", "1", "--out"]
    columns = ["--target", "y_1", "--target", "y_2"]
    assert run("fit", catalog, "--target-file", file, *small, tmp_path / "a").exit_code == 0
    assert run("fit", beside, *columns, *small, tmp_path / "b").exit_code == 0
    a, b = (GenZRegressor.load(tmp_path / name) for name in "ab")
    assert a.features_
    assert a.features_ == b.features_
    assert a.metadata["target"] == b.metadata["target"]


def test_a_matrix_of_one_column_is_a_scalar(catalog: Path, tmp_path: Path) -> None:
    file = save(tmp_path / "t.npz", ids=IDS.astype(str), price=VECTORS[:, :1])
    out = tmp_path / "m"
    small = ["--features", "1", "--patience", "1", "--out", out]
    done = run("fit", catalog, "--id", "film", "--target-file", file, *small)
    assert "effects on price_1" in done.stdout
    assert GenZRegressor.load(out).is_scalar_


@pytest.mark.parametrize(
    "ids", [IDS.astype(np.int16), IDS.astype(float), IDS.astype("U8"), IDS.astype("S8")]
)
def test_ids_of_any_plain_type(ids: "np.typing.NDArray[Any]", tmp_path: Path) -> None:
    read = read_target_file(str(save(tmp_path / "t.npz", item_id=ids, m=VECTORS)), "film")
    assert read.ids == [str(ix) for ix in IDS]
    np.testing.assert_array_equal(read.matrix, VECTORS)


def test_arrays_can_be_named(tmp_path: Path) -> None:
    whole = np.arange(6).reshape(3, 2)
    file = save(tmp_path / "t.npz", who=np.array(["a", "b", "c"]), whole=whole, m=np.ones((3, 2)))
    read = read_target_file(f"{file}:who:whole", "film")
    assert (read.ids_name, read.matrix_name, read.names) == ("who", "whole", ["whole_1", "whole_2"])
    np.testing.assert_array_equal(read.matrix, whole)
    targets, n_unused = read.join(["c", "x", "a"])
    np.testing.assert_array_equal(targets, [[4, 5], [np.nan] * 2, [0, 1]])
    assert n_unused == 1


def changed(row: int, d: int, value: float) -> "np.typing.NDArray[np.float64]":
    matrix = VECTORS.copy()
    matrix[row, d] = value
    return matrix


@pytest.mark.parametrize(
    ("arrays", "names", "said"),
    [
        ({"m": VECTORS}, "", "has no array named 'film', 'id', 'ids' or 'item_id'"),
        ({"id": IDS, "ids": IDS, "m": VECTORS}, "", "several arrays of ids, id, ids: say which"),
        ({"id": IDS, "a": VECTORS, "b": VECTORS}, "", "got several: a, b; say which by"),
        ({"id": IDS, "a": VECTORS[1:]}, "", "got none, it has id (240,), a (239, 6)"),
        ({"id": IDS, "a": IDS}, ":id:a", "is int64 of shape (240,), wanted numbers of shape"),
        ({"id": IDS, "a": VECTORS[1:]}, ":id:a", "has 239 rows, wanted one for each of 240"),
        ({"id": IDS, "a": VECTORS}, ":id:b", "has no array 'b', it has id (240,), a (240, 6)"),
        ({"id": IDS, "a": VECTORS.astype("U9")}, ":id:a", "wanted numbers of shape (240,"),
        ({"id": IDS, "a": VECTORS + 1j}, ":id:a", "is complex128"),
        ({"id": IDS, "a": VECTORS[:, :0]}, "", "is float64 of shape (240, 0), wanted numbers"),
        ({"id": IDS, "a": VECTORS.astype(object)}, ":id:a", "'a' of"),
        ({"id": IDS.astype(object), "a": VECTORS}, "", "is pickled, which can run code"),
        ({"id": VECTORS, "a": VECTORS}, "", "are float64 of shape (240, 6), wanted a vector"),
        ({"id": IDS + 0.5, "a": VECTORS}, "", "100.5 in row 0 (from 0) is no name of an item"),
        ({"id": np.where(IDS == 101, 100, IDS), "a": VECTORS}, "", "'100' is in row 0 and again"),
        ({"id": np.where(IDS == 101, " ", IDS), "a": VECTORS}, "", "' ' in row 1"),
        ({"id": IDS[:0], "a": VECTORS[:0]}, "", "are empty"),
        ({"id": IDS, "a": changed(3, 2, np.inf)}, "", "is inf for id '103', dimension 3"),
        ({"id": IDS, "a": changed(3, 2, -np.inf)}, "", "is -inf for id '103', dimension 3"),
        ({"id": IDS + 500, "a": VECTORS}, "", "no id of the catalog, such as '100', is in 'id'"),
        ({"id": IDS, "a": np.full_like(VECTORS, np.nan)}, "", "'a_1' of"),
        ({"id": IDS, "a": VECTORS * [1, 0, 1, 1, 1, 1]}, "", "is 0 wherever it is known"),
    ],
)
def test_files_that_cannot_be_used(
    catalog: Path, tmp_path: Path, arrays: dict[str, Any], names: str, said: str
) -> None:
    file = save(tmp_path / "t.npz", **arrays)
    targets = ["--id", "film", "--target-file", f"{file}{names}"]
    done = run("fit", catalog, *targets, "--out", tmp_path / "m")
    check_refusal(done, 7, said)
    assert not (tmp_path / "m").exists()


class Trap:
    """What runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch trapped",)


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trap = np.empty(1, dtype=object)
    trap[0] = Trap()
    save(tmp_path / "t.npz", id=trap, a=np.ones((1, 2)))
    trap.dump(tmp_path / "bare.npz")
    for file, said in (("t.npz", "is pickled"), ("bare.npz", "not an npz file of plain arrays")):
        with pytest.raises(DataError, match=said):
            read_target_file(file, "film")
    assert not (tmp_path / "trapped").exists()


def member(header: bytes, body: bytes = b"") -> bytes:
    """An array in numpy's format, version 1."""
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + body


DAMAGED = {
    "text": b"not a zip file",
    "empty": b"",
    "cut": None,
    "huge": member(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846976,)}\n"),
    "beyond": member(
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999999999,)}\n"
    ),
    "short": member(b"{'descr': '<f8', 'fortran_order': False, 'shape': (240, 6)}\n", b"1234"),
    "code": member(b"{'descr': __import__('os').system('touch trapped'), 'shape': ()}\n"),
    "garbled": member(b"{'descr': '<f8', 'fortran_order'\n"),
    "no header": b"\x93NUMPY",
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_files_are_named(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file, content = Path("emb.npz"), DAMAGED[kind]
    if kind == "cut":
        save(file, id=IDS, m=VECTORS)
        file.write_bytes(file.read_bytes()[:-400])
    elif kind in ("text", "empty"):
        assert content is not None
        file.write_bytes(content)
    else:
        assert content is not None
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("id.npy", content)
    with pytest.raises(DataError, match=r"emb.npz is not an npz file of plain arrays"):
        read_target_file("emb.npz", "film")
    assert not Path("trapped").exists()


def test_options_that_do_not_go_together(catalog: Path, tmp_path: Path) -> None:
    file = save(tmp_path / "t.npz", id=IDS, m=VECTORS)
    single = tmp_path / "single.npy"
    np.save(single, VECTORS)

    def refusal(exit_code: int, said: str, *options: str | Path) -> None:
        check_refusal(run("fit", catalog, *options, "--out", tmp_path / "m"), exit_code, said)

    named = ["--id", "film", "--target-file"]
    refusal(2, "--target-file needs --id", "--target-file", file)
    refusal(2, "exclude each other", *named, file, "--target", "title")
    refusal(2, "--log-target needs a single --target", *named, file, "--log-target")
    refusal(2, "absent.npz is no file", *named, tmp_path / "absent.npz")
    refusal(2, "absent.npz is no file", *named, f"{tmp_path / 'absent.npz'}:a:b")
    refusal(2, "holds an empty name", *named, f"{file}::m")
    refusal(2, f"{tmp_path} is no file", *named, tmp_path)
    refusal(7, "is not an npz file of plain arrays", *named, single)

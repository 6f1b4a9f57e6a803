"""Gold labels of the estimator and of ``genz fit --gold``."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genz
import planted
from commands import check_refusal, run
from genz.gold import GoldLabels
from reference import Array

LARGE, OLD = "area is at least 2,400", "year is at most 1990"
N_ITEMS = 90


def catalog() -> tuple[list[dict[str, Any]], Array, Array]:
    """Return items, log prices and judgments of two features that often are wrong."""
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 2, (N_ITEMS, 2)).astype(float)
    judged = np.where(rng.random(truth.shape) < 0.25, 1 - truth, truth)
    y = truth @ [1.0, -0.8] + 0.3 * rng.normal(size=N_ITEMS)
    items = [{"area": 2000 + 10 * ix, "year": 1980 + ix % 40} for ix in range(N_ITEMS)]
    return items, y, np.hstack([judged, truth])


def fitted(gold: Any) -> genz.GenZRegressor:
    items, y, columns = catalog()
    model = genz.GenZRegressor(features=[LARGE, OLD], n_features=2, patience=1)
    return model.fit(items, y, judgments=columns[:, :2], gold=gold)


def labels() -> Array:
    _, _, columns = catalog()
    return np.where(np.arange(N_ITEMS)[:, np.newaxis] < 40, columns[:, 2:], np.nan)


def as_mapping() -> dict[tuple[int, str], float]:
    gold = labels()
    cells = [(row, k) for row in range(40) for k in range(2)]
    return {(row, (LARGE, OLD)[k]): gold[row, k] for row, k in cells}


def as_records() -> list[dict[str, Any]]:
    words = {0.0: "no", 1.0: "yes"}
    return [
        {"item": row, "feature": text, "truth": words[truth]}
        for (row, text), truth in as_mapping().items()
    ]


def as_columns() -> dict[str, list[Any]]:
    rows = as_records()
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_labels_enter_the_final_fit() -> None:
    model = fitted(labels())
    np.testing.assert_array_equal(model.gold_, labels())
    template = model.regression_.get_params()
    _, y, columns = catalog()
    want = genz.LatentFeatureRegression(**template).fit(columns[:, :2], y, gold=labels())
    np.testing.assert_allclose(model.regression_.weights_, want.weights_, rtol=1e-9)
    assert fitted(None).gold_ is None
    # The truth is off the judgments in a quarter of the cells; the built-in model's prior is not.
    assert model.regression_.log_likelihood_ < fitted(None).regression_.log_likelihood_


@pytest.mark.parametrize("form", [as_mapping, as_records, as_columns])
def test_all_forms_say_the_same(form: Any) -> None:
    np.testing.assert_array_equal(
        GoldLabels.read(form(), N_ITEMS, [LARGE, OLD]).matrix([LARGE, OLD]), labels()
    )


def test_a_data_frame_of_labels() -> None:
    pandas = pytest.importorskip("pandas")
    gold = GoldLabels.read(pandas.DataFrame(as_records()), N_ITEMS, [])
    np.testing.assert_array_equal(gold.matrix([LARGE, OLD]), labels())


def test_labels_are_saved_with_the_model(tmp_path: Path) -> None:
    model = fitted(as_mapping())
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(genz.GenZRegressor.load(tmp_path / "model").gold_, labels())
    model = fitted(None)
    model.save(tmp_path / "blind")
    assert genz.GenZRegressor.load(tmp_path / "blind").gold_ is None


def test_labels_of_a_feature_that_the_model_has_not() -> None:
    with pytest.warns(genz.DataWarning, match="gold labels of 'has a pool' are not used"):
        model = fitted({(0, "has a pool"): 1})
    assert np.isnan(model.gold_).all()


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        (np.ones((N_ITEMS, 3)), r"gold has shape \(90, 3\), wanted \(90, 2\)"),
        (np.full((N_ITEMS, 2), 0.5), r"gold\[0, 0\] is 0.5, wanted 0, 1 or NaN"),
        ({(N_ITEMS, LARGE): 1}, "item is 90, wanted a row from 0 to 89"),
        ({(-1, LARGE): 1}, "item is -1, wanted a row"),
        ({("house", LARGE): 1}, "item is 'house', wanted the number of a row"),
        ({(0, ""): 1}, "feature is '', wanted its description"),
        ({(0, LARGE): "perhaps"}, "truth is 'perhaps', wanted 0, 1, yes, no, true or false"),
        ([{"item": 0, "feature": LARGE}], "gold has no column 'truth'"),
        (
            [{"item": 0, "feature": LARGE, "truth": truth} for truth in (0, "yes")],
            "gold, row 1: item 0 both has and has not",
        ),
    ],
)
def test_unusable_labels(gold: Any, text: str) -> None:
    with pytest.raises(genz.DataError, match=text):
        fitted(gold)


def write_gold(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("item", "feature", "truth"), *rows])
    return path


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = planted.rows()
    rows[1]["price"] = None
    return planted.write_csv(tmp_path_factory.mktemp("catalog") / "houses.csv", rows)


def fit_with(houses: Path, gold: Path, out: Path, *options: str) -> Any:
    own = out.parent / "own.txt"
    own.write_text(f"{LARGE}\n")
    return run(
        *("fit", houses, "--target", "price", "--log-target", "--features", "1"),
        *("--table", "area", "--features-file", own, "--gold", gold, "--out", out, *options),
    )


@pytest.mark.parametrize(("options", "names"), [([], "124"), (["--id", "id"], ["h0", "h1", "h3"])])
def test_fit_reads_labels_by_row_or_id(
    houses: Path, tmp_path: Path, options: list[str], names: Sequence[str]
) -> None:
    """House 1 has no target, so house 3 is item 2 of the fit."""
    truths = zip(names, ("yes", "1", "FALSE"), strict=True)
    rows = [(name, f" {LARGE} ", truth) for name, truth in truths]
    gold = write_gold(tmp_path / "gold.csv", rows)
    done = fit_with(houses, gold, tmp_path / "model", *options)
    assert done.exit_code == 0, done.output
    labelled = genz.GenZRegressor.load(tmp_path / "model").gold_
    assert labelled is not None
    assert np.flatnonzero(~np.isnan(labelled[:, 0])).tolist() == [0, 2]
    assert labelled[[0, 2], 0].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ([(1, LARGE, 1), (151, LARGE, 1)], [], "line 3: the catalog has no item '151', wanted a"),
        ([(0, LARGE, 1)], [], "line 2: the catalog has no item '0', wanted a row from 1"),
        ([("h0", LARGE, 1)], [], "line 2: the catalog has no item 'h0', wanted a row from 1"),
        ([(0, LARGE, 1)], ["--id", "id"], "the catalog has no item '0', wanted an id of it"),
        ([(1, LARGE, "maybe")], [], "line 2: truth is 'maybe', wanted 0, 1, yes, no, true"),
        ([(1, LARGE, "")], [], "line 2: truth is '', wanted"),
        ([(1, " ", 1)], [], "line 2: there is no feature"),
        ([(1, LARGE)], [], "line 2: 2 fields, wanted 3"),
        ([(1, LARGE, 1), (1, LARGE, 0)], [], "line 3: item '1' has another truth"),
    ],
)
def test_files_that_are_refused(
    houses: Path, tmp_path: Path, rows: Any, options: list[str], said: str
) -> None:
    gold = write_gold(tmp_path / "gold.csv", rows)
    check_refusal(fit_with(houses, gold, tmp_path / "model", *options), 7, said)
    assert not (tmp_path / "model").exists()


def test_a_file_without_its_columns(houses: Path, tmp_path: Path) -> None:
    gold = tmp_path / "gold.csv"
    gold.write_text("item,truth\n0,1\n")
    done = fit_with(houses, gold, tmp_path / "model")
    check_refusal(done, 7, "line 1: there is no column 'feature', wanted item, feature, truth")
    done = fit_with(houses, tmp_path / "nowhere.csv", tmp_path / "model")
    assert "nowhere.csv does not exist" in done.stderr
    gold.write_bytes(b"item,feature,truth\n\xff\n")
    assert "is not UTF-8 text" in fit_with(houses, gold, tmp_path / "model").stderr


def test_a_feature_nobody_has_is_said(houses: Path, tmp_path: Path) -> None:
    gold = write_gold(tmp_path / "gold.csv", [(1, "has a moat", 1)])
    done = fit_with(houses, gold, tmp_path / "model")
    assert done.exit_code == 0, done.output
    assert "gold labels of 'has a moat' are not used" in done.stderr

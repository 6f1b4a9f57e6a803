"""Error rates that the data do not identify: profiled with the fit, saved, said in the report."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genz
import planted
from commands import run
from genz.report.facts import notes_of

FEATURES = ["sunny", "quiet", "near a park"]


def fitted(n_targets: int, effect: float) -> genz.GenZRegressor:
    rng = np.random.default_rng(1)
    truth = (rng.random((400, 3)) < 0.4).astype(float)
    judged = np.where(rng.random(truth.shape) < 0.15, 1 - truth, truth)
    weights = effect * rng.choice([-1, 1], (3, n_targets))
    y = truth @ weights + rng.normal(size=(400, n_targets))
    items = [{"row": ix} for ix in range(400)]
    model = genz.GenZRegressor(
        features=FEATURES,
        n_features=3,
        patience=1,
        regression=genz.LatentFeatureRegression(rate_centre=0.1, n_threads=2),
    )
    return model.fit(items, y, judgments=judged, profile=True)


@pytest.fixture(scope="module")
def vague() -> genz.GenZRegressor:
    return fitted(1, 0.7)


@pytest.fixture(scope="module")
def clear() -> genz.GenZRegressor:
    return fitted(6, 2.0)


def test_both_rates_of_each_feature_are_profiled(clear: genz.GenZRegressor) -> None:
    assert [(p["feature"], p["rate"]) for p in clear.profiles_] == [
        (text, rate) for text in FEATURES for rate in ("ppv", "fomr")
    ]
    for profile in clear.profiles_:
        k = FEATURES.index(profile["feature"])
        ppv, fomr = clear.regression_.ppv_[k], clear.regression_.fomr_[k]
        assert profile["error"] == pytest.approx(1 - ppv if profile["rate"] == "ppv" else fomr)
        assert profile["interval"][0] < profile["error"] < profile["interval"][1]
        assert profile["weight"][0] <= np.linalg.norm(clear.regression_.weights_[k]) * 1.001
        assert profile["identified"]
    assert not [note for note in notes_of(clear, None) if "hardly tell" in note]


def test_the_report_names_what_is_not_identified(vague: genz.GenZRegressor) -> None:
    loose = [profile for profile in vague.profiles_ if not profile["identified"]]
    assert loose
    notes = [note for note in notes_of(vague, None) if "The data hardly tell how often" in note]
    assert len(notes) == len(loose)
    assert f"for “{loose[0]['feature']}”" in notes[0]
    assert "gold labels" in notes[0]


def test_profiles_are_saved_with_the_model(vague: genz.GenZRegressor, tmp_path: Path) -> None:
    vague.save(tmp_path / "model")
    assert genz.GenZRegressor.load(tmp_path / "model").profiles_ == vague.profiles_


def test_probabilities_and_sides_without_a_judgment_have_no_profile() -> None:
    rng = np.random.default_rng(2)
    columns = np.column_stack([np.ones(60), rng.uniform(0.1, 0.9, 60), rng.integers(0, 2, 60)])
    model = genz.GenZRegressor(features=FEATURES, n_features=3, patience=1)
    items: list[dict[str, Any]] = [{"row": ix} for ix in range(60)]
    y = columns[:, 2] + rng.normal(size=60)
    model.fit(items, y, judgments=columns, profile=True)
    known = [(profile["feature"], profile["rate"]) for profile in model.profiles_]
    assert known == [("sunny", "ppv"), ("near a park", "ppv"), ("near a park", "fomr")]
    assert genz.GenZRegressor(patience=1).fit(items, y).profiles_ == []


def test_fit_profiles_on_demand(tmp_path: Path) -> None:
    catalog = planted.write_csv(tmp_path / "houses.csv", planted.rows())
    own = tmp_path / "own.txt"
    own.write_text("area is at least 2,400\n")
    done = run(
        *("fit", catalog, "--target", "price", "--log-target", "--features", "1"),
        *("--table", "area", "--features-file", own, "--profile", "--out", tmp_path / "model"),
    )
    assert done.exit_code == 0, done.output
    profiles = genz.GenZRegressor.load(tmp_path / "model").profiles_
    assert [profile["rate"] for profile in profiles] == ["ppv", "fomr"]

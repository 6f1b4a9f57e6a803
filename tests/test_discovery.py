"""Discovery on planted catalogs: what is found, on whose evidence, and what is said of it."""

from typing import Any

import numpy as np
import pytest

import genz
from genz.discovery import contrast
from genz.discovery.acceptance import WorkingRegression
from genz.discovery.evidence import Evidence
from genz.discovery.state import Side
from genz.statistics.parameters import Parameters

Items = list[dict[str, Any]]


def houses(seed: int, n_items: int = 240) -> tuple[Items, np.ndarray]:
    rng = np.random.default_rng(seed)
    area = rng.uniform(60, 220, n_items).round()
    town = rng.choice(["Aston", "Borde", "Corve"], n_items)
    pool = rng.random(n_items) < 0.3
    items = [
        {"area": a, "town": t, "text": f"a bright and quiet house near the old park {p}"}
        for a, t, p in zip(area, town, np.where(pool, "with a pool", "with trees"), strict=True)
    ]
    effects = 3.0 * (area >= 140) + 2.0 * (town == "Borde") + 1.5 * pool
    return items, effects + rng.normal(scale=0.4, size=n_items)


@pytest.fixture(scope="module")
def fitted() -> genz.GenZRegressor:
    items, y = houses(0)
    return genz.GenZRegressor(n_features=6, patience=4).fit(items, y)


def test_what_was_planted_is_found(fitted: genz.GenZRegressor) -> None:
    items, y = houses(1)
    found = " | ".join(feature.description for feature in fitted.features_)
    assert "town is Borde" in found or "town is Aston" in found
    assert "area" in found
    assert "'pool'" in found or "'trees'" in found or "'with" in found
    assert fitted.score(items, y) > 0.85  # the noise leaves .957
    lower, upper = fitted.predict_interval(items, level=0.9)
    assert 0.8 < np.mean((lower <= y) & (y <= upper)) < 0.99


def test_the_same_seed_gives_the_same_features(fitted: genz.GenZRegressor) -> None:
    items, y = houses(0)
    again = genz.GenZRegressor(n_features=6, patience=4, n_threads=1).fit(items, y)
    assert again.trace_ == fitted.trace_
    assert again.features_ == fitted.features_


def test_the_trace_accounts_for_every_feature(fitted: genz.GenZRegressor) -> None:
    present: list[str] = []
    for record in fitted.trace_:
        if record["action"] == "accept":
            if record["replaced"] is not None:
                present.remove(record["replaced"])
            present.append(record["description"])
            assert record["gain"] > 0
        elif record["action"] == "prune":
            present.remove(record["description"])
        elif record["action"] == "reject":
            assert record["reason"]
    assert present == [feature.description for feature in fitted.features_]
    confirmed = [r["gain"] for r in fitted.trace_ if r["action"] == "confirm" and r["accepted"]]
    assert confirmed
    assert min(confirmed) > 0


def test_permuted_targets_bring_almost_nothing() -> None:
    n_accepted = 0
    for seed in range(3):
        items, y = houses(seed)
        shuffled = np.random.default_rng(seed).permutation(y)
        model = genz.GenZRegressor(n_features=10, patience=3, random_state=seed)
        n_accepted += len(model.fit(items, shuffled).features_)
    assert n_accepted <= 4


def test_own_features_stay_and_are_judged_as_given() -> None:
    items, y = houses(2)
    own = ["area is below 70", "smells of bread"]
    judgments = np.column_stack([[i["area"] < 70 for i in items], np.full(len(items), np.nan)])
    model = genz.GenZRegressor(n_features=4, features=own, patience=2)
    with pytest.warns(genz.DataWarning, match="smells of bread"):
        model.fit(items, y, judgments=judgments.astype(float))
    assert [feature.description for feature in model.features_[:2]] == own
    np.testing.assert_array_equal(model.judgments_[:, 0], judgments[:, 0])
    with pytest.warns(genz.DataWarning, match="smells of bread"):
        asked = genz.GenZRegressor(n_features=4, features=own, patience=2).fit(items, y)
    np.testing.assert_array_equal(asked.judgments_, model.judgments_)


def test_vector_targets_are_discovered_too() -> None:
    items, y = houses(3)
    rng = np.random.default_rng(3)
    targets = np.column_stack([y, -y, rng.normal(size=len(y))]) + rng.normal(size=(len(y), 3)) / 5
    model = genz.GenZRegressor(n_features=4, patience=3).fit(items, targets)
    assert np.all([np.sign(f.weights[0]) == -np.sign(f.weights[1]) for f in model.features_])
    assert model.predict(items).shape == targets.shape


def test_sides_part_the_items_and_never_overlap() -> None:
    for n_items in (3, 4, 7, 100):
        sides = Side.draw(n_items, np.random.default_rng(0))
        deciding = np.concatenate([side.deciding for side in sides])
        np.testing.assert_array_equal(np.sort(deciding), np.arange(n_items))
        for side in sides:
            assert not np.intersect1d(side.choosing, side.deciding).size
            assert len(side.choosing) + len(side.deciding) == n_items


def working(seed: int, effect: float) -> tuple[WorkingRegression, np.ndarray]:
    rng = np.random.default_rng(seed)
    known, column = (rng.random((2, 300)) < 0.5).astype(float)
    y = known + effect * column + rng.normal(size=300)
    evidence = Evidence(known[:, None], y[:, None], np.zeros((300, 0)), np.ones(300))
    side = Side.draw(300, rng)[0]
    return WorkingRegression(evidence, known[:, None], side, ridge=1.0), column


def test_the_working_regression_accepts_what_pays_and_nothing_else() -> None:
    regression, column = working(0, effect=1.0)
    assert regression.judge(column, 0, is_full=False).accepted
    verdicts = [r.judge(c, 0, is_full=False) for r, c in (working(s, 0.0) for s in range(40))]
    assert np.mean([verdict.accepted for verdict in verdicts]) < 0.25
    assert np.mean([verdict.gain for verdict in verdicts]) < 0


def test_a_rough_feature_is_replaced_by_the_right_one() -> None:
    rng = np.random.default_rng(4)
    right = (rng.random(400) < 0.5).astype(float)
    rough = np.where(rng.random(400) < 0.15, 1 - right, right)
    y = 2 * right + rng.normal(scale=0.5, size=400)
    evidence = Evidence(rough[:, None], y[:, None], np.zeros((400, 0)), np.ones(400))
    regression = WorkingRegression(evidence, rough[:, None], Side.draw(400, rng)[0], ridge=1.0)
    verdict = regression.judge(right, 0, is_full=True)
    assert verdict.accepted
    assert verdict.replaced == 0
    assert not regression.judge(right, 1, is_full=True).accepted


@pytest.mark.parametrize("kind", sorted(set(contrast.KINDS)))
def test_a_contrast_separates_what_the_model_does_not_know(kind: str) -> None:
    rng = np.random.default_rng(5)
    hidden = rng.random(300) < 0.3
    known = (rng.random((300, 1)) < 0.5).astype(float)
    y = known + 3.0 * hidden[:, None] + rng.normal(scale=0.5, size=(300, 1))
    regression = genz.LatentFeatureRegression().fit(known, y)
    evidence = Evidence(known, y, np.zeros((300, 0)), np.ones(300))
    groups = contrast.choose(kind, regression, evidence, group_size=60, rng=rng)
    assert len(groups.high) == len(groups.low) == 60
    assert not np.intersect1d(groups.high, groups.low).size
    apart = abs(hidden[groups.high].mean() - hidden[groups.low].mean())
    assert apart > (0.3 if kind == "error" else 0.9)


def test_parameters_are_taken_feature_by_feature() -> None:
    rng = np.random.default_rng(6)
    judgments = (rng.random((80, 3)) < 0.5).astype(float)
    fitted = genz.LatentFeatureRegression().fit(judgments, judgments.sum(axis=1) + rng.random(80))
    parameters = fitted.parameters_
    taken = parameters.take([2, 0]).with_feature(np.zeros(1), error_rate=0.1, is_hard=True)
    assert isinstance(taken, Parameters)
    np.testing.assert_array_equal(taken.weights[:2], parameters.weights[[2, 0]])
    assert taken.ppv[2] == 0.9
    np.testing.assert_array_equal(
        taken.log_odds(judgments[:, [2, 0, 1]])[:, :2], parameters.log_odds(judgments)[:, [2, 0]]
    )


@pytest.mark.parametrize(
    ("options", "items", "y", "words"),
    [
        ({}, [], [], "empty"),
        ({}, [{"a": 1}, {"a": 2}], [1.0], "1 rows"),
        ({}, [{"a": 1}, {"a": 2}], ["cheap", "dear"], "'cheap' in row 0"),
        ({"log_target": True}, [{"a": 1}, {"a": 2}], [1.0, -2.0], r"y\[1\] is -2"),
        ({}, [{"a": 1}, {"a": 2}, {"a": 3}], [2.0, 2.0, 2.0], "constant"),
        ({}, [{"a": 1}, {"a": 2}], [1.0, 2.0], "2 items have a target, wanted at least 3"),
        ({}, [{"a": 1}, {"a": 2}, {"a": 3}], [1.0, np.nan, 2.0], "2 items have a target"),
        ({"n_features": 0}, [{"a": 1}, {"a": 2}], [1.0, 2.0], "n_features is 0"),
        ({"table": ["b"]}, [{"a": 1}, {"a": 2}], [1.0, 2.0], "nearest is 'a'"),
        ({"foundation_model": "gpt"}, [{"a": 1}, {"a": 2}, {"a": 3}], [1.0, 2.0, 3.0], "gpt"),
    ],
)
def test_unusable_input_is_named(
    options: dict[str, Any], items: Items, y: list[Any], words: str
) -> None:
    with pytest.raises((genz.DataError, genz.UsageError), match=words):
        genz.GenZRegressor(**options).fit(items, y)

"""Several searches: what they share, what is joined, and what it brings."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genz
import planted
from commands import run
from genz.discovery.ending import joined
from genz.discovery.investing import INITIAL_WEALTH, SHARE
from genz.discovery.state import Found
from genz.report.trace import proposals_of, steps_of
from test_groups import Floats


def shops(seed: int, n_items: int = 240) -> tuple[list[dict[str, Any]], Floats]:
    """Shops of whose sales many fields tell a little."""
    rng = np.random.default_rng(seed)
    fields = rng.integers(0, 4, size=(n_items, 8))
    items = [{f"field {k}": f"v{value}" for k, value in enumerate(row)} for row in fields]
    effects = np.random.default_rng(99).normal(scale=0.5, size=(8, 4))
    y = effects[np.arange(8), fields].sum(axis=1) + rng.normal(scale=0.8, size=n_items)
    return items, y


def fitted(seed: int, n_searches: int, **options: Any) -> genz.GenZRegressor:
    items, y = shops(seed)
    options = {"n_features": 20, "patience": 3, "random_state": seed, **options}
    return genz.GenZRegressor(n_searches=n_searches, **options).fit(items, y)


@pytest.fixture(scope="module")
def model() -> genz.GenZRegressor:
    return fitted(0, 3)


def of(model: genz.GenZRegressor, action: str) -> list[dict[str, Any]]:
    return [record for record in model.trace_ if record["action"] == action]


def test_the_features_of_all_searches_are_joined(model: genz.GenZRegressor) -> None:
    assert [record["number"] for record in of(model, "search")] == [1, 2, 3]
    (join,) = of(model, "join")
    assert len(join["n_found"]) == 3
    assert max(join["n_found"]) < join["n_features"] <= sum(join["n_found"])
    steps = [record["step"] for record in model.trace_]
    assert steps == sorted(steps)
    contrasts = [record["step"] for record in of(model, "contrast")]
    assert len(set(contrasts)) == len(contrasts)
    found = [feature.description for feature in model.features_]
    assert len(set(found)) == len(found)
    assert set(found) <= {record["description"] for record in of(model, "accept")}
    assert np.abs(np.corrcoef(model.judgments_.T) - np.eye(len(found))).max() < 0.97
    assert all(feature.gain is not None for feature in model.features_)


def test_one_search_is_what_the_first_of_several_does(model: genz.GenZRegressor) -> None:
    alone = fitted(0, 1)
    assert not of(alone, "search")
    assert not of(alone, "join")
    second = model.trace_.index(of(model, "search")[1])
    first = [record for record in model.trace_[:second] if record["action"] != "search"]
    assert alone.trace_[: len(first)] == first


def test_wealth_is_renewed_only_where_something_was_found(model: genz.GenZRegressor) -> None:
    tests = [r for r in model.trace_ if r["action"] in ("accept", "reject") and "p_value" in r]
    assert [r["n_tried"] for r in tests] == list(range(1, len(tests) + 1))
    assert tests[0]["level"] == pytest.approx(SHARE * INITIAL_WEALTH, rel=0.01)
    for search in of(model, "search")[1:]:
        first = next(r for r in tests if r["step"] > search["step"])
        assert first["level"] == tests[0]["level"]
    rng = np.random.default_rng(1)
    items, y = shops(1)
    null = genz.GenZRegressor(n_searches=4, patience=4).fit(items, rng.permutation(y))
    levels = [r["level"] for r in null.trace_ if "level" in r and r["action"] == "reject"]
    assert sum(level / (1 - level) for level in levels) <= INITIAL_WEALTH


def test_more_searches_predict_better() -> None:
    scores = np.zeros(2)
    for seed in range(4):
        items, y = shops(50 + seed, 1000)
        scores += [fitted(seed, n).score(items, y) / 4 for n in (1, 4)]
    assert scores[1] > scores[0] + 0.02


def test_there_are_no_more_features_than_wanted() -> None:
    few = fitted(2, 3, n_features=5)
    assert len(few.features_) == 5
    (join,) = of(few, "join")
    assert join["n_features"] > 5
    dropped = [record for record in of(few, "prune") if record["step"] == join["step"]]
    assert dropped[-1]["n_features"] == 5


def test_the_users_own_features_stay_first_and_once() -> None:
    own = ["field 3 is v1", "field 5 is v0 or v2"]
    model = fitted(3, 2, features=own)
    found = [feature.description for feature in model.features_]
    assert found[:2] == own
    assert len(found) > 2
    assert len(set(found)) == len(found)


def test_what_is_judged_alike_is_joined_once() -> None:
    rng = np.random.default_rng(0)
    a, b, c = (rng.random((3, 100)) < 0.5).astype(float)
    first = Found(("a", "b"), (3.0, 2.0), np.column_stack([a, b]))
    second = Found(("not a", "c", "b"), (2.5, 1.0, 2.0), np.column_stack([1 - a, c, b]))
    both, twins = joined([first, second])
    assert twins == {"not a": "a"}
    assert both.features == ("a", "b", "c")
    assert both.gains == (3.0, 2.0, 1.0)
    np.testing.assert_array_equal(both.judgments, np.column_stack([a, b, c]))


def test_the_report_tells_searches_and_what_became_of_each_find(
    model: genz.GenZRegressor,
) -> None:
    told = [step.action for step in steps_of(model.trace_)]
    starts = [f"start of search {n} of 3" for n in (1, 2, 3)]
    assert [action for action in told if action.startswith("start")] == starts
    in_model = {feature.description for feature in model.features_}
    reasons: dict[str, set[str]] = {}
    for proposal in proposals_of(model.trace_):
        if proposal.accepted:
            reasons.setdefault(proposal.description, set()).add(proposal.reason)
    assert {text for text, each in reasons.items() if "in the model" in each} == in_model
    pruned = of(model, "prune")
    alike = {record["description"] for record in pruned if "like" in record}
    for text in alike - in_model:
        assert any(reason.startswith("left out in the end: judged") for reason in reasons[text])


def test_a_model_remembers_its_searches(model: genz.GenZRegressor, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    loaded = genz.GenZRegressor.load(tmp_path / "m")
    assert loaded.n_searches == 3
    items, y = shops(0)
    again = loaded.refit(items, y, discover=True)
    assert [record["number"] for record in of(again, "search")[3:]] == [1, 2, 3]
    with pytest.raises(genz.UsageError, match="n_searches is 0"):
        genz.GenZRegressor(n_searches=0).fit(items, y)


def test_the_command_line_searches_as_often_as_told(tmp_path: Path) -> None:
    path = planted.write_csv(tmp_path / "p.csv", planted.rows(90))
    options = ["--target", "price", "--log-target", "--features", "4", "--patience", "1"]
    done = run("fit", path, *options, "--searches", "2", "--out", tmp_path / "m")
    assert done.exit_code == 0, done.stderr
    model = genz.GenZRegressor.load(tmp_path / "m")
    assert model.n_searches == 2
    assert len(of(model, "search")) == 2
    assert run("report", tmp_path / "m").exit_code == 0
    assert run("fit", path, *options, "--searches", "0", "--out", tmp_path / "n").exit_code == 2

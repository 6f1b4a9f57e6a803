"""Items that a report explains, maps of all items, calibration and learning curves."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genz import Catalog, DataError, GenZRegressor
from genz.report import Card, EmbeddingMap, JudgmentMap, Step, Term, render
from genz.report.figures.calibration import draw_calibration
from genz.report.figures.embedding import draw_maps
from genz.report.figures.heat import MAX_FEATURES, draw_heat
from genz.report.figures.learning import draw_curves
from genz.report.figures.rates import draw_rates
from genz.report.figures.waterfall import MAX_TERMS, draw_waterfall
from genz.report.from_model import content_of, write_report
from genz.report.mapping import MAX_POINTS, N_GROUPS
from genz.report.profiles import profiles_of
from genz.report.trace import steps_of
from report_samples import (
    Page,
    card,
    content,
    embedding_map,
    fitted,
    houses,
    judgment_map,
    predictions,
    text_of,
)


@pytest.fixture(scope="module", params=["log", "linear", "vector"])
def model(request: pytest.FixtureRequest) -> GenZRegressor:
    options: dict[str, Any] = {
        "log": {"log_target": True},
        "linear": {"covariates": np.random.default_rng(1).normal(size=(150, 1))},
        "vector": {"n_targets": 3},
    }
    return fitted(**options[request.param])[0]


def test_the_terms_of_each_item_add_up_to_its_prediction(model: GenZRegressor) -> None:
    cards = content_of(model).cards
    assert len({shown.item for shown in cards}) == len(cards) >= 6
    mean = model.regression_.predictive(model.judgments_, model.covariates_).mean()
    centre = np.average(mean, axis=0, weights=model.item_weights_)
    for shown in cards:
        n = int(shown.item.removeprefix("item ")) - 1
        if model.n_targets_ > 1:
            wanted = float(np.linalg.norm(mean[n] - centre))
        else:
            assert shown.predicted is not None
            assert shown.actual == model.targets_[n, 0]
            wanted = math.log(shown.predicted) if model.log_target else shown.predicted
        assert shown.total == pytest.approx(wanted, abs=1e-10)


def test_items_span_the_predictions_and_include_the_worst(model: GenZRegressor) -> None:
    shown = content_of(model)
    reasons = [each.why for each in shown.cards]
    assert sum("badly predicted" in why for why in reasons) == 4
    p = shown.predictions
    assert p is not None
    if model.n_targets_ == 1:
        by_why = {each.why.split(",")[0]: each for each in shown.cards}
        assert by_why["highest prediction"].predicted == p.predicted.max()
        assert by_why["lowest prediction"].predicted == p.predicted.min()
        error = np.abs(
            np.log(p.actual / p.predicted) if model.log_target else p.actual - p.predicted
        )
        worst = {f"item {n + 1}" for n in np.argsort(-error[:, 0])[:4]}
        assert {each.item for each in shown.cards if "badly" in each.why} == worst


def test_texts_and_pictures_come_with_the_catalog(tmp_path: Path) -> None:
    items, targets = houses()
    Image.new("RGB", (30, 20), "red").save(tmp_path / "a.jpg")
    items = [{**item, "photo": "a.jpg"} for item in items]
    model = GenZRegressor(n_features=2, patience=1, images=["photo"], text=["remarks"])
    model.fit(items, targets[:, 0]).save(tmp_path / "model")
    catalog = Catalog.from_items(items, fields=model.fields_)
    without = text_of(write_report(tmp_path / "model"))
    assert "report DIR --catalog FILE" in without
    path = write_report(tmp_path / "model", catalog=catalog, image_root=tmp_path)
    assert path.read_text("utf-8").count("data:image/jpeg") >= 6
    text = text_of(path)
    assert text.count("remarks: ") >= 6
    assert "items have changed" not in text
    changed = Catalog.from_items(
        [{**item, "remarks": "other"} for item in items], fields=model.fields_
    )
    assert "The items have changed since the fit" in text_of(
        write_report(tmp_path / "model", catalog=changed)
    )


def test_a_waterfall_leads_from_the_baseline_to_the_prediction() -> None:
    names = [f"term {k}" for k in range(MAX_TERMS + 3)]
    shown = card("item", *names)
    bars = draw_waterfall(shown, "linear", is_scalar=True).bars
    assert [bar.is_total for bar in bars] == [True, *[False] * (MAX_TERMS + 1), True]
    for before, after in pairwise(bars):
        assert before.end == after.start
    assert "3 smaller ones together" in bars[-2].name
    scale = (bars[1].end - bars[1].start) / shown.terms[0].contribution
    assert bars[-1].end - bars[0].end == pytest.approx(scale * (shown.total - 2), abs=0.05)
    assert bars[1].detail == "judged yes, has it with 97\u202f%"
    assert bars[2].detail == "not judged, has it with 30\u202f%"
    assert bars[1].otherwise == "3.000 with it, 2.000 without"
    text = Page(render(content(cards=[shown]))).text
    assert "+0.500" in text
    log = draw_waterfall(
        Card("i", "why", math.log(100), 0.0, [Term("t", math.log(1.5)), Term("u", -0.1)]),
        "log",
        is_scalar=True,
    )
    assert [bar.change for bar in log.bars[:2]] == ["100.0", "+50\u202f%"]
    assert log.bars[2].is_down


def test_the_map_of_judgments_counts_them(model: GenZRegressor) -> None:
    shown = content_of(model).judgment_map
    assert shown is not None
    assert len(shown.groups) == N_GROUPS
    assert sum(shown.sizes) == 150
    sizes = np.array(shown.sizes)[:, np.newaxis]
    np.testing.assert_allclose((shown.yes * sizes).sum(axis=0), model.judgments_.sum(axis=0))
    np.testing.assert_array_equal(shown.unknown, 0)
    if model.n_targets_ == 1:
        order = np.argsort(model.targets_[:, 0], kind="stable")
        first = model.judgments_[order[: shown.sizes[0]]]
        np.testing.assert_allclose(shown.yes[0], first.mean(axis=0))


def test_the_map_of_judgments_is_drawn_as_it_is() -> None:
    descriptions = [f"feature {k}" for k in range(MAX_FEATURES + 2)]
    heat = draw_heat(judgment_map(descriptions, ["low", "mid", "high"]))
    assert (len(heat.columns), heat.n_more) == (MAX_FEATURES, 2)
    (_, low), (top, high) = heat.columns[0].cells
    assert (low, high) == (0.5, 1.0)
    assert top == heat.frame.canvas.y_range[1]
    small = draw_heat(judgment_map(["a", "b"], ["low", "high"]))
    assert small.columns[1].cells == ()
    assert len(small.columns[1].unknown) == 2
    with pytest.raises(DataError, match="one row for each group"):
        JudgmentMap(["a"], [1], ["g"], np.zeros((2, 1)), np.zeros((2, 1)), "x")


def test_vector_targets_are_turned_and_not_stretched() -> None:
    items, targets = houses()
    targets = targets[:, :2].copy()
    targets[3, 0] = np.nan
    model = GenZRegressor(n_features=2, patience=2).fit(items, targets)
    shown = content_of(model).embedding_map
    assert shown is not None
    known = np.delete(targets, 3, axis=0)
    assert (len(shown.points), shown.n_items) == (149, 149)
    np.testing.assert_allclose(
        np.linalg.norm(shown.points[:1] - shown.points, axis=1),
        np.linalg.norm(known[:1] - known, axis=1),
        atol=1e-9,
    )
    assert sum(shown.explained) == pytest.approx(1)
    assert shown.points[:, 0].var() > shown.points[:, 1].var()
    with pytest.raises(DataError, match="map of targets"):
        EmbeddingMap(np.zeros((3, 3)), (0.5, 0.5), ["a"], np.zeros((3, 1)), 3)


def test_maps_have_one_dot_for_each_item() -> None:
    maps = draw_maps(embedding_map(["one", "two"], 40))
    assert [(m.having.count("M"), m.lacking.count("M")) for m in maps] == [(20, 20)] * 2
    html = render(content(3, embedding_map=embedding_map(["one"], MAX_POINTS)))
    assert "800 of 805 items drawn" in html


def test_calibration_compares_means_of_groups() -> None:
    p = predictions(120)
    for scale in ("linear", "log"):
        shown = draw_calibration(p, scale, "price")
        assert shown is not None
        x, y = p.predicted[:, 0], p.actual[:, 0]
        if scale == "log":
            x, y = np.log(x), np.log(y)
        assert shown.slope == pytest.approx(np.polyfit(x, y, 1)[0], abs=1e-9)
        assert len(shown.groups) == 10
        order = np.argsort(x)[:12]
        centre = np.exp(y[order].mean()) if scale == "log" else y[order].mean()
        assert f"actual mean {centre:.3g}" in shown.groups[0].label.replace("0.100", "0.1")
    assert draw_calibration(predictions(20), "linear", "price") is None
    alike = predictions(60, predicted=np.ones((60, 1)))
    assert draw_calibration(alike, "linear", "price") is None


def test_learning_curves_take_the_best_fit_of_each_size_and_the_last_of_each_cost() -> None:
    trace = [
        {"step": 0, "action": "fit", "n_features": 0, "log_likelihood": -100.0},
        {"step": 1, "action": "fit", "n_features": 1, "log_likelihood": -80.0},
        {"step": 1, "action": "cost", "n_judgments": 50},
        {"step": 2, "action": "cost", "n_judgments": 30},
        {"step": 3, "action": "fit", "n_features": 2, "log_likelihood": -70.0},
        {"step": 3, "action": "cost", "n_judgments": 20},
        {"step": 3, "action": "fit", "n_features": 1, "log_likelihood": -78.0},
    ]
    steps = steps_of(trace)
    assert [step.n_judgments for step in steps] == [0, 50, 100, 100]
    sizes, costs = draw_curves(steps)
    assert [p.label.split(":")[1] for p in sizes.points] == [
        " −100.00 nats", " −78.000 nats", " −70.000 nats"
    ]  # fmt: skip
    assert [p.label.split(":")[0] for p in costs.points] == [
        "0 judgments asked for", "50 judgments asked for", "100 judgments asked for"
    ]  # fmt: skip
    assert costs.points[2].label.endswith("−78.000 nats")
    xs = [p.x for p in costs.points]
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.02)
    old = [Step(n, "accepted", "a", n, -100.0 + n) for n in range(3)]
    assert [curve.name for curve in draw_curves(old)] == ["By number of features"]


def test_profiles_of_a_model_are_drawn_with_their_intervals() -> None:
    items, targets = houses()
    model = GenZRegressor(n_features=1, patience=1).fit(items, targets[:, 0], profile=True)
    shown = content_of(model).profiles
    assert shown == profiles_of(model.profiles_)
    assert {profile.answer for profile in shown} == {"yes", "no"}
    rates = draw_rates(shown)
    assert rates is not None
    zero, end = rates.ticks[0].position, rates.ticks[-1].position
    for row in rates.rows:
        for x, value in ((row.x, row.profile.error), (row.x_high, row.profile.upper)):
            assert x == pytest.approx(zero + value / 0.5 * (end - zero), abs=0.02)
    assert "Error rates that the data know" in render(content(profiles=shown))
    assert draw_rates(()) is None

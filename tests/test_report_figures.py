"""The figures of the report stand where the data are."""

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genz.report import Step, measures, render
from genz.report.figures.axis import Axis, are_drawable, is_drawable
from genz.report.figures.course import draw_course
from genz.report.figures.coverage import measure_coverage, wilson_interval
from genz.report.figures.forest import draw_forest
from genz.report.figures.scatter import MAX_MARKS, draw_scatters
from report_samples import (
    content,
    predictions,
)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_scatter_marks_stand_where_the_data_are(scale: str) -> None:
    p = predictions()
    html = render(content(target_scale=scale, predictions=p))
    drawing = re.search(r'<svg class="chart scatter.*?</svg>', html, flags=re.DOTALL)
    assert drawing
    root = ET.fromstring(drawing[0])  # noqa: S314 - our own markup
    marks = {
        circle[0].text.split(":")[0]: (float(circle.get("cx", "")), float(circle.get("cy", "")))
        for circle in root.iter("circle")
        if circle[0].text
    }
    assert len(marks) == 60
    convert = np.log if scale == "log" else np.asarray
    for coordinate, class_, axis in ((0, "x", p.actual), (1, "y", p.predicted)):
        ticks = [
            (float(text.get(class_, "")), float(text.text or ""))
            for text in root.iter("text")
            if text.get("class") == class_
        ]
        slope, start = np.polyfit(convert([v for _, v in ticks]), [at for at, _ in ticks], 1)
        at = [marks[f"item {n}"][coordinate] for n in range(60)]
        np.testing.assert_allclose(at, start + slope * convert(axis[:, 0]), atol=0.05)
    n_misses = sum(circle.get("class") == "miss" for circle in root.iter("circle"))
    missed = (p.actual < p.lower) | (p.actual > p.upper)
    assert 0 < n_misses == missed.sum()


def test_scatter_of_many_items_is_thinned_and_says_so() -> None:
    p = predictions(MAX_MARKS + 700)
    p.actual[:10] = np.nan
    (scatter,) = draw_scatters(content(predictions=p))
    assert len(scatter.marks) == MAX_MARKS
    assert (scatter.n_undrawable, scatter.n_thinned) == (10, 690)
    html = render(content(predictions=p))
    assert f"{MAX_MARKS:,} items of 5,700 drawn" in html
    assert "10 items without an actual or predicted value" in html


def test_coverage_counts_items_within_their_intervals() -> None:
    p = predictions(100)
    coverage = measure_coverage(p)
    assert coverage is not None
    held = ((p.lower <= p.actual) & (p.actual <= p.upper)).sum()
    assert (coverage.n_held, coverage.n_items) == (held, 100)
    assert len(coverage.bins) == 5
    assert f"{held} of 100" in render(content(predictions=p))


def test_wilson_interval_is_that_of_the_score_test() -> None:
    low, high = wilson_interval(8, 10)
    for bound in (low, high):
        z = (0.8 - bound) / math.sqrt(bound * (1 - bound) / 10)
        assert abs(z) == pytest.approx(1.959964, rel=1e-6)


def test_forest_shares_one_scale_and_cuts_what_is_too_wide() -> None:
    forest = draw_forest([0.2, -0.1, 0.0], [0.02, 0.01, 50.0], "linear")
    first, second, wide = (
        forest.whisker(w, se) for w, se in ((0.2, 0.02), (-0.1, 0.01), (0.0, 50.0))
    )
    assert first
    assert second
    assert wide
    assert wide.is_cut_low
    assert wide.is_cut_high
    assert wide.x == forest.zero
    scale = (first.x - second.x) / 0.3
    assert first.x_high is not None
    assert first.x_high - first.x == pytest.approx(1.959964 * 0.02 * scale, abs=0.02)


def test_course_is_a_staircase_through_its_fits() -> None:
    steps = [Step(n, "accepted", "a", n, -100.0 + 10 * n) for n in (0, 1, 5)]
    course = draw_course([*steps, Step(6, "other", "no value", 5, None)])
    assert course is not None
    xs, ys = [m.x for m in course.marks], [m.y for m in course.marks]
    assert (xs[2] - xs[1]) / (xs[1] - xs[0]) == pytest.approx(4, rel=1e-3)
    assert (ys[1] - ys[2]) / (ys[0] - ys[1]) == pytest.approx(4, rel=1e-3)
    assert [tick.label for tick in course.frame.x_ticks] == ["0", "1", "2", "3", "4", "5"]
    assert draw_course(steps[:1]) is None


finite = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(st.lists(finite, max_size=6), st.sampled_from(["linear", "log"]))
def test_any_values_have_an_axis(values: list[float], scale: str) -> None:
    axis = Axis.around(values, 10, 110, scale)
    ticks = axis.ticks(5)
    assert all(10 <= tick.position <= 110 for tick in ticks)
    assert len(ticks) <= 13
    assert [t.position for t in ticks] == sorted(t.position for t in ticks)


@given(st.floats(1e-3, 1e11), st.floats(1.01, 1e6))
def test_ticks_are_told_apart(low: float, ratio: float) -> None:
    for scale in ("linear", "log"):
        labels = [t.label for t in Axis(low, low * ratio, 0, 100, scale).ticks(5)]
        assert len(set(labels)) == len(labels)


@given(st.lists(st.floats(), min_size=1, max_size=8), st.sampled_from(["linear", "log"]))
def test_an_array_is_drawable_where_its_values_are(values: list[float], scale: str) -> None:
    assert are_drawable(np.array(values), scale).tolist() == [
        is_drawable(value, scale) for value in values
    ]


def test_coverage_of_a_dimension_and_of_all() -> None:
    p = predictions(200, 3)
    p.actual[:50, 1] = np.nan
    p.upper[7, 0] = np.inf
    by_dimension = [[is_held for _, is_held in measures.held(p, d)] for d in range(3)]
    for d, held in enumerate(by_dimension):
        assert measures.coverage(p, d) == pytest.approx(np.mean(held))
    assert measures.coverage(p) == pytest.approx(np.mean(np.concatenate(by_dimension)))
    assert [len(held) for held in by_dimension] == [199, 150, 200]

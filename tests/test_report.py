"""The page that is rendered: safe with any text, the same every time, and true to its data."""

import base64
import hashlib
import math
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genz.errors import DataError
from genz.report import FeatureRow, Proposal, Step, render
from genz.report.features import describe_judgments, tabulate_features
from genz.report.figures.axis import Axis
from genz.report.figures.course import draw_course
from genz.report.figures.coverage import measure_coverage, wilson_interval
from genz.report.figures.forest import draw_forest
from genz.report.figures.scatter import MAX_MARKS, draw_scatters
from genz.report.headlines import headlines_of
from genz.report.proposals import MAX_REASONS, MAX_REJECTED, arrange_proposals
from genz.report.scores import tabulate_scores
from genz.report.text import estimate, number, one_line, percent, plural, rate
from report_samples import (
    CONTROLS,
    HOST,
    LONG_WORD,
    OVERRIDE,
    PAYLOAD,
    RTL,
    content,
    feature,
    hostile_content,
    predictions,
)


class Page(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def blocks(html: str, tag: str) -> list[str]:
    return re.findall(f"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_hostile_text_stays_text(n_targets: int) -> None:
    html = render(hostile_content(n_targets))
    page = Page(html)
    assert page.tags.count("script") == page.tags.count("style") == page.tags.count("link") == 1
    assert not {"img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    for field in ("fact-name-0", "fact-7", "description-2", "example-with", "scores-source"):
        assert field + PAYLOAD in page.text, field
    for field in ("example-without", "note", "method", "proposal-3", "why", "coefficient"):
        assert field + PAYLOAD in page.text, field
    for field in ("title", "target", "action", "id-5"):
        assert (field + PAYLOAD)[:55] in page.text, field
    if n_targets > 1:
        assert ("dimension-1" + PAYLOAD)[:20] in page.text


def test_text_cannot_reorder_or_break_the_page() -> None:
    html = render(hostile_content())
    html.encode()
    assert not set(OVERRIDE + CONTROLS.replace("[31m", "")) & set(html)
    assert "<bdi>title" in html
    assert RTL in Page(html).text
    assert LONG_WORD in Page(html).text


@pytest.mark.parametrize("n_targets", [1, 2])
def test_nothing_is_loaded_from_elsewhere(n_targets: int) -> None:
    page = Page(render(hostile_content(n_targets)))
    loading = [v for name, v in page.attributes if name in ("src", "href", "xlink:href", "srcset")]
    assert loading
    assert all(value and (value.startswith("#") or value == "data:,") for value in loading)
    assert not [v for name, v in page.attributes if v and HOST in v and name != "title"]
    html = render(content())
    assert "://" not in html
    assert "@import" not in html
    assert "url(" not in html


def test_content_security_policy_allows_exactly_the_inline_blocks() -> None:
    html = render(hostile_content())
    policy = next(v for k, v in Page(html).attributes if k == "content" and v and "default" in v)
    assert policy.startswith("default-src 'none'; ")
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (block,) = blocks(html, tag)
        digest = base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy
    assert "unsafe" not in policy


def test_rendering_is_deterministic() -> None:
    assert render(content()) == render(content())


@pytest.mark.parametrize("n_targets", [1, 3])
def test_svg_is_well_formed(n_targets: int) -> None:
    html = render(hostile_content(n_targets))
    drawings = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    assert len(drawings) > 10
    for drawing in drawings:
        ET.fromstring(drawing)  # noqa: S314 - our own markup


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


def test_vector_targets_are_drawn_by_dimension() -> None:
    p = predictions(n_targets=3)
    shown = content(3, predictions=p, dimension_names=["north", "east", "up"])
    assert [scatter.name for scatter in draw_scatters(shown)] == ["north", "east", "up"]
    page = Page(render(shown)).text
    for d in range(3):
        residual = p.actual[:, d] - p.predicted[:, d]
        r2 = 1 - np.sum(residual**2) / np.sum((p.actual[:, d] - p.actual[:, d].mean()) ** 2)
        assert f"{r2:.3f}".replace("-", "−") in page
    norms = np.linalg.norm(p.actual, axis=1) * np.linalg.norm(p.predicted, axis=1)
    cosine = np.mean(np.sum(p.actual * p.predicted, axis=1) / norms)
    assert headlines_of(shown)[0].value == f"{cosine:.3f}"


def test_headlines_are_measured_and_labelled_in_sample() -> None:
    p = predictions()
    found = {h.label: h for h in headlines_of(content(target_scale="log", predictions=p))}
    error = np.median(np.abs(p.predicted / p.actual - 1))
    residual, log = np.log(p.predicted / p.actual), np.log(p.actual)
    r2 = 1 - np.sum(residual**2) / np.sum((log - log.mean()) ** 2)
    covered = np.mean((p.lower <= p.actual) & (p.actual <= p.upper))
    assert found["Median relative error"].value == f"{100 * error:.1f}\u202f%"
    assert found["R²"].value == f"{r2:.3f}"
    assert found["Coverage of 90\u202f% intervals"].value == f"{100 * covered:.1f}\u202f%"
    assert all("in-sample" in h.detail for label, h in found.items() if label != "Features")


def test_headlines_prefer_scores_and_name_the_best_rival() -> None:
    scores = {"genz": {"r2": 0.5}, "median": {"r2": 0.0}, "gradient_boosting": {"r2": 0.6}}
    first = headlines_of(content(scores=scores, scores_source="3-fold cross-validation"))[0]
    assert first.value == "0.500"
    assert first.detail == "3-fold cross-validation; gradient boosting: 0.600"


def test_best_scores_are_marked_by_their_own_sense() -> None:
    scores = {
        "genz": {"median_relative_error": 0.10, "r2": 0.5, "coverage_90": 0.97, "seconds": 1.0},
        "ridge": {"median_relative_error": 0.12, "r2": 0.6, "coverage_90": 0.89, "seconds": 9.0},
    }
    table = tabulate_scores(scores)
    assert table is not None
    best = {
        method: [
            metric.key for metric, cell in zip(table.metrics, cells, strict=True) if cell.is_best
        ]
        for method, cells in table.rows
    }
    assert best == {"genz": ["median_relative_error"], "ridge": ["r2", "coverage_90"]}


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


def test_effects_of_a_log_target_are_relative() -> None:
    rows = [feature("doubles", math.log(2), std_errors=[0.1])]
    (view,) = tabulate_features(content(target_scale="log", features=rows)).rows
    assert view.effect == "+100\u202f%"
    assert view.interval == "+64\u202f% to +143\u202f%"
    assert view.weight == "+0.69 ± 0.10"


def test_an_effect_is_written_no_finer_than_it_is_known() -> None:
    rows = [feature("nothing", 3e-16, std_errors=[0.54])]
    (view,) = tabulate_features(content(features=rows)).rows
    assert (view.effect, view.interval) == ("0.00", "−1.06 to +1.06")


def test_error_rates_are_said_in_words() -> None:
    def sentences(**changes: float | None) -> tuple[str, ...]:
        return describe_judgments(feature("f", 1.0, **changes)).sentences

    assert sentences() == ("“yes” is wrong for 10\u202f%", "“no” is wrong for 5\u202f%")
    assert sentences(unknown_share=0.2, prevalence=0.5)[2:] == (
        "20\u202f% could not be judged",
        "of these, 50\u202f% have it",
    )
    assert sentences(unknown_share=1.0) == ("no item could be judged",)
    probabilities = sentences(ppv=None, fomr=None, channel_intercept=0.0, channel_slope=1.0)
    assert probabilities[0] == "judged 90 % likely, 90\u202f% have it"
    assert describe_judgments(feature("f", 1.0, ppv=0.1, fomr=0.9)).is_reversed


def test_course_is_a_staircase_through_its_fits() -> None:
    steps = [Step(n, "accepted", "a", n, -100.0 + 10 * n) for n in (0, 1, 5)]
    course = draw_course([*steps, Step(6, "other", "no value", 5, None)])
    assert course is not None
    xs, ys = [m.x for m in course.marks], [m.y for m in course.marks]
    assert (xs[2] - xs[1]) / (xs[1] - xs[0]) == pytest.approx(4, rel=1e-3)
    assert (ys[1] - ys[2]) / (ys[0] - ys[1]) == pytest.approx(4, rel=1e-3)
    assert [tick.label for tick in course.frame.x_ticks] == ["0", "1", "2", "3", "4", "5"]
    assert draw_course(steps[:1]) is None


def test_hundreds_of_rejections_are_merged_ranked_and_capped() -> None:
    rejected = [
        Proposal(n, "split", f"idea {n % 300}", False, None, None, f"{n}% are unknown", n / 10)
        for n in range(900)
    ]
    near_miss = Proposal(3, "error", "near miss", False, 0.4, 1.0, "no more than chance")
    entered = [
        Proposal(1, "error", "good", False, None, None, "others promise more", 9.0),
        Proposal(2, "error", "good", True, 5.0, 1.0, "in the model"),
    ]
    found = arrange_proposals([*rejected, near_miss, *entered])
    assert found.n_rejections == 902 == sum(count for _, count in found.reasons)
    assert found.reasons[0] == ("… are unknown", 900)
    assert found.rejected[0].best is near_miss
    assert (found.rejected[1].best.description, found.rejected[1].n_times) == ("idea 299", 3)
    assert found.rejected[1].best.promise == 89.9
    assert len(found.rejected) == MAX_REJECTED
    assert found.n_more == 301 - MAX_REJECTED
    assert "good" not in [row.best.description for row in found.rejected]

    html = render(content(proposals=[*rejected, near_miss, *entered]))
    assert "902 proposals rejected" in html
    assert f"{found.n_more} more descriptions" in html
    assert html.count("idea ") <= MAX_REJECTED


def test_rare_reasons_are_summed() -> None:
    reasons = [Proposal(1, "", f"p {n}", False, None, None, chr(97 + n)) for n in range(20)]
    found = arrange_proposals(reasons).reasons
    assert len(found) == MAX_REASONS
    assert found[-1] == ("other reasons", 20 - MAX_REASONS + 1)


def test_a_model_of_nothing_has_a_report() -> None:
    bare = content(
        facts={}, features=[], predictions=None, steps=[], proposals=[], notes=[], coefficients=[]
    )
    page = Page(render(bare)).text
    assert "The model has no feature" in page
    assert "Discovery" not in page


def test_impossible_numbers_are_dashes() -> None:
    nan, inf = math.nan, math.inf
    rows = [
        feature("a", nan, std_errors=[nan], ppv=nan, fomr=nan, share=nan, gain=nan),
        feature("b", 1e308, std_errors=[inf], gain=inf),
        feature("c", -5e-324, std_errors=[]),
    ]
    p = predictions(4)
    p.predicted[:] = [[nan], [inf], [1e308], [0.0]]
    page = Page(render(content(features=rows, predictions=p, target_scale="log"))).text
    assert "nan" not in re.sub("Provenance|provenance", "", page)
    assert not re.search(r"\binf\b", page)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_scale": "square"}, "target_scale is 'square'"),
        (
            {"n_targets": 2, "predictions": predictions()},
            "predictions have 1 target dimensions, wanted 2",
        ),
        ({"dimension_names": ["a", "b"]}, "2 dimension names for 1"),
        ({"features": [feature("f", 1.0, 2.0)]}, "feature 'f' has 2 weights"),
    ],
)
def test_content_is_checked(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        content(**changes)


def test_rows_and_predictions_are_checked() -> None:
    with pytest.raises(DataError, match="1 weights and 2 standard errors"):
        feature("f", 1.0, std_errors=[1.0, 2.0])
    with pytest.raises(DataError, match=r"lower has shape \(3, 1\)"):
        predictions(lower=np.zeros((3, 1)))
    with pytest.raises(DataError, match="level of the intervals is 2"):
        predictions(level=2)
    with pytest.raises(DataError, match="source of the predictions is 'elsewhere'"):
        predictions(source="elsewhere")


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (number(1234567.0), "1,234,567"),
        (number(-0.012345), "−0.0123"),
        (number(1e-9), "1.00×10⁻⁹"),
        (number(math.nan), "–"),
        (percent(0.0345), "3.5\u202f%"),
        (rate(0.99999), ">\u202f99.9\u202f%"),
        (rate(1.0), "100\u202f%"),
        (estimate(1.23456, 0.0123), "+1.235 ± 0.012"),
        (plural(1, "item"), "1 item"),
        (plural(2930, "item"), "2,930 items"),
    ],
)
def test_numbers_are_written_as_finely_as_they_mean(got: str, wanted: str) -> None:
    assert got == wanted


def test_one_line_keeps_a_number_and_its_percent_sign_together() -> None:
    assert one_line(f" about\n\t {percent(0.11)} \u2028of all") == "about 11\u202f% of all"
    assert one_line("x" * 100, 10) == "x" * 9 + "…"


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


@given(st.lists(st.text(), min_size=4, max_size=4))
def test_any_text_can_be_shown(texts: list[str]) -> None:
    row = FeatureRow(texts[0], [1.0], [], None, None, None, None, None, 0.5)
    html = render(content(title=texts[1], features=[row], notes=texts[2:]))
    html.encode()
    assert Page(html).tags.count("script") == 1

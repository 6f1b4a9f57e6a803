"""The tables, headlines and numbers of the report say what the data say."""

import math

import numpy as np
import pytest

from genz.errors import DataError
from genz.report import Proposal, render
from genz.report.dimensions import tabulate_dimensions
from genz.report.features import describe_judgments, tabulate_features
from genz.report.figures.scatter import draw_scatters
from genz.report.headlines import headlines_of
from genz.report.proposals import MAX_REASONS, MAX_REJECTED, arrange_proposals
from genz.report.scores import tabulate_scores
from genz.report.text import estimate, number, one_line, percent, plural, rate
from report_samples import (
    Page,
    content,
    feature,
    predictions,
)


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


def test_dimensions_have_their_noise_where_it_is_known() -> None:
    shown = content(2, noise_sd=[0.25, 4.0])
    assert [row.noise_sd for row in tabulate_dimensions(shown)] == ["0.250", "4.00"]
    assert [row.noise_sd for row in tabulate_dimensions(content(2))] == ["", ""]
    with pytest.raises(DataError, match="1 standard deviations of the noise for 2 target"):
        content(2, noise_sd=[1.0])

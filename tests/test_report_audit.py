"""The audit in the report: the numbers of the audit, labelled by how they came about."""

import dataclasses
from pathlib import Path

import pytest

import genz
from genz.lifecycle import Changes
from genz.lifecycle.audit import audit
from genz.report import audit as auditing
from genz.report import render
from genz.report.audit import disagreements_of
from genz.report.from_model import content_of, write_report
from genz.report.trace import steps_of
from lifecycle_samples import NAMES, Misjudged
from report_samples import Page, content, disagreements


@pytest.fixture(scope="module")
def sample() -> Misjudged:
    return Misjudged()


@pytest.fixture(scope="module")
def model(sample: Misjudged) -> genz.GenZRegressor:
    return sample.fit()


def test_the_section_shows_the_cells() -> None:
    text = Page(render(content())).text
    assert "2 judgments of 180 are contradicted by the item's target" in text
    assert "item 7 roof is red yes 95 % 6 % −5.7 −0.750 +3.25 +0.013" in _plain(text)
    assert "fitted again to convergence" in text
    held = dataclasses.replace(disagreements("item 7", "roof is red"), is_refitted=False)
    text = Page(render(content(disagreements=held))).text
    assert "the log likelihood under held parameters, the effect by one Newton step" in text


def test_vector_targets_have_no_single_residual_and_effect() -> None:
    text = _plain(Page(render(content(2))).text)
    assert "item 7 roof is red yes 95 % 6 % −5.7 +3.25" in text
    assert "Newton" not in text


def test_a_model_without_features_has_no_section() -> None:
    assert "Disagreements" not in Page(render(content(disagreements=None))).text


def test_rows_are_those_of_the_audit(
    model: genz.GenZRegressor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = content_of(model).disagreements
    assert shown is not None
    found = audit(model, top=auditing.TOP)
    assert shown.is_refitted
    assert shown.n_contradictions == found.n_contradictions > 30
    assert [row.item for row in shown.rows] == [f"item {cell.item + 1}" for cell in found.cells]
    assert [row.log_likelihood_change for row in shown.rows] == [
        cell.log_likelihood_change_refit for cell in found.cells
    ]
    assert sum(n for _, n in shown.by_feature) == found.n_contradictions
    model.save(tmp_path / "model")
    page = Page(write_report(tmp_path / "model").read_text("utf-8"))
    assert f"item {found.cells[0].item + 1}" in page.text
    monkeypatch.setattr(auditing, "MAX_ITEMS_REFITTED", 399)
    held = disagreements_of(model, [str(n) for n in range(400)])
    assert held is not None
    assert not held.is_refitted
    assert [row.log_likelihood_change for row in held.rows] == [
        cell.log_likelihood_change for cell in found.cells
    ]


def test_the_course_tells_what_the_user_changed(
    sample: Misjudged, model: genz.GenZRegressor
) -> None:
    changes = Changes.of(model).veto(1).lock(2)
    changes.merge(3, 4, "both of them")
    judged = sample.judgments[:, [1, 2]]
    after = model.refit(sample.items, sample.y, changes=changes, judgments=judged)
    last = steps_of(after.trace_)[-1]
    assert last.action == (
        f"fitted again; veto “{NAMES[0]}”; lock “{NAMES[1]}”; "
        f"merge “{NAMES[2]}” and “{NAMES[3]}”: “both of them”"
    )
    assert last.n_features == 2
    assert last.log_likelihood == after.regression_.log_likelihood_


def _plain(text: str) -> str:
    return " ".join(text.replace("\u202f", " ").split())

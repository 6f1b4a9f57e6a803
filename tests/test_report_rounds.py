"""The trace of a discovery as a reader sees it: round by round, from real fits and odd traces."""

import dataclasses

import pytest
from markupsafe import escape

import genz
from genz.discovery.loop import Settings
from genz.report import render
from genz.report.from_model import content_of
from genz.report.rounds import MAX_CANDIDATES, MAX_ROUNDS, arrange_rounds, rounds_of
from genz.report.text import one_line
from genz.report.trace import proposals_of, steps_of
from report_samples import PAYLOAD, content, fitted, hostile

CONTRAST = {"step": 1, "action": "contrast", "kind": "residual", "n_high": 12, "n_low": 11}
TESTED = {"gain": 4.0, "p_value": 0.001, "level": 0.02, "n_tried": 3}
ACCEPT = {"step": 1, "action": "accept", "description": "has a pool", "n_features": 1, **TESTED}


def rounds(*trace):
    return rounds_of(trace, proposals_of(trace))


def test_the_rounds_of_a_fit_are_readable() -> None:
    model = fitted()[0]
    shown = content_of(model)
    html = render(shown)
    contrasts = [record for record in model.trace_ if record["action"] == "contrast"]
    assert len(shown.rounds) == len(contrasts) > 1
    paying = [each for each in shown.rounds if each.n_accepted]
    assert paying
    for each, record in zip(shown.rounds, contrasts, strict=True):
        assert (each.kind, each.n_high, each.n_low) == (
            record["kind"],
            record["n_high"],
            record["n_low"],
        )
        assert f"Round {each.step}: " in html
        assert 1 <= len(each.high) <= 3
        assert all(str(escape(one_line(line, 160))) in html for line in (*each.high, *each.low))
    first = paying[0].candidates[0]
    assert first.accepted
    assert first.contrast == paying[0].kind
    assert "judgment" in paying[0].cost


def test_a_round_says_what_was_contrasted_proposed_and_kept() -> None:
    trace = [
        CONTRAST | {"shown_high": ["a villa"], "shown_low": ["a shed"]},
        {"step": 1, "action": "propose", "n_new": 3},
        {"step": 1, "action": "reject", "description": "is red", "reason": "rare", "screened": 0.5},
        {"step": 1, "action": "reject", "description": "is old", "reason": "lost", "n_judged": 90},
        ACCEPT,
        {"step": 1, "action": "confirm", "gain": 3.5, "accepted": True},
        {"step": 1, "action": "cost", "n_judgments": 1200, "cost": 0.25},
        {"step": 2, "action": "stop", "reason": "enough"},
    ]
    (one,) = rounds(*trace)
    assert (one.high, one.low, one.groups) == (("a villa",), ("a shed",), "12 items against 11")
    assert [each.description for each in one.candidates] == ["has a pool", "is red", "is old"]
    assert one.candidates[2].reason == "lost, after 90 judged items"
    assert one.cost == "1,200 judgments, a cost of 0.250"
    html = render(content(rounds=[one]))
    for text in (
        "Round 1: <bdi>residual</bdi>, 12 items against 11; 3 new proposals, 1 kept",
        "a villa",
        "a shed",
        "wanted 0.020, 3 tried",
        "rose (+3.50 nats)",
        "1,200 judgments",
    ):
        assert text in html


def test_what_is_taken_back_in_its_round_is_rejected_with_the_numbers_of_its_test() -> None:
    taken_back = {"step": 1, "action": "reject", "description": "has a pool", "reason": "falls"}
    confirm = {"step": 1, "action": "confirm", "gain": -2.0, "accepted": False}
    fit = {"step": 2, "action": "fit", "n_features": 0, "log_likelihood": -1.0}
    trace = (CONTRAST, ACCEPT, confirm, taken_back, fit)
    (one,) = rounds(*trace)
    (proposal,) = one.candidates
    assert (proposal.accepted, proposal.reason, proposal.p_value) == (False, "falls", 0.001)
    assert one.n_accepted == 0
    assert "all was taken back" in render(content(rounds=[one]))
    assert steps_of(trace)[0].kind == "other"
    later = rounds(CONTRAST, ACCEPT, CONTRAST | {"step": 2}, taken_back | {"step": 2})
    assert [each.n_accepted for each in later] == [1, 0], "accepted in another round"


def test_sparse_traces_are_read_as_far_as_they_go() -> None:
    (bare,) = rounds({"step": 3, "action": "contrast"})
    assert (bare.kind, bare.groups, bare.candidates, bare.cost) == ("", "0 items", (), "")
    html = render(content(rounds=[bare]))
    assert "Round 3: " in html
    assert "p-value" not in html
    (refined,) = rounds(CONTRAST | {"kind": "refine", "refines": "has a pool"})
    assert "“has a pool”" in refined.meaning
    assert rounds({"step": 0, "action": "fit"}) == ()


def test_long_traces_are_capped_and_keep_what_changed_the_model() -> None:
    trace = [CONTRAST | {"step": step} for step in range(1, MAX_ROUNDS + 51)]
    last = len(trace)
    rejected = [
        {"step": 1, "action": "reject", "description": f"d{n}", "reason": "r", "screened": float(n)}
        for n in range(40)
    ]
    found = rounds(*trace, *rejected, ACCEPT | {"step": last})
    assert [each.promise for each in found[0].candidates] == [
        39.0 - n for n in range(MAX_CANDIDATES)
    ]
    arranged = arrange_rounds(found)
    assert [each.step for each in arranged.shown] == [*range(1, MAX_ROUNDS), last]
    assert arranged.n_more == 50
    assert "50 more rounds" in render(content(rounds=found))


def test_hostile_text_of_a_trace_is_escaped() -> None:
    trace = (
        CONTRAST
        | {"kind": hostile("kind"), "shown_high": [hostile("high")], "shown_low": [hostile("low")]},
        ACCEPT | {"description": hostile("proposal")},
        {"step": 1, "action": "reject", "description": hostile("d"), "reason": hostile("reason")},
    )
    html = render(content(rounds=rounds(*trace)))
    assert PAYLOAD not in html
    for name in ("kind", "high", "low", "proposal", "reason"):
        assert name in html


@pytest.mark.parametrize("contrast", ["none", "random"])
def test_other_contrasts_are_named(contrast: str) -> None:
    assert "contrast" in {field.name for field in dataclasses.fields(Settings)}
    items = [f"house {n} {'with a pool' if n % 3 == 0 else ''}" for n in range(60)]
    y = [float(n % 3 == 0) * 2 + 0.01 * (n % 7) for n in range(60)]
    model = genz.GenZRegressor(n_features=1, contrast=contrast, random_state=0).fit(items, y)
    found = content_of(model).rounds
    assert {each.kind for each in found} == {contrast}
    assert all(each.meaning for each in found)
    assert all((each.n_low == 0) == (contrast == "none") for each in found)

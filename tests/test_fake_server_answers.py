"""The fake server's answers: of the truth, with chosen errors, equal in every form and order."""

import json
import math

import numpy as np
import pytest

import genz
from fake_client import anthropic_body, ask, judge, message, openai_body
from genz.client.prompt import Reply
from genz.prompts import prediction, proposal, tile
from genz.prompts.items import Item
from genz.testing import Endpoint, ErrorRates, FakeFoundationServer, Proposals, TruthTable
from genz.testing.proposals import HOSTILE

ITEMS = [f"item number {ix}, of a catalog" for ix in range(12)]
FEATURES = ["its number is even", "its number is large", "its number is three"]
MATRIX = np.array([[ix % 2 == 0, ix > 7, ix == 3] for ix in range(12)])
TRUTH = TruthTable(ITEMS, FEATURES, MATRIX)


@pytest.mark.parametrize("form", ["pair", "batch", "tile"])
def test_without_errors_the_truth_is_answered(form: str) -> None:
    with FakeFoundationServer(TRUTH) as server:
        got = judge(server, form, ITEMS, FEATURES)
        assert server.statistics.n_judgments == MATRIX.size
    np.testing.assert_array_equal(got >= 0.5, MATRIX)
    assert (form == "pair") == bool(((got > 0) & (got < 1)).any())


def test_errors_are_the_same_in_every_form_order_and_tile() -> None:
    errors = ErrorRates(false_positive=0.3, false_negative=0.3)
    with FakeFoundationServer(TRUTH, errors=errors, seed=5) as server:
        whole = judge(server, "tile", ITEMS, FEATURES)
        assert (whole != MATRIX).any()
        np.testing.assert_array_equal(judge(server, "tile", ITEMS, FEATURES, seed=9), whole)
        np.testing.assert_array_equal(
            judge(server, "tile", ITEMS[::-1][:5], FEATURES[::-1]), whole[::-1, ::-1][:5]
        )
        np.testing.assert_array_equal(judge(server, "batch", ITEMS, FEATURES), whole)
        soft = judge(server, "pair", ITEMS, FEATURES)
        np.testing.assert_array_equal(soft >= 0.5, whole)
    with FakeFoundationServer(TRUTH, errors=errors, seed=5) as again:
        np.testing.assert_array_equal(judge(again, "pair", ITEMS, FEATURES), soft)
    with FakeFoundationServer(TRUTH, errors=errors, seed=6) as other:
        assert (judge(other, "tile", ITEMS, FEATURES) != whole).any()


def test_error_rates_are_kept_by_feature_and_side() -> None:
    items = [f"item {ix}" for ix in range(3000)]
    matrix = np.tile([[True, True], [False, False]], (1500, 1))
    errors = ErrorRates(false_positive=0.1, false_negative={"first.": 0.25})
    with FakeFoundationServer(TruthTable(items, ["First", "second"], matrix), errors=errors) as s:
        groups = [items[start : start + 100] for start in range(0, 3000, 100)]
        got = np.vstack([judge(s, "tile", group, ["first", "second"]) for group in groups])
    wrong = got != matrix
    rates = [wrong[::2].mean(axis=0), wrong[1::2].mean(axis=0)]
    # Four standard deviations of 1,500 draws.
    np.testing.assert_allclose(rates, [[0.25, 0.0], [0.1, 0.1]], atol=0.045)


def test_soft_answers_keep_their_range_and_bias_shifts_them() -> None:
    with FakeFoundationServer(TRUTH, errors=ErrorRates(confidence=(0.7, 0.8))) as server:
        sure = judge(server, "pair", ITEMS, FEATURES)
    assert np.all(np.abs(sure - 0.5) <= 0.3 + 1e-9)
    assert np.all(np.abs(sure - 0.5) >= 0.2 - 1e-9)
    errors = ErrorRates(confidence=(0.7, 0.8), calibration_bias=0.5)
    with FakeFoundationServer(TRUTH, errors=errors) as server:
        shifted = judge(server, "pair", ITEMS, FEATURES)
    logits = np.log(shifted / (1 - shifted)) - np.log(sure / (1 - sure))
    np.testing.assert_allclose(logits, 0.5)


def test_log_probabilities_hold_what_was_asked_for() -> None:
    prompt, _ = genz.prompts.cells.ask_cells("pair", [Item(ITEMS[0])], FEATURES[:1])
    body = openai_body(prompt)
    with FakeFoundationServer(TRUTH) as server:
        many, two, none = ask(server, body, body | {"top_logprobs": 2}, body | {"logprobs": False})
    content = many.payload["choices"][0]["logprobs"]["content"]
    assert (content[0]["token"], many.text) == ("Yes", "Yes")
    assert math.isclose(sum(math.exp(c["logprob"]) for c in content[0]["top_logprobs"]), 1.0)
    assert len(two.payload["choices"][0]["logprobs"]["content"][0]["top_logprobs"]) == 2
    assert none.payload["choices"][0]["logprobs"] is None


def test_a_sample_is_drawn_by_the_seed_of_the_body_at_a_temperature() -> None:
    prompt, _ = tile.prompt([Item(item) for item in ITEMS], FEATURES)
    body = openai_body(prompt)
    with FakeFoundationServer(TRUTH, errors=ErrorRates(0.4, 0.4, resampled=True)) as server:
        cold = [g.text for g in ask(server, *(body | {"seed": seed} for seed in range(4)))]
        hot = [
            g.text for g in ask(server, *(body | {"seed": s, "temperature": 0.9} for s in range(4)))
        ]
    assert len(set(cold)) == 1
    assert len(set(hot)) == 4


def test_unknown_cells_are_drawn_asked_or_left_out() -> None:
    strange = [f"a stranger, {ix}" for ix in range(40)]
    with FakeFoundationServer(TruthTable(unknown=0.25), seed=1) as server:
        drawn = judge(server, "tile", strange, FEATURES)
        np.testing.assert_array_equal(judge(server, "batch", strange, FEATURES), drawn)
    assert 0.1 < drawn.mean() < 0.4
    with FakeFoundationServer(TruthTable(judge=lambda item, _: item.endswith("7"))) as server:
        asked = judge(server, "tile", strange, FEATURES)
    np.testing.assert_array_equal(asked[:, 0], [item.endswith("7") for item in strange])
    with FakeFoundationServer(TruthTable(ITEMS, FEATURES, MATRIX, unknown=None)) as server:
        mixed = [ITEMS[0], strange[0]]
        for form in ("tile", "batch"):
            got = judge(server, form, mixed, FEATURES[:1])
            np.testing.assert_array_equal(got, [[1.0], [np.nan]])


def test_items_of_a_catalog_are_found_as_prompts_show_them_even_cut() -> None:
    rows = [{"name": "a\u200b", "size": 1.5}, {"name": "b " * 5000, "size": 2.0}]
    truth = TruthTable.of_catalog(rows, ["small"], [[1], [0]], unknown=None)
    catalog = genz.Catalog.from_items(rows)
    texts = [genz.prompts.render(catalog, ix) for ix in range(2)]
    long = "long " * 2000
    cut = TruthTable([long, "short"], ["long"], [[1], [0]], unknown=None)
    with FakeFoundationServer(truth) as server:
        np.testing.assert_array_equal(judge(server, "tile", texts, ["small"]), [[1.0], [0.0]])
    with FakeFoundationServer(cut) as server:
        shown = [genz.prompts.items.clean(long), "short"]
        assert shown[0] != long.strip()
        np.testing.assert_array_equal(judge(server, "tile", shown, ["long"]), [[1.0], [0.0]])


def test_features_that_separate_the_groups_are_proposed_best_first() -> None:
    items = [Item(item) for item in ITEMS]
    even, odd = items[::2], items[1::2]
    settings = Proposals(noise=("smells of rain",), duplicates=True, hostile=True)
    asked = [
        openai_body(proposal.prompt("contrast", even, odd, known, 6))
        for known in ([], FEATURES[:1])
    ]
    with FakeFoundationServer(TRUTH) as server:
        plain, known = (proposal.read(g.reply) for g in ask(server, *asked))
        common = ask(server, openai_body(proposal.prompt("common", items[8:], [], [], 3)))[0]
    with FakeFoundationServer(TRUTH, proposals=settings) as server:
        extended = proposal.read(ask(server, asked[0])[0].reply)
    assert plain == [FEATURES[0], FEATURES[2]]
    assert known == [FEATURES[2]]
    assert proposal.read(common.reply) == [FEATURES[1]]
    best = FEATURES[0]
    assert extended == [*HOSTILE, best, f"{best.upper()}.", "smells of rain", FEATURES[2]]


def test_without_a_contrast_features_are_proposed_that_part_the_items() -> None:
    items = [Item(item) for item in ITEMS]
    with FakeFoundationServer(TRUTH) as server:
        body = openai_body(proposal.prompt("matter", items, [], [], 6))
        found = proposal.read(ask(server, body)[0].reply)
    shares = TRUTH.shares(found)
    assert set(found) == {f for f in FEATURES if 0.02 < TRUTH.shares([f])[0] < 0.98}
    assert list(shares * (1 - shares)) == sorted(shares * (1 - shares), reverse=True)


def test_predictions_are_the_mean_of_the_examples_or_what_a_callable_says() -> None:
    items = [Item(item) for item in ITEMS]
    targets = np.array([[1.0, 10.0], [3.0, 30.0]])
    prompt, ids = prediction.prompt(items[:3], items[3:5], targets, n_targets=2)
    with FakeFoundationServer() as server:
        got = prediction.read(ask(server, openai_body(prompt))[0].reply, ids, 2)
    np.testing.assert_allclose(got, [[2.0, 20.0]] * 3)
    options = {"predict": lambda text: float(text.split()[2].strip(",")), "prediction_noise": 0.1}
    with FakeFoundationServer(**options) as server:
        noisy = prediction.read(ask(server, openai_body(prompt))[0].reply, ids, 2)
    errors = noisy - np.array([[0.0], [1.0], [2.0]])
    assert (errors != 0).all()
    assert np.abs(errors).max() < 0.6


def test_usage_is_counted_and_a_known_prefix_is_cached() -> None:
    item = Item("a long text " * 100)
    bodies = [
        openai_body(genz.prompts.cells.ask_cells("pair", [item], [feature])[0])
        for feature in FEATURES
    ]
    with FakeFoundationServer(endpoint=Endpoint(prefix_cache=True)) as server:
        usages = [ask(server, body)[0].payload["usage"] for body in bodies]
        counted = server.statistics
    texts = ["".join(m["content"] for m in body["messages"]) for body in bodies]
    assert abs(usages[0]["prompt_tokens"] - len(texts[0]) / 4) <= 2
    cached = [usage["prompt_tokens_details"]["cached_tokens"] for usage in usages]
    assert cached[0] == 0
    assert min(cached[1:]) > 0.9 * usages[0]["prompt_tokens"] - 32
    assert all(c < u["prompt_tokens"] for c, u in zip(cached, usages, strict=True))
    assert counted.prompt_tokens == sum(usage["prompt_tokens"] for usage in usages)
    assert counted.cached_tokens == sum(cached)


def test_anthropic_messages_are_spoken_with_and_without_a_tool() -> None:
    prompt, ids = tile.prompt([Item(item) for item in ITEMS], FEATURES)
    tool = {"tool_choice": {"type": "tool", "name": "rows"}}
    with FakeFoundationServer(TRUTH) as server:
        plain = message(server, anthropic_body(prompt)).payload
        used = message(server, anthropic_body(prompt, **tool)).payload
        versionless = ask(server, anthropic_body(prompt), path="/messages")[0]
    for text in (plain["content"][0]["text"], json.dumps(used["content"][0]["input"])):
        got = tile.read(Reply(text, "stop"), ids, 3)
        np.testing.assert_array_equal(got, MATRIX)
    assert (plain["stop_reason"], used["stop_reason"]) == ("end_turn", "tool_use")
    assert set(plain["usage"]) >= {"input_tokens", "output_tokens"}
    assert (versionless.status, versionless.payload["type"]) == (400, "error")


def test_other_prompts_are_answered_by_respond() -> None:
    body = {"model": "fake", "messages": [{"role": "user", "content": "what is 17 + 25?"}]}
    with FakeFoundationServer() as server:
        assert ask(server, body)[0].text == "OK"
    with FakeFoundationServer(respond=lambda _, user: "42" if "17" in user else None) as server:
        assert ask(server, body)[0].text == "42"
        assert server.statistics.by_form == {"other": 1}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((["a"], ["b"], [[1, 0]]), r"shape \(1, 2\), wanted \(1, 1\)"),
        ((["a", "a "], ["b"], [[1], [0]]), "the item 'a' is in the truth table twice"),
        ((["a"], ["b", "B."], [[1, 0]]), "the feature 'b' is in the truth table twice"),
        ((["a"], ["b"], [[1.5]]), "outside of"),
    ],
)
def test_a_wrong_table_is_refused(arguments: tuple[object, ...], text: str) -> None:
    with pytest.raises(genz.UsageError, match=text):
        TruthTable(*arguments)  # type: ignore[arg-type]

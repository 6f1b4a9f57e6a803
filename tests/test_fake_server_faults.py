"""Every fault of the fake server is really seen by a plain client, and passes."""

import asyncio
import json
import time
from collections import Counter
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import numpy as np
import pytest

import genz
from fake_client import Got, anthropic_body, ask, ask_all, judge, message, openai_body
from genz.client.prompt import Reply
from genz.client.request import InvalidAnswerError
from genz.prompts import proposal, tile
from genz.prompts.cells import ask_cells, read_cells
from genz.prompts.items import Item
from genz.testing import Endpoint, FakeFoundationServer, Faults, TruthTable
from genz.testing.faults import ANSWER, FAULT_NAMES, HARMLESS, MENDABLE, STATUSES

ITEMS = [f"item number {ix}" for ix in range(6)]
FEATURES = ["is even", "is large"]
TRUTH = TruthTable(ITEMS, FEATURES, [[ix % 2 == 0, ix > 3] for ix in range(6)])
PROMPT, CELLS = ask_cells("tile", [Item(item) for item in ITEMS], FEATURES)
BODY = openai_body(PROMPT)


def always(fault: str, **options: Any) -> Faults:
    return Faults(**{fault: 1.0}, n_faulty_attempts=1, **options)


def meet(fault: str, body: Any = BODY, **options: Any) -> tuple[Got, Got, FakeFoundationServer]:
    """The answer with the fault and the one to the same body after it."""
    with FakeFoundationServer(TRUTH, faults=always(fault, **options)) as server:
        first = ask(server, body)[0]
        second = ask(server, body)[0]
        return first, second, server


@pytest.mark.parametrize("fault", sorted(STATUSES))
def test_statuses_are_sent_with_the_vendors_error_and_pass(fault: str) -> None:
    first, second, server = meet(fault)
    assert first.status == STATUSES[fault]
    if fault == "bad_gateway":
        assert first.headers["Content-Type"].startswith("text/html")
    else:
        assert first.payload["error"]["message"]
    np.testing.assert_array_equal(read_cells(CELLS, second.reply), read_cells(CELLS, PLAIN))
    assert server.statistics.by_status == {STATUSES[fault]: 1, 200: 1}
    assert server.statistics.by_fault == {fault: 1}


def test_waiting_times_come_as_seconds_date_and_milliseconds_or_not_at_all() -> None:
    headers = {
        how: meet(f"rate_limit{how}", retry_after=2.5)[0].headers
        for how in ("", "_seconds", "_date", "_ms")
    }
    assert not {"Retry-After", "retry-after-ms"} & set(headers[""])
    assert headers["_seconds"]["Retry-After"] == "2.5"
    assert headers["_ms"]["retry-after-ms"] == "2500"
    date = parsedate_to_datetime(headers["_date"]["Retry-After"])
    assert 0 < date.timestamp() - time.time() < 3


def test_quota_is_worded_as_the_vendor_does() -> None:
    assert meet("quota")[0].payload["error"]["code"] == "insufficient_quota"
    with FakeFoundationServer(TRUTH, faults=always("quota")) as server:
        got = message(server, anthropic_body(PROMPT))
    assert (got.status, got.payload["type"]) == (400, "error")
    assert "credit balance is too low" in got.payload["error"]["message"]


def test_an_unauthorized_answer_repeats_the_key() -> None:
    with FakeFoundationServer(TRUTH, faults=always("unauthorized")) as server:
        got = ask(server, BODY, Authorization="Bearer sk-planted")[0]
    assert "sk-planted" in got.payload["error"]["message"]


def test_who_follows_a_redirect_is_counted() -> None:
    with FakeFoundationServer(TRUTH, faults=always("redirect")) as server:

        async def follow() -> int:
            async with (
                aiohttp.ClientSession() as session,
                session.post(server.base_url + "/chat/completions", json=BODY) as response,
            ):
                return response.status

        assert asyncio.run(follow()) == 404
        assert server.statistics.n_redirects_followed == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("reset", aiohttp.ClientOSError),
        ("reset_body", aiohttp.ClientError),
        ("truncated_body", aiohttp.ClientPayloadError),
        ("hang", aiohttp.ClientError),
    ],
)
def test_connections_break(fault: str, error: type[Exception]) -> None:
    with FakeFoundationServer(TRUTH, faults=always(fault, hang_seconds=0.2)) as server:
        start = time.monotonic()
        with pytest.raises(error):
            ask(server, BODY)
        assert (time.monotonic() - start >= 0.2) == (fault == "hang")
        assert ask(server, BODY)[0].text == PLAIN.text
        counted = server.statistics
    assert counted.by_status == {200: 2} if "body" in fault else {0: 1, 200: 1}
    assert (counted.n_answered, counted.n_paid_again) == (1, 0)


def test_who_gives_up_on_a_hanging_answer_is_counted() -> None:
    with FakeFoundationServer(TRUTH, faults=always("hang")) as server:
        with pytest.raises(TimeoutError):
            ask(server, BODY, timeout=0.1)
        deadline = time.monotonic() + 5
        while not server.statistics.n_aborted and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.statistics.n_aborted == 1


def test_an_answer_trickles() -> None:
    start = time.monotonic()
    first, _, server = meet("trickle", trickle_seconds=0.3)
    assert time.monotonic() - start >= 0.3
    assert first.text == PLAIN.text
    assert server.statistics.n_paid_again == 1


def test_bodies_are_spoilt() -> None:
    got = {
        fault: meet(fault, huge_bytes=3_000_000)[0]
        for fault in (
            "error_in_body",
            "empty_choices",
            "null_content",
            "html_page",
            "invalid_json",
            "cut_json",
            "gzip",
            "huge_body",
            "no_usage",
        )
    }
    assert {g.status for g in got.values()} == {200}
    assert "error" in got["error_in_body"].payload
    assert got["empty_choices"].payload["choices"] == []
    assert got["null_content"].payload["choices"][0]["message"]["content"] is None
    assert got["html_page"].headers["Content-Type"] == "text/html"
    assert got["html_page"].body.startswith(b"<!DOCTYPE html>")
    assert got["invalid_json"].payload is None
    assert got["cut_json"].payload is None
    assert got["cut_json"].body.startswith(b'{"id"')
    assert got["gzip"].headers["Content-Encoding"] == "gzip"
    assert len(got["huge_body"].body) > 2_000_000
    for fault in ("gzip", "huge_body"):
        assert got[fault].text == PLAIN.text
    assert "usage" not in got["no_usage"].payload


def test_anthropic_bodies_are_spoilt() -> None:
    payloads = {}
    for fault in ("error_in_body", "empty_choices", "null_content", "refusal_field"):
        with FakeFoundationServer(TRUTH, faults=always(fault)) as server:
            payloads[fault] = message(server, anthropic_body(PROMPT)).payload
    assert payloads["error_in_body"]["type"] == "error"
    assert payloads["empty_choices"]["content"] == []
    assert payloads["null_content"]["content"] is None
    assert payloads["refusal_field"]["stop_reason"] == "refusal"


def test_refusals_come_in_words_and_in_the_field() -> None:
    words, _, _ = meet("refusal_text")
    field, _, _ = meet("refusal_field")
    assert "can't help" in words.text
    refused = field.payload["choices"][0]["message"]
    assert refused["content"] is None
    assert refused["refusal"]


@pytest.mark.parametrize("form", ["pair", "batch", "tile"])
@pytest.mark.parametrize("fault", sorted(ANSWER))
def test_answers_are_spoilt_but_never_read_as_others(form: str, fault: str) -> None:
    n_items, n_features = {"pair": (1, 1), "batch": (6, 1), "tile": (6, 2)}[form]
    items = [Item(item) for item in ITEMS[:n_items]]
    prompt, cells = ask_cells(form, items, FEATURES[:n_features])
    first, second, server = meet(fault, openai_body(prompt))
    truth = read_cells(cells, second.reply)
    assert not np.isnan(truth).any()
    changed = first.text != second.text
    assert changed == (not (form == "pair" and fault == "markdown_fence"))
    try:
        got = read_cells(cells, first.reply)
    except InvalidAnswerError:
        assert fault not in HARMLESS or form == "pair"
    else:
        assert fault in HARMLESS or np.isnan(got).any()
        np.testing.assert_array_equal(got[~np.isnan(got)], truth[~np.isnan(got)])
    again = fault in HARMLESS and not (form == "pair" and fault == "prose")
    assert server.statistics.n_paid_again == again


def test_a_cut_answer_says_so_in_both_protocols() -> None:
    first, _, _ = meet("cut_answer")
    assert first.payload["choices"][0]["finish_reason"] == "length"
    with FakeFoundationServer(TRUTH) as server:
        short = message(server, anthropic_body(PROMPT, max_tokens=5)).payload
        ask(server, BODY | {"max_tokens": 5})
        assert server.statistics.n_answered == 0
    assert short["stop_reason"] == "max_tokens"
    assert short["usage"]["output_tokens"] == 5


def test_proposals_are_spoilt_too() -> None:
    groups = [Item(ITEMS[ix]) for ix in (0, 2, 4)], [Item(ITEMS[ix]) for ix in (1, 3)]
    body = openai_body(proposal.prompt("contrast", *groups, [], 3))
    first, second, _ = meet("missing_items", body)
    assert proposal.read(second.reply)[1:] == proposal.read(first.reply)


@pytest.mark.parametrize(
    ("vendor", "words"),
    [
        ("openai", "This model's maximum context length is 50 tokens. However, your messages"),
        ("vllm", "This model's maximum context length is 50 tokens. However, you requested"),
        ("llama.cpp", "exceeds the available context size (50 tokens)"),
    ],
)
def test_a_long_prompt_is_refused_in_the_words_of_the_vendor(vendor: Any, words: str) -> None:
    endpoint = Endpoint(vendor=vendor, context_tokens=50)
    with FakeFoundationServer(TRUTH, endpoint=endpoint) as server:
        got = ask(server, BODY)[0]
        theirs = message(server, anthropic_body(PROMPT))
    assert got.status == theirs.status == 400
    assert words in got.payload["error"]["message"]
    assert "tokens > 50 maximum" in theirs.payload["error"]["message"]


@pytest.mark.parametrize("vendor", ["openai", "vllm", "llama.cpp"])
def test_what_an_endpoint_cannot_do_is_refused_or_ignored(vendor: Any) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    seen = {"model": "fake", "messages": [{"role": "user", "content": [image]}]}
    linked = {"type": "image_url", "image_url": {"url": "http://127.0.0.1/cat.png"}}
    fetched = {"model": "fake", "messages": [{"role": "user", "content": [linked]}]}
    able = Endpoint(vendor=vendor, ignored=frozenset({"logprobs"}))
    unable = Endpoint(
        vendor=vendor, unsupported=frozenset({"seed", "logprobs"}), images=False, models=("fake",)
    )
    with FakeFoundationServer(TRUTH, endpoint=able) as server:
        taken, away = ask(server, seen, fetched)
        pair, _ = ask_cells("pair", [Item(ITEMS[0])], FEATURES[:1])
        hard = ask(server, openai_body(pair))[0]
    with FakeFoundationServer(TRUTH, endpoint=unable) as server:
        refused = ask(server, seen, BODY | {"seed": 1}, openai_body(pair), BODY | {"model": "x"})
    assert (taken.status, away.status, hard.status) == (200, 400, 200)
    assert hard.payload["choices"][0]["logprobs"] is None
    assert [got.status for got in refused] == [500 if vendor == "llama.cpp" else 400, 400, 400, 404]
    assert all("seed" in g.payload["error"]["message"] for g in refused[1:2])


def test_without_a_system_role_instructions_may_stand_before_the_message() -> None:
    user = {"role": "user", "content": f"{PROMPT.system}\n\n{''.join(map(str, PROMPT.parts))}"}
    with FakeFoundationServer(TRUTH, endpoint=Endpoint(system_role=False)) as server:
        refused, taken = ask(server, BODY, BODY | {"messages": [user]})
    assert refused.status == 400
    assert taken.text == PLAIN.text


@pytest.mark.parametrize(
    "poison", [{"number 3": "server_error"}, lambda t: {"number 3": "server_error"}.get(t[5:])]
)
def test_a_poisonous_item_always_fails_and_no_other(poison: Any) -> None:
    with FakeFoundationServer(TRUTH, faults=Faults(poison=poison)) as server:
        assert {ask(server, BODY)[0].status for _ in range(4)} == {500}
        others = [item for item in ITEMS if "3" not in item]
        assert judge(server, "tile", others, FEATURES).shape == (5, 2)
        with pytest.raises(KeyError):
            judge(server, "pair", ITEMS[3:4], FEATURES)


def test_faults_keep_their_rate_depend_on_the_body_only_and_pass() -> None:
    faults = Faults.spread(0.3, ["server_error", "overloaded", "missing_items"])
    bodies = [BODY | {"seed": ix} for ix in range(600)]
    with FakeFoundationServer(TRUTH, faults=faults, seed=3) as server:
        first = [got.status for got in asyncio.run(ask_all(server, bodies))]
        counted = server.reset_statistics()
        assert sum(counted.by_fault.values()) / 600 == pytest.approx(0.3, abs=0.08)
        assert min(counted.by_fault.values()) > 30
        asyncio.run(ask_all(server, bodies))
        third = asyncio.run(ask_all(server, bodies))
        assert {got.text for got in third} == {PLAIN.text}
    with FakeFoundationServer(TRUTH, faults=faults, seed=3) as server:
        again = [got.status for got in asyncio.run(ask_all(server, bodies[::-1]))][::-1]
    assert again == first
    assert Counter(first)[500] > 30


def test_what_can_be_mended_is_spread_by_default() -> None:
    faults = Faults.spread(0.2, hang_seconds=1.0)
    rates = {name: getattr(faults, name) for name in FAULT_NAMES}
    assert sum(rates.values()) == pytest.approx(0.2)
    assert {name for name, rate in rates.items() if rate} == set(MENDABLE)
    assert not rates["unauthorized"] + rates["quota"] + rates["bad_request"]


@pytest.mark.parametrize(
    "options", [{"reset": 0.6, "hang": 0.6}, {"reset": -0.1}, {"poison": {"a": "earthquake"}}]
)
def test_rates_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(genz.UsageError, match="wanted"):
        Faults(**options)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'"x"',
        b"\xff\xfe",
        {"model": "m"},
        {"model": 3, "messages": [{}]},
        {"model": "m", "messages": ["x"]},
        {"model": "m", "messages": [{"role": "user", "content": [{"type": {}}]}]},
        {"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": "many"},
        {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True},
        {
            "model": "m",
            "messages": [{"role": "user", "content": "x"}],
            "logprobs": True,
            "top_logprobs": [],
        },
        {"model": "m", "messages": [{"role": ["user"], "content": "x"}]},
    ],
)
def test_a_malformed_body_gets_400_and_nothing_breaks(body: Any) -> None:
    with FakeFoundationServer() as server:
        got = ask(server, body)[0]
        theirs = message(server, body)
    assert (got.status, theirs.status) == (400, 400)
    assert got.payload["error"]["message"]


PLAIN = Reply(tile.write(CELLS.ids, [[ix % 2 == 0, ix > 3] for ix in range(6)]), "stop")
"""The answer without faults."""


def test_the_answer_without_faults_is_the_prompts_own() -> None:
    with FakeFoundationServer(TRUTH) as server:
        got = ask(server, BODY)[0]
    assert got.text == PLAIN.text
    assert json.loads(got.body)["object"] == "chat.completion"

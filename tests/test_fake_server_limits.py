"""The fake server's buckets really limit, its places really queue, its latency is drawn."""

import asyncio
import time
from datetime import datetime
from typing import Any

import numpy as np
import pytest

import genz
from fake_client import anthropic_body, ask, ask_all, message, openai_body
from genz.prompts.cells import ask_cells
from genz.prompts.items import Item
from genz.testing import FakeFoundationServer, Latency, Limits
from genz.testing.limits import Bucket

BODIES = [openai_body(ask_cells("pair", [Item(f"item {ix}")], ["is odd"])[0]) for ix in range(40)]


def test_requests_above_the_rate_are_refused_until_the_bucket_fills_up() -> None:
    # 6000 a minute is 100 a second; the bucket holds 10.
    limits = Limits(requests_per_minute=6000, burst_seconds=0.1, retry_after="ms")
    with FakeFoundationServer(limits=limits) as server:
        start = time.monotonic()
        got = ask(server, *BODIES)
        allowed = 10 + (time.monotonic() - start) * 100
        n_taken = sum(g.status == 200 for g in got)
        assert 10 <= n_taken <= allowed
        refused = next(g for g in got if g.status == 429)
        wait = int(refused.headers["retry-after-ms"]) / 1000
        assert 0 < wait <= 0.02
        assert refused.headers["x-ratelimit-remaining-requests"] == "0"
        assert refused.headers["x-ratelimit-limit-requests"] == "6000"
        assert refused.headers["x-ratelimit-reset-requests"].endswith("ms")
        assert "requests per min" in refused.payload["error"]["message"]
        time.sleep(0.11)
        assert {g.status for g in ask(server, *BODIES[:10])} == {200}
        assert server.statistics.n_limited == 40 - n_taken


def test_a_patient_client_gets_the_allowed_rate() -> None:
    limits = Limits(requests_per_minute=3000, burst_seconds=0.02, retry_after="ms")
    with FakeFoundationServer(limits=limits) as server:

        async def persist() -> int:
            end, n_taken = time.monotonic() + 1.0, 0
            while time.monotonic() < end:
                got = (await ask_all(server, BODIES[:1]))[0]
                n_taken += got.status == 200
                await asyncio.sleep(int(got.headers.get("retry-after-ms", 0)) / 1000)
            return n_taken

        assert 15 <= asyncio.run(persist()) <= 52


def test_tokens_are_charged_as_used_or_as_allowed() -> None:
    used = Limits(tokens_per_minute=6000, burst_seconds=10)
    allowed = Limits(tokens_per_minute=6000, burst_seconds=10, charge_max_tokens=True)
    bodies = [body | {"max_tokens": 400} for body in BODIES[:20]]
    with FakeFoundationServer(limits=used) as server:
        got = ask(server, *bodies)
        n_used = sum(g.status == 200 for g in got)
        per_request = got[0].payload["usage"]["total_tokens"]
    with FakeFoundationServer(limits=allowed) as server:
        n_allowed = sum(g.status == 200 for g in ask(server, *bodies))
        much = ask(server, bodies[0] | {"max_tokens": 2000})[0]
    assert n_used == pytest.approx(1000 / per_request, abs=1.5)
    assert n_allowed == 2
    assert much.status == 429
    assert "Request too large" in much.payload["error"]["message"]
    assert "Retry-After" not in much.headers


def test_anthropic_headers_tell_what_is_left() -> None:
    limits = Limits(requests_per_minute=60, tokens_per_minute=60_000, burst_seconds=2)
    body = anthropic_body(ask_cells("pair", [Item("item")], ["is odd"])[0])
    with FakeFoundationServer(limits=limits) as server:
        got = [message(server, body) for _ in range(3)]
    assert [g.status for g in got] == [200, 200, 429]
    left = [g.headers["anthropic-ratelimit-requests-remaining"] for g in got]
    assert left == ["1", "0", "0"]
    assert int(got[0].headers["anthropic-ratelimit-tokens-remaining"]) < 2000
    reset = datetime.fromisoformat(got[2].headers["anthropic-ratelimit-requests-reset"])
    assert reset.tzinfo is not None
    assert got[2].headers["Retry-After"] == "1"
    assert got[2].payload["error"]["type"] == "rate_limit_error"


def test_a_request_that_tokens_refuse_costs_no_request() -> None:
    limits = Limits(requests_per_minute=120, tokens_per_minute=100, burst_seconds=60)
    with FakeFoundationServer(limits=limits) as server:
        got = [ask(server, BODIES[0] | {"max_tokens": 1})[0] for _ in range(3)]
    assert [g.status for g in got] == [200, 429, 429]
    assert [g.headers["x-ratelimit-remaining-requests"] for g in got] == ["119"] * 3


def test_a_bucket_never_holds_more_than_its_capacity() -> None:
    bucket = Bucket(per_minute=60_000, burst_seconds=0.01)
    bucket.take(10)
    assert bucket.seconds_until(5) == pytest.approx(0.005, abs=0.001)
    time.sleep(0.03)
    assert bucket.level() == bucket.capacity == 10


def test_latency_grows_where_places_are_few() -> None:
    latency = Latency(seconds=0.05)
    took = {}
    for places in (20, 4):
        limits = Limits(concurrency=places)
        with FakeFoundationServer(limits=limits, latency=latency) as server:
            start = time.monotonic()
            got = ask(server, *BODIES[:20])
            took[places] = time.monotonic() - start
            assert {g.status for g in got} == {200}
            assert server.statistics.most_at_once > 10
    assert took[4] >= 5 * 0.05
    assert took[20] < took[4]


def test_a_full_queue_refuses() -> None:
    limits = Limits(concurrency=2, queue=3)
    with FakeFoundationServer(limits=limits, latency=Latency(seconds=0.2)) as server:
        statuses = [g.status for g in ask(server, *BODIES[:12])]
    assert statuses.count(200) == 5
    assert statuses.count(429) == 7


def test_latency_is_drawn_by_the_body_and_grows_with_the_answer() -> None:
    lognormal = Latency(seconds=0.2, sigma=0.5)
    drawn = np.array([lognormal.draw(key, 10, seed=0) for key in range(2000)])
    assert np.median(drawn) == pytest.approx(0.2, rel=0.05)
    assert np.log(drawn).std() == pytest.approx(0.5, rel=0.05)
    assert lognormal.draw(7, 10, seed=0) == drawn[7]
    assert Latency(seconds=0.1, seconds_per_token=0.01).draw(1, 20, 0) == pytest.approx(0.3)


def test_cancelled_clients_leave_their_places() -> None:
    limits = Limits(concurrency=1)
    with FakeFoundationServer(limits=limits, latency=Latency(seconds=0.3)) as server:
        with pytest.raises(TimeoutError):
            ask(server, *BODIES[:5], timeout=0.05)
        start = time.monotonic()
        assert ask(server, BODIES[6])[0].status == 200
        assert time.monotonic() - start < 1.2


@pytest.mark.parametrize("options", [{"requests_per_minute": 0}, {"concurrency": -1}, {"queue": 3}])
def test_limits_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(genz.UsageError, match="wanted"):
        Limits(**options)

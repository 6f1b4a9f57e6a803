"""Throughput and refusals under servers with token buckets, told and untold; on virtual time."""

import pytest

from genz.client.limiter import Limiter
from simulated_server import Server, ask_all, seeded
from virtual_time import now, run

TOLD = frozenset({"limits", "retry"})
RETRY = frozenset({"retry"})
SILENT: frozenset[str] = frozenset()
SIZES = (100, 300, 2000)


def ask(
    server: Server,
    sizes: list[int],
    rpm: int | None = None,
    tpm: int | None = None,
    estimated: float = 1.0,
    concurrency: int = 64,
) -> float:
    """Seconds that the requests take."""

    async def main() -> float:
        limiter = Limiter(concurrency=concurrency, rpm=rpm, tpm=tpm, clock=now)
        result = await ask_all(limiter, server, sizes, n_workers=concurrency, estimated=estimated)
        return result.seconds

    return run(main())


def refused_share(server: Server) -> float:
    return server.n_refused / len(server.arrivals)


@pytest.mark.parametrize("capacity", [1.0, 1 / 60], ids=["minute", "second"])
@pytest.mark.parametrize("tells", [TOLD, RETRY, SILENT], ids=["told", "retry", "silent"])
@pytest.mark.parametrize("given", [True, False], ids=["given", "learned"])
@pytest.mark.parametrize("rpm", [600, 6000])
def test_nine_tenths_of_the_requests_with_one_in_a_hundred_refused(
    rpm: int, given: bool, tells: frozenset[str], capacity: float
) -> None:
    server = Server(rpm=rpm, capacity=capacity, tells=tells)
    seconds = ask(server, [100] * (6000 if rpm == 600 else 12_000), rpm=rpm if given else None)
    assert server.n_accepted >= 0.9 * rpm / 60 * seconds
    assert refused_share(server) <= 0.01


@pytest.mark.parametrize("given", [True, False], ids=["given", "learned"])
@pytest.mark.parametrize("latency", [0.1, 8.0])
def test_nine_tenths_of_the_tokens_of_mixed_sizes(given: bool, latency: float) -> None:
    rng = seeded(1)
    server = Server(tpm=60_000, latency=lambda tokens, in_flight: latency)
    sizes = [rng.choice(SIZES) for _ in range(2000)]
    # The estimates are three times too high, as upper ones are.
    seconds = ask(server, sizes, tpm=60_000 if given else None, estimated=3.0)
    assert server.tokens_used >= 0.9 * 1000 * seconds
    assert refused_share(server) <= 0.01


def test_a_bucket_hardly_larger_than_a_request_is_used_where_the_server_tells_it() -> None:
    rng = seeded(1)
    server = Server(tpm=60_000, capacity=0.05)
    seconds = ask(server, [rng.choice(SIZES) for _ in range(4000)], estimated=3.0)
    assert server.tokens_used >= 0.9 * 1000 * seconds
    assert refused_share(server) <= 0.01


def test_no_header_is_believed_to_have_room_after_a_refusal() -> None:
    told = {"x-ratelimit-limit-requests": "600", "x-ratelimit-remaining-requests": "500"}

    async def seconds(is_refused: bool) -> float:
        limiter = Limiter(clock=now)
        async with limiter.admit(1) as slot:
            slot.learn(told)
            if is_refused:
                slot.refused(0.0)
        async with limiter.admit(1) as slot:
            slot.learn(told)
        begin = now()
        for _ in range(100):
            async with limiter.admit(1):
                pass
        return now() - begin

    assert run(seconds(is_refused=False)) == 0.0
    assert run(seconds(is_refused=True)) > 5.0


def test_tokens_given_to_a_server_that_tells_nothing() -> None:
    rng = seeded(2)
    server = Server(tpm=60_000, tells=SILENT, capacity=0.05)
    seconds = ask(server, [rng.choice(SIZES) for _ in range(1000)], tpm=60_000, estimated=3.0)
    assert server.tokens_used >= 0.9 * 1000 * seconds
    assert server.n_refused == 0


def test_tokens_of_one_size_are_learned_from_refusals() -> None:
    server = Server(tpm=60_000, tells=SILENT)
    seconds = ask(server, [800] * 5000)
    assert server.tokens_used >= 0.9 * 1000 * seconds
    assert refused_share(server) <= 0.01


def test_both_limits_hold_together() -> None:
    server = Server(rpm=600, tpm=60_000)
    seconds = ask(server, [50] * 1000 + [800] * 1000, rpm=600, tpm=60_000)
    assert server.n_refused == 0
    assert seconds <= (1000 / 10 + 1000 * 800 / 1000) / 0.9


def test_what_is_left_of_a_full_bucket_is_used_at_once_where_the_server_tells_it() -> None:
    told, silent = Server(rpm=600), Server(rpm=600, tells=SILENT)
    n = 550
    assert ask(told, [100] * n) < 0.1 * ask(silent, [100] * n, rpm=600)
    assert told.n_refused == 0


def test_no_minute_has_more_than_the_limit() -> None:
    server = Server(rpm=10_000)  # it allows more, and says so
    ask(server, [100] * 600, rpm=120)
    arrivals = server.arrivals
    for first in range(len(arrivals) - 121):
        assert arrivals[first + 120] - arrivals[first] >= 60.0


def test_a_smaller_limit_in_the_headers_goes_before_the_users() -> None:
    server = Server(rpm=600, capacity=1 / 60)
    seconds = ask(server, [100] * 1000, rpm=6000)
    assert refused_share(server) <= 0.01
    assert seconds >= 90
    # And a larger one does not.
    server = Server(rpm=60_000)
    assert ask(server, [100] * 100, rpm=600) >= 9.0


def test_random_refusals_do_not_starve_the_run() -> None:
    rng = seeded(3)
    server = Server(refuses=lambda n: rng.random() < 0.03, tells=SILENT)
    seconds = ask(server, [100] * 6000)
    # 180 pauses of 0.25 s at least, beside the 9.4 s of the requests themselves.
    assert seconds < 3 * (180 * 0.25 + 9.4)


@pytest.mark.parametrize("tells", [RETRY, SILENT], ids=["retry", "silent"])
def test_a_server_with_eight_places_gets_eight_requests(tells: frozenset[str]) -> None:
    server = Server(most_in_flight=8, tells=tells)
    seconds = ask(server, [100] * 5000)
    assert refused_share(server) <= 0.01
    assert seconds <= 1.7 * 5000 / 8 * 0.1


def test_a_limit_that_falls_is_followed() -> None:
    server = Server(rpm=6000, capacity=1 / 60, tells=RETRY)
    n_before = 0

    def latency(tokens: int, in_flight: int) -> float:
        nonlocal n_before
        if server.n_accepted == 4000 and server.rpm == 6000:
            server.rpm, n_before = 1200, server.n_refused
        return 0.1

    server.latency = latency
    seconds = ask(server, [100] * 8000)
    assert server.n_refused - n_before <= 60
    assert seconds <= 1.2 * (4000 / 100 + 4000 / 20)

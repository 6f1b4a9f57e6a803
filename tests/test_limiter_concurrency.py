"""Adaptive concurrency: found for servers of every kind, without being told; on virtual time."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from genz.client.concurrency import Concurrency
from genz.client.limiter import Limiter
from simulated_server import Server, ask_all, seeded
from virtual_time import now, run


def limits(
    latency: Callable[[int, int], float], sizes: list[int], concurrency: int = 64
) -> tuple[list[int], float]:
    """The limit after each success, and the seconds of all."""

    async def main() -> tuple[list[int], float]:
        limiter = Limiter(concurrency=concurrency, clock=now)
        server = Server(latency=latency)
        result = await ask_all(limiter, server, sizes, n_workers=concurrency)
        return result.limits, result.seconds

    return run(main())


def places(n: int, rng: random.Random, jitter: float = 0.0) -> Callable[[int, int], float]:
    """Latency of a server that serves `n` at a time and queues the others, 1 ms a token."""
    free = [0.0] * n

    def latency(tokens: int, in_flight: int) -> float:
        ix = min(range(n), key=free.__getitem__)
        seconds = tokens / 1000 * rng.uniform(1 - jitter, 1 + jitter)
        free[ix] = max(free[ix], now()) + seconds
        return free[ix] - now()

    return latency


def mixed(n: int, seed: int) -> list[int]:
    rng = seeded(seed)
    return [rng.choice((100, 300, 2000)) for _ in range(n)]


def test_it_doubles_each_round_up_to_the_maximum() -> None:
    found, _ = limits(lambda tokens, in_flight: 0.1, [100] * 1000)
    assert sorted(set(found)) == [8, 16, 32, 64]
    assert found.index(64) < 150


@pytest.mark.parametrize("maximum", [1, 2, 3])
def test_a_small_maximum_holds(maximum: int) -> None:
    found, _ = limits(lambda tokens, in_flight: 0.1, [100] * 100, concurrency=maximum)
    assert set(found) == {maximum}


@pytest.mark.parametrize(
    ("sizes", "most"), [([500] * 800, 3), (mixed(800, 1), 10)], ids=["equal", "mixed"]
)
def test_a_local_server_of_one_place_is_not_flooded(sizes: list[int], most: int) -> None:
    found, seconds = limits(places(1, seeded(0)), sizes)
    settled = found[len(found) // 4 :]
    assert sum(settled) / len(settled) <= most
    assert seconds <= 1.02 * sum(sizes) / 1000, "and it is never idle"


@pytest.mark.parametrize("jitter", [0.0, 0.5])
def test_a_server_of_24_places_is_filled(jitter: float) -> None:
    sizes = mixed(4000, 2)
    found, seconds = limits(places(24, seeded(0), jitter), sizes)
    assert seconds <= 1.2 * sum(sizes) / 1000 / 24
    settled = found[len(found) // 4 :]
    assert sum(settled) / len(settled) <= 50


@pytest.mark.parametrize("seed", range(4))
def test_latencies_of_mixed_sizes_do_not_fool_it(seed: int) -> None:
    sizes = mixed(3000, seed)
    found, _ = limits(lambda tokens, in_flight: tokens / 500, sizes)
    assert found[len(found) // 3] >= 48


def test_larger_requests_do_not_look_like_a_slower_server() -> None:
    sizes = [100] * 40 + [3000] * 1000
    found, _ = limits(lambda tokens, in_flight: tokens / 1000, sizes)
    assert found[-1] == 64


def test_a_server_that_becomes_slow_gets_fewer() -> None:
    slow = places(4, seeded(0))
    n = 0

    def latency(tokens: int, in_flight: int) -> float:
        nonlocal n
        n += 1
        return 0.1 if n <= 2000 else slow(tokens, in_flight)

    found, _ = limits(latency, [100] * 9000)
    assert max(found[:2000]) == 64
    assert found[-1] <= 12


def test_a_limit_that_is_not_used_does_not_grow() -> None:
    async def main() -> int:
        limiter = Limiter(concurrency=64, clock=now)
        await ask_all(limiter, Server(), [100] * 500, n_workers=2)
        return limiter.limit

    assert run(main()) == 8


def test_growth_after_a_refusal_is_additive() -> None:
    concurrency = Concurrency(64)
    concurrency.limit = 20
    concurrency.refused()
    assert concurrency.limit == 14
    seen = []
    for _ in range(100):
        concurrency.succeeded(0.1, 100, concurrency.epoch, concurrency.limit)
        seen.append(concurrency.limit)
    assert sorted(set(seen)) == list(range(14, max(seen) + 1))
    assert max(seen) > 18


def test_single_failures_do_not_shrink_it_but_an_outage_does() -> None:
    concurrency = Concurrency(16)
    rng = seeded(0)
    limits = []
    for _ in range(2000):
        if rng.random() < 0.2:
            concurrency.failed(concurrency.epoch)
        else:
            concurrency.succeeded(0.1, 100, concurrency.epoch, concurrency.limit)
        limits.append(concurrency.limit)
    # A bad streak takes one step back, and not for long.
    assert np.mean(np.array(limits[100:]) == 16) > 0.9
    assert min(limits[100:]) == 11
    for _ in range(200):
        concurrency.failed(concurrency.epoch)
    assert concurrency.limit == 1


def test_outcomes_of_an_earlier_epoch_are_not_counted() -> None:
    concurrency = Concurrency(64)
    first = concurrency.epoch
    for _ in range(50):
        concurrency.succeeded(0.1, 100, first, 8)
    assert concurrency.limit == 8
    opened = concurrency.epoch
    for _ in range(8):
        concurrency.succeeded(0.1, 100, opened, 8)
    assert concurrency.limit == 16
    for _ in range(50):
        concurrency.succeeded(0.1, 100, opened, 8)
    assert concurrency.limit == 16

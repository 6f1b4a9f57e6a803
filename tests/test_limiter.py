"""The queue of the limiter: order, limits, cancellation, pauses; on virtual time."""

import asyncio
import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genz.client.bucket import SHARE
from genz.client.limiter import DEFAULT_CONCURRENCY, Limiter, Slot
from genz.errors import UsageError
from simulated_server import Server, ask_all, seeded
from virtual_time import now, run


def limiter(
    concurrency: int | None = None, rpm: int | None = None, tpm: int | None = None
) -> Limiter:
    return Limiter(concurrency=concurrency, rpm=rpm, tpm=tpm, clock=now)


async def turns() -> None:
    """Let all tasks that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def hold(slot: Slot, seconds: float, order: list[int] | None = None, ix: int = 0) -> None:
    async with slot:
        if order is not None:
            order.append(ix)
        await asyncio.sleep(seconds)


@pytest.mark.parametrize("name", ["concurrency", "rpm", "tpm"])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is 0, wanted at least 1"):
        Limiter(**{name: 0})


def test_the_maximum_is_the_users_or_what_large_servers_batch() -> None:
    assert Limiter(concurrency=7).maximum == 7
    assert Limiter().maximum == DEFAULT_CONCURRENCY


@given(
    sizes=st.lists(st.integers(0, 3000), min_size=1, max_size=40),
    concurrency=st.integers(1, 8),
    rpm=st.sampled_from([None, 60, 1200]),
    tpm=st.sampled_from([None, 6000, 60_000]),
    seed=st.integers(0, 99),
)
def test_admission_is_first_in_first_out_within_all_limits(
    sizes: list[int], concurrency: int, rpm: int | None, tpm: int | None, seed: int
) -> None:
    rng = seeded(seed)
    seconds = [rng.choice([0.0, 0.01, 0.5]) for _ in sizes]
    order: list[int] = []
    times: list[float] = []
    peaks: list[bool] = []

    async def main() -> None:
        gate = limiter(concurrency, rpm, tpm)

        async def one(ix: int) -> None:
            async with gate.admit(sizes[ix]) as slot:
                order.append(ix)
                times.append(now())
                peaks.append(gate.in_flight <= gate.limit <= concurrency)
                await asyncio.sleep(seconds[ix])
                slot.settle(sizes[ix])

        await asyncio.gather(*(one(ix) for ix in range(len(sizes))))
        assert gate.in_flight == 0
        assert gate.waiting_for == ""

    run(main())
    assert order == list(range(len(sizes)))
    assert all(peaks)
    for first in range(len(times)):
        for last in range(first, len(times)):
            window = times[last] - times[first] + 1e-3
            if rpm is not None:
                burst = max(1.0, 0.5 * SHARE * rpm / 60)
                assert last - first + 1 <= burst + SHARE * rpm / 60 * window + 1e-3
            if tpm is not None:
                # The last request may be larger than what is left of the bucket.
                burst = max(1.0, 0.5 * SHARE * tpm / 60)
                taken = sum(sizes[first:last])
                assert taken <= burst + SHARE * tpm / 60 * window + max(sizes[first : last + 1])


@given(
    plan=st.lists(
        st.tuples(st.integers(0, 900), st.sampled_from([None, 0.0, 0.001, 0.2, 0.8])), max_size=30
    ),
    concurrency=st.integers(1, 3),
)
def test_cancellation_anywhere_leaves_the_counters_right(
    plan: list[tuple[int, float | None]], concurrency: int
) -> None:
    async def main() -> None:
        gate = limiter(concurrency, rpm=600, tpm=60_000)
        tasks = [asyncio.create_task(hold(gate.admit(size), 0.1)) for size, _ in plan]
        for task, (_, moment) in zip(tasks, plan, strict=True):
            if moment is not None:
                asyncio.get_running_loop().call_later(moment, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert gate.in_flight == 0
        assert gate.waiting_for == ""
        # All of the limit can be had again.
        order: list[int] = []
        await asyncio.gather(*(hold(gate.admit(1), 1, order, ix) for ix in range(concurrency)))
        assert len(order) == concurrency

    run(main())


def test_a_request_cancelled_as_it_is_admitted_takes_nothing() -> None:
    async def main() -> None:
        gate = limiter(1, rpm=240)
        held = gate.admit(1)
        await held.__aenter__()
        waiting = asyncio.create_task(hold(gate.admit(1), 5.0))
        await asyncio.sleep(2.0)
        assert gate.waiting_for == "concurrency"
        await held.__aexit__(None, None, None)
        assert gate.in_flight == 1, "the next one is admitted before its task runs"
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        assert gate.in_flight == 0
        begin = now()
        async with gate.admit(1):
            assert now() == begin, "the charge was not given back"

    run(main())


def test_a_release_wakes_one_and_nobody_overtakes_a_large_request() -> None:
    async def main() -> list[int]:
        gate = limiter(4, tpm=60_000)
        order: list[int] = []
        sizes = [400, 5000, 10, 10, 10]
        tasks = [
            asyncio.create_task(hold(gate.admit(size), 0.0, order, ix))
            for ix, size in enumerate(sizes)
        ]
        await turns()
        assert order == [0]
        assert gate.waiting_for == "tokens"
        begin = now()
        await asyncio.gather(*tasks)
        # The large one goes when the bucket is full, the others when its debt is paid.
        assert now() - begin == pytest.approx((400 + 5000 + 30) / (SHARE * 1000) - 0.5, abs=0.2)
        return order

    assert run(main()) == [0, 1, 2, 3, 4]


def test_the_next_one_goes_when_the_first_of_the_queue_is_cancelled() -> None:
    async def main() -> None:
        gate = limiter(4, tpm=60_000)
        async with gate.admit(400):
            large = asyncio.create_task(hold(gate.admit(400), 0.0))
            small = asyncio.create_task(hold(gate.admit(10), 0.0))
            await turns()
            assert gate.waiting_for == "tokens"
            begin = now()
            large.cancel()
            await small
            assert now() == begin

    run(main())


def test_many_waiters_cost_one_wake_up_a_release() -> None:
    async def main() -> int:
        gate = limiter(1)
        tasks = [asyncio.create_task(hold(gate.admit(1), 1.0)) for _ in range(500)]
        await turns()
        calls = 0
        original = gate._rates.delay

        def counted(*args: object) -> object:
            nonlocal calls
            calls += 1
            return original(*args)  # type: ignore[arg-type]

        gate._rates.delay = counted  # type: ignore[assignment, method-assign]
        await asyncio.gather(*tasks)
        return calls

    assert run(main()) <= 2 * 500


def test_unused_tokens_are_given_back_and_excess_is_taken() -> None:
    async def seconds_until_next(actual: int) -> float:
        gate = limiter(4, tpm=60_000)
        async with gate.admit(400) as slot:
            slot.settle(actual)
            slot.settle(10**9)  # only the first counts
        begin = now()
        async with gate.admit(480):
            return now() - begin

    assert run(seconds_until_next(0)) == 0.0
    rate = SHARE * 1000
    assert run(seconds_until_next(2400)) == pytest.approx((2400 + 480) / rate, abs=1.6)
    assert run(seconds_until_next(2400)) > run(seconds_until_next(400)) + 1.5


def test_a_refusal_pauses_everyone_and_shrinks_once_an_episode() -> None:
    async def main() -> None:
        gate = limiter(4)
        slots = [gate.admit(1) for _ in range(4)]
        for slot in slots:
            await slot.__aenter__()
        assert gate.limit == 4
        slots[0].refused(5.0)
        shrunk = gate.limit
        assert shrunk == 2
        for slot in slots[1:]:
            slot.refused(1.0)
        assert gate.limit == shrunk, "they were in flight when the episode began"
        for slot in slots:
            await slot.__aexit__(None, None, None)
        begin = now()
        waiting = asyncio.create_task(hold(gate.admit(1), 0.0))
        await turns()
        assert gate.waiting_for == "pause"
        await waiting
        assert now() - begin >= 5.0
        async with gate.admit(1) as slot:
            slot.refused(0.0)
        assert gate.limit == 1, "a new episode"

    run(main())


def test_refusals_that_say_no_time_pause_longer_each_time() -> None:
    async def main() -> list[float]:
        gate = limiter(1)
        pauses = []
        for _ in range(6):
            async with gate.admit(1) as slot:
                begin = now()
                slot.refused(None)
            async with gate.admit(1) as slot:
                pauses.append(now() - begin)
                slot.refused(None)
        return pauses

    pauses = run(main())
    assert pauses == sorted(pauses)
    assert pauses[-1] > 16 * pauses[0]
    assert pauses[-1] < 200


def test_a_pause_has_an_end_whatever_the_server_says() -> None:
    async def main() -> float:
        gate = limiter(1)
        async with gate.admit(1) as slot:
            slot.refused(1e9)
        begin = now()
        async with gate.admit(1):
            return now() - begin

    assert 500 < run(main()) < 700


def test_it_is_used_on_one_loop_after_another() -> None:
    gate = Limiter(concurrency=2, rpm=6000)

    async def main() -> None:
        await asyncio.gather(*(hold(gate.admit(1), 0.001) for _ in range(60)))

    for _ in range(2):
        asyncio.run(main())
    assert gate.in_flight == 0

    async def interrupted() -> None:
        tasks = [asyncio.create_task(hold(gate.admit(1), 5)) for _ in range(9)]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(interrupted())
    asyncio.run(asyncio.wait_for(main(), 10))


def test_the_waiting_reasons_are_told() -> None:
    async def main() -> list[str]:
        found = []
        for options in ({"concurrency": 1}, {"rpm": 1}, {"tpm": 1}):
            gate = limiter(**options)
            first = asyncio.create_task(hold(gate.admit(5), 1.0))
            second = asyncio.create_task(hold(gate.admit(5), 1.0))
            await turns()
            found.append(gate.waiting_for)
            first.cancel()
            second.cancel()
            await asyncio.gather(first, second, return_exceptions=True)
            found.append(gate.waiting_for)
        return found

    assert run(main()) == ["concurrency", "", "requests", "", "tokens", ""]


def test_slow_start_costs_less_than_a_tenth() -> None:
    server = Server()

    async def main() -> float:
        return (await ask_all(limiter(64), server, [100] * 10_000)).seconds

    assert run(main()) <= 1.1 * 10_000 / 64 * 0.1
    assert server.peak == 64
    assert math.isclose(server.n_accepted, 10_000)

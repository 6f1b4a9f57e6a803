"""Ends of runs: interrupts, budgets, errors, and endpoints that are not there."""

import asyncio
import time

import pytest
from aiohttp import web

from client_runs import QUICK, make_client, run, text_of
from genz.client.budget import Budget
from genz.client.limiter import Limiter
from genz.client.request import FailureKind
from genz.errors import BudgetError, FoundationModelError, UnreachableError
from genz.store import AnswerStore
from loopback import ask, completion, error, said, serve

WORDS = [f"word {n}" for n in range(40)]

START = Limiter().limit


async def shout(_, body):
    return completion(said(body).upper())


@pytest.fixture
def store(tmp_path):
    return tmp_path / "answers.sqlite"


class Gate:
    """A server that holds all its answers until it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked: list[str] = []

    async def __call__(self, _, body):
        self.asked.append(said(body))
        await self.open.wait()
        return await shout(_, body)

    async def held(self, n: int) -> None:
        while len(self.asked) < n:
            await asyncio.sleep(0.002)


def nothing(*_):
    return ()


def test_an_interrupted_run_commits_what_is_in_flight(store):
    handled = []

    async def main():
        gate = Gate()
        async with serve(gate) as url:
            with AnswerStore.open(store) as opened:
                async with make_client(opened, url) as client:
                    requests = [ask(word) for word in WORDS]
                    task = asyncio.create_task(
                        client.run(requests, lambda r, _: handled.append(r) or ())
                    )
                    await gate.held(START)
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                    asyncio.get_running_loop().call_later(0.05, gate.open.set)
                assert client.statistics.in_flight == 0
                return gate.asked

    asked = asyncio.run(main())
    # The limiter starts with so many at a time: nothing was asked after the interrupt.
    assert len(asked) == START
    assert not handled
    again = asyncio.run(run(store, shout, [ask(word) for word in WORDS]))
    assert len(again.values) == len(WORDS)
    assert not {said(body) for body in again.bodies} & set(asked)


def test_a_second_interrupt_ends_at_once(store):
    async def main():
        gate = Gate()
        async with serve(gate) as url:
            with AnswerStore.open(store) as opened:

                async def whole():
                    async with make_client(opened, url, timeout=60.0) as client:
                        await client.run([ask(word) for word in WORDS], nothing)

                task = asyncio.create_task(whole())
                await gate.held(4)
                task.cancel()
                await asyncio.sleep(0.05)
                assert not task.done()
                task.cancel()
                began = time.monotonic()
                with pytest.raises(asyncio.CancelledError):
                    await task
                took = time.monotonic() - began
                coroutines = [each.get_coro().__qualname__ for each in asyncio.all_tasks()]
                assert not [name for name in coroutines if name.startswith("Workers")]
                return took

    assert asyncio.run(main()) < 1.0


def test_requests_that_wait_before_they_are_asked_again_end_at_once(store):
    async def fail(_, __):
        return error(503, "loading", {"retry-after": "600"})

    async def main():
        async with serve(fail) as url:
            with AnswerStore.open(store) as opened:
                async with make_client(opened, url) as client:
                    task = asyncio.create_task(client.run([ask(w) for w in WORDS], nothing))
                    while not client.statistics.n_waiting.total():
                        await asyncio.sleep(0.01)
                    assert client.statistics.waiting == "rate limit"
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                    began = time.monotonic()
                return time.monotonic() - began

    assert asyncio.run(main()) < 1.0


def test_two_runs_share_a_request_that_outlives_the_first(store):
    async def main():
        gate = Gate()
        async with serve(gate) as url:
            with AnswerStore.open(store) as opened:
                async with make_client(opened, url) as client:
                    first = asyncio.create_task(client.ask(ask("one")))
                    await gate.held(1)
                    second = asyncio.create_task(client.ask(ask("one")))
                    await asyncio.sleep(0.01)
                    first.cancel()
                    await asyncio.sleep(0.01)
                    gate.open.set()
                    return (await second).value, gate.asked

    assert asyncio.run(main()) == ("ONE", ["one"])


def test_a_shared_failure_is_paid_once(store):
    async def bad(_, body):
        await asyncio.sleep(0.05)
        return error(400, "prompt is too long")

    done = asyncio.run(run(store, bad, [ask("one") for _ in range(5)]))
    assert len(done.bodies) == 1
    assert done.statistics.n_failed == {FailureKind.CONTEXT: 5}


def test_a_budget_is_never_exceeded_and_loses_nothing(store):
    handled = []
    first = asyncio.run(
        run(
            store,
            shout,
            [ask(word) for word in WORDS],
            lambda r, _: handled.append(r) or (),
            budget=Budget(max_requests=10),
        )
    )
    assert isinstance(first.error, BudgetError)
    assert len(first.bodies) == 10
    rest = asyncio.run(run(store, shout, [ask(word) for word in WORDS]))
    assert len(rest.bodies) == len(WORDS) - 10


def test_failed_attempts_count(store):
    async def flaky(_, __):
        return error(500, "oops")

    budget = Budget(max_requests=3)
    done = asyncio.run(run(store, flaky, [ask("one")], budget=budget))
    assert isinstance(done.error, BudgetError)
    assert (len(done.bodies), budget.n_spent, budget.n_reserved) == (3, 3, 0)


def test_reservations_end_with_the_run(store):
    budget, limiter = Budget(), Limiter()

    async def handler(_, body):
        return error(401, "no") if said(body) == WORDS[9] else await shout(_, body)

    requests = [ask(word) for word in WORDS]
    done = asyncio.run(run(store, handler, requests, budget=budget, limiter=limiter))
    assert done.error is not None
    assert (budget.n_reserved, budget.reserved.total, limiter.in_flight) == (0, 0, 0)
    assert budget.n_spent == len(done.bodies)


@pytest.mark.parametrize("where", ["handle", "requests", "read"])
def test_what_the_asker_raises_reaches_the_asker(store, where):
    def broken(*_):
        raise KeyError(where)

    def requests():
        yield ask("one")
        if where == "requests":
            broken()

    def question():
        request = ask("two")
        object.__setattr__(request, "read", broken)
        yield request

    asked = question() if where == "read" else requests()
    follow = broken if where == "handle" else nothing
    done = asyncio.run(run(store, shout, asked, follow, n_workers=1))
    assert isinstance(done.error, KeyError)


def test_nobody_there_is_said_soon(store):
    async def main():
        with AnswerStore.open(store) as opened:
            async with make_client(opened, "http://127.0.0.1:9") as client:
                with pytest.raises(UnreachableError, match=r"answered nothing yet.*127.0.0.1:9"):
                    await client.run([ask(word) for word in WORDS], nothing)
                return client.statistics

    statistics = asyncio.run(main())
    assert statistics.n_asked <= 3 * len(WORDS)


def test_a_web_site_is_no_endpoint(store):
    async def site(_, __):
        return web.Response(text="<html>welcome</html>", content_type="text/html")

    done = asyncio.run(run(store, site, [ask(word) for word in WORDS]))
    assert isinstance(done.error, UnreachableError)
    assert "text/html" in str(done.error)


def test_a_model_that_refuses_everything_is_said_after_three(store):
    async def refuse(_, __):
        return error(400, "this model only completes code")

    done = asyncio.run(run(store, refuse, [ask(word) for word in WORDS], n_workers=1))
    assert type(done.error) is FoundationModelError
    assert "this model only completes code" in str(done.error)
    assert len(done.bodies) == 3


def test_an_endpoint_that_goes_away_ends_the_run(store):
    answered = []

    async def dying(_, body):
        if len(answered) >= 12:
            return web.Response(status=502)
        answered.append(said(body))
        return await shout(_, body)

    done = asyncio.run(run(store, dying, [ask(word) for word in WORDS], n_workers=4))
    assert isinstance(done.error, UnreachableError)
    assert "the same run goes on from there" in str(done.error)
    rest = asyncio.run(run(store, shout, [ask(word) for word in WORDS]))
    assert len(rest.bodies) == len(WORDS) - 12


def test_many_items_that_break_a_living_server_do_not(store):
    async def fragile(_, body):
        return error(500, "tokenizer") if said(body) != WORDS[0] else await shout(_, body)

    done = asyncio.run(run(store, fragile, [ask(word) for word in WORDS[:15]], n_workers=2))
    assert done.error is None
    assert done.statistics.n_failed == {FailureKind.TRANSIENT: 14}


def test_an_outage_shorter_than_the_retries_changes_nothing(store):
    n = iter(range(10**6))

    async def blinking(request, body):
        if 10 <= next(n) < 20:
            request.transport.abort()
        return await shout(request, body)

    policy = type(QUICK)(max_attempts=12, first=0.002, longest=0.01)
    done = asyncio.run(run(store, blinking, [ask(w) for w in WORDS], policy=policy))
    assert done.values == {word: word.upper() for word in WORDS}


def test_a_client_can_be_used_for_many_runs(store):
    async def main():
        async with serve(shout) as url:
            with AnswerStore.open(store) as opened:
                async with make_client(opened, url) as client:
                    for word in WORDS[:3]:
                        await client.run([ask(word)], nothing)
                    await client.run([], nothing)
                    return text_of(ask("x")), (await client.ask(ask("four"))).value

    assert asyncio.run(main()) == ("x", "FOUR")

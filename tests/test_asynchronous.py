"""`LoopThread`: questions asked from synchronous code, whatever happens to them."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

import genz
from genz.asynchronous import LoopThread


async def answer(value: int) -> int:
    await asyncio.sleep(0)
    return value


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


def test_answers_come_from_one_loop_on_another_thread() -> None:
    async def where() -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
        return asyncio.get_running_loop(), threading.current_thread()

    with LoopThread() as loop:
        assert [loop.run(answer(n)) for n in range(3)] == [0, 1, 2]
        (first_loop, thread), second = loop.run(where()), loop.run(where())
    assert second == (first_loop, thread)
    assert thread is not threading.current_thread()
    assert first_loop.is_closed()


def test_errors_of_the_question_are_raised_and_the_loop_goes_on() -> None:
    async def fail() -> None:
        raise ConnectionError("the service is away")

    with LoopThread() as loop:
        with pytest.raises(ConnectionError, match="the service is away"):
            loop.run(fail())
        assert loop.run(answer(4)) == 4


def test_errors_of_the_caller_leave_nothing_running() -> None:
    threads: list[threading.Thread] = []

    async def here() -> None:
        threads.append(threading.current_thread())

    def use() -> None:
        with LoopThread() as loop:
            loop.run(here())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert not threads[0].is_alive()


def test_a_loop_that_runs_already_is_not_in_the_way() -> None:
    """As in a notebook, where every cell runs on a thread whose own loop runs."""

    async def cell() -> tuple[int, bool]:
        with LoopThread() as loop:
            got = loop.run(answer(5))
        return got, asyncio.get_running_loop().is_running()

    assert asyncio.run(cell()) == (5, True)


def test_the_estimator_works_inside_a_running_loop() -> None:
    items = [{"area": float(area)} for area in range(60)]
    y = np.array([item["area"] >= 30 for item in items]) + 0.01 * np.arange(60) % 0.05

    async def cell() -> tuple[float, ...]:
        model = genz.GenZRegressor(n_features=1, patience=1).fit(items, y)
        return tuple(model.predict(items[:2]))

    assert len(asyncio.run(cell())) == 2


def test_open_tasks_and_generators_are_cleaned_up() -> None:
    cleaned: list[str] = []

    async def forever(name: str) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            cleaned.append(name)

    async def stream() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            cleaned.append("stream")

    generators = []

    async def leave_open() -> None:
        tasks = [asyncio.create_task(forever(name)) for name in ("first", "second")]
        generators.extend([stream(), tasks])
        assert await anext(generators[0]) == 1

    with LoopThread() as loop:
        loop.run(leave_open())
    assert sorted(cleaned) == ["first", "second", "stream"]


QUESTION = """
import asyncio, sys, threading
from genz.asynchronous import LoopThread

async def ask():
    print("asked", flush=True)
    try:
        await asyncio.sleep(3600)
    finally:
        print("cleaning up", flush=True)
        await asyncio.sleep(float(sys.argv[1]))
        print("cleaned up", flush=True)

try:
    with LoopThread() as loop:
        loop.run(ask())
except KeyboardInterrupt:
    print("interrupted", threading.active_count(), flush=True)
"""


def asking(clean_up_seconds: str) -> subprocess.Popen[bytes]:
    """Start a process and return once its question is open."""
    child = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", QUESTION, clean_up_seconds],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"asked\n"
    return child


def test_a_clean_up_that_has_begun_is_not_cancelled_again() -> None:
    cleaning, cleaned = threading.Event(), threading.Event()

    async def ask() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            cleaning.set()
            await asyncio.sleep(0.1)
            cleaned.set()

    async def cancel() -> None:
        task = asyncio.create_task(ask())
        await asyncio.sleep(0)
        task.cancel()
        while not cleaning.is_set():
            await asyncio.sleep(0)

    with LoopThread() as loop:
        loop.run(cancel())
    assert cleaned.is_set()


def test_ctrl_c_cancels_the_question_and_waits_for_its_clean_up() -> None:
    child = asking("0.05")
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert (out, err) == (b"cleaning up\ncleaned up\ninterrupted 1\n", b"")
    assert child.returncode == 0


def test_ctrl_c_again_ends_a_process_whose_clean_up_hangs() -> None:
    child = asking("3600")
    child.send_signal(signal.SIGINT)
    assert child.stdout is not None
    assert child.stdout.readline() == b"cleaning up\n"
    # One that comes before the caller waits for the clean-up ends nothing but the question.
    for _ in range(100):
        child.send_signal(signal.SIGINT)
        try:
            child.wait(timeout=0.3)
            break
        except subprocess.TimeoutExpired:
            continue
    else:
        child.kill()
    out, _ = child.communicate(timeout=30)
    assert out == b"interrupted 2\n"


class Service:
    """Says what was done with it, and can fail at either end."""

    def __init__(self, *, fails_on: str = "") -> None:
        self.done: list[str] = []
        self._fails_on = fails_on

    async def _do(self, what: str) -> None:
        await asyncio.sleep(0)
        self.done.append(what)
        if what == self._fails_on:
            raise ConnectionError(what)

    async def __aenter__(self) -> None:
        await self._do("open")

    async def __aexit__(self, *_: object) -> None:
        await self._do("close")


def test_a_service_is_open_while_questions_are_asked() -> None:
    service = Service()
    with LoopThread(service) as loop:
        loop.run(service._do("ask"))
    assert service.done == ["open", "ask", "close"]


def test_a_service_is_closed_when_a_question_fails() -> None:
    service = Service(fails_on="ask")
    with pytest.raises(ConnectionError, match="ask"), LoopThread(service) as loop:
        loop.run(service._do("ask"))
    assert service.done == ["open", "ask", "close"]


@pytest.mark.parametrize("end", ["open", "close"])
def test_a_service_that_fails_at_its_ends_leaves_no_thread(end: str) -> None:
    with pytest.raises(ConnectionError, match=end), LoopThread(Service(fails_on=end)):
        pass

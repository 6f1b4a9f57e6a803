"""A fixed number of workers that pull requests, and stop without losing what is under way."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator

from genz.client.request import Outcome, Request

Handle = Callable[[Request, Outcome], Iterable[Request]]

# Requests that the store answers never wait: so many of them, then the loop gets its turn.
_BURST = 32


class StoppedError(Exception):
    """A worker was told to stop before its request was answered."""


class Worker:
    """One worker; while it is `busy` with an attempt, stopping waits for it."""

    __slots__ = ("_run", "busy", "n_since_pause", "task")

    def __init__(self, run: "_Run") -> None:
        self._run = run
        self.busy = False
        self.n_since_pause = 0
        self.task: asyncio.Task[None] | None = None

    def check(self) -> None:
        """Raise StoppedError if the run ends: to be called before any new wait."""
        if self._run.stopped:
            raise StoppedError


class _Run:
    """The requests of one call of `Workers.run`."""

    def __init__(self, requests: Iterable[Request], handle: Handle) -> None:
        self._requests: Iterator[Request] = iter(requests)
        self._exhausted = False
        self.handle = handle
        self.follow_ups: deque[Request] = deque()
        self.idle: deque[asyncio.Future[None]] = deque()
        self.workers: list[Worker] = []
        self.n_open = 0
        self.stopped = False
        self.error: Exception | None = None

    def next(self) -> Request | None:
        """The next request: follow-ups first; None if there is none now."""
        if self.follow_ups:
            return self.follow_ups.popleft()
        if not self._exhausted:
            for request in self._requests:
                return request
            self._exhausted = True
        return None

    def wake(self, n: int | None = None) -> None:
        """Wake so many idle workers, or all."""
        while self.idle and (n is None or n > 0):
            waiting = self.idle.popleft()
            if not waiting.done():
                waiting.set_result(None)
                n = None if n is None else n - 1

    def stop(self, error: Exception | None = None) -> None:
        """Admit nothing more: workers that wait end now, the others after their attempt."""
        if error is not None and self.error is None:
            self.error = error
        if self.stopped:
            return
        self.stopped = True
        current = asyncio.current_task()
        for worker in self.workers:
            if not worker.busy and worker.task is not None and worker.task is not current:
                worker.task.cancel()


class Workers:
    """Runs requests through `answer`, at most `n_workers` of each run at a time.

    Attempts belong to this object and not to whoever waits for a run: if that wait is cancelled,
    they go on until `drain`.
    """

    def __init__(
        self, answer: Callable[[Request, Worker], Awaitable[Outcome]], n_workers: int
    ) -> None:
        self._answer = answer
        self._n_workers = n_workers
        self._runs: set[_Run] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(
        self,
        requests: Iterable[Request],
        handle: Handle,
        n_workers: int | None = None,
        *,
        seconds: float | None = None,
        overdue: Callable[[], Exception] = TimeoutError,
    ) -> None:
        """Answer all requests; raises what stops the run, after what was under way is committed.

        After so many `seconds` no attempt begins and no wait goes on; then `overdue` is raised.
        """
        run = _Run(requests, handle)
        self._runs.add(run)
        timer = None
        if seconds is not None:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(max(seconds, 0.0), lambda: run.stop(overdue()))
        try:
            for _ in range(n_workers or self._n_workers):
                worker = Worker(run)
                worker.task = asyncio.create_task(self._work(run, worker))
                self._tasks.add(worker.task)
                worker.task.add_done_callback(self._tasks.discard)
                run.workers.append(worker)
            await asyncio.wait([worker.task for worker in run.workers if worker.task])
        finally:
            if timer is not None:
                timer.cancel()
            run.stop()
            self._runs.discard(run)
        if run.error is not None:
            raise run.error

    async def drain(self) -> None:
        """Stop all runs and wait for the attempts under way; a cancelled wait cancels them."""
        for run in self._runs:
            run.stop()
        if not self._tasks:
            return
        try:
            await asyncio.wait(self._tasks)
        except asyncio.CancelledError:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            raise

    async def _work(self, run: _Run, worker: Worker) -> None:
        try:
            while not run.stopped:
                request = run.next()
                if request is not None:
                    await self._process(run, worker, request)
                elif run.n_open:
                    # One that is still open may bring follow-ups.
                    waiting = asyncio.get_running_loop().create_future()
                    run.idle.append(waiting)
                    await waiting
                else:
                    run.wake()
                    return
        except StoppedError:
            return
        except asyncio.CancelledError:
            if not run.stopped:
                run.stop(RuntimeError("a worker of the client was cancelled from outside"))
        except Exception as error:
            # It belongs to whoever called `run`, and is raised there.
            run.stop(error)

    async def _process(self, run: _Run, worker: Worker, request: Request) -> None:
        run.n_open += 1
        try:
            outcome = await self._answer(request, worker)
        finally:
            worker.busy = False
            run.n_open -= 1
        if run.stopped:
            return
        n_before = len(run.follow_ups)
        run.follow_ups.extend(run.handle(request, outcome))
        run.wake(len(run.follow_ups) - n_before)
        worker.n_since_pause += 1
        if worker.n_since_pause >= _BURST:
            worker.n_since_pause = 0
            await asyncio.sleep(0)

"""The client: each question is answered from the store, or by the endpoint and then stored."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Self

from genz.client.address import shown
from genz.client.asking import Asker
from genz.client.budget import Budget, Estimator
from genz.client.capabilities import Capabilities
from genz.client.dialects import Dialect
from genz.client.endpoint import Endpoint, known_capabilities
from genz.client.key import Question, question
from genz.client.limiter import DEFAULT_CONCURRENCY, Limiter
from genz.client.progress import Statistics
from genz.client.reading import read_stored
from genz.client.request import Answer, Failure, FailureKind, Outcome, Request
from genz.client.retry import RetryPolicy
from genz.client.secret import Secret
from genz.client.transport import Transport
from genz.client.workers import Worker, Workers
from genz.errors import ImageError, UnreachableError
from genz.store import AnswerStore

__all__ = ["Client"]

_SECONDS_BETWEEN_REPORTS = 0.1
_N_LOADING = 4
"""Questions whose images are decoded at a time: each in a thread, beside the loop."""


class Client:
    """Asks one model at one endpoint; an async context manager on the running loop.

    Parameters
    ----------
    dialect : Dialect
    model : str
    base_url : str, optional
        The dialect's vendor by default.
    secret : Secret, optional
    store : AnswerStore
        Stays open when the client closes.
    limiter : Limiter
    budget : Budget
    estimator : Estimator, optional
    capabilities : Capabilities, optional
        By default what the store knows of the endpoint, else all that the dialect can express.
    offline : bool
        Answer from the store only.
    n_workers : int
        Requests of one run that are open at a time; more than are ever in flight, because some
        wait before they are asked again.
    policy : RetryPolicy
    timeout : float
        Seconds of one attempt.
    trust_env : bool
        Take proxies from the environment.
    seed : int, optional
        Of the random part of the waits.
    observer : callable, optional
        Gets the statistics about ten times a second during a run.

    Raises
    ------
    UsageError
        A base URL that cannot be one.
    """

    def __init__(
        self,
        dialect: Dialect,
        model: str,
        base_url: str | None = None,
        secret: Secret | None = None,
        *,
        store: AnswerStore,
        limiter: Limiter,
        budget: Budget,
        estimator: Estimator | None = None,
        capabilities: Capabilities | None = None,
        offline: bool = False,
        n_workers: int = 2 * DEFAULT_CONCURRENCY,
        policy: RetryPolicy | None = None,
        timeout: float = 300.0,
        trust_env: bool = False,
        seed: int | None = None,
        observer: Callable[[Statistics], None] | None = None,
    ) -> None:
        url = dialect.url(base_url or dialect.default_url)
        self._endpoint = Endpoint(dialect.name, url, model, secret, capabilities or dialect.full)
        self._looks_up_capabilities = capabilities is None
        self._dialect = dialect
        self._store = store
        self._limiter = limiter
        self._budget = budget
        self._offline = offline
        self._observer = observer
        self._statistics = Statistics()
        self._transport = Transport(
            url, dialect.headers(secret), timeout=timeout, trust_env=trust_env
        )
        self._asker = Asker(
            self._endpoint,
            dialect,
            self._transport,
            store=store,
            limiter=limiter,
            budget=budget,
            estimator=estimator or Estimator(),
            policy=policy or RetryPolicy(),
            statistics=self._statistics,
            seed=seed,
        )
        self._workers = Workers(self._answer, n_workers)
        # None until somebody else wants the same answer.
        self._in_flight: dict[bytes, asyncio.Future[Failure | None] | None] = {}
        self._loading = asyncio.Semaphore(_N_LOADING)

    @property
    def capabilities(self) -> Capabilities:
        """What is sent to the endpoint now."""
        return self._endpoint.capabilities

    @property
    def statistics(self) -> Statistics:
        """What was done so far."""
        self._statistics.limit = self._limiter.limit
        self._statistics.held_by = self._limiter.waiting_for
        self._statistics.cost = self._budget.spent_cost
        return self._statistics

    async def __aenter__(self) -> Self:
        if self._looks_up_capabilities:
            # Here and not before: a store is read on the thread that opened it, the loop's.
            endpoint = self._endpoint
            endpoint.capabilities = known_capabilities(
                self._store, endpoint.name, endpoint.capabilities
            )
        if not self._offline:
            await self._transport.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let what is in flight end and commit it; a cancelled wait ends at once."""
        try:
            await self._workers.drain()
        finally:
            await self._transport.close()

    def announce(self, n_requests: int) -> None:
        """Say how many requests a run will have, for whoever watches."""
        self._statistics.n_planned = self._statistics.n_done + n_requests

    async def run(
        self, requests: Iterable[Request], handle: Callable[[Request, Outcome], Iterable[Request]]
    ) -> None:
        """Answer all requests, pulled lazily.

        Parameters
        ----------
        requests : iterable of Request
        handle : callable
            Gets each request with its outcome, on the loop, in order of completion; returns
            follow-ups, which are asked before further ones.

        Raises
        ------
        GenZError
            What stops the run; what was in flight is committed before it is raised.
        """
        await self._run(requests, handle, None)

    async def ask(self, request: Request) -> Outcome:
        """Answer one request; raises as `run` does."""
        outcomes: list[Outcome] = []

        def keep(_: Request, outcome: Outcome) -> Iterable[Request]:
            outcomes.append(outcome)
            return ()

        await self._run((request,), keep, 1)
        return outcomes[0]

    async def _run(
        self,
        requests: Iterable[Request],
        handle: Callable[[Request, Outcome], Iterable[Request]],
        n_workers: int | None,
    ) -> None:
        budget = self._budget
        # From the store alone nothing is spent, time neither.
        seconds = None if self._offline else budget.begin()
        work = self._workers.run(
            requests, handle, n_workers, seconds=seconds, overdue=budget.overdue
        )
        if self._observer is None:
            await work
            return
        reports = asyncio.create_task(self._report(self._observer))
        try:
            await work
        finally:
            reports.cancel()
            self._observer(self.statistics)

    async def _report(self, observer: Callable[[Statistics], None]) -> None:
        while True:
            observer(self.statistics)
            await asyncio.sleep(_SECONDS_BETWEEN_REPORTS)

    async def _answer(self, request: Request, worker: Worker) -> Outcome:
        ready = question(self._dialect, self._endpoint.model, request)
        key = ready.key
        while key in self._in_flight:
            if (failure := await self._shared(key)) is not None:
                return self._count(failure, stored=True)
        if (outcome := self._find(request, key)) is not None:
            return self._count(outcome, stored=True)
        self._in_flight[key] = None
        outcome = None
        try:
            outcome = await self._ask(request, ready, worker)
        finally:
            waiting = self._in_flight.pop(key)
            if waiting is not None and not waiting.done():
                waiting.set_result(outcome if isinstance(outcome, Failure) else None)
        return self._count(outcome, stored=False)

    async def _ask(self, request: Request, ready: Question, worker: Worker) -> Outcome:
        if not request.prompt.is_loaded:
            try:
                async with self._loading:
                    prompt = await asyncio.to_thread(request.prompt.loaded)
            except ImageError as error:
                # Not noted in the store, for the file may be mended; so it is found offline too.
                return Failure(FailureKind.IMAGE, str(error))
            request = replace(request, prompt=prompt)
        if self._offline:
            raise UnreachableError(
                f"offline: the answer to this question ({request.version}) of "
                f"{self._endpoint.model} at {shown(self._endpoint.url)} is not in the store, "
                f"{self._statistics.n_done} before it were; run once without offline"
            )
        return await self._asker.ask(request, ready, worker)

    async def _shared(self, key: bytes) -> Failure | None:
        """Wait for another request of this key: its failure, or None to look for its answer."""
        waiting = self._in_flight[key]
        if waiting is None:
            waiting = self._in_flight[key] = asyncio.get_running_loop().create_future()
        # One who stops waiting must not end the wait of the others.
        return await asyncio.shield(waiting)

    def _find(self, request: Request, key: bytes) -> Outcome | None:
        """Find a stored answer that reads as one, or a failure that is final."""
        text = self._store.find(key)
        if text is not None:
            reading = read_stored(text, request, self._dialect)
            if reading is not None:
                return Answer(reading.value, reading.reply, stored=True)
        # What was split stays split: a run that is repeated asks the same questions.
        if self._offline or request.divisible:
            failure = self._store.find_failure(key)
            if failure is not None:
                return failure
        return None

    def _count(self, outcome: Outcome, *, stored: bool) -> Outcome:
        statistics = self._statistics
        statistics.n_done += 1
        statistics.n_stored += stored
        if isinstance(outcome, Failure):
            statistics.n_failed[outcome.kind] += 1
        return outcome

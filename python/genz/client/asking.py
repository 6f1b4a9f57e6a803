"""One logical request: attempts until there is an answer or no hope of one."""

import asyncio
import random
from dataclasses import dataclass, replace

from genz.client.breakers import Breakers
from genz.client.budget import Budget, Estimator
from genz.client.capabilities import Capabilities
from genz.client.dialects import Dialect
from genz.client.endpoint import Endpoint
from genz.client.failures import FailureClass
from genz.client.key import Question, encode
from genz.client.lengths import Lengths, longer
from genz.client.limiter import Limiter, Slot
from genz.client.progress import Statistics
from genz.client.prompt import Prompt, Usage
from genz.client.reading import Reading, Sent, Verdict, read_attempt
from genz.client.request import Answer, Failure, FailureKind, Outcome, Request
from genz.client.retry import RetryPolicy
from genz.client.transport import Attempt, Fault, Transport
from genz.client.workers import Worker
from genz.store import AnswerStore, Entry

_FAILURES = {
    FailureClass.CONTEXT: FailureKind.CONTEXT,
    FailureClass.REFUSED: FailureKind.REFUSED,
    FailureClass.UNSUPPORTED: FailureKind.BAD_REQUEST,
    FailureClass.BAD_REQUEST: FailureKind.BAD_REQUEST,
    FailureClass.RATE_LIMIT: FailureKind.TRANSIENT,
    FailureClass.TRANSIENT: FailureKind.TRANSIENT,
    FailureClass.BAD_BODY: FailureKind.BAD_BODY,
    FailureClass.LENGTH: FailureKind.LENGTH,
    FailureClass.INVALID: FailureKind.INVALID,
}
_TEMPERATURE_AGAIN = 0.3
# Enough where a server is not there, or is no endpoint, or fails for this question alone.
_FEW_ATTEMPTS = 3
# Verdicts on what a working endpoint sent.
_ALIVE = frozenset(
    {FailureClass.LENGTH, FailureClass.INVALID, FailureClass.REFUSED, FailureClass.CONTEXT}
)
_NOTHING = Usage()


@dataclass(slots=True)
class _Effort:
    """What was tried for one logical request."""

    prompt: Prompt
    body: bytes | None
    capabilities: Capabilities
    n_failed: int = 0
    n_refused: int = 0
    longer: bool = False
    again: bool = False
    status: int = 0
    fault: Fault | None = None
    divisible: bool = False
    n_answered: int = 0
    """Answers of the endpoint before this request."""


class Asker:
    """Asks one endpoint; everything that its requests share stands here."""

    def __init__(
        self,
        endpoint: Endpoint,
        dialect: Dialect,
        transport: Transport,
        *,
        store: AnswerStore,
        limiter: Limiter,
        budget: Budget,
        estimator: Estimator,
        policy: RetryPolicy,
        statistics: Statistics,
        seed: int | None,
    ) -> None:
        self.endpoint = endpoint
        self._dialect = dialect
        self._transport = transport
        self._store = store
        self._limiter = limiter
        self._budget = budget
        self._estimator = estimator
        self._policy = policy
        self._statistics = statistics
        self._lengths = Lengths()
        self._breakers = Breakers(endpoint.url, endpoint.model)
        self._draw = random.Random(seed).random  # noqa: S311 - spreads retries, hides nothing

    async def ask(self, request: Request, question: Question, worker: Worker) -> Outcome:
        """Ask until there is a committed answer, or a failure that the store has noted.

        Raises
        ------
        FoundationModelError
            What stops the whole run.
        StoppedError
            The worker was stopped between two attempts.
        """
        capabilities = self.endpoint.capabilities
        body = question.body if capabilities == self._dialect.full else None
        effort = _Effort(request.prompt, body, capabilities)
        if self._lengths.needs_longer(request.version):
            effort = _Effort(longer(request.prompt), None, capabilities, longer=True)
        effort.divisible = request.divisible
        effort.n_answered = self._breakers.n_answered
        while True:
            result = await self._attempt(request, question.key, effort, worker)
            if isinstance(result, Answer):
                return result
            worker.busy = False
            failure = await self._react(result, effort, worker)
            if failure is not None:
                error = self._breakers.check(
                    question.key, failure, status=effort.status, fault=effort.fault
                )
                if error is not None:
                    raise error
                self._store.note_failure(question.key, failure.kind, failure.reason)
                return failure

    async def _attempt(
        self, request: Request, key: bytes, effort: _Effort, worker: Worker
    ) -> Answer | Verdict:
        worker.check()
        if effort.body is None or effort.capabilities is not self.endpoint.capabilities:
            effort.capabilities = self.endpoint.capabilities
            body = self._dialect.body(effort.prompt, effort.capabilities)
            effort.body = encode(self.endpoint.model, body)
        sent = Sent(self._dialect, effort.prompt, effort.capabilities)
        estimate = self._estimator.estimate(effort.prompt)
        reservation = await self._budget.reserve(estimate)
        try:
            async with self._limiter.admit(estimate.total) as slot:
                worker.busy = True
                with reservation:
                    attempt, latency = await self._post(effort.body)
                    result = read_attempt(attempt, request, sent, self.endpoint.secret)
                    reservation.settle(_charged(attempt, result))
                _tell(slot, attempt, result, latency)
        finally:
            # Nothing happens here once it is settled.
            reservation.release()
        effort.status, effort.fault = attempt.status, attempt.fault
        if result.usage is not None:
            self._statistics.usage += result.usage
            self._estimator.learn(effort.prompt, result.usage)
        if isinstance(result, Verdict):
            if result.meaning in _ALIVE:
                self._breakers.answered()
            return result
        self._breakers.answered()
        self._lengths.learn(request.version, is_longer=effort.longer)
        self.endpoint.prove(request.version, sent)
        await self._store.commit(
            Entry(
                key=key,
                model=self.endpoint.model,
                version=request.version,
                payload=result.text,
                cells=request.cells,
                sample=request.sample,
                usage=result.usage or _NOTHING,
            )
        )
        return Answer(result.value, result.reply, stored=False)

    async def _post(self, body: bytes) -> tuple[Attempt, float]:
        statistics = self._statistics
        clock = asyncio.get_running_loop().time
        started = clock()
        statistics.n_asked += 1
        statistics.in_flight += 1
        try:
            attempt = await self._transport.post(body)
        finally:
            statistics.in_flight -= 1
        return attempt, clock() - started

    async def _react(self, verdict: Verdict, effort: _Effort, worker: Worker) -> Failure | None:
        """Prepare the next attempt, or give up and say why; raises what stops the run."""
        meaning = verdict.meaning
        if (error := self.endpoint.stop(verdict)) is not None:
            if not self._breakers.excuses(effort.status):
                raise error
            return Failure(FailureKind.BAD_REQUEST, verdict.reason)
        if effort.longer and meaning in {FailureClass.BAD_REQUEST, FailureClass.CONTEXT}:
            # The endpoint takes no larger limit, so the answer stays cut off.
            meaning = FailureClass.LENGTH
        match meaning:
            case FailureClass.UNSUPPORTED:
                again = self.endpoint.drop(verdict.parameter, effort.capabilities, self._store)
            case FailureClass.LENGTH:
                again = not effort.longer
                effort.longer = True
                effort.prompt = longer(effort.prompt)
            case FailureClass.INVALID:
                # The same sampling would give the same text: another seed, and some temperature
                # for endpoints that take no seed.
                again = not effort.again
                effort.again = True
                effort.prompt = replace(
                    effort.prompt,
                    seed=(effort.prompt.seed or 0) + 1,
                    temperature=max(effort.prompt.temperature, _TEMPERATURE_AGAIN),
                )
            case FailureClass.RATE_LIMIT:
                effort.n_refused += 1
                again = effort.n_refused <= self._policy.max_refusals
                await self._wait(verdict, effort.n_refused, worker, again=again)
                return None if again else _failure(meaning, verdict)
            case FailureClass.TRANSIENT | FailureClass.BAD_BODY:
                effort.n_failed += 1
                again = effort.n_failed < self._most_attempts(effort, meaning)
                await self._wait(verdict, effort.n_failed, worker, again=again)
                return None if again else _failure(meaning, verdict)
            case _:
                again = False
        if not again:
            return _failure(meaning, verdict)
        effort.body = None
        self._statistics.n_retries[meaning] += 1
        return None

    def _most_attempts(self, effort: _Effort, meaning: FailureClass) -> int:
        n_answered = self._breakers.n_answered
        is_wrong_place = effort.fault is Fault.UNREACHABLE or meaning is FailureClass.BAD_BODY
        # While others are answered it is this question's fault, which is found sooner by its parts.
        # When a server goes away, what was in flight is split once, and its parts wait for it.
        is_its_fault = effort.divisible and n_answered > effort.n_answered
        if is_its_fault or (is_wrong_place and not n_answered):
            return min(self._policy.max_attempts, _FEW_ATTEMPTS)
        return self._policy.max_attempts

    async def _wait(self, verdict: Verdict, n: int, worker: Worker, *, again: bool) -> None:
        if not again:
            return
        worker.check()
        seconds = self._policy.wait(n, verdict.retry_after, self._draw)
        self._statistics.n_retries[verdict.meaning] += 1
        self._statistics.n_waiting[verdict.meaning] += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._statistics.n_waiting[verdict.meaning] -= 1


def _failure(meaning: FailureClass, verdict: Verdict) -> Failure:
    return Failure(_FAILURES[meaning], verdict.reason)


def _charged(attempt: Attempt, result: Reading | Verdict) -> Usage | None:
    """What an attempt cost; None where only the estimate is known."""
    if result.usage is not None:
        return result.usage
    is_free = attempt.status >= 300 or attempt.fault is Fault.UNREACHABLE
    return _NOTHING if is_free else None


def _tell(slot: Slot, attempt: Attempt, result: Reading | Verdict, latency: float) -> None:
    """Let the limiter learn from an attempt."""
    if attempt.status:
        slot.learn(attempt.headers)
    if result.usage is not None:
        slot.settle(result.usage.total)
    elif attempt.status >= 300:
        slot.settle(0)
    meaning = result.meaning if isinstance(result, Verdict) else None
    retry_after = result.retry_after if isinstance(result, Verdict) else None
    # An overloaded server (529) that orders no wait says nothing of this account's rate.
    if meaning is FailureClass.RATE_LIMIT and (attempt.status == 429 or retry_after is not None):
        slot.refused(retry_after)
    elif meaning in {FailureClass.RATE_LIMIT, FailureClass.TRANSIENT, FailureClass.BAD_BODY}:
        slot.failed()
    elif meaning is None or result.usage is not None:
        slot.succeeded(latency)

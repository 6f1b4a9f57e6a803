"""Admission of requests: concurrency, requests and tokens a minute, first in first out."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Literal, Self

from genz.client.concurrency import Concurrency
from genz.client.headers import retry_after
from genz.client.rates import Charge, Rates
from genz.errors import UsageError

__all__ = ["DEFAULT_CONCURRENCY", "Limiter", "Slot", "Waiting", "retry_after"]

Waiting = Literal["", "pause", "concurrency", "requests", "tokens"]
"""What the next request waits for; nothing if none waits."""

DEFAULT_CONCURRENCY = 256
"""Most requests in flight unless the user says: what large servers batch."""

_LEAST_PAUSE, _MOST_PAUSE = 0.25, 600.0
_MOST_DOUBLINGS = 8
_LEAST_TIMER = 1e-4


class Limiter:
    """Admits requests to one endpoint, on one event loop at a time.

    Parameters
    ----------
    concurrency : int, optional
        Most requests in flight; how many really are adapts to the server, below it.
    rpm, tpm : int, optional
        Most requests and tokens a minute. Smaller limits that headers tell are kept as well;
        limits that nobody tells are measured when the server refuses.
    clock : callable
        Seconds.

    Raises
    ------
    UsageError
        A limit below 1.
    """

    def __init__(
        self,
        *,
        concurrency: int | None = None,
        rpm: int | None = None,
        tpm: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for name, value in (("concurrency", concurrency), ("rpm", rpm), ("tpm", tpm)):
            if value is not None and value < 1:
                raise UsageError(f"{name} is {value}, wanted at least 1, or nothing for no limit")
        self._clock = clock
        self._concurrency = Concurrency(concurrency or DEFAULT_CONCURRENCY)
        self._rates = Rates(rpm, tpm, clock())
        self._queue: deque[Slot] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._in_flight = 0
        self._idle_since: float | None = None
        self._pause_until = -math.inf
        self._episode = self._last_refused = 0
        self._n_episodes = 0

    def admit(self, tokens: int) -> "Slot":
        """Wait, by ``async with``, for room for one request of about so many tokens."""
        return Slot(self, tokens)

    @property
    def maximum(self) -> int:
        """Most requests that will ever be in flight: workers and connections wanted."""
        return self._concurrency.maximum

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        return self._concurrency.limit

    @property
    def in_flight(self) -> int:
        """Requests that are in flight now."""
        return self._in_flight

    @property
    def waiting_for(self) -> Waiting:
        """What the first waiting request waits for."""
        head = next((slot for slot in self._queue if not slot._is_decided), None)
        return "" if head is None else self._delay(head, self._clock())[1]

    def _delay(self, slot: "Slot", now: float) -> tuple[float, Waiting]:
        """Seconds until a request may go, infinite if another one must end first; and why."""
        if self._in_flight >= self._concurrency.limit:
            return math.inf, "concurrency"
        pause = self._pause_until - now
        delay, reason = self._rates.delay(slot._charge, now)
        if pause > 0:
            return max(pause, delay), "pause"
        return delay, reason if delay else ""

    def _take(self, slot: "Slot", now: float) -> None:
        if self._idle_since is not None:
            idle_since = max(self._idle_since, self._pause_until)
            self._rates.pacing.restart(self._rates.n_admitted, now, idle_since)
            self._idle_since = None
        self._in_flight += 1
        self._rates.take(slot._charge, now)
        slot._epoch = self._concurrency.epoch

    def _enter(self, slot: "Slot") -> bool:
        """Admit a request at once if nobody waits before it and there is room."""
        now = self._clock()
        if self._queue or self._delay(slot, now)[0]:
            return False
        self._take(slot, now)
        return True

    async def _wait(self, slot: "Slot") -> None:
        turn = slot._turn = asyncio.get_running_loop().create_future()
        self._queue.append(slot)
        self._admit_waiting()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._admit_waiting()
            else:  # admitted at the same moment
                self._rates.give_back(slot._charge)
                self._leave()
            raise

    def _admit_waiting(self) -> None:
        """Admit from the front of the queue while there is room; else be woken when there is."""
        while self._queue:
            slot = self._queue[0]
            if not slot._is_decided:
                now = self._clock()
                delay, _ = self._delay(slot, now)
                if delay:
                    self._wake_in(delay)
                    return
                self._take(slot, now)
                slot._admit()
            self._queue.popleft()
        self._wake_in(math.inf)

    def _wake_in(self, delay: float) -> None:
        """Have at most one timer: an earlier one may stay, it looks again when it fires."""
        if self._timer is not None:
            # By the loop's clock, which need not be ours.
            in_time = self._timer.when() - asyncio.get_running_loop().time() <= delay
            if in_time and math.isfinite(delay):
                return
            self._timer.cancel()
            self._timer = None
        if math.isfinite(delay):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(delay, _LEAST_TIMER), self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._admit_waiting()

    def _leave(self) -> None:
        self._in_flight -= 1
        if not self._in_flight:
            self._idle_since = self._clock()
        self._admit_waiting()

    def _succeeded(self, slot: "Slot", latency: float) -> None:
        charge = slot._charge
        self._rates.pacing.accepted(self._clock())
        if charge.serial > self._last_refused:
            self._n_episodes = 0
        tokens = charge.estimated if charge.settled is None else charge.settled
        self._concurrency.succeeded(latency, tokens, slot._epoch, self._in_flight)

    def _refused(self, slot: "Slot", seconds: float | None) -> None:
        now, charge, pacing = self._clock(), slot._charge, self._rates.pacing
        is_first = charge.serial > self._episode
        was_random = pacing.is_random
        self._rates.refused(charge, now, is_first=is_first)
        if is_first:
            self._episode, self._last_refused = self._rates.n_admitted, charge.serial
            self._n_episodes += 1
            if not pacing.is_random:
                self._concurrency.refused()
            elif not was_random:
                self._concurrency.recover()
        if seconds is None:
            seconds = _LEAST_PAUSE * 2 ** min(self._n_episodes - 1, _MOST_DOUBLINGS)
            seconds = seconds if slot._reset is None else min(seconds, slot._reset)
        seconds = min(seconds, _MOST_PAUSE)
        self._pause_until = max(self._pause_until, now + seconds)
        if is_first:
            pacing.begin_at(now + seconds, now)


class Slot:
    """One attempt at one request: admitted on entering, at its end on leaving.

    What the attempt shows is told to the slot, before leaving: :meth:`learn` for the headers of
    every reply, :meth:`settle` where the server counted tokens, then one of :meth:`succeeded`,
    :meth:`refused` and :meth:`failed`.
    """

    __slots__ = ("_charge", "_epoch", "_limiter", "_reset", "_turn")

    def __init__(self, limiter: Limiter, tokens: int) -> None:
        self._limiter = limiter
        self._charge = Charge(max(tokens, 0))
        self._turn: asyncio.Future[None] | None = None
        self._epoch = 0
        self._reset: float | None = None

    async def __aenter__(self) -> Self:
        if not self._limiter._enter(self):
            await self._limiter._wait(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._limiter._leave()

    @property
    def _is_decided(self) -> bool:
        """Whether the wait is over, by admission or because it was cancelled."""
        return self._turn is not None and self._turn.done()

    def _admit(self) -> None:
        if self._turn is not None:
            self._turn.set_result(None)

    def settle(self, actual_tokens: int) -> None:
        """Give back the tokens that were not used, or take those used beyond; once."""
        self._limiter._rates.settle(self._charge, actual_tokens)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Follow the limits that a reply's headers tell; nonsense in them is ignored."""
        limiter = self._limiter
        self._reset = limiter._rates.learn(self._charge, headers, limiter._clock())

    def succeeded(self, latency: float) -> None:
        """Count a reply that came `latency` seconds after the request was sent."""
        self._limiter._succeeded(self, latency)

    def refused(self, seconds: float | None) -> None:
        """Count a refusal (429) and admit nothing for so many seconds; None if it did not say."""
        self._limiter._refused(self, seconds)

    def failed(self) -> None:
        """Count a failure of another kind; only many of them shrink the concurrency."""
        self._limiter._concurrency.failed(self._epoch)

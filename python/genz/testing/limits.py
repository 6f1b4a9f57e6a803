"""How much a server admits and how long it takes: token buckets, places, latency."""

import asyncio
import math
import time
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal

from genz.errors import UsageError
from genz.testing.draws import stream, uniform

RetryAfter = Literal["seconds", "date", "ms", "absent"]
_STANDARD_NORMAL: Final = NormalDist()


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the server admits; None is without limit.

    A request above a rate is refused with 429, Retry-After and the vendor's rate headers, which
    every other answer carries too.

    Attributes
    ----------
    requests_per_minute, tokens_per_minute : float, optional
        Rates at which the buckets fill up. A request costs its prompt's tokens and either the
        tokens of the answer or, with `charge_max_tokens`, the most that it allows.
    burst_seconds : float
        Capacity of the buckets, as seconds of the rate; vendors' buckets hold a minute, and some
        a second.
    retry_after : "seconds", "date", "ms" or "absent"
        How a refusal says how long to wait.
    charge_max_tokens : bool
    concurrency : int, optional
        Requests worked on at once; further ones wait their turn, so that latency grows as that
        of a local server does.
    queue : int, optional
        Requests that may wait; further ones are refused with 429 at once.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    burst_seconds: float = 60.0
    retry_after: RetryAfter = "seconds"
    charge_max_tokens: bool = False
    concurrency: int | None = None
    queue: int | None = None

    def __post_init__(self) -> None:
        for name in ("requests_per_minute", "tokens_per_minute", "burst_seconds", "concurrency"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UsageError(f"{name} is {value}, wanted a number above 0")
        if self.queue is not None and self.concurrency is None:
            raise UsageError("queue was given without concurrency, wanted both: nobody would wait")


@dataclass(frozen=True, kw_only=True)
class Latency:
    """How long an answer takes, drawn for each request by its body.

    Attributes
    ----------
    seconds : float
        Median of the time to the first token.
    sigma : float
        Standard deviation of its logarithm (log-normal); 0 for a constant.
    seconds_per_token : float
        For each token of the answer.
    """

    seconds: float = 0.0
    sigma: float = 0.0
    seconds_per_token: float = 0.0

    def draw(self, body: int, n_tokens: int, seed: int) -> float:
        """Return the seconds that this request takes."""
        first = self.seconds
        if first and self.sigma:
            quantile = min(max(uniform(body, stream(seed, "latency")), 1e-9), 1 - 1e-9)
            first *= math.exp(self.sigma * _STANDARD_NORMAL.inv_cdf(quantile))
        return first + self.seconds_per_token * n_tokens


class Bucket:
    """A token bucket: full at the start, filled up continuously, never above its capacity."""

    def __init__(self, per_minute: float, burst_seconds: float) -> None:
        self.per_minute = per_minute
        self.capacity = max(1.0, per_minute * burst_seconds / 60)
        self._level = self.capacity
        self._filled = time.monotonic()

    def level(self) -> float:
        """Return what is in the bucket now."""
        now = time.monotonic()
        filled = self._level + (now - self._filled) * self.per_minute / 60
        self._level = min(self.capacity, filled)
        self._filled = now
        return self._level

    def take(self, amount: float) -> None:
        """Take out an amount that is known to be there."""
        self._level -= amount

    def seconds_until(self, amount: float) -> float:
        """Return in how many seconds the bucket holds an amount; 0 if it does now."""
        return max(0.0, (amount - self.level()) * 60 / self.per_minute)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not admitted, and when it would be.

    `seconds` is None where waiting does not help: the request is larger than the bucket.
    """

    resource: Literal["requests", "tokens", "concurrency"]
    seconds: float | None
    limit: float = 0.0
    requested: float = 1.0


class Gate:
    """Admits requests by rates and places."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        burst = limits.burst_seconds
        self.requests = (
            Bucket(limits.requests_per_minute, burst) if limits.requests_per_minute else None
        )
        self.tokens = Bucket(limits.tokens_per_minute, burst) if limits.tokens_per_minute else None
        self._places = None if limits.concurrency is None else asyncio.Semaphore(limits.concurrency)
        self._n_waiting = 0

    def admit(self, n_tokens: int) -> Refusal | None:
        """Charge a request to both buckets or, if one is short, to none."""
        if self.requests is not None and (wait := self.requests.seconds_until(1)) > 0:
            return Refusal("requests", wait, self.requests.per_minute)
        if self.tokens is not None:
            if n_tokens > self.tokens.capacity:
                return Refusal("tokens", None, self.tokens.capacity, n_tokens)
            if (wait := self.tokens.seconds_until(n_tokens)) > 0:
                return Refusal("tokens", wait, self.tokens.per_minute, n_tokens)
        queue, full = self.limits.queue, self._places is not None and self._places.locked()
        if queue is not None and full and self._n_waiting >= queue:
            return Refusal("concurrency", 1.0, float(self.limits.concurrency or 0))
        if self.requests is not None:
            self.requests.take(1)
        if self.tokens is not None:
            self.tokens.take(n_tokens)
        return None

    async def work(self, seconds: float) -> None:
        """Take a place, waiting for one if all are taken, and be busy for some time."""
        if self._places is None:
            if seconds:
                await asyncio.sleep(seconds)
            return
        self._n_waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._n_waiting -= 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._places.release()

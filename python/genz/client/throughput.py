"""Throughput by Little's law, with the error it is known to."""

import math
from dataclasses import dataclass

_LEAST_ERROR = 0.02


@dataclass(frozen=True, slots=True)
class Throughput:
    """Logarithms of requests and of tokens a second, and their squared standard error."""

    requests: float
    tokens: float
    error: float

    def gains(self, before: "Throughput") -> tuple[float, float, float]:
        """Logarithms of the smaller and the larger gain, and their standard error."""
        gains = self.requests - before.requests, self.tokens - before.tokens
        return min(gains), max(gains), math.sqrt(self.error + before.error)


class Sample:
    """Requests that were admitted and completed at one limit."""

    __slots__ = ("_in_flight", "_latency", "_latency_2", "_tokens", "_tokens_2", "n", "n_full")

    def __init__(self) -> None:
        self.n = self.n_full = self._in_flight = 0
        self._latency = self._latency_2 = self._tokens = self._tokens_2 = 0.0

    def add(self, latency: float, tokens: float, in_flight: int, *, is_full: bool) -> None:
        """Add a request; `is_full` where all that may be in flight were."""
        self.n += 1
        self.n_full += is_full
        self._in_flight += in_flight
        self._latency += latency
        self._latency_2 += latency * latency
        self._tokens += tokens
        self._tokens_2 += tokens * tokens

    def throughput(self) -> Throughput:
        """Mean requests in flight over mean latency.

        Latencies in one queue are alike: each contains the sizes of all before it. So the error is
        not that of their mean but what as many sizes drawn independently would have.
        """
        n = self.n
        in_flight = self._in_flight / n
        latency, tokens = max(self._latency / n, 1e-9), max(self._tokens / n, 1e-9)
        spread = self._latency_2 / n / latency**2 - 1 + self._tokens_2 / n / tokens**2 - 1
        return Throughput(
            math.log(in_flight / latency),
            math.log(in_flight * tokens / latency),
            max(0.0, spread) / n + _LEAST_ERROR**2,
        )

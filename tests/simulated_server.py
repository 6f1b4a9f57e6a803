"""A server with token buckets on virtual time, and a client of workers that asks it."""

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from genz.client.limiter import Limiter
from virtual_time import now


def seeded(seed: int) -> random.Random:
    """Random numbers that are the same in each run."""
    return random.Random(seed)  # noqa: S311


@dataclass
class Server:
    """Refuses by token buckets of `rpm` and `tpm`, of `capacity` minutes each, full at first.

    `latency` gives seconds by (tokens, requests in flight); `tells` are what its replies show:
    ``"limits"``, ``"retry"``, both or neither.
    """

    rpm: float | None = None
    tpm: float | None = None
    capacity: float = 1.0
    latency: Callable[[int, int], float] = lambda tokens, in_flight: 0.1
    tells: frozenset[str] = frozenset({"limits", "retry"})
    most_in_flight: int | None = None
    refuses: Callable[[int], bool] = lambda n: False
    arrivals: list[float] = field(default_factory=list)
    n_accepted: int = 0
    n_refused: int = 0
    tokens_used: int = 0
    in_flight: int = 0
    peak: int = 0
    level: dict[str, float] = field(default_factory=dict)
    time: float = 0.0

    def _refill(self) -> None:
        for name, limit in (("requests", self.rpm), ("tokens", self.tpm)):
            if limit is not None:
                level = self.level.get(name, limit * self.capacity)
                level += limit / 60 * (now() - self.time)
                self.level[name] = min(limit * self.capacity, level)
        self.time = now()

    def _headers(self) -> dict[str, str]:
        headers = {}
        for name, limit in (("requests", self.rpm), ("tokens", self.tpm)):
            if limit is not None and "limits" in self.tells:
                headers[f"X-RateLimit-Limit-{name.title()}"] = f"{limit:.0f}"
                headers[f"X-RateLimit-Remaining-{name.title()}"] = str(int(self.level[name]))
                reset = (limit * self.capacity - self.level[name]) / limit * 60
                headers[f"X-RateLimit-Reset-{name.title()}"] = f"{reset:.3f}s"
        return headers

    async def ask(self, tokens: int) -> tuple[int, dict[str, str], float | None]:
        """Status, headers and the seconds of Retry-After."""
        self._refill()
        self.arrivals.append(now())
        wanted = {"requests": 1.0, "tokens": float(tokens)}
        short = [n for n, level in self.level.items() if level < wanted[n]]
        is_full = self.most_in_flight is not None and self.in_flight >= self.most_in_flight
        if short or is_full or self.refuses(len(self.arrivals)):
            self.n_refused += 1
            await asyncio.sleep(0.005)
            limits = {"requests": self.rpm, "tokens": self.tpm}
            wait = max(
                ((wanted[n] - self.level[n]) / (limits[n] or 1) * 60 for n in short), default=0.2
            )
            return 429, self._headers(), wait if "retry" in self.tells else None
        for name in self.level:
            self.level[name] -= wanted[name]
        self.n_accepted += 1
        self.tokens_used += tokens
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        headers = self._headers()
        try:
            await asyncio.sleep(self.latency(tokens, self.in_flight))
        finally:
            self.in_flight -= 1
        return 200, headers, None


@dataclass
class Run:
    """What came of asking."""

    seconds: float
    limits: list[int]


async def ask_all(
    limiter: Limiter,
    server: Server,
    sizes: Iterable[int],
    *,
    n_workers: int = 64,
    estimated: float = 1.0,
) -> Run:
    """Ask one request of each size; a refused one is asked again."""
    pending = iter(sizes)
    limits: list[int] = []
    start = now()

    async def work() -> None:
        for size in pending:
            while True:
                async with limiter.admit(int(size * estimated)) as slot:
                    begin = now()
                    status, headers, seconds = await server.ask(size)
                    slot.learn(headers)
                    if status == 200:
                        slot.settle(size)
                        slot.succeeded(now() - begin)
                        limits.append(limiter.limit)
                        break
                    slot.refused(seconds)

    await asyncio.gather(*(work() for _ in range(n_workers)))
    return Run(now() - start, limits)

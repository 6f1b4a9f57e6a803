"""Budgets of requests, tokens, cost and time: reserved before, settled after."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from genz.client.estimator import Estimator
from genz.client.prices import Prices
from genz.client.prompt import Usage
from genz.errors import BudgetError, UsageError

__all__ = ["Budget", "Estimator", "Reservation"]

_RESUME = "what was answered is in the store, a run with a larger budget goes on from there"
_NOTHING = Usage()
_ROUNDING = 1e-12


class Budget:
    """What a run may spend, however many requests are in flight.

    Parameters
    ----------
    max_requests, max_tokens : int, optional
        Of all attempts, those that failed as well.
    max_cost : float, optional
        In the currency of `prices`.
    prices : Prices, optional
    deadline : float, optional
        Seconds after the first reservation in which requests may begin.
    clock : callable
        Seconds.

    Attributes
    ----------
    spent, reserved : Usage
        Tokens counted, and those estimated for what is in flight.
    n_spent, n_reserved : int
        Requests.

    Raises
    ------
    UsageError
        A negative budget, or `max_cost` without prices.
    """

    def __init__(
        self,
        max_requests: int | None = None,
        max_tokens: int | None = None,
        max_cost: float | None = None,
        prices: Prices | None = None,
        deadline: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        limits = {
            "max_requests": max_requests,
            "max_tokens": max_tokens,
            "max_cost": max_cost,
            "deadline": deadline,
        }
        for name, value in limits.items():
            if value is not None and not value >= 0:
                raise UsageError(f"{name} is {value}, wanted 0 or more, or nothing for no budget")
        if max_cost is not None and prices is None:
            raise UsageError(
                "max_cost needs the prices of the model, which are never guessed: give a price "
                "file (TOML or JSON by model name: input and output for a million tokens)"
            )
        self._max_requests, self._max_tokens, self._max_cost = max_requests, max_tokens, max_cost
        self.prices = prices
        self._deadline = deadline
        self._clock = clock
        self._ends_at: float | None = None
        self.spent = self.reserved = _NOTHING
        self.n_spent = self.n_reserved = 0
        self._queue: deque[tuple[Usage, asyncio.Future[Reservation]]] = deque()

    def cost(self, usage: Usage, n_requests: int = 1) -> float | None:
        """Cost of requests with this usage in all; None without prices."""
        return None if self.prices is None else self.prices.cost(usage, n_requests)

    @property
    def spent_cost(self) -> float | None:
        """Cost of everything spent; None without prices."""
        return self.cost(self.spent, self.n_spent)

    def begin(self) -> float | None:
        """Let the deadline run, from the first call on; seconds that are left, None without."""
        if self._deadline is None:
            return None
        if self._ends_at is None:
            self._ends_at = self._clock() + self._deadline
        return self._ends_at - self._clock()

    def overdue(self) -> BudgetError:
        """What is raised after the deadline."""
        return BudgetError(f"the deadline of {self._deadline:g} s is over; {_RESUME} (deadline)")

    async def reserve(self, estimate: Usage) -> "Reservation":
        """Reserve for one attempt, first come, first served.

        Waits while what is in flight may turn out to need less than was reserved for it.

        Raises
        ------
        BudgetError
            The request would not fit even if nothing in flight used anything; or the deadline is
            over.
        """
        self.begin()
        self._check(estimate)
        if not self._queue and self._excess(estimate, self.reserved, self.n_reserved) is None:
            return self._take(estimate)
        turn: asyncio.Future[Reservation] = asyncio.get_running_loop().create_future()
        self._queue.append((estimate, turn))
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                turn.result().release()
            else:
                self._serve()
            raise

    def _take(self, estimate: Usage) -> "Reservation":
        self.reserved += estimate
        self.n_reserved += 1
        return Reservation(self, estimate)

    def _return(self, estimate: Usage, used: Usage | None) -> None:
        """End a reservation; `used` is None for a request that was never sent."""
        self.reserved = _minus(self.reserved, estimate)
        self.n_reserved -= 1
        if used is not None:
            self.spent += used
            self.n_spent += 1
        self._serve()

    def _serve(self) -> None:
        """Give to those that wait, in order, what they want or the reason why they never can."""
        while self._queue:
            estimate, turn = self._queue[0]
            if not turn.done():
                try:
                    self._check(estimate)
                except BudgetError as error:
                    turn.set_exception(error)
                else:
                    if self._excess(estimate, self.reserved, self.n_reserved) is not None:
                        return
                    turn.set_result(self._take(estimate))
            self._queue.popleft()

    def _check(self, estimate: Usage) -> None:
        if self._ends_at is not None and self._clock() >= self._ends_at:
            raise self.overdue()
        if (reason := self._excess(estimate, _NOTHING, 0)) is not None:
            raise BudgetError(reason)

    def _excess(self, estimate: Usage, reserved: Usage, n_reserved: int) -> str | None:
        """Say which budget spent, reserved and wanted together exceed; None if none."""
        limit: float | None
        n = self.n_spent + n_reserved + 1
        if (limit := self._max_requests) is not None and n > limit:
            return self._reason("max_requests", f"{limit:,} requests", f"{self.n_spent:,}", "1")
        if (limit := self._max_tokens) is not None:
            spent, wanted = self.spent.total, estimate.total
            if spent + reserved.total + wanted > limit:
                return self._reason("max_tokens", f"{limit:,} tokens", f"{spent:,}", f"{wanted:,}")
        if (limit := self._max_cost) is not None and self.prices is not None:
            total = self.prices.cost(self.spent + reserved + estimate, n)
            if total > limit * (1 + _ROUNDING):
                spent_cost = self.prices.cost(self.spent, self.n_spent)
                budget = f"{limit:g} {self.prices.currency}"
                wanted_cost = f"{self.prices.cost(estimate):.4g}"
                return self._reason("max_cost", budget, f"{spent_cost:.4g}", wanted_cost)
        return None

    def _reason(self, name: str, limit: str, spent: str, wanted: str) -> str:
        return (
            f"the budget of {limit} ({name}) is used up: {spent} spent, {self.n_reserved} requests "
            f"in flight, the next one may need {wanted}; {_RESUME}"
        )


class Reservation:
    """What is set aside for one attempt; ends once, by :meth:`settle` or :meth:`release`.

    As a context manager it counts its whole estimate if it is left unsettled: what was sent may
    have been billed.
    """

    __slots__ = ("_budget", "_is_open", "estimate")

    def __init__(self, budget: Budget, estimate: Usage) -> None:
        self._budget = budget
        self._is_open = True
        self.estimate = estimate

    def settle(self, usage: Usage | None) -> None:
        """Count the request and what it used.

        Parameters
        ----------
        usage : Usage or None
            ``Usage()`` for a reply that is not billed (a refusal by 429, no connection); None if
            it is not known, a time-out for instance: then the whole estimate counts.
        """
        self._end(self.estimate if usage is None else usage)

    def release(self) -> None:
        """Count nothing: the request was never sent."""
        self._end(None)

    def _end(self, used: Usage | None) -> None:
        if self._is_open:
            self._is_open = False
            self._budget._return(self.estimate, used)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.settle(None)


def _minus(first: Usage, second: Usage) -> Usage:
    return Usage(
        first.prompt - second.prompt,
        first.completion - second.completion,
        first.cached - second.cached,
    )

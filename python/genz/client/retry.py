"""How long to wait before an attempt is repeated, and how often."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds of the one retry layer, for each logical request.

    Attributes
    ----------
    max_attempts : int
        Attempts that may fail by the network, the server or a bad body.
    max_refusals : int
        Attempts that a rate limit may refuse; they do not count among the others.
    first, longest : float
        Seconds of the first back-off, which doubles, and of the longest.
    longest_order : float
        Most seconds that a server's Retry-After is obeyed.
    """

    max_attempts: int = 6
    max_refusals: int = 60
    first: float = 0.5
    longest: float = 60.0
    longest_order: float = 900.0

    def wait(self, n_failed: int, ordered: float | None, draw: Callable[[], float]) -> float:
        """Seconds to wait after the `n_failed`-th failure in a row (from 1).

        The larger of the server's order and the back-off, and up to a quarter of it more, so that
        requests that failed together do not return together.
        """
        back_off = min(self.first * 2.0 ** min(n_failed - 1, 30), self.longest)
        wait = max(back_off, min(ordered or 0.0, self.longest_order))
        return wait * (1.0 + 0.25 * draw())

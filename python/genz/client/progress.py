"""What a client has done so far."""

from collections import Counter
from dataclasses import dataclass, field

from genz.client.prompt import Usage
from genz.client.request import FailureKind


@dataclass(slots=True)
class Statistics:
    """Counters of a client; they are live, so an observer reads them and keeps no reference.

    Attributes
    ----------
    n_planned : int
        Logical requests that were announced up to now; parts of split ones come on top.
    n_done : int
        Logical requests that ended, by an answer or a failure.
    n_stored : int
        Of these, answered from the store or by another request for the same key.
    n_asked : int
        Attempts sent to the endpoint.
    n_failed : Counter of FailureKind
    n_retries : Counter of str
        Attempts that were repeated, by failure class.
    usage : Usage
        As the server counted it, failed attempts included.
    cost : float, optional
        In the currency of the prices; None without prices.
    in_flight : int
        Attempts under way.
    limit : int
        How many the limiter allows now.
    held_by : str
        What the next attempt waits for at the limiter; empty if none waits.
    n_waiting : Counter of str
        Requests that wait before they are asked again, by failure class.
    """

    n_planned: int = 0
    n_done: int = 0
    n_stored: int = 0
    n_asked: int = 0
    n_failed: Counter[FailureKind] = field(default_factory=Counter)
    n_retries: Counter[str] = field(default_factory=Counter)
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    in_flight: int = 0
    limit: int = 0
    held_by: str = ""
    n_waiting: Counter[str] = field(default_factory=Counter)

    @property
    def waiting(self) -> str:
        """Why nothing is under way; empty while something is, or where nothing waits."""
        if self.in_flight:
            return ""
        reason, n = next(iter(self.n_waiting.most_common(1)), ("", 0))
        return reason if n else self.held_by

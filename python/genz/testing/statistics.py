"""What a server saw: counters for assertions, readable from any thread and over HTTP."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self


@dataclass(slots=True)
class Statistics:
    """Counters since the start or the last reset.

    Attributes
    ----------
    n_requests : int
        Requests to an endpoint for questions, refused ones too.
    n_answered : int
        Whole, faultless answers.
    n_paid_again : int
        Faultless answers to a body that had one before: what an answer store is to prevent.
    n_repeated : int
        Requests whose body came before, whatever became of it.
    n_judgments : int
        Cells in faultless answers.
    n_limited : int
        Requests refused by `Limits` (not by the faults of that name).
    n_redirects_followed : int
        Requests to where a redirect points: keys would have been sent there.
    n_aborted : int
        Requests whose client closed the connection before it had its answer.
    most_at_once : int
        Most requests under way at one time.
    prompt_tokens, completion_tokens, cached_tokens : int
        As reported by `usage`; cached ones are among those of the prompts.
    by_status : mapping from int to int
        Requests by status of the answer; 0 for a connection that was cut without one.
    by_form : mapping from str to int
        Requests by what they ask (``pair``, ``batch``, ``tile``, ``propose``, ``predict``,
        ``other``).
    by_fault : mapping from str to int
        Faults by name.
    """

    n_requests: int = 0
    n_answered: int = 0
    n_paid_again: int = 0
    n_repeated: int = 0
    n_judgments: int = 0
    n_limited: int = 0
    n_redirects_followed: int = 0
    n_aborted: int = 0
    most_at_once: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    by_status: Counter[int] = field(default_factory=Counter)
    by_form: Counter[str] = field(default_factory=Counter)
    by_fault: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` reads."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: dict(v) if isinstance(v, Counter) else v for k, v in values.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``GET /_statistics`` answers."""
        known = {f.name: data[f.name] for f in fields(cls)}
        known["by_status"] = Counter({int(k): n for k, n in known["by_status"].items()})
        known["by_form"] = Counter(known["by_form"])
        known["by_fault"] = Counter(known["by_fault"])
        return cls(**known)


class Recorder:
    """Counts, and keeps bodies if asked to; every method may be called from any thread."""

    def __init__(self, *, keep_bodies: bool) -> None:
        self._lock = threading.Lock()
        self._keep_bodies = keep_bodies
        self._attempts: dict[int, int] = {}
        self._answered: set[int] = set()
        self._n_under_way = 0
        self._now = Statistics()
        self._bodies: list[bytes] = []

    def arrive(self, body: int, raw: bytes) -> int:
        """Count a request; return how often its body came before."""
        with self._lock:
            attempt = self._attempts.get(body, 0)
            self._attempts[body] = attempt + 1
            self._now.n_requests += 1
            self._now.n_repeated += attempt > 0
            self._n_under_way += 1
            self._now.most_at_once = max(self._now.most_at_once, self._n_under_way)
            if self._keep_bodies:
                self._bodies.append(raw)
            return attempt

    def leave(self, status: int, form: str | None, fault: str | None) -> None:
        """Count how a request ended."""
        with self._lock:
            self._n_under_way -= 1
            self._now.by_status[status] += 1
            if form is not None:
                self._now.by_form[form] += 1
            if fault is not None:
                self._now.by_fault[fault] += 1

    def answer(self, body: int, n_judgments: int) -> None:
        """Count a faultless answer that was sent whole."""
        with self._lock:
            self._now.n_answered += 1
            self._now.n_judgments += n_judgments
            self._now.n_paid_again += body in self._answered
            self._answered.add(body)

    def count_tokens(self, prompt: int, completion: int, cached: int) -> None:
        """Count tokens that the client is told of."""
        with self._lock:
            self._now.prompt_tokens += prompt
            self._now.completion_tokens += completion
            self._now.cached_tokens += cached

    def count(self, name: str) -> None:
        """Add one to the counter of this name."""
        with self._lock:
            setattr(self._now, name, getattr(self._now, name) + 1)

    def read(self) -> Statistics:
        """Return a copy of the counters."""
        with self._lock:
            return Statistics.from_json(self._now.to_json())

    @property
    def bodies(self) -> list[bytes]:
        """Copies of the bodies that came, if they are kept."""
        with self._lock:
            return list(self._bodies)

    def reset(self) -> Statistics:
        """Set all counters to 0, return what they were; which bodies came is remembered still."""
        with self._lock:
            before, self._now = self._now, Statistics()
            self._bodies = []
            return before

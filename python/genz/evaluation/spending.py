"""What methods take: seconds, and what a foundation model says that it spent."""

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

_COUNTS = {
    "n_requests": ("n_requests",),
    "n_tokens": ("prompt_tokens", "completion_tokens"),
    "cost": ("cost",),
}


@dataclass
class Spending:
    """Sums over the stretches that were metered; use as a context, again and again.

    Attributes
    ----------
    model : FoundationModel or str
        Read for its `spent`, if it has one.
    seconds : float
    spent : dict of str to float
        ``n_requests``, ``n_tokens`` and ``cost``, as far as the model tells. Answers that a store
        knows already are not asked again and cost nothing.
    """

    model: Any

    def __post_init__(self) -> None:
        self.seconds = 0.0
        self.spent: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._start, self._before = time.perf_counter(), _read(self.model)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.seconds += time.perf_counter() - self._start
        for name, value in _read(self.model).items():
            more = value - self._before.get(name, 0.0)
            self.spent[name] = self.spent.get(name, 0.0) + more

    def as_scores(self) -> dict[str, float]:
        """Everything by name."""
        return {"seconds": round(self.seconds, 3), **self.spent}


def _read(model: Any) -> dict[str, float]:
    spent = getattr(model, "spent", {})
    found = {}
    for name, parts in _COUNTS.items():
        values = [spent[part] for part in parts if spent.get(part) is not None]
        if values:
            found[name] = float(sum(values))
    return found

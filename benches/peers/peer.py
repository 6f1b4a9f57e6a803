"""What a peer is: someone who computes the same posterior on one thread."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benches.simulated import Floats, Problem

ABSOLUTE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Answer:
    """Log evidence (N,), marginals (N, K), pair moments (K, K); None where not computed.

    The log evidence has one entry, the sum over items, where a peer gives no more.
    """

    log_evidence: Floats
    marginals: Floats | None
    pair_moments: Floats | None

    def check(self, ours: "Answer", peer: str) -> None:
        """Raise unless both agree on all that this answer has."""
        evidence = ours.log_evidence
        n_items = len(evidence)
        if len(self.log_evidence) < n_items:
            evidence = evidence.sum(keepdims=True)
        scale = np.maximum(1, np.abs(evidence))
        _check(peer, "log evidence", (self.log_evidence - evidence) / scale)
        if self.marginals is not None and ours.marginals is not None:
            _check(peer, "marginals", self.marginals - ours.marginals)
        if self.pair_moments is not None and ours.pair_moments is not None:
            _check(peer, "pair moments", (self.pair_moments - ours.pair_moments) / n_items)


def _check(peer: str, what: str, difference: Floats) -> None:
    worst = float(np.abs(difference).max())
    if not worst <= ABSOLUTE_TOLERANCE:  # NaN fails too
        raise ValueError(f"{peer} and genz differ by {worst:.1e} in {what}")


class Peer(Protocol):
    """Someone to compare with.

    `run` does what depends on the parameters alone (tables of couplings, compilation, the search
    for a good tile), and returns the work on all items, which is what is timed.
    """

    name: str
    what: str

    def missing(self, n_features: int) -> str | None:
        """Why it cannot run here with so many features; None where it can."""

    def run(self, problem: Problem) -> Callable[[], Answer]:
        """Work that answers for all items of the problem."""

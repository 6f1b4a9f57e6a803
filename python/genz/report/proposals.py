"""Proposals, made readable when there are hundreds: rejected ones are merged, ranked and capped."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from genz.report.decisions import Proposal
from genz.report.text import is_number

MAX_REJECTED = 100
"""The most rejected descriptions that are listed."""
MAX_REASONS = 6
"""The most reasons for rejection that are told apart."""


@dataclass(frozen=True)
class Rejected:
    """A description that never entered the model: its best attempt, and how many there were."""

    best: Proposal
    n_times: int


@dataclass(frozen=True)
class Proposals:
    """What a report shows of all proposals.

    Attributes
    ----------
    accepted : tuple of Proposal
        In the order of their acceptance.
    n_rejections : int
        Rejections, repeated ones included.
    reasons : tuple of (str, int)
        Reasons for them, the most frequent first, numbers in them left open.
    rejected : tuple of Rejected
        Distinct descriptions, the most promising first, at most `MAX_REJECTED`.
    n_more : int
        Distinct descriptions beyond these.
    """

    accepted: tuple[Proposal, ...]
    n_rejections: int
    reasons: tuple[tuple[str, int], ...]
    rejected: tuple[Rejected, ...]
    n_more: int


def arrange_proposals(proposals: Sequence[Proposal]) -> Proposals:
    """Merge the attempts of each rejected description and rank them.

    A description that was accepted in another round counts as a rejection but is not listed.
    """
    accepted = tuple(proposal for proposal in proposals if proposal.accepted)
    rejections = [proposal for proposal in proposals if not proposal.accepted]
    entered = {proposal.description for proposal in accepted}
    attempts: dict[str, list[Proposal]] = {}
    for proposal in rejections:
        if proposal.description not in entered:
            attempts.setdefault(proposal.description, []).append(proposal)
    rejected = sorted(
        (Rejected(max(tries, key=_promise), len(tries)) for tries in attempts.values()),
        key=lambda row: _promise(row.best),
        reverse=True,
    )
    return Proposals(
        accepted=accepted,
        n_rejections=len(rejections),
        reasons=_count_reasons(rejections),
        rejected=tuple(rejected[:MAX_REJECTED]),
        n_more=max(0, len(rejected) - MAX_REJECTED),
    )


def _promise(proposal: Proposal) -> tuple[float, float]:
    """Rank attempts: by the gain that was measured, those without one by the gain promised."""
    gain, promise = (
        value if value is not None and is_number(value) else -math.inf
        for value in (proposal.gain, proposal.promise)
    )
    return gain, promise


def _count_reasons(rejections: Sequence[Proposal]) -> tuple[tuple[str, int], ...]:
    counts = Counter(re.sub(r"\d[\d.,]*\s?%?", "…", proposal.reason) for proposal in rejections)
    reasons = counts.most_common()
    if len(reasons) <= MAX_REASONS:
        return tuple(reasons)
    others = sum(count for _, count in reasons[MAX_REASONS - 1 :])
    return (*reasons[: MAX_REASONS - 1], ("other reasons", others))

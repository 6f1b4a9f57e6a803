"""The rounds of a discovery: what was contrasted, what was proposed, what became of it and why."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genz.report.decisions import Proposal
from genz.report.text import is_number, number, one_line, plural

MAX_ROUNDS = 150
"""The most rounds that are written out; those that changed the model come first."""
MAX_CANDIDATES = 16
"""The most proposals that are written out of one round, the accepted and nearest ones first."""

_MEANING = {
    "residual": "the two ends of what the model leaves unexplained",
    "error": "items that the model predicts badly, and items that it predicts well",
    "split": "the two ends of a feature that is assumed and not described yet",
    "random": "two groups drawn at random",
    "none": "items drawn at random, without a contrast",
}
_COSTS = (("n_judgments", "judgment"), ("n_requests", "request"), ("n_tokens", "token"))


@dataclass(frozen=True)
class Round:
    """One round of discovery.

    Attributes
    ----------
    step : int
    kind : str
        Kind of the contrast.
    meaning : str
        What the groups of such a contrast are.
    n_high, n_low : int
        Items of the groups; 0 for no second one.
    high, low : tuple of str
        Some items of the groups, the most extreme first; empty where the trace has none.
    n_new : int
        Descriptions that came back and that the model did not have.
    candidates : tuple of Proposal
        What became of them: accepted ones first, then by gain, then by promise.
    confirmed : bool or None
        Whether the log evidence of the deciding items rose with all that was accepted; None where
        it came to no such test.
    gain : float or None
        By how much, in nats.
    cost : str
        What the round took, in words; empty where the trace does not say.
    """

    step: int
    kind: str
    meaning: str
    n_high: int
    n_low: int
    high: tuple[str, ...] = ()
    low: tuple[str, ...] = ()
    n_new: int = 0
    candidates: tuple[Proposal, ...] = ()
    confirmed: bool | None = None
    gain: float | None = None
    cost: str = ""

    @property
    def n_accepted(self) -> int:
        """Proposals that entered the model in this round."""
        return sum(candidate.accepted for candidate in self.candidates)

    @property
    def groups(self) -> str:
        """Sizes of the groups in words."""
        first = plural(self.n_high, "item")
        return f"{first} against {self.n_low:,}" if self.n_low else first

    @property
    def has_tests(self) -> bool:
        """Whether p-values are known."""
        return any(is_number(candidate.p_value) for candidate in self.candidates)


@dataclass(frozen=True)
class Rounds:
    """The rounds that are shown, and how many are not."""

    shown: tuple[Round, ...]
    n_more: int


def rounds_of(
    trace: Iterable[Mapping[str, Any]], proposals: Sequence[Proposal]
) -> tuple[Round, ...]:
    """Read the rounds off a trace; a round without a contrast (start, end) is none.

    Parameters
    ----------
    trace : iterable of mapping
        Records as :class:`genz.discovery.trace.Trace` makes them; what one lacks is left out.
    proposals : sequence of Proposal
        Of the same trace.
    """
    by_step: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for record in trace:
        by_step[int(record["step"])].append(record)
    candidates: defaultdict[int, list[Proposal]] = defaultdict(list)
    for proposal in proposals:
        candidates[proposal.step].append(proposal)
    return tuple(
        _round(step, records, candidates[step])
        for step, records in by_step.items()
        if any(record["action"] == "contrast" for record in records)
    )


def arrange_rounds(rounds: Sequence[Round]) -> Rounds:
    """Choose the rounds to show, in order: those that changed the model, then the first others."""
    ranked = sorted(rounds, key=lambda each: (not each.n_accepted, each.step))
    shown = sorted(ranked[:MAX_ROUNDS], key=lambda each: each.step)
    return Rounds(tuple(shown), max(0, len(rounds) - MAX_ROUNDS))


def _round(
    step: int, records: Sequence[Mapping[str, Any]], candidates: Sequence[Proposal]
) -> Round:
    contrast = next(record for record in records if record["action"] == "contrast")
    proposed = [record for record in records if record["action"] == "propose"]
    confirm = next((record for record in records if record["action"] == "confirm"), {})
    kind = str(contrast.get("kind", ""))
    ranked = sorted(candidates, key=_rank, reverse=True)
    return Round(
        step=step,
        kind=kind,
        meaning=_meaning(kind, contrast.get("refines")),
        n_high=int(contrast.get("n_high") or 0),
        n_low=int(contrast.get("n_low") or 0),
        high=_excerpts(contrast.get("shown_high")),
        low=_excerpts(contrast.get("shown_low")),
        n_new=sum(int(record.get("n_new") or 0) for record in proposed),
        candidates=tuple(ranked[:MAX_CANDIDATES]),
        confirmed=confirm.get("accepted"),
        gain=confirm.get("gain"),
        cost=_cost(records),
    )


def _meaning(kind: str, refines: object) -> str:
    if kind == "refine":
        of = f" of “{one_line(str(refines))}”" if refines else ""
        return f"items on which a judgment{of} contradicts the fit, and items on which they agree"
    return _MEANING.get(kind, "")


def _rank(proposal: Proposal) -> tuple[bool, float, float]:
    gain, promise = (
        value if value is not None and is_number(value) else float("-inf")
        for value in (proposal.gain, proposal.promise)
    )
    return proposal.accepted, gain, promise


def _excerpts(items: object) -> tuple[str, ...]:
    return tuple(map(str, items)) if isinstance(items, list | tuple) else ()


def _cost(records: Sequence[Mapping[str, Any]]) -> str:
    """What all records of a round say that it took."""
    parts = []
    for name, noun in _COSTS:
        total = sum(int(record.get(name) or 0) for record in records)
        if total:
            parts.append(plural(total, noun))
    cost = sum(float(record.get("cost") or 0.0) for record in records)
    if cost:
        parts.append(f"a cost of {number(cost)}")
    return ", ".join(parts)

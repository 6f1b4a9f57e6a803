"""From the trace of a discovery to the steps and proposals that a report shows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from genz.report.decisions import Proposal, Step, StepKind
from genz.report.text import number, plural

Trace = Iterable[Mapping[str, Any]]


def steps_of(trace: Trace) -> tuple[Step, ...]:
    """Read the states of the model: one for each fit, with what led to it.

    The final fit has the round of the fit before it when discovery ended with that; it is counted
    as one round more, so that rounds rise.
    """
    trace = list(trace)
    costs = [(int(r["step"]), int(r["n_judgments"])) for r in trace if r["action"] == "cost"]
    steps: list[Step] = []
    accepted: list[str] = []
    pruned: list[str] = []
    search = ""
    for record in trace:
        description = str(record.get("description", ""))
        if record["action"] == "accept":
            instead = record.get("replaced")
            accepted.append(f"“{description}”" + (f" instead of “{instead}”" if instead else ""))
        elif record["action"] == "confirm" and record.get("accepted") is False:
            accepted = []
        elif record["action"] == "prune":
            pruned.append(f"“{description}”")
        elif record["action"] == "search":
            search = f"start of search {record['number']} of {record['n_searches']}"
        elif record["action"] in ("fit", "refit"):
            step = int(record["step"])
            if steps and step <= steps[-1].step:
                step = steps[-1].step + 1
            asked = sum(n for round_, n in costs if round_ <= record["step"]) if costs else None
            kind: StepKind = "pruned" if pruned else "accepted" if accepted else "other"
            steps.append(
                Step(
                    step=step,
                    kind=kind,
                    action=search or _action(accepted, pruned, record, is_first=not steps),
                    n_features=int(record.get("n_features", 0)),
                    log_likelihood=record.get("log_likelihood"),
                    n_judgments=asked,
                )
            )
            accepted, pruned, search = [], [], ""
    return tuple(steps)


def _action(
    accepted: list[str], pruned: list[str], record: Mapping[str, Any], *, is_first: bool
) -> str:
    """Say what led to a fit."""
    if record["action"] == "refit":
        changes = [_change(change) for change in record.get("changes") or ()]
        return "; ".join(["fitted again", *changes])
    done = [f"accepted {description}" for description in accepted]
    done += [f"pruned {description}" for description in pruned]
    return "; ".join(done) or ("start" if is_first else "fit to convergence")


def _change(change: Mapping[str, Any]) -> str:
    """One change of the user's, as `genz features` records it."""
    names = [f"“{change[name]}”" for name in ("feature", "other") if name in change]
    text = f"{change['change']} {' and '.join(names)}".strip()
    if "description" not in change:
        return text
    return f"{text}{': ' if names else ' '}“{change['description']}”"


def proposals_of(trace: Trace) -> tuple[Proposal, ...]:
    """Read what was proposed and decided, in order.

    What was accepted and taken back in the same round counts as rejected.
    """
    records = list(trace)
    kinds = {r["step"]: r.get("kind") for r in records if r["action"] == "contrast"}
    taken_back: set[int] = set()
    for ix, record in enumerate(records):
        if record["action"] == "reject" and (before := _accepted_before(records, ix)) is not None:
            taken_back.add(before)
            # The numbers of the test stay, though the whole did not stand.
            records[ix] = {**records[before], **record}
    replaced = {r["replaced"]: r for r in records if r.get("replaced")}
    return tuple(
        _proposal(record, kinds.get(record["step"]), replaced, _pruned_after(records, ix))
        for ix, record in enumerate(records)
        if record["action"] in ("accept", "reject") and ix not in taken_back
    )


def _accepted_before(records: Sequence[Mapping[str, Any]], ix: int) -> int | None:
    """Position of the record that accepted, in the same round, what record `ix` rejects."""
    for before in range(ix - 1, -1, -1):
        if records[before]["step"] != records[ix]["step"]:
            return None
        is_same = records[before].get("description") == records[ix].get("description")
        if is_same and records[before]["action"] == "accept":
            return before
    return None


def _pruned_after(records: Sequence[Mapping[str, Any]], ix: int) -> Mapping[str, Any] | None:
    """The record that prunes what record `ix` accepts, unless it is accepted again before."""
    for record in records[ix + 1 :]:
        if record.get("description") == records[ix].get("description"):
            if record["action"] == "prune":
                return record
            if record["action"] == "accept":
                return None
    return None


def _proposal(
    record: Mapping[str, Any],
    kind: str | None,
    replaced: Mapping[Any, Mapping[str, Any]],
    prune: Mapping[str, Any] | None,
) -> Proposal:
    is_accepted = record["action"] == "accept"
    reason = str(record.get("reason", ""))
    if is_accepted and (successor := replaced.get(record.get("description"))):
        reason = f"replaced by “{successor['description']}”"
    elif is_accepted and prune and prune.get("like"):
        reason = f"left out in the end: judged like “{prune['like']}”"
    elif is_accepted and prune:
        loss = number(prune.get("loss"), digits=2)
        reason = f"pruned in the end: without it, the fit loses {loss} nats"
    elif not is_accepted and record.get("n_judged"):
        reason += f", after {plural(int(record['n_judged']), 'judged item')}"
    return Proposal(
        step=int(record["step"]),
        contrast=str(record.get("kind") or kind or ""),
        description=str(record.get("description", "")),
        accepted=is_accepted,
        gain=record.get("gain"),
        standard_error=record.get("standard_error"),
        reason=reason or ("in the model" if is_accepted else ""),
        promise=record.get("screened"),
        p_value=record.get("p_value"),
        level=record.get("level"),
        n_tried=record.get("n_tried"),
    )

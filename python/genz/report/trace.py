"""From the trace of a discovery to the steps and proposals that a report shows."""

from collections.abc import Iterable, Mapping
from typing import Any

from genz.report.content import Proposal, Step, StepKind
from genz.report.text import number

Trace = Iterable[Mapping[str, Any]]


def steps_of(trace: Trace) -> tuple[Step, ...]:
    """Read the states of the model: one for each fit, with what led to it.

    The final fit has the round of the fit before it when discovery ended with that; it is counted
    as one round more, so that rounds rise.
    """
    steps: list[Step] = []
    accepted: list[str] = []
    pruned: list[str] = []
    for record in trace:
        description = str(record.get("description", ""))
        if record["action"] == "accept":
            instead = record.get("replaced")
            accepted.append(f"“{description}”" + (f" instead of “{instead}”" if instead else ""))
        elif record["action"] == "prune":
            pruned.append(f"“{description}”")
        elif record["action"] == "fit":
            step = int(record["step"])
            if steps and step <= steps[-1].step:
                step = steps[-1].step + 1
            kind: StepKind = "pruned" if pruned else "accepted" if accepted else "other"
            steps.append(
                Step(
                    step=step,
                    kind=kind,
                    action=_action(accepted, pruned, is_first=not steps),
                    n_features=int(record.get("n_features", 0)),
                    log_likelihood=record.get("log_likelihood"),
                )
            )
            accepted, pruned = [], []
    return tuple(steps)


def _action(accepted: list[str], pruned: list[str], *, is_first: bool) -> str:
    """Say what led to a fit."""
    done = [f"accepted {description}" for description in accepted]
    done += [f"pruned {description}" for description in pruned]
    return "; ".join(done) or ("start" if is_first else "fit to convergence")


def proposals_of(trace: Trace) -> tuple[Proposal, ...]:
    """Read what was proposed and decided, in order."""
    records = list(trace)
    pruned = {r.get("description"): r for r in records if r["action"] == "prune"}
    replaced = {r["replaced"]: r for r in records if r.get("replaced")}
    proposals = []
    for record in records:
        if record["action"] not in ("accept", "reject"):
            continue
        is_accepted = record["action"] == "accept"
        reason = str(record.get("reason", ""))
        if is_accepted and (successor := replaced.get(record.get("description"))):
            reason = f"replaced by “{successor['description']}”"
        elif is_accepted and (prune := pruned.get(record.get("description"))):
            loss = number(prune.get("loss"), digits=2)
            reason = f"pruned in the end: without it, the fit loses {loss} nats"
        proposals.append(
            Proposal(
                step=int(record["step"]),
                contrast=str(record.get("kind", "")),
                description=str(record.get("description", "")),
                accepted=is_accepted,
                gain=record.get("gain"),
                standard_error=record.get("standard_error"),
                reason=reason or ("in the model" if is_accepted else ""),
                promise=record.get("screened"),
            )
        )
    return tuple(proposals)

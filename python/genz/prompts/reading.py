"""Prompts read back: what a question asks, for servers that stand in for a model.

The inverse of the other modules: whatever `pair`, `batch`, `tile`, `proposal` and `prediction`
write, :func:`read` understands, and :func:`write_labels` answers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genz.prompts import batch, pair, prediction, proposal, tile

_ITEM = re.compile(r'<item-([0-9a-f]{8}) id="([^"\n]{1,8})">\n(.*?)\n</item-\1>\n', re.S)
_PLACE = "\0"
"""Stands for an item; no text of a prompt has this character."""

_ANGLES = {system: angle for angle, system in proposal.SYSTEM_OF.items()}
_LETTERED = re.compile(r"([A-Z]{1,2})\. (.*)")


@dataclass(frozen=True, slots=True)
class Task:
    """What a prompt asks.

    Attributes
    ----------
    form : str
        ``"pair"``, ``"batch"``, ``"tile"``, ``"propose"`` or ``"predict"``.
    items : tuple of (str, str)
        Id and text of every item, in the order of the prompt.
    features : tuple of str
        Descriptions to judge by; of a proposal those that are known already.
    groups : tuple of tuple of str
        Ids of the items of a proposal's groups: those that a description should hold for, and
        those that it should not (empty where the prompt shows the first only).
    angle : str
        Of a proposal, see :data:`genz.prompts.proposal.Angle`.
    subject : str
        Of a proposal the statement to refine, or what the number is.
    examples : tuple of (str, tuple of float)
        Texts of a prediction's examples and their targets.
    n : int
        Descriptions wanted by a proposal, or numbers for each item by a prediction.
    """

    form: str
    items: tuple[tuple[str, str], ...]
    features: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    angle: str = ""
    subject: str = ""
    examples: tuple[tuple[str, tuple[float, ...]], ...] = ()
    n: int = 0


def read(system: str, user: str) -> Task:
    """Understand a prompt by its system text and the text parts of its user message.

    Raises
    ------
    ValueError
        A prompt that genz did not write.
    """
    items = tuple((found[2], found[3]) for found in _ITEM.finditer(user))
    rest = _ITEM.sub(_PLACE, user)
    if system == pair.SYSTEM:
        return Task("pair", _only(items, 1), (_after(rest, pair.QUESTION),))
    if system == batch.SYSTEM:
        return Task("batch", items, (_after(rest, batch.QUESTION),))
    if system == tile.SYSTEM:
        lines = _after(rest, tile.QUESTION).split("\n")
        features = [found[2] for line in lines if (found := _LETTERED.fullmatch(line))]
        return Task("tile", items, tuple(features))
    if (angle := _ANGLES.get(system)) is not None:
        return _proposal(angle, items, rest)
    if system == prediction.SYSTEM:
        return _prediction(items, rest)
    raise ValueError(f"the system text {system[:60]!r} is of no form that genz asks in")


def write_labels(task: Task, labels: Mapping[str, Sequence[bool | None]]) -> str:
    """The reply to a pair, batch or tile that gives these labels.

    Parameters
    ----------
    task : Task
    labels : mapping of str to sequence of bool or None
        By item id, one label for each feature; None leaves a cell out.
    """
    ids = [item_id for item_id, _ in task.items]
    if task.form == "pair":
        return "Yes" if labels[ids[0]][0] else "No"
    if task.form == "batch":
        return batch.write(ids, [labels[item_id][0] for item_id in ids])
    if task.form == "tile":
        return tile.write(ids, [labels[item_id] for item_id in ids])
    raise ValueError(f"a question of form {task.form!r} is not answered by labels")


def _proposal(angle: str, items: tuple[tuple[str, str], ...], rest: str) -> Task:
    before, _, _ = rest.partition(proposal.LOW)
    n_high = before.count(_PLACE)
    ids = tuple(item_id for item_id, _ in items)
    known = re.findall(rf"^{re.escape(proposal.BULLET)}(.*)$", rest, re.M)
    wanted = re.search(proposal.WANTED.format(n=r"(\d+)"), rest)
    subject = re.search(rf"^{_PLACE}*(?:{proposal.STATEMENT}|{proposal.TARGET})(.*)$", rest, re.M)
    return Task(
        "propose",
        items,
        tuple(known),
        (ids[:n_high], ids[n_high:]),
        angle,
        subject[1] if subject else "",
        n=int(wanted[1]) if wanted else 0,
    )


def _prediction(items: tuple[tuple[str, str], ...], rest: str) -> Task:
    known = re.findall(rf"^{_PLACE}*(\S+){re.escape(prediction.IS)}\[(.*)\]$", rest, re.M)
    targets = {item_id: tuple(map(float, numbers.split(","))) for item_id, numbers in known}
    wanted = re.search(prediction.WANTED.format(n=r"(\d+)"), rest)
    return Task(
        "predict",
        tuple(item for item in items if item[0] not in targets),
        examples=tuple((text, targets[item_id]) for item_id, text in items if item_id in targets),
        n=int(wanted[1]) if wanted else 0,
    )


def _only(items: tuple[tuple[str, str], ...], n: int) -> tuple[tuple[str, str], ...]:
    if len(items) != n:
        raise ValueError(f"the prompt has {len(items)} items, wanted {n}")
    return items


def _after(rest: str, opening: str) -> str:
    before, found, text = rest.rpartition(opening)
    if not found or before.strip(_PLACE):
        raise ValueError(f"the prompt has no line {opening!r} behind its items")
    return text.rstrip("\n")

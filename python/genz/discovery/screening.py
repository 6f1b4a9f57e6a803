"""A quick estimate of what each candidate could gain, before it is judged on more items."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from genz.discovery.acceptance import Promise, Trial
from genz.statistics.arrays import Floats

MAX_UNKNOWN_SHARE = 0.4
MAX_CORRELATION = 0.96
"""Of judgments of the same items: beyond, two descriptions say the same."""
MIN_MINORITY = 3
"""A feature with fewer items than this on one side cannot be told from their own noise."""

MIN_SPREAD = 0.01
"""Between the largest and the least of probabilities: less is noise of the judge's arithmetic."""

MIN_GAIN = 2.0
"""Nats, by choosing items that favour it: a candidate below will hardly pass on others (a p-value
of .02 has 2.1), and its test would make those after it stricter."""


@dataclass(frozen=True)
class Screened:
    """A candidate's judgments of the screened items and what they promise.

    Attributes
    ----------
    promise : Promise or None
        Of its effect; None where they tell of none.
    gain : float
        Log likelihood that it gains on the screened items along its effect, in nats.
    reason : str
        Why the candidate was dropped; empty when it was not.
    """

    description: str
    judgments: Floats
    promise: Promise | None
    gain: float
    reason: str


def screen(
    descriptions: Sequence[str], judgments: Floats, trial: Trial, known: Floats
) -> list[Screened]:
    """Screen candidates by their judgments (n, M) of the items of `trial`, most promising first.

    `known` (n, K) are the judgments of the features that the model has. Of candidates that are
    judged alike the most promising stays.
    """
    screened = []
    for description, column in zip(descriptions, judgments.T, strict=True):
        one = Screened(description, column, None, 0.0, _why_not(column, known))
        screened.append(one if one.reason else promised(one, trial))
    screened.sort(key=lambda one: -one.gain)
    return _without_twins(screened)


def promised(one: Screened, trial: Trial) -> Screened:
    """Estimate what a candidate promises on the items of `trial`, of which it has judgments."""
    promise = trial.promise(one.judgments)
    gain = trial.test(one.judgments, promise).gain
    reason = "promises too little" if gain < MIN_GAIN else ""
    return replace(one, promise=promise, gain=gain, reason=reason)


def _without_twins(screened: list[Screened]) -> list[Screened]:
    kept: list[Screened] = []
    judged = np.zeros((len(screened[0].judgments) if screened else 0, 0))
    for one in screened:
        if not one.reason and is_like(one.judgments, judged):
            kept.append(replace(one, reason="judged like a better one"))
            continue
        if not one.reason:
            judged = np.column_stack([judged, one.judgments])
        kept.append(one)
    return kept


def _why_not(column: Floats, known: Floats) -> str:
    unknown = float(np.mean(np.isnan(column)))
    if unknown > MAX_UNKNOWN_SHARE:
        return f"{unknown:.0%} of the judgments are unknown"
    if _minority(column) < MIN_MINORITY:
        return "nearly all items are judged alike"
    return "judged like a known feature" if is_like(column, known) else ""


def _minority(column: Floats) -> float:
    """How many items differ from the others, by how much: of m yes among n hard answers about m.

    Probabilities have no threshold: those of a judge who is too reluctant, or too ready, to say
    yes differ all the same, and where its threshold lies is learned by the channel.
    """
    deviation = _centred(column[:, np.newaxis])[:, 0]
    if np.ptp(deviation) < MIN_SPREAD:
        return 0.0
    square = deviation**2
    return float(square.sum() ** 2 / (square**2).sum())


def is_like(column: Floats, others: Floats) -> bool:
    """Whether the judgments agree with those of another, or contradict them, on nearly all items.

    Correlations tell two rare features apart, which both lack on nearly all items.
    """
    return like_which(column, others) is not None


def like_which(column: Floats, others: Floats) -> int | None:
    """Which of the others (n, k) a column (n,) is judged like; None where it is like none."""
    if not others.shape[1]:
        return None
    signs = np.sign(_centred(np.column_stack([column, others])))
    centred = signs - signs.mean(axis=0)
    norms = np.sqrt((centred**2).sum(axis=0))
    likeness = np.abs(centred[:, 0] @ centred[:, 1:]) / np.maximum(norms[0] * norms[1:], 1e-12)
    likest = int(np.argmax(likeness))
    return likest if likeness[likest] > MAX_CORRELATION else None


def _centred(columns: Floats) -> Floats:
    """Judgments (n, k) less the mean of the known ones of their column, 0 where unknown."""
    is_known = ~np.isnan(columns)
    means = np.nansum(columns, axis=0) / np.maximum(is_known.sum(axis=0), 1)
    return np.where(is_known, columns - means, 0.0)

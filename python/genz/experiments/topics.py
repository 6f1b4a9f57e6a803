"""Text catalogs whose targets follow from known topics: y = W'z + noise.

A text is a list of short sentences in random order. A topic that is present adds one with its key
word, which no other topic and no filler has: it alone says what z is. Some topics are in the texts
and have no effect. With companions a topic has words beside its key that stray into texts without
it too, each a rough version of z.

A judge that errs reads another text: every word of a topic that is there is overlooked, and one
that is not there is seen, at the judge's error rate. So a judgment of a word errs at that rate,
whatever the sentence that asks for it, and a conjunction is no independent look at its parts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genz.errors import UsageError
from genz.statistics.arrays import Floats

TOPICS: dict[str, tuple[str, ...]] = {
    "garden": ("roses", "lawn", "hedge"),
    "fireplace": ("logs", "mantel", "chimney"),
    "cellar": ("bottles", "vault", "barrels"),
    "balcony": ("awning", "geraniums", "railing"),
    "workshop": ("lathe", "bench", "tools"),
    "library": ("books", "shelves", "ladder"),
    "stable": ("horses", "hay", "paddock"),
    "sauna": ("steam", "birch", "stove"),
    "harbour": ("boats", "pier", "gulls"),
    "railway": ("trains", "platform", "timetable"),
    "school": ("pupils", "playground", "bell"),
    "orchard": ("apples", "pears", "beehives"),
    "tower": ("clock", "spire", "battlements"),
    "bakery": ("bread", "flour", "oven"),
    "theatre": ("stage", "curtain", "actors"),
    "windmill": ("sails", "grain", "millstone"),
}
"""Key word and companions of each topic."""

MAX_PLANTED = 12
FILLERS = ("quiet", "bright", "narrow", "old", "clean", "busy", "plain", "shady", "dry", "airy")
COMPANION_SHARES = (0.05, 0.6)
"""Share of texts with a companion, where its topic is absent and where it is present."""

PREVALENCES = (0.25, 0.5)
"""Between these a description that always or never holds agrees with no topic in 0.8 of items."""

WEIGHTS = (0.7, 1.3)
"""Smallest and largest length of a feature's effect."""


@dataclass(frozen=True)
class TopicCatalog:
    """Items whose targets follow a known rule.

    Attributes
    ----------
    items : list of dict
        N items with the one field ``text``; no two texts are alike.
    misread : list of dict
        The same items as a judge reads them.
    targets : ndarray of shape (N, D)
    topics : tuple of str
        Key words of the K planted topics.
    z : ndarray of shape (N, K)
        Which planted topic is present, 0 or 1.
    weights : ndarray of shape (K, D)
    """

    items: list[dict[str, str]]
    misread: list[dict[str, str]]
    targets: Floats
    topics: tuple[str, ...]
    z: Floats
    weights: Floats


def draw_catalog(
    n_items: int,
    n_planted: int,
    *,
    n_targets: int = 1,
    r2: float = 0.8,
    error_rate: float = 0.0,
    companions: bool = False,
    seed: int = 0,
) -> TopicCatalog:
    """Draw a catalog of which `n_planted` topics explain the share `r2` of every target's variance.

    Parameters
    ----------
    error_rate : float
        Share of the topics' words that a judge misreads.

    Raises
    ------
    UsageError
        A number of planted features that there is not, or a share out of range.
    """
    if not 1 <= n_planted <= MAX_PLANTED:
        raise UsageError(f"{n_planted} planted features, wanted from 1 to {MAX_PLANTED}")
    if not 0 < r2 < 1:
        raise UsageError(f"r2 is {r2}, wanted a share above 0 and below 1")
    if not 0 <= error_rate < 0.5:
        raise UsageError(f"the judge's error rate is {error_rate}, wanted from 0 to below 0.5")
    rng = np.random.default_rng(seed)
    keys = rng.permutation(list(TOPICS)).tolist()
    present = rng.random((n_items, len(keys))) < rng.uniform(*PREVALENCES, size=len(keys))
    words, holds = list(keys), present
    if companions:
        for k, key in enumerate(keys):
            share = np.where(present[:, [k]], COMPANION_SHARES[1], COMPANION_SHARES[0])
            words += TOPICS[key]
            holds = np.hstack([holds, rng.random((n_items, len(TOPICS[key]))) < share])
    misread = holds ^ (rng.random(holds.shape) < error_rate)
    z = present[:, :n_planted].astype(np.float64)
    directions = rng.normal(size=(n_planted, n_targets))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    weights = directions * rng.uniform(*WEIGHTS, size=(n_planted, 1))
    signal = z @ weights
    noise_sd = signal.std(axis=0) * np.sqrt((1 - r2) / r2)
    targets = signal + rng.normal(size=signal.shape) * noise_sd
    return TopicCatalog(
        items=_texts(words, holds, rng),
        misread=_texts(words, misread, rng),
        targets=targets,
        topics=tuple(keys[:n_planted]),
        z=z,
        weights=weights,
    )


def _texts(
    words: list[str], holds: NDArray[np.bool_], rng: np.random.Generator
) -> list[dict[str, str]]:
    texts = []
    for ix, row in enumerate(holds):
        sentences = [f"Near the {words[k]}" for k in np.flatnonzero(row)]
        sentences += [f"It is {word}" for word in rng.choice(FILLERS, 3, replace=False)]
        sentences.append(f"House {ix + 1}")
        texts.append({"text": ". ".join(rng.permutation(np.array(sentences)).tolist()) + "."})
    return texts

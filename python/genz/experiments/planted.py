"""Features that were hidden in texts: whether they are found again, and nothing else.

Judgments are the built-in model's, which reads every text with errors.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genz.asynchronous import LoopThread
from genz.catalog import Catalog
from genz.experiments.topics import TopicCatalog, draw_catalog
from genz.foundation import BuiltinModel
from genz.regressor import GenZRegressor
from genz.statistics.arrays import Floats

MIN_AGREEMENT = 0.9
"""A description has found a planted feature when it holds in more than this share of the items
where the feature does, or does not where it does."""

ROOM = 8
"""Features that discovery may find beside those planted."""

MIN_CORRELATION = 0.2
"""A description that does not agree with a planted feature is a rough version of it when the
correlation of the two is at least this; chance gives less than half of it from 1,000 items on."""

EXPECTED_ERROR_RATE = 0.05
EXPECTED_STRENGTH = 40.0
"""What a judge that errs is expected to be, whatever its true rate: as of a language model."""


class MisreadingModel(BuiltinModel):
    """The built-in model, which judges a catalog by texts that it misread, always alike."""

    name = "builtin, misreading"
    is_certain = False
    error_rate = EXPECTED_ERROR_RATE
    rate_strength = EXPECTED_STRENGTH

    def __init__(self, catalog: TopicCatalog) -> None:
        pairs = zip(catalog.items, catalog.misread, strict=True)
        self._misread = {item["text"]: misread for item, misread in pairs}

    async def judge(self, items: Catalog, features: Sequence[str]) -> Floats:
        """Judge as the built-in model does what it read; see the protocol."""
        read = [self._misread[str(text)] for text in items.array("text")]
        return await super().judge(Catalog.from_items(read, fields=items.fields), features)


@dataclass(frozen=True)
class Planted:
    """What one discovery found of what was planted.

    Attributes
    ----------
    seed : int
    n_planted, n_found : int
        Planted features, and those that some description agrees with.
    n_repeated, n_rough, n_spurious : int
        Descriptions that agree with a planted feature that an earlier one agrees with already,
        that are rough versions of one, and that have to do with none.
    r2 : float
        Of the fitted items.
    seconds : float
    missed : tuple of str
        Key words of the planted features that were not found.
    features : tuple of str
        Everything that was found.
    """

    seed: int
    n_planted: int
    n_found: int
    n_repeated: int
    n_rough: int
    n_spurious: int
    r2: float
    seconds: float
    missed: tuple[str, ...]
    features: tuple[str, ...]


def run(
    seed: int,
    *,
    n_items: int = 2000,
    n_planted: int = 12,
    n_targets: int = 1,
    error_rate: float = 0.0,
    r2: float = 0.8,
    n_features: int | None = None,
    companions: bool = False,
    permuted: bool = False,
) -> Planted:
    """Draw a catalog, discover, compare.

    Parameters
    ----------
    n_features : int, optional
        The most features; None leaves `ROOM` beside those planted.
    permuted : bool
        Permute the targets, so that nothing is to be found: every feature is spurious.
    """
    catalog = draw_catalog(
        n_items,
        n_planted,
        n_targets=n_targets,
        r2=r2,
        error_rate=error_rate,
        companions=companions,
        seed=seed,
    )
    targets = catalog.targets
    if permuted:
        targets = np.random.default_rng([seed, 1]).permutation(targets)
    y = targets[:, 0] if n_targets == 1 else targets
    judge = MisreadingModel(catalog) if error_rate else BuiltinModel()
    start = time.perf_counter()
    model = GenZRegressor(judge, n_features or n_planted + ROOM, text=["text"], random_state=seed)
    model.fit(catalog.items, y)
    seconds = time.perf_counter() - start
    features = tuple(feature.description for feature in model.features_)
    # Permuted targets have no rule: a description that names a topic is spurious as well.
    nothing = [Named(None, None)] * len(features)
    named = nothing if permuted else topics_named(features, catalog)
    agreeing = [name.agreeing for name in named if name.agreeing is not None]
    found = set(agreeing)
    n_spurious = sum(name.agreeing is None and name.related is None for name in named)
    fitted = model.regression_.predictive(model.judgments_).mean()
    explained = 1 - ((targets - fitted) ** 2).sum() / ((targets - targets.mean(axis=0)) ** 2).sum()
    return Planted(
        seed=seed,
        n_planted=n_planted,
        n_found=len(found),
        n_repeated=len(agreeing) - len(found),
        n_rough=len(named) - len(agreeing) - n_spurious,
        n_spurious=n_spurious,
        r2=float(explained),
        seconds=seconds,
        missed=tuple(topic for topic in catalog.topics if topic not in found),
        features=features,
    )


@dataclass(frozen=True)
class Named:
    """The planted topic that a description agrees with, and the one that it has to do with."""

    agreeing: str | None
    related: str | None


def topics_named(descriptions: Sequence[str], catalog: TopicCatalog) -> list[Named]:
    """What each description says of the planted topics, if anything.

    What counts is where a description holds, read without error, not how it was judged.
    """
    with LoopThread() as loop:
        items = Catalog.from_items(catalog.items, text=["text"])
        holds = loop.run(BuiltinModel().judge(items, descriptions))
    return [_named(column, catalog) for column in holds.T]


def _named(column: Floats, catalog: TopicCatalog) -> Named:
    same = np.mean(column[:, np.newaxis] == catalog.z, axis=0)
    agreement = np.maximum(same, np.mean(column[:, np.newaxis] == 1 - catalog.z, axis=0))
    known = np.nan_to_num(column, nan=0.5)
    known = known - known.mean()
    centred = catalog.z - catalog.z.mean(axis=0)
    sizes = np.sqrt((known**2).sum() * (centred**2).sum(axis=0))
    correlation = np.abs(known @ centred) / np.maximum(sizes, 1e-300)

    def best(values: Floats, least: float) -> str | None:
        k = int(np.argmax(values))
        return catalog.topics[k] if values[k] > least else None

    return Named(best(agreement, MIN_AGREEMENT), best(correlation, MIN_CORRELATION))

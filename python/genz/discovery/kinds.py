"""Which kind of contrast to try next: what paid so far is tried more."""

from collections import Counter
from collections.abc import Sequence

import numpy as np


class Kinds:
    """Thompson sampling over kinds, each paying at a rate with a uniform Beta prior.

    Thompson (1933), Biometrika 25, 285-294. Every kind is tried once before chance decides.

    Parameters
    ----------
    names : sequence of str
        In the order of their first trials.
    """

    def __init__(self, names: Sequence[str], rng: np.random.Generator) -> None:
        self._names = tuple(names)
        self._rng = rng
        self._paid: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()

    def choose(self, possible: Sequence[str]) -> str:
        """Choose among the kinds that can be tried now."""
        names = [name for name in self._names if name in possible]
        for name in names:
            if not self._paid[name] + self._failed[name]:
                return name
        rates = [self._rng.beta(1 + self._paid[name], 1 + self._failed[name]) for name in names]
        return names[int(np.argmax(rates))]

    def learn(self, name: str, *, paid: bool) -> None:
        """Count a round of this kind."""
        (self._paid if paid else self._failed)[name] += 1

"""Judging candidates on the deciding items in stages; who can hardly win any more drops out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from genz.discovery.design import Base
from genz.discovery.screening import Screened
from genz.statistics.arrays import Floats, Indices

STAGES = (0.25, 0.5, 1.0)
"""Shares of the deciding items after which the candidates are looked at."""

MIN_STAGE = 50
"""A stage of fewer items, beside one for each known column, would tell too little."""

MIN_CHANCE = 0.05
"""A candidate drops out when the chance that it passes in the end falls below this."""

Judge = Callable[[Indices, Sequence[str]], Floats]
"""Judgments (n, k) of the items in these rows on these descriptions."""


@dataclass(frozen=True)
class Runner:
    """A candidate in the race, as it was screened, and its judgments of the deciding items."""

    screened: Screened
    judgments: Floats

    @property
    def description(self) -> str:
        """What is judged."""
        return self.screened.description


def race(
    candidates: Sequence[Screened],
    judge: Judge,
    base: Base,
    deciding: Indices,
    level: float,
) -> tuple[list[Runner], list[tuple[str, int, float]]]:
    """Judge candidates on the `deciding` items, in their (random) order.

    Leaving early for want of promise can only make false finds rarer (a stop for futility; the
    chance is the conditional power under the trend so far, Lan & Wittes 1988, Biometrics 44).

    Returns
    -------
    finished : list of Runner
    dropped : list of (description, number of deciding items judged, chance)
    """
    running = [Runner(candidate, np.zeros(0)) for candidate in candidates]
    dropped = []
    n_judged = 0
    for share in STAGES:
        n_wanted = round(share * len(deciding))
        if not running or (share < 1 and n_wanted < MIN_STAGE + base.n_columns):
            continue
        new = judge(deciding[n_judged:n_wanted], [runner.description for runner in running])
        running = [
            Runner(runner.screened, np.concatenate([runner.judgments, column]))
            for runner, column in zip(running, new.T, strict=True)
        ]
        n_judged = n_wanted
        if share == 1:
            break
        still = []
        trial = base.on(deciding[:n_judged])
        for runner in running:
            p_value = trial.test(runner.judgments, runner.screened.promise).p_value
            seen = n_judged / len(deciding)
            chance = 1.0 if np.isnan(p_value) else _chance(p_value, seen, level)
            if chance < MIN_CHANCE:
                dropped.append((runner.description, n_judged, chance))
            else:
                still.append(runner)
        running = still
    return running, dropped


def _chance(p_value: float, share: float, level: float) -> float:
    """Chance that the final statistic passes `level`, if the trend so far is the truth."""
    expected = -ndtri(p_value) / np.sqrt(share)
    # Of the trend itself only a share is seen: its own uncertainty widens what may come.
    spread = np.sqrt((1 - share) / share)
    return float(ndtr((expected + ndtri(level)) / spread))

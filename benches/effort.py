"""How long a run may take."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Rounds, and the time a slow peer gets in each.

    `quick` shrinks every size: it tries the scripts out and measures nothing worth telling.
    `long` adds the fits that need gigabytes and many minutes.
    """

    quick: bool = False
    long: bool = False

    @property
    def n_rounds(self) -> int:
        return 2 if self.quick else 5

    @property
    def seconds_a_round(self) -> float:
        return 0.05 if self.quick else 0.5

    def n_items(self, n_items: int) -> int:
        """The items of a benchmark that has `n_items` in earnest."""
        return max(50, n_items // 20) if self.quick else n_items

    def say(self, text: str) -> None:
        """Tell whoever waits."""
        print(text, file=sys.stderr, flush=True)

"""All items at one glance: their judgments, and where their vector targets lie."""

from collections.abc import Sequence
from dataclasses import dataclass

from genz.errors import DataError
from genz.report.checks import Floats


@dataclass(frozen=True, eq=False)
class JudgmentMap:
    """Judgments of all items, in groups of similar targets.

    Attributes
    ----------
    features : sequence of str, length K
    sizes : sequence of int, length G
        Items of each group, the group with the lowest targets first.
    groups : sequence of str, length G
        Names of the groups: the median of a scalar target.
    yes : ndarray of shape (G, K)
        Mean known judgment; NaN where none is known.
    unknown : ndarray of shape (G, K)
        Share of judgments that are unknown.
    order : str
        What the groups are ordered by.
    """

    features: Sequence[str]
    sizes: Sequence[int]
    groups: Sequence[str]
    yes: Floats
    unknown: Floats
    order: str

    def __post_init__(self) -> None:
        wanted = (len(self.groups), len(self.features))
        if not self.yes.shape == self.unknown.shape == wanted or len(self.sizes) != wanted[0]:
            raise DataError(
                f"the map of judgments has shapes {self.yes.shape} and {self.unknown.shape}, "
                f"wanted {wanted}: one row for each group, one column for each feature"
            )


@dataclass(frozen=True, eq=False)
class EmbeddingMap:
    """Vector targets of some items on the two directions in which they differ most.

    Attributes
    ----------
    points : ndarray of shape (M, 2)
    explained : tuple of float
        Shares of the targets' variance that the two directions hold.
    features : sequence of str
        Those with the largest effects.
    probabilities : ndarray of shape (M, len(features))
        P(z = 1 | judgment).
    n_items : int
        Items with a whole target, of which M are shown.
    """

    points: Floats
    explained: tuple[float, float]
    features: Sequence[str]
    probabilities: Floats
    n_items: int

    def __post_init__(self) -> None:
        wanted = (len(self.points), len(self.features))
        if self.points.shape[1:] != (2,) or self.probabilities.shape != wanted:
            raise DataError(
                f"the map of targets has points of shape {self.points.shape} and probabilities of "
                f"{self.probabilities.shape}, wanted (n_items, 2) and {wanted}"
            )

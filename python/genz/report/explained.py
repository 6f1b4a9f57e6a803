"""Single items that a report explains: what contributes to their predictions."""

from collections.abc import Sequence
from dataclasses import dataclass

from genz.report.effects import check_picture


@dataclass(frozen=True)
class Term:
    """Contribution of a feature or covariate to one prediction.

    Attributes
    ----------
    name : str
    contribution : float
        On the scale that was fitted; for a vector target along the way from the baseline to the
        prediction.
    judgment : float or None
        1 for yes, 0 for no, a probability; None where it is unknown.
    probability : float or None
        P(z = 1 | judgment); None for a covariate.
    if_holds, if_not : float or None
        Predictions of a scalar target if the item were known to have the feature, and not to.
    """

    name: str
    contribution: float
    judgment: float | None = None
    probability: float | None = None
    if_holds: float | None = None
    if_not: float | None = None


@dataclass(frozen=True)
class Card:
    """One item: what it is, how it is predicted and why.

    Attributes
    ----------
    item : str
        Its name.
    why : str
        Why just this item is shown.
    baseline : float
        Mean prediction of the training items on the scale that was fitted; 0 for a vector target.
    to_median : float
        What the median of a log target lies beyond the mean of its logarithm.
    terms : sequence of Term
        The largest first; with the baseline and `to_median` they add up to the prediction.
    actual, predicted, lower, upper : float or None
        On the target's own scale; None for a vector target.
    text : str
        The item in words; empty where the catalog is not known.
    picture : str
        As a JPEG in a data URI, or empty.
    """

    item: str
    why: str
    baseline: float
    to_median: float
    terms: Sequence[Term]
    actual: float | None = None
    predicted: float | None = None
    lower: float | None = None
    upper: float | None = None
    text: str = ""
    picture: str = ""

    def __post_init__(self) -> None:
        check_picture(f"item {self.item!r}", self.picture)

    @property
    def total(self) -> float:
        """The prediction on the scale that was fitted."""
        return self.baseline + sum(term.contribution for term in self.terms) + self.to_median

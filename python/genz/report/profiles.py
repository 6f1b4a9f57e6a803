"""Error rates of the judge with what the data know of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from genz.report.checks import check_choice

Answer = Literal["yes", "no"]


@dataclass(frozen=True)
class RateProfile:
    """How often an answer is wrong, by the profile of the likelihood.

    Attributes
    ----------
    feature : str
    answer : {"yes", "no"}
    error : float
        The fitted share of these answers that are wrong.
    lower, upper : float
        Ends of its 95 % interval, from the data alone.
    least_effect, greatest_effect : float
        Size of the feature's effect along that interval.
    is_identified : bool
        Whether the interval is closed and the effect changes little along it.
    """

    feature: str
    answer: Answer
    error: float
    lower: float
    upper: float
    least_effect: float
    greatest_effect: float
    is_identified: bool

    def __post_init__(self) -> None:
        check_choice("answer of a profile", self.answer, get_args(Answer))


def profiles_of(records: Sequence[Mapping[str, Any]]) -> tuple[RateProfile, ...]:
    """Read the profiles off a model's records, see `genz.identification.profile_features`."""
    return tuple(
        RateProfile(
            feature=str(record["feature"]),
            answer="yes" if record["rate"] == "ppv" else "no",
            error=record["error"],
            lower=record["interval"][0],
            upper=record["interval"][1],
            least_effect=record["weight"][0],
            greatest_effect=record["weight"][1],
            is_identified=record["identified"],
        )
        for record in records
    )

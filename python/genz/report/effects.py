"""Effects that a report shows: features, intercept and covariates."""

from collections.abc import Sequence
from dataclasses import dataclass

from genz.errors import DataError

PICTURE_START = "data:image/jpeg;base64,"
"""How a picture begins: nothing that a browser would fetch."""


def check_picture(owner: str, picture: str) -> None:
    """Raise unless a picture is empty or lies in the report itself."""
    if picture and not picture.startswith(PICTURE_START):
        raise DataError(
            f"a picture of {owner} is {picture[:40]!r}, wanted {PICTURE_START!r} and the picture"
        )


def _check_std_errors(name: str, weights: Sequence[float], std_errors: Sequence[float]) -> None:
    if len(std_errors) not in (0, len(weights)):
        raise DataError(
            f"{name} has {len(weights)} weights and {len(std_errors)} standard errors: give one "
            "for each weight, or none"
        )


@dataclass(frozen=True)
class Coefficient:
    """Intercept or effect of a covariate.

    Attributes
    ----------
    name : str
    weights : sequence of float, one for each target dimension
        Per unit of the covariate, in units of the target (of its logarithm on the log scale).
    std_errors : sequence of float, as long as `weights`, or empty
        Standard errors of the weights; empty or NaN where there is none.
    """

    name: str
    weights: Sequence[float]
    std_errors: Sequence[float] = ()

    def __post_init__(self) -> None:
        _check_std_errors(f"coefficient {self.name!r}", self.weights, self.std_errors)


@dataclass(frozen=True)
class FeatureRow:
    """One feature of the fitted model. A number that is None or NaN is shown as a dash.

    Attributes
    ----------
    description : str
        The feature in words, as the judge read it.
    weights : sequence of float, one for each target dimension
        Effect of the feature, in units of the target (of its logarithm when the scale is log).
    std_errors : sequence of float, as long as `weights`, or empty
        Standard errors of the weights; empty or NaN where there is none.
    ppv : float or None
        P(z = 1 | judged yes), for hard judgments.
    fomr : float or None
        P(z = 1 | judged no), the false omission rate, for hard judgments.
    channel_intercept, channel_slope : float or None
        alpha and gamma of the logistic channel, for probability judgments.
    prevalence : float or None
        P(z = 1 | judgment unknown); None when no judgment was unknown.
    share : float
        Share of the items that have the feature, in [0, 1].
    unknown_share : float
        Share of the items that the foundation model could not judge, in [0, 1].
    gain : float or None
        Held-out log evidence that the feature brought, in nats; None for the user's own.
    examples_with, examples_without : sequence of str
        Some items that have the feature, and some that have it not.
    pictures_with, pictures_without : sequence of str
        A picture of each of these as a JPEG in a data URI, empty where there is none; or none.
    along, against : sequence of str
        Items whose vector targets point most along the effect and most against it.
    """

    description: str
    weights: Sequence[float]
    std_errors: Sequence[float]
    ppv: float | None
    fomr: float | None
    channel_intercept: float | None
    channel_slope: float | None
    prevalence: float | None
    share: float
    unknown_share: float = 0.0
    gain: float | None = None
    examples_with: Sequence[str] = ()
    examples_without: Sequence[str] = ()
    pictures_with: Sequence[str] = ()
    pictures_without: Sequence[str] = ()
    along: Sequence[str] = ()
    against: Sequence[str] = ()

    def __post_init__(self) -> None:
        _check_std_errors(f"feature {self.description!r}", self.weights, self.std_errors)
        for picture in (*self.pictures_with, *self.pictures_without):
            check_picture(f"feature {self.description!r}", picture)

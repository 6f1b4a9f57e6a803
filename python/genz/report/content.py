"""What a report shows: plain typed data, checked once here, so that drawing need not doubt it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from genz.errors import DataError
from genz.report.disagreements import Disagreements
from genz.report.rounds import Round

Floats = NDArray[np.float64]

TargetScale = Literal["linear", "log"]
PredictionSource = Literal["training items", "cross-validation"]
PICTURE_START = "data:image/jpeg;base64,"
"""How a picture begins: nothing that a browser would fetch."""

StepKind = Literal["accepted", "pruned", "other"]


def _check_choice(name: str, got: str, choices: tuple[str, ...]) -> None:
    if got not in choices:
        wanted = " or ".join(repr(choice) for choice in choices)
        raise DataError(f"{name} is {got!r}, wanted {wanted}: correct the content of the report")


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
            if picture and not picture.startswith(PICTURE_START):
                raise DataError(
                    f"a picture of feature {self.description!r} is {picture[:40]!r}, wanted "
                    f"{PICTURE_START!r} and the picture"
                )


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of the targets, on their original scale, beside what was observed.

    Attributes
    ----------
    ids : sequence of str, length n_items
        Names of the items, shown when the pointer rests on a mark.
    actual, predicted, lower, upper : ndarrays of shape (n_items, n_targets)
        Observed targets, point predictions and ends of the central intervals; NaN where missing.
    source : {"training items", "cross-validation"}
        Whether the model that predicts an item was fitted to it. The report says so everywhere.
    level : float
        Nominal coverage of the intervals, in (0, 1).
    """

    ids: Sequence[str]
    actual: Floats
    predicted: Floats
    lower: Floats
    upper: Floats
    source: PredictionSource
    level: float

    def __post_init__(self) -> None:
        _check_choice("source of the predictions", self.source, get_args(PredictionSource))
        if not 0.0 < self.level < 1.0:
            raise DataError(f"level of the intervals is {self.level}, wanted a number in (0, 1)")
        wanted = (len(self.ids), *self.actual.shape[1:])
        for name in ("actual", "predicted", "lower", "upper"):
            shape = getattr(self, name).shape
            if len(shape) != 2 or shape != wanted:
                raise DataError(
                    f"{name} has shape {shape}, wanted (n_items, n_targets), the same for all, and "
                    f"one of {len(self.ids)} ids for each row"
                )

    @property
    def n_targets(self) -> int:
        """Target dimensions."""
        return int(self.actual.shape[1])


@dataclass(frozen=True)
class Step:
    """One step of discovery and the state of the model after it.

    Attributes
    ----------
    step : int
        Number of the round, rising.
    kind : {"accepted", "pruned", "other"}
        Which marker it has.
    action : str
        What was done.
    n_features : int
        Features of the model after the step.
    log_likelihood : float or None
        Log likelihood of the training items after the step, in nats.
    """

    step: int
    kind: StepKind
    action: str
    n_features: int
    log_likelihood: float | None

    def __post_init__(self) -> None:
        _check_choice("kind of a step", self.kind, get_args(StepKind))


@dataclass(frozen=True)
class Proposal:
    """One description that the foundation model proposed, and what became of it.

    Attributes
    ----------
    step : int
        Round of discovery in which it was proposed.
    contrast : str
        Kind of the contrast that led to it.
    description : str
        The proposed feature.
    accepted : bool
        Whether it entered the model (it may have been pruned later).
    gain, standard_error : float or None
        Gain in log evidence of the held-out items that decided, and its standard error, in nats;
        None when it was rejected before.
    reason : str
        Why it was rejected, or what became of it after it was accepted.
    promise : float or None
        Quick estimate of its gain on the items that choose, in nats, for those it rejected.
    p_value, level : float or None
        Of the test of the gain, and the level that it had to reach, corrected for `n_tried`.
    n_tried : int or None
        Candidates that the correction allows for.
    """

    step: int
    contrast: str
    description: str
    accepted: bool
    gain: float | None
    standard_error: float | None
    reason: str
    promise: float | None = None
    p_value: float | None = None
    level: float | None = None
    n_tried: int | None = None


@dataclass(frozen=True)
class Difference:
    """A score of our method less that of another on the same items, with its interval."""

    value: float
    lower: float
    upper: float
    level: float


@dataclass(frozen=True)
class ReportContent:
    """Everything that one report shows.

    Attributes
    ----------
    title : str
        Heading of the report.
    facts : mapping of str to str
        What was fitted and how (catalog, items, model, seed, date, versions...), most important
        first: the first six also stand in the header.
    target_name : str
        Name of the target.
    target_scale : {"linear", "log"}
        Whether the target or its logarithm was fitted.
    n_targets : int
        Target dimensions; effects are drawn with intervals when it is 1, as norms otherwise.
    n_items : int
        Items that were fitted.
    features : sequence of FeatureRow
        Features of the model, in the order in which they entered it.
    predictions : Predictions or None
        Held-out ones where there are any.
    steps : sequence of Step
        The course of discovery.
    proposals : sequence of Proposal
        All proposals, accepted and rejected.
    scores : mapping of str to mapping of str to float, or None
        Scores by method and metric, the method ``"genz"`` being ours, e.g. from ``genz evaluate``.
    notes : sequence of str
        Caveats that the reader should know.
    scores_source : str
        How `scores` were obtained, for their label.
    coefficients : sequence of Coefficient
        Intercept and covariates.
    rounds : sequence of Round
        The rounds of discovery.
    dimension_names : sequence of str, length n_targets or 0
        Names of the target dimensions; numbered from 1 when empty.
    differences : mapping of str to mapping of str to Difference
        Scores of our method less those of another one, by that method and metric.
    noise_sd : sequence of float, length n_targets or 0
        Standard deviation of the noise of each target dimension.
    disagreements : Disagreements or None
        Judgments that the targets contradict.
    """

    title: str
    facts: Mapping[str, str]
    target_name: str
    target_scale: TargetScale
    n_targets: int
    n_items: int
    features: Sequence[FeatureRow]
    predictions: Predictions | None
    steps: Sequence[Step]
    proposals: Sequence[Proposal]
    scores: Mapping[str, Mapping[str, float]] | None
    notes: Sequence[str]
    scores_source: str = "cross-validation"
    coefficients: Sequence[Coefficient] = ()
    dimension_names: Sequence[str] = ()
    differences: Mapping[str, Mapping[str, Difference]] = field(default_factory=dict)
    rounds: Sequence[Round] = ()
    noise_sd: Sequence[float] = ()
    disagreements: Disagreements | None = None

    def __post_init__(self) -> None:
        _check_choice("target_scale", self.target_scale, get_args(TargetScale))
        if self.n_targets < 1:
            raise DataError(f"n_targets is {self.n_targets}, wanted 1 or more")
        if len(self.dimension_names) not in (0, self.n_targets):
            raise DataError(
                f"{len(self.dimension_names)} dimension names for {self.n_targets} target "
                "dimensions: give one for each, or none"
            )
        if len(self.noise_sd) not in (0, self.n_targets):
            raise DataError(
                f"{len(self.noise_sd)} standard deviations of the noise for {self.n_targets} "
                "target dimensions: give one for each, or none"
            )
        if self.predictions is not None and self.predictions.n_targets != self.n_targets:
            raise DataError(
                f"predictions have {self.predictions.n_targets} target dimensions, wanted "
                f"{self.n_targets}"
            )
        named = [(f"feature {row.description!r}", row.weights) for row in self.features]
        named += [(f"coefficient {row.name!r}", row.weights) for row in self.coefficients]
        for name, weights in named:
            if len(weights) != self.n_targets:
                raise DataError(
                    f"{name} has {len(weights)} weights, wanted one for each of {self.n_targets} "
                    "target dimensions"
                )

    def dimension(self, d: int) -> str:
        """Name of a target dimension."""
        if self.n_targets == 1:
            return self.target_name
        return self.dimension_names[d] if self.dimension_names else f"dimension {d + 1}"

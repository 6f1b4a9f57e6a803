"""What a report shows: plain typed data, checked once here, so that drawing need not doubt it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from genz.errors import DataError

TargetScale = Literal["linear", "log"]
PredictionSource = Literal["training items", "cross-validation"]


def _check_choice(name: str, got: str, choices: tuple[str, ...]) -> None:
    if got not in choices:
        wanted = " or ".join(repr(choice) for choice in choices)
        raise DataError(f"{name} is {got!r}, wanted {wanted}: correct the content of the report")


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
    gain : float or None
        Held-out log evidence that the feature brought, in nats.
    examples_with, examples_without : sequence of str
        Some items that have the feature, and some that have it not.
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
    gain: float | None = None
    examples_with: Sequence[str] = ()
    examples_without: Sequence[str] = ()

    def __post_init__(self) -> None:
        if len(self.std_errors) not in (0, len(self.weights)):
            raise DataError(
                f"feature {self.description!r} has {len(self.weights)} weights and "
                f"{len(self.std_errors)} standard errors: give one for each weight, or none"
            )


@dataclass(frozen=True)
class Predictions:
    """Predictions of a scalar target, on its original scale, beside what was observed.

    Attributes
    ----------
    ids : sequence of str, length n_items
        Names of the items, shown when the pointer rests on a mark.
    actual, predicted, lower, upper : sequences of float, length n_items
        Observed target, point prediction and ends of the central interval; NaN where missing.
    source : {"training items", "cross-validation"}
        Whether the model that predicts an item was fitted to it. The report says so everywhere.
    level : float
        Nominal coverage of the intervals, in (0, 1).
    """

    ids: Sequence[str]
    actual: Sequence[float]
    predicted: Sequence[float]
    lower: Sequence[float]
    upper: Sequence[float]
    source: PredictionSource
    level: float

    def __post_init__(self) -> None:
        _check_choice("source of the predictions", self.source, get_args(PredictionSource))
        if not 0.0 < self.level < 1.0:
            raise DataError(f"level of the intervals is {self.level}, wanted a number in (0, 1)")
        lengths = {
            name: len(getattr(self, name))
            for name in ("ids", "actual", "predicted", "lower", "upper")
        }
        if len(set(lengths.values())) > 1:
            got = ", ".join(f"{n} {name}" for name, n in lengths.items())
            raise DataError(f"predictions have {got}: give one of each for every item")


@dataclass(frozen=True)
class Step:
    """One step of discovery and the state of the model after it.

    Attributes
    ----------
    step : int
        Number of the step, rising.
    action : str
        What was done; ``"accept..."`` and ``"prune..."`` have markers of their own.
    n_features : int
        Features of the model after the step.
    log_likelihood : float
        Log likelihood of the training items after the step, in nats.
    """

    step: int
    action: str
    n_features: int
    log_likelihood: float


@dataclass(frozen=True)
class Proposal:
    """One description that the foundation model proposed, and what became of it.

    Attributes
    ----------
    step : int
        Step of discovery in which it was proposed.
    contrast : str
        Kind of the contrast that led to it.
    description : str
        The proposed feature.
    accepted : bool
        Whether it entered the model (it may have been pruned later).
    gain, standard_error : float or None
        Estimated gain in held-out log evidence and its standard error, in nats.
    reason : str
        Why it was accepted or rejected.
    """

    step: int
    contrast: str
    description: str
    accepted: bool
    gain: float | None
    standard_error: float | None
    reason: str


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
    features : sequence of FeatureRow
        Features of the model, in the order in which they entered it.
    predictions : Predictions or None
        None for vector targets.
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
    dimension_names : sequence of str, length n_targets or 0
        Names of the target dimensions; numbered from 1 when empty.
    """

    title: str
    facts: Mapping[str, str]
    target_name: str
    target_scale: TargetScale
    n_targets: int
    features: Sequence[FeatureRow]
    predictions: Predictions | None
    steps: Sequence[Step]
    proposals: Sequence[Proposal]
    scores: Mapping[str, Mapping[str, float]] | None
    notes: Sequence[str]
    scores_source: str = "cross-validation"
    dimension_names: Sequence[str] = ()

    def __post_init__(self) -> None:
        _check_choice("target_scale", self.target_scale, get_args(TargetScale))
        if self.n_targets < 1:
            raise DataError(f"n_targets is {self.n_targets}, wanted 1 or more")
        if len(self.dimension_names) not in (0, self.n_targets):
            raise DataError(
                f"{len(self.dimension_names)} dimension names for {self.n_targets} target "
                "dimensions: give one for each, or none"
            )
        if self.predictions is not None and self.n_targets > 1:
            raise DataError(
                f"predictions are drawn for a scalar target only, got n_targets={self.n_targets}: "
                "give predictions=None"
            )
        for row in self.features:
            if len(row.weights) != self.n_targets:
                raise DataError(
                    f"feature {row.description!r} has {len(row.weights)} weights, wanted one for "
                    f"each of {self.n_targets} target dimensions"
                )

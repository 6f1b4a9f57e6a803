"""What a comparison of two models shows: plain typed data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genz.report.checks import Floats, TargetScale


@dataclass(frozen=True)
class CommonFeature:
    """A feature that both models have, the first model's numbers first.

    Attributes
    ----------
    description : str
    weights : pair of sequences of float
        Effects on each target dimension, on the scale that was fitted.
    std_errors : pair of sequences of float
    shares : pair of float
        Expected shares of the items that have it.
    agreement : float or None
        Share of the shared items that both judged alike; None where no items are shared.
    """

    description: str
    weights: tuple[Sequence[float], Sequence[float]]
    std_errors: tuple[Sequence[float], Sequence[float]]
    shares: tuple[float, float]
    agreement: float | None


@dataclass(frozen=True)
class OwnFeature:
    """A feature that one model has, with the likest of the other's own by the shared judgments.

    Attributes
    ----------
    description : str
    weights, std_errors : sequence of float
    share : float
    likest : str
        Empty where no items are shared or the other has none of its own.
    correlation : float or None
        Of the two probabilities over the shared items.
    """

    description: str
    weights: Sequence[float]
    std_errors: Sequence[float]
    share: float
    likest: str = ""
    correlation: float | None = None


@dataclass(frozen=True, eq=False)
class SharedPredictions:
    """Predictions of both models for the items that both know, on the targets' own scale.

    Attributes
    ----------
    ids : sequence of str, length N
    actual, first, second : ndarrays of shape (N, D)
    source : str
        Whether the models that predict had seen the items.
    r2 : pair of float
        Mean over the dimensions, on the scale that was fitted.
    correlation : float
        Of the two predictions, mean over the dimensions.
    typical_difference : float
        Median of |first - second|, for a log target of |first / second - 1|.
    first_nearer : float
        Share of items to whose targets the first model is nearer, ties counted half.
    """

    ids: Sequence[str]
    actual: Floats
    first: Floats
    second: Floats
    source: str
    r2: tuple[float, float]
    correlation: float
    typical_difference: float
    first_nearer: float


@dataclass(frozen=True)
class Comparison:
    """Everything that a comparison shows.

    Attributes
    ----------
    names : pair of str
        What the models are called.
    target_name : str
    target_scale : {"linear", "log"}
        That of the first model.
    facts : mapping of str to pair of str
        What was fitted and how.
    common : sequence of CommonFeature
    only_first, only_second : sequence of OwnFeature
    scores : mapping of str to pair of (float or None)
        Held-out scores of both by metric.
    predictions : SharedPredictions or None
    notes : sequence of str
        Why something cannot be compared, and caveats.
    """

    names: tuple[str, str]
    target_name: str
    target_scale: TargetScale
    facts: Mapping[str, tuple[str, str]]
    common: Sequence[CommonFeature]
    only_first: Sequence[OwnFeature]
    only_second: Sequence[OwnFeature]
    scores: Mapping[str, tuple[float | None, float | None]]
    predictions: SharedPredictions | None
    notes: Sequence[str]

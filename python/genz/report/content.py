"""What a report shows: plain typed data, checked once here, so that drawing need not doubt it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from genz.errors import DataError
from genz.report.checks import TargetScale, check_choice
from genz.report.decisions import Proposal, Step
from genz.report.disagreements import Disagreements
from genz.report.effects import Coefficient, FeatureRow
from genz.report.explained import Card
from genz.report.maps import EmbeddingMap, JudgmentMap
from genz.report.predicted import Predictions
from genz.report.profiles import RateProfile
from genz.report.rounds import Round


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
    profiles : sequence of RateProfile
        What the data know of error rates.
    cards : sequence of Card
        Items whose predictions are explained, by the model that was fitted to all items.
    judgment_map : JudgmentMap or None
    embedding_map : EmbeddingMap or None
        For vector targets.
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
    profiles: Sequence[RateProfile] = ()
    cards: Sequence[Card] = ()
    judgment_map: JudgmentMap | None = None
    embedding_map: EmbeddingMap | None = None

    def __post_init__(self) -> None:
        check_choice("target_scale", self.target_scale, get_args(TargetScale))
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

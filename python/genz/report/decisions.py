"""What a discovery did: its fits and its proposals."""

from dataclasses import dataclass
from typing import Literal, get_args

from genz.report.checks import check_choice

StepKind = Literal["accepted", "pruned", "other"]


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
    n_judgments : int or None
        Judgments asked for until then; None where the trace does not say.
    """

    step: int
    kind: StepKind
    action: str
    n_features: int
    log_likelihood: float | None
    n_judgments: int | None = None

    def __post_init__(self) -> None:
        check_choice("kind of a step", self.kind, get_args(StepKind))


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

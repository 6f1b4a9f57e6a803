"""What a report shows of an audit: judgments against which the targets speak."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Disagreement:
    """One judgment against which its item's target speaks.

    Attributes
    ----------
    item : str
        Name of the item.
    feature : str
        Description.
    judgment : float
        1 for yes, 0 for no, or a probability.
    prior, posterior : float
        P(it has the feature) given the judgment alone, and given the target too.
    evidence : float
        What the target adds to the log odds, in nats.
    residual : float or None
        Target less prediction, on the scale that was fitted; None for a vector target.
    log_likelihood_change : float
        What the log likelihood gains if the judgment is turned round, in nats.
    weight_change : float or None
        What the feature's effect then changes by; None for a vector target.
    """

    item: str
    feature: str
    judgment: float
    prior: float
    posterior: float
    evidence: float
    residual: float | None
    log_likelihood_change: float
    weight_change: float | None


@dataclass(frozen=True)
class Disagreements:
    """What a report shows of an audit.

    Attributes
    ----------
    rows : sequence of Disagreement
        The worst first.
    n_contradictions, n_judged : int
        Cells in contradiction, and all cells with a judgment.
    is_refitted : bool
        Whether the changes are those of a fit that converged again; else the log likelihood is
        that under held parameters and the effect that of one Newton step.
    by_feature : sequence of (str, int)
        Features with contradictions, most first.
    """

    rows: Sequence[Disagreement]
    n_contradictions: int
    n_judged: int
    is_refitted: bool
    by_feature: Sequence[tuple[str, int]] = ()

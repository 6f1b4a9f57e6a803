"""A quick estimate of what each candidate could gain, before it costs a fit."""

from dataclasses import dataclass

import numpy as np

from genz.discovery.evidence import Evidence, filled
from genz.statistics.arrays import Floats
from genz.statistics.regression import LatentFeatureRegression

MAX_UNKNOWN_SHARE = 0.2
MAX_AGREEMENT = 0.98
MIN_MINORITY = 3
"""A feature with fewer items than this on one side cannot be told from their own noise."""


@dataclass(frozen=True)
class Screened:
    """A candidate's judgments on the screened items and what they promise.

    Attributes
    ----------
    gain : float
        Upper estimate of the gain in log likelihood, in nats; 0 when dropped.
    reason : str
        Why the candidate was dropped; empty when it was not.
    """

    description: str
    judgments: Floats
    gain: float
    reason: str


def screen(
    descriptions: list[str],
    judgments: Floats,
    regression: LatentFeatureRegression,
    evidence: Evidence,
) -> list[Screened]:
    """Screen candidates judged on the items of `evidence`; the most promising first.

    The gain is that of least squares on E[z] with the candidate beside the known features:
    sum over targets of n / 2 log(RSS without / RSS with).
    """
    known = regression.transform(evidence.judgments)
    root = np.sqrt(evidence.item_weights)[:, np.newaxis]
    design = np.hstack([np.ones((len(known), 1)), evidence.covariates, known]) * root
    basis = np.linalg.qr(design)[0]
    targets = np.nan_to_num(evidence.targets - np.nanmean(evidence.targets, axis=0)) * root
    residual = targets - basis @ (basis.T @ targets)
    power = (residual**2).sum(axis=0)
    screened = []
    for description, column in zip(descriptions, judgments.T, strict=True):
        reason = _why_not(column, evidence.judgments)
        gain = 0.0
        if not reason:
            candidate = filled(column) * root
            new = (candidate - basis @ (basis.T @ candidate))[:, 0]
            size = float(new @ new)
            if size < 1e-8 * float((candidate**2).sum()):
                reason = "the known features determine it"
            else:
                explained = (new @ residual) ** 2 / size
                share = np.clip(explained / power, 0, 1 - 1e-12)
                gain = float(-0.5 * len(column) * np.log1p(-share).sum())
        screened.append(Screened(description, column, gain, reason))
    return sorted(screened, key=lambda screened_one: -screened_one.gain)


def _why_not(column: Floats, known: Floats) -> str:
    unknown = float(np.mean(np.isnan(column)))
    if unknown > MAX_UNKNOWN_SHARE:
        return f"{unknown:.0%} of the judgments are unknown"
    yes = float(np.nansum(column > 0.5))
    if min(yes, len(column) - yes) < MIN_MINORITY:
        return "nearly all items are judged alike"
    if known.shape[1]:
        with np.errstate(invalid="ignore"):
            agreement = np.mean((column[:, np.newaxis] > 0.5) == (known > 0.5), axis=0)
        if max(agreement.max(), 1 - agreement.min()) > MAX_AGREEMENT:
            return "judged like a known feature"
    return ""

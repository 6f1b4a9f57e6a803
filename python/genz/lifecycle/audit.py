"""Cells where the judgment and the target contradict each other, and what each does to the fit."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from genz.errors import UsageError
from genz.lifecycle import effects
from genz.statistics.arrays import Floats

if TYPE_CHECKING:
    from genz.regressor import GenZRegressor

BLOCK = 8192
"""Items whose posteriors are in memory at once."""

MAX_CELLS_EXACT = 2_000_000
"""Of larger judgments no cell's effect is found by a refit unless the caller asks for some."""


@dataclass(frozen=True)
class Cell:
    """One judgment against which the item's target speaks.

    Attributes
    ----------
    item, feature : int
        Row and column of the judgments.
    judgment : float
    prior, posterior : float
        P(z = 1 | judgment) and P(z = 1 | all judgments of the item, target).
    evidence : float
        Log odds that the target and the other judgments add, in nats; negative speaks against the
        feature.
    target, predicted : tuple of float
        Of the item, on the scale that was fitted; the prediction is that of its judgments alone.
    log_likelihood_change : float
        What the log likelihood of the fit gains, in nats, if the judgment is turned round and the
        parameters stay: exact under them.
    weight_change : tuple of float
        What the feature's effect then changes by, by one Newton step.
    log_likelihood_change_refit, weight_change_refit : float, tuple of float, or None
        The same after EM has converged again; None where that was not computed.
    """

    item: int
    feature: int
    judgment: float
    prior: float
    posterior: float
    evidence: float
    target: tuple[float, ...]
    predicted: tuple[float, ...]
    log_likelihood_change: float
    weight_change: tuple[float, ...]
    log_likelihood_change_refit: float | None = None
    weight_change_refit: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Audit:
    """Contradictions of a fitted model.

    Attributes
    ----------
    cells : list of Cell
        The worst, the largest |posterior - prior| first.
    n_contradictions, n_judged : int
        Cells in contradiction, and cells with a judgment.
    by_feature : ndarray of shape (K,)
        Contradictions of each feature.
    n_refitted : int
        So many of the first cells have their effects by a refit too.
    """

    cells: list[Cell]
    n_contradictions: int
    n_judged: int
    by_feature: NDArray[np.intp]
    n_refitted: int


def audit(model: "GenZRegressor", *, top: int = 20, n_refitted: int | None = None) -> Audit:
    """Find the judgments that the targets contradict most; nothing is asked.

    A cell is in contradiction where the posterior is on the other side of 1/2 than the judgment,
    and the evidence of the target pulls it there. A cell with a gold label is none: its truth is
    known.

    Parameters
    ----------
    model : GenZRegressor
        Fitted or loaded.
    top : int
        How many cells are listed.
    n_refitted : int, optional
        For how many of these the effect on the fit is computed by EM to convergence too. None is
        all of them, up to `MAX_CELLS_EXACT` judgments of the model, and none beyond.

    Raises
    ------
    UsageError
        `top` is below 1.
    """
    check_is_fitted(model, "regression_")
    if top < 1:
        raise UsageError(f"top is {top}, wanted at least 1")
    judgments = model.judgments_
    if n_refitted is None:
        n_refitted = top if judgments.size <= MAX_CELLS_EXACT else 0
    by_feature = np.zeros(judgments.shape[1], dtype=np.intp)
    worst: list[Cell] = []
    for start in range(0, len(judgments), BLOCK):
        worst += _block(model, start, by_feature, top)
        worst.sort(key=_badness)
        del worst[top:]
    cells = effects.with_newton_steps(model, worst)
    refitted = _with_refits(model, cells[:n_refitted])
    return Audit(
        cells=refitted + cells[n_refitted:],
        n_contradictions=int(by_feature.sum()),
        n_judged=int(judgments.size - np.isnan(judgments).sum()),
        by_feature=by_feature,
        n_refitted=len(refitted),
    )


def _badness(cell: Cell) -> tuple[float, float, int, int]:
    return -abs(cell.posterior - cell.prior), -abs(cell.evidence), cell.item, cell.feature


def _block(
    model: "GenZRegressor", start: int, by_feature: NDArray[np.intp], top: int
) -> list[Cell]:
    """The worst cells of a block of items; counts its contradictions into `by_feature`."""
    rows = slice(start, start + BLOCK)
    judged, x = model.judgments_[rows], model.covariates_[rows]
    targets = np.log(model.targets_[rows]) if model.log_target else model.targets_[rows]
    regression = model.regression_
    log_odds = regression.log_odds(judged)
    gold = None if model.gold_ is None else model.gold_[rows]
    posterior = effects.marginals(regression, judged, targets, x, gold)
    prior = sigmoid(log_odds)
    evidence = _logit(posterior) - log_odds
    says_yes = judged > 0.5
    against = np.where(says_yes, evidence < 0, evidence > 0) & ((posterior > 0.5) != says_yes)
    against &= ~np.isnan(judged) & (judged != 0.5)
    if gold is not None:
        against &= np.isnan(gold)
    by_feature += against.sum(axis=0)
    items, features = np.nonzero(against)
    size = np.abs(posterior - prior)[items, features]
    order = np.argsort(-size, kind="stable")[:top]
    predicted = regression.predictive(judged, x).mean()
    cells = []
    for i, k in zip(items[order].tolist(), features[order].tolist(), strict=True):
        turned = _turned(judged[i], k)
        change = effects.log_likelihood_change(
            prior[i, k], posterior[i, k], sigmoid(regression.log_odds(turned)[0, k])
        )
        cells.append(
            Cell(
                item=start + i,
                feature=k,
                judgment=float(judged[i, k]),
                prior=float(prior[i, k]),
                posterior=float(posterior[i, k]),
                evidence=float(evidence[i, k]),
                target=tuple(targets[i].tolist()),
                predicted=tuple(predicted[i].tolist()),
                log_likelihood_change=float(model.item_weights_[start + i] * change),
                weight_change=(),
            )
        )
    return cells


def _with_refits(model: "GenZRegressor", cells: list[Cell]) -> list[Cell]:
    if not cells:
        return []
    refits = effects.Refits(model)
    turned = [refits.turn(cell.item, cell.feature) for cell in cells]
    return [
        replace(cell, log_likelihood_change_refit=gain, weight_change_refit=change)
        for cell, (gain, change) in zip(cells, turned, strict=True)
    ]


def sigmoid(log_odds: Any) -> Any:
    """Probabilities of log odds; the clip is far beyond what a double tells from 0 and 1."""
    return 1.0 / (1.0 + np.exp(-np.clip(log_odds, -700, 700)))


def _logit(p: Floats) -> Floats:
    """Log odds; a posterior that rounds to 0 or 1 is as far away as a double can say."""
    clipped = np.clip(p, 1e-300, 1 - 2**-53)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def _turned(row: Floats, k: int) -> Floats:
    """The judgments (1, K) of an item with one turned round."""
    turned = row[np.newaxis].copy()
    turned[0, k] = 1 - turned[0, k]
    return turned

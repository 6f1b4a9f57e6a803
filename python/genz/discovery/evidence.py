"""The items of a discovery and the regression fitted to some of them."""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from genz.errors import DataWarning
from genz.statistics.arrays import Floats, Indices
from genz.statistics.em import Em
from genz.statistics.groups import Grouping
from genz.statistics.outliers import find
from genz.statistics.parameters import Parameters
from genz.statistics.prediction import Predictive
from genz.statistics.regression import LatentFeatureRegression
from genz.statistics.ridge import START, is_learned

MAX_GROUP_UPDATES = 10
GROUP_TOL = 0.01
"""What groups have in common is known when their correlation changes by no more."""


@dataclass(frozen=True)
class Evidence:
    """Judgments, targets and covariates of N items.

    Attributes
    ----------
    judgments : ndarray of shape (N, K)
    targets : ndarray of shape (N, D)
    covariates : ndarray of shape (N, P)
    item_weights : ndarray of shape (N,)
        Relative to each other.
    is_certain : bool
        Whether hard judgments are the truth, to be fitted as gold labels.
    grouping : Grouping, optional
        Items of a group, which have more in common than their features.
    """

    judgments: Floats
    targets: Floats
    covariates: Floats
    item_weights: Floats
    is_certain: bool = False
    grouping: Grouping | None = None

    @property
    def fit_weights(self) -> Floats:
        """Weights (N,) of the items in a fit: those of a group weigh less."""
        if self.grouping is None:
            return self.item_weights
        return self.item_weights * self.grouping.shares(self.item_weights)

    @property
    def n_effective(self) -> float:
        """Number of independent items of equal weight that tell as much (Kish 1965)."""
        v = self.item_weights
        return float(v.sum() * self.fit_weights.sum()) / max(float(v @ v), 1e-300)

    @property
    def group_correlation(self) -> float | None:
        """How much the residuals of two items of a group correlate; None without groups."""
        return None if self.grouping is None else self.grouping.correlation

    def labels(self, gold: Floats | None) -> Floats | None:
        """Gold labels (N, K), those given first; None where there are none."""
        if not self.is_certain:
            return gold
        hard = np.where(np.isin(self.judgments, (0.0, 1.0)), self.judgments, np.nan)
        return hard if gold is None else np.where(np.isnan(gold), hard, gold)

    def take(self, items: Indices) -> "Evidence":
        """Keep some of the items."""
        return replace(
            self,
            judgments=self.judgments[items],
            targets=self.targets[items],
            covariates=self.covariates[items],
            item_weights=self.item_weights[items],
            grouping=None if self.grouping is None else self.grouping.take(items),
        )

    def weighted(self, item_weights: Floats) -> "Evidence":
        """Weigh the items otherwise."""
        return replace(self, item_weights=item_weights)

    def with_judgments(self, judgments: Floats) -> "Evidence":
        """Replace the judgments, column by column or all of them."""
        return replace(self, judgments=judgments)

    def with_column(self, column: Floats) -> "Evidence":
        """Append the judgments of one more feature."""
        return self.with_judgments(np.column_stack([self.judgments, column]))


def filled(column: Floats) -> Floats:
    """Judgments (N,) of one feature with the known ones' mean for the unknown, as (N, 1)."""
    return np.where(np.isnan(column), np.nanmean(column), column)[:, np.newaxis]


def fit(
    regression: LatentFeatureRegression,
    evidence: Evidence,
    *,
    start: Parameters | None = None,
    max_iter: int | None = None,
    tol: float | None = None,
    covariance: bool = False,
    gold: Floats | None = None,
    ridge: Floats | None = None,
) -> LatentFeatureRegression:
    """Fit a copy of `regression`; trial fits need few iterations and no covariance.

    `ridge` takes the place of the one that the regression has or would learn; a trial without it
    does not learn one either, nor which items are outlying: they come weighed, see `typical`.
    """
    options = regression.get_params()
    if ridge is not None:
        options["ridge"] = ridge
    elif not covariance and is_learned(options["ridge"]):
        options["ridge"] = START
    options["outliers"] &= covariance
    options.update({} if max_iter is None else {"max_iter": max_iter})
    options.update({} if tol is None else {"tol": tol})
    fitted = LatentFeatureRegression(**options)
    with warnings.catch_warnings():
        if not covariance:
            # A trial's noise floor is no news to the user; the final fit warns.
            warnings.simplefilter("ignore", DataWarning)
        return fitted._fit(
            evidence.judgments,
            evidence.targets,
            evidence.covariates,
            evidence.fit_weights,
            start=start,
            covariance=covariance,
            gold=evidence.labels(gold),
        )


def fit_wholly(
    regression: LatentFeatureRegression,
    evidence: Evidence,
    start: Parameters,
    *,
    gold: Floats | None = None,
) -> tuple[LatentFeatureRegression, Evidence]:
    """Fit to convergence, with standard errors, and learn what groups have in common, by turns.

    Returns
    -------
    LatentFeatureRegression
    Evidence
        With the correlation of groups that it was fitted with.
    """
    for _ in range(MAX_GROUP_UPDATES):
        fitted = fit(regression, evidence, start=start, covariance=True, gold=gold)
        learned = grouped(fitted, evidence)
        before, now = evidence.group_correlation or 0.0, learned.group_correlation or 0.0
        if abs(now - before) <= GROUP_TOL:
            break
        evidence, start = learned, fitted.parameters_
    return fitted, evidence


def typical(regression: LatentFeatureRegression, evidence: Evidence) -> Evidence:
    """Weigh every item of `evidence` by how likely it is not outlying under the regression."""
    em = Em.of(
        regression,
        evidence.judgments,
        evidence.targets,
        evidence.covariates,
        evidence.fit_weights,
        gold=evidence.labels(None),
        held=None,
    )
    weights = find(em, regression.parameters_).typical(evidence.item_weights)
    return evidence.weighted(weights)


def grouped(regression: LatentFeatureRegression, evidence: Evidence) -> Evidence:
    """Learn how much the items of a group have in common beyond what the regression explains."""
    if evidence.grouping is None:
        return evidence
    left = evidence.targets - predictive(regression, evidence).mean()
    return replace(evidence, grouping=evidence.grouping.fitted_to(left, evidence.item_weights))


def predictive(regression: LatentFeatureRegression, evidence: Evidence) -> Predictive:
    """Predictive mixtures of the evidence's items from their judgments alone."""
    return regression.predictive(evidence.judgments, evidence.covariates)


def residuals(regression: LatentFeatureRegression, evidence: Evidence) -> Floats:
    """(y - E[y | s]) / sigma, (N, D); 0 where the target is missing."""
    residual = evidence.targets - predictive(regression, evidence).mean()
    return np.asarray(np.nan_to_num(residual / np.sqrt(regression.noise_variance_)))

"""The items of a discovery and the regression fitted to some of them."""

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genz.errors import DataWarning
from genz.statistics.arrays import Floats
from genz.statistics.em import Em
from genz.statistics.outliers import find
from genz.statistics.parameters import Parameters
from genz.statistics.prediction import Predictive
from genz.statistics.regression import LatentFeatureRegression
from genz.statistics.ridge import START, is_learned

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Evidence:
    """Judgments, targets and covariates of N items.

    Attributes
    ----------
    judgments : ndarray of shape (N, K)
    targets : ndarray of shape (N, D)
    covariates : ndarray of shape (N, P)
    item_weights : ndarray of shape (N,)
    is_certain : bool
        Whether hard judgments are the truth, to be fitted as gold labels.
    """

    judgments: Floats
    targets: Floats
    covariates: Floats
    item_weights: Floats
    is_certain: bool = False

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
        )

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
            evidence.item_weights,
            start=start,
            covariance=covariance,
            gold=evidence.labels(gold),
        )


def typical(regression: LatentFeatureRegression, evidence: Evidence) -> Evidence:
    """Weigh every item of `evidence` by how likely it is not outlying under the regression."""
    em = Em.of(
        regression,
        evidence.judgments,
        evidence.targets,
        evidence.covariates,
        evidence.item_weights,
        gold=evidence.labels(None),
        held=None,
    )
    weights = find(em, regression.parameters_).typical(evidence.item_weights)
    return replace(evidence, item_weights=weights)


def predictive(regression: LatentFeatureRegression, evidence: Evidence) -> Predictive:
    """Predictive mixtures of the evidence's items from their judgments alone."""
    return regression.predictive(evidence.judgments, evidence.covariates)


def residuals(regression: LatentFeatureRegression, evidence: Evidence) -> Floats:
    """(y - E[y | s]) / sigma, (N, D); 0 where the target is missing."""
    residual = evidence.targets - predictive(regression, evidence).mean()
    return np.asarray(np.nan_to_num(residual / np.sqrt(regression.noise_variance_)))

"""Why items are predicted as they are: contributions that add up to the prediction.

A contribution is the effect of a feature times how much likelier the item has it than the average
training item, ``W (P(z = 1 | judgment) - share)``; likewise for covariates. The baseline is the
mean prediction of the training items and not the intercept, which is that of an item without any
feature and need not be like any item there is. These are the Shapley values of the prediction, the
average training item being what an unknown term is replaced by.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genz.errors import DataError
from genz.fitted_target import target_names
from genz.statistics.arrays import Floats, as_new_covariates, judgments_as_floats
from genz.statistics.repeats import votes

if TYPE_CHECKING:
    from genz.regressor import GenZRegressor

SCHEMA_VERSION = 1
CERTAIN = 40.0
"""Log odds of a feature that is taken as certain: P differs from 1 by 4e-18."""


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Contributions to the predictions of N items on K features and P covariates.

    All but the last three are on the scale that was fitted, for a log target its logarithm: `exp`
    makes a factor of a contribution, and the factors multiply to the prediction.

    Attributes
    ----------
    ids : tuple of str, length N
    features, covariates, targets : tuples of str, lengths K, P and D
    log_target : bool
    judgments : ndarray of shape (N, K)
        NaN where the answer is unknown.
    probabilities : ndarray of shape (N, K)
        P(z = 1 | judgment).
    baseline : ndarray of shape (D,)
        Weighted mean prediction of the training items.
    deviations : ndarray of shape (N, K + P)
        Probabilities and covariates less their means over the training items.
    weights : ndarray of shape (K + P, D)
    to_median : ndarray of shape (N, D)
        What `predict` adds to the mean: for a log target it is the median, else nothing.
    predictions : ndarray of shape (N, D)
        As `GenZRegressor.predict` gives them, on the target's own scale.
    if_holds, if_not : ndarray of shape (N, K, D)
        Predictions on the target's own scale if the item were known to have the feature, and known
        not to, all else being equal.
    """

    ids: tuple[str, ...]
    features: tuple[str, ...]
    covariates: tuple[str, ...]
    targets: tuple[str, ...]
    log_target: bool
    judgments: Floats
    probabilities: Floats
    baseline: Floats
    deviations: Floats
    weights: Floats
    to_median: Floats
    predictions: Floats
    if_holds: Floats
    if_not: Floats

    @property
    def contributions(self) -> Floats:
        """Contributions of the features, then of the covariates, (N, K + P, D)."""
        return self.deviations[:, :, np.newaxis] * self.weights

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the contributions: features, then covariates."""
        return self.features + self.covariates

    def order(self, item: int) -> list[int]:
        """Terms of an item (its row), the largest contribution (norm over targets) first."""
        size = np.linalg.norm(self.deviations[item, :, np.newaxis] * self.weights, axis=1)
        return [int(t) for t in np.argsort(-size, kind="stable")]

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON's types, each item's terms by the size of their contribution."""
        return {
            "schema_version": SCHEMA_VERSION,
            "scale": "log" if self.log_target else "linear",
            "targets": list(self.targets),
            "baseline": self.baseline.tolist(),
            "items": [self.item(row) for row in range(len(self.ids))],
        }

    def item(self, row: int) -> dict[str, Any]:
        """One item's prediction and terms as JSON's types; lists are by target."""
        return {
            "id": self.ids[row],
            "prediction": self.predictions[row].tolist(),
            "to_median": self.to_median[row].tolist(),
            "terms": [self._term(row, t) for t in self.order(row)],
        }

    def to_columns(self) -> dict[str, list[Any]]:
        """Columns of a data frame with one row for each item, term and target."""
        rows = list(self._rows())
        return {name: [row[name] for row in rows] for name in (rows[0] if rows else _COLUMNS)}

    def __repr__(self) -> str:
        n_items, n_terms = self.deviations.shape
        scale = "log" if self.log_target else "linear"
        return (
            f"Explanation({n_items} items, {n_terms} terms, {len(self.targets)} targets, "
            f"{scale} scale)"
        )

    def _term(self, row: int, t: int) -> dict[str, Any]:
        contribution = self.deviations[row, t] * self.weights[t]
        term: dict[str, Any] = {"name": self.terms[t], "contribution": contribution.tolist()}
        if self.log_target:
            term["factor"] = np.exp(contribution).tolist()
        if t >= len(self.features):
            return {"kind": "covariate", **term}
        judgment = self.judgments[row, t]
        return {
            "kind": "feature",
            **term,
            "judgment": None if np.isnan(judgment) else float(judgment),
            "probability": float(self.probabilities[row, t]),
            "if_holds": self.if_holds[row, t].tolist(),
            "if_not": self.if_not[row, t].tolist(),
        }

    def _rows(self) -> Iterator[dict[str, Any]]:
        for row in range(len(self.ids)):
            for term in self.item(row)["terms"]:
                for d, target in enumerate(self.targets):
                    values = (
                        self.ids[row],
                        target,
                        term["name"],
                        term["kind"],
                        term["contribution"][d],
                        term.get("judgment"),
                        term.get("probability"),
                        *(term[key][d] if key in term else None for key in ("if_holds", "if_not")),
                    )
                    yield dict(zip(_COLUMNS, values, strict=True))


_COLUMNS = (
    *("id", "target", "term", "kind", "contribution"),
    *("judgment", "probability", "if_holds", "if_not"),
)


def explain(
    model: "GenZRegressor", judgments: Any, covariates: Any = None, ids: Sequence[str] | None = None
) -> Explanation:
    """Explain the predictions of items that have these judgments; nothing is asked.

    Parameters
    ----------
    model : GenZRegressor
    judgments : ndarray of shape (N, K)
    covariates : array of shape (N, P), optional
    ids : sequence of str, length N, optional
        None numbers the items by their rows, the first being 0.

    Raises
    ------
    DataError
        Shapes that do not fit the model, or another number of ids.
    """
    judgments = judgments_as_floats(votes(judgments))
    regression = model.regression_
    predictive = regression.predictive(judgments, covariates)
    n_items, (n_features, n_targets) = len(predictive.shift), regression.weights_.shape
    names = tuple(map(str, range(n_items) if ids is None else ids))
    if len(names) != n_items:
        raise DataError(f"{len(names)} ids for {n_items} items: give one for each, or none")
    x = as_new_covariates(covariates, n_items, model.covariates_.shape[1])
    design = np.hstack([predictive.probabilities, x])
    trained = np.hstack([regression.probabilities(model.judgments_), model.covariates_])
    centre = np.average(trained, axis=0, weights=model.item_weights_)
    weights = np.vstack([regression.weights_, regression.covariate_weights_])
    mean = predictive.mean()
    predicted = _medians(model, predictive.log_odds, x) if model.log_target else mean
    turned = np.empty((2, n_items, n_features, n_targets))
    for k in range(n_features):
        for side, sign in enumerate((1.0, -1.0)):
            log_odds = predictive.log_odds.copy()
            log_odds[:, k] = sign * CERTAIN
            if model.log_target:
                turned[side, :, k] = np.exp(_medians(model, log_odds, x))
            else:
                turned[side, :, k] = regression.predictive_given(log_odds, x).mean()
    return Explanation(
        ids=names,
        features=tuple(feature.description for feature in model.features_),
        covariates=covariate_names(model),
        targets=target_names(model),
        log_target=model.log_target,
        judgments=judgments,
        probabilities=predictive.probabilities,
        baseline=regression.intercept_ + centre @ weights,
        deviations=design - centre,
        weights=weights,
        to_median=predicted - mean,
        predictions=np.exp(predicted) if model.log_target else predicted,
        if_holds=turned[0],
        if_not=turned[1],
    )


def covariate_names(model: "GenZRegressor") -> tuple[str, ...]:
    """Names of the covariates' columns; numbers from 1 where the model was fitted in Python."""
    n_covariates = model.covariates_.shape[1]
    names = [str(name) for name in model.metadata.get("covariates") or ()]
    if len(names) == n_covariates:
        return tuple(names)
    return tuple(f"covariate {p}" for p in range(1, n_covariates + 1))


def _medians(model: "GenZRegressor", log_odds: Floats, x: Floats) -> Floats:
    return model.regression_.predictive_given(log_odds, x).median()

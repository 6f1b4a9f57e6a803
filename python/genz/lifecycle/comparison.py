"""What a refit did: features, log likelihood and scores before and after."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genz.evaluation.predictions import Predictions
from genz.evaluation.scores import score

if TYPE_CHECKING:
    from genz.lifecycle.changes import Changes
    from genz.regressor import GenZRegressor

Weights = tuple[float, ...]


@dataclass(frozen=True)
class FeatureChange:
    """One feature before and after; what was not there is None.

    Attributes
    ----------
    before, after : str or None
        Descriptions.
    weights_before, weights_after, std_error_after : tuple of float or None
        Effects on each target dimension, and the standard errors of the new ones.
    """

    before: str | None
    after: str | None
    weights_before: Weights | None
    weights_after: Weights | None
    std_error_after: Weights | None

    @property
    def status(self) -> str:
        """What happened to it."""
        if self.after is None:
            return "gone"
        if self.before is None:
            return "new"
        return "kept" if self.before == self.after else "edited"


@dataclass(frozen=True)
class Comparison:
    """A model before and after it was fitted again.

    Attributes
    ----------
    features : list of FeatureChange
        Those of the new model in its order, then those that are gone.
    log_likelihood : (float, float)
        In nats, of the training items, before and after.
    scores : dict of str to (float or None, float or None)
        Of the items that were fitted, in sample: no estimate of what new items would score.
    """

    features: list[FeatureChange]
    log_likelihood: tuple[float, float]
    scores: dict[str, tuple[float | None, float | None]]

    def as_dict(self) -> dict[str, Any]:
        """Of JSON's types."""
        return {
            "features": [{"status": row.status, **vars(row)} for row in self.features],
            "log_likelihood": list(self.log_likelihood),
            "training_scores": {name: list(pair) for name, pair in self.scores.items()},
        }


def compare(
    before: "GenZRegressor", after: "GenZRegressor", changes: "Changes | None" = None
) -> Comparison:
    """Compare two fits; `changes` tells which description was edited into which."""
    old = {feature.description: feature for feature in before.features_}
    edited = {}
    for slot in () if changes is None else changes.kept:
        if slot.is_new and len(slot.origins) == 1:
            edited[slot.description] = before.features_[slot.origins[0]].description
    rows = []
    for feature in after.features_:
        was = old.get(edited.get(feature.description, feature.description))
        rows.append(
            FeatureChange(
                None if was is None else was.description,
                feature.description,
                None if was is None else was.weights,
                feature.weights,
                feature.weights_std_error,
            )
        )
    stayed = {row.before for row in rows}
    rows += [
        FeatureChange(text, None, feature.weights, None, None)
        for text, feature in old.items()
        if text not in stayed
    ]
    first, second = training_scores(before), training_scores(after)
    return Comparison(
        rows,
        (before.regression_.log_likelihood_, after.regression_.log_likelihood_),
        {name: (first[name], second[name]) for name in first},
    )


def training_scores(model: "GenZRegressor") -> dict[str, float | None]:
    """Scores of the items that were fitted, from their saved judgments, dimensions averaged."""
    predictive = model.regression_.predictive(model.judgments_, model.covariates_)
    targets = np.asarray(model.targets_)
    predictions = Predictions.of_mixture(predictive, targets, log=model.log_target)
    scores = score(predictions, targets, log=model.log_target)
    return {name: value for name, value in scores.items() if not isinstance(value, list)}

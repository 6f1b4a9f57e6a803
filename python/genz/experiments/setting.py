"""What an experiment on real data is, and one repetition of it."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog
from genz.errors import UsageError
from genz.evaluation import CrossValidation, Predictions, cross_validate, draw_folds, score
from genz.evaluation.comparison import differences, standard_errors
from genz.evaluation.folds import Folds
from genz.evaluation.methods import OURS
from genz.evaluation.predictions import Normal
from genz.foundation import FoundationModel
from genz.regressor import GenZRegressor
from genz.statistics.arrays import Floats, as_targets

Reference = Callable[[Catalog, Floats, Catalog], Normal]
"""From training items and their targets (on the scale that is fitted) to others' predictions."""

SLICE_SEED = 0


@dataclass(frozen=True)
class Setting:
    """Items, targets and how they are held out.

    Attributes
    ----------
    name : str
    items : Catalog
        N items.
    target : tuple of str
        Names of the target's dimensions.
    y : ndarray of shape (N,) or (N, D)
    ids : list of str
    log_target : bool
    groups : ndarray of shape (N,), optional
        Items of a group are held out together.
    covariates : ndarray of shape (N, P), optional
    covariate_names : tuple of str
    first_fold : ndarray of bool, shape (N,), optional
        Items that are fold 0 whatever the seed; the others are drawn into the other folds.
    references : dict of str to Reference
        Regressors of this experiment alone, by name.
    """

    name: str
    items: Catalog
    target: tuple[str, ...]
    y: Floats
    ids: list[str]
    log_target: bool = False
    groups: Folds | None = None
    covariates: Floats | None = None
    covariate_names: tuple[str, ...] = ()
    first_fold: NDArray[np.bool_] | None = None
    references: Mapping[str, Reference] = field(default_factory=dict)

    def slice(self, n_items: int | None) -> "Setting":
        """Some items, always the same, for models that are dear."""
        n_all = len(self.items)
        if n_items is None or n_items >= n_all:
            return self
        rows = np.sort(np.random.default_rng(SLICE_SEED).choice(n_all, n_items, replace=False))
        return dataclasses.replace(
            self,
            items=self.items.take(rows),
            y=self.y[rows],
            ids=[self.ids[row] for row in rows],
            groups=None if self.groups is None else self.groups[rows],
            covariates=None if self.covariates is None else self.covariates[rows],
            first_fold=None if self.first_fold is None else self.first_fold[rows],
        )

    def folds(self, n_folds: int, seed: int) -> Folds:
        """Draw folds.

        Raises
        ------
        UsageError
            More folds than items or groups.
        """
        if self.first_fold is None:
            groups = None if self.groups is None else self.groups.tolist()
            return draw_folds(len(self.items), n_folds, groups=groups, seed=seed)
        others = np.flatnonzero(~self.first_fold)
        if n_folds < 3 or not 0 < len(others) < len(self.items):
            raise UsageError(
                f"{self.name}: {n_folds} folds of {len(self.items)} items, wanted at least 3, of "
                "which the first holds the items that others' ratings are compared with"
            )
        folds = np.zeros(len(self.items), dtype=np.intp)
        folds[others] = 1 + draw_folds(len(others), n_folds - 1, seed=seed)
        return folds

    def model(
        self,
        foundation_model: FoundationModel,
        n_features: int,
        *,
        patience: int,
        n_searches: int = 1,
        seed: int,
        progress: Callable[[dict[str, Any]], None] | None = None,
    ) -> GenZRegressor:
        """Make the estimator of a repetition, not fitted."""
        return GenZRegressor(
            foundation_model,
            n_features,
            log_target=self.log_target,
            patience=patience,
            n_searches=n_searches,
            random_state=seed,
            progress=progress,
        )


def repeat(
    setting: Setting,
    model: GenZRegressor,
    *,
    n_folds: int,
    baselines: str | tuple[str, ...],
    observer: Callable[[dict[str, Any]], None] | None = None,
) -> CrossValidation:
    """Cross-validate once, the folds drawn by the model's seed, and compare the references."""
    folds = setting.folds(n_folds, model.random_state)
    result = cross_validate(
        model,
        setting.items,
        setting.y,
        folds,
        covariates=setting.covariates,
        groups=setting.groups,
        baselines=baselines,
        observer=observer,
    )
    if not setting.references:
        return result
    log, targets = setting.log_target, result.targets
    added = {
        name: _held_out(setting, reference, folds, targets)
        for name, reference in setting.references.items()
    }
    compared = differences(
        {OURS: result.predictions[OURS], **added},
        OURS,
        targets,
        log=log,
        groups=setting.groups,
        seed=model.random_state,
    )
    errors = {name: standard_errors(some, targets, folds, log=log) for name, some in added.items()}
    scores = {name: score(some, targets, log=log) for name, some in added.items()}
    return dataclasses.replace(
        result,
        predictions=result.predictions | added,
        scores=result.scores | scores,
        standard_errors=result.standard_errors | errors,
        differences=result.differences | compared,
    )


def _held_out(setting: Setting, reference: Reference, folds: Folds, targets: Floats) -> Predictions:
    fitted = as_targets(targets, len(targets), log=setting.log_target)
    predictions = Predictions.empty(*targets.shape)
    for fold in range(int(folds.max()) + 1):
        training, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        normal = reference(
            setting.items.take(training), fitted[training], setting.items.take(held_out)
        )
        some = Predictions.of(normal, targets[held_out], log=setting.log_target)
        predictions.put(held_out, some)
    return predictions

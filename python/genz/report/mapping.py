"""Maps of all items of a saved model: judgments by target, and vector targets in two dimensions."""

import numpy as np

from genz.regressor import GenZRegressor
from genz.report.checks import Floats
from genz.report.maps import EmbeddingMap, JudgmentMap
from genz.report.text import number
from genz.statistics.arrays import Indices

N_GROUPS = 24
MAX_POINTS = 800
"""The most items of a map; more are thinned evenly."""
N_COLOURED = 6
"""The most features by which a map is coloured."""


def judgment_map_of(model: GenZRegressor) -> JudgmentMap | None:
    """Group the items by their targets; None without features or targets to group by."""
    targets = _fitted_scale(model)
    known = np.flatnonzero(~np.isnan(targets).any(axis=1))
    if not model.features_ or len(known) < 2:
        return None
    if model.n_targets_ == 1:
        position, order = targets[known, 0], "the target"
    else:
        position = principal(targets[known])[0][:, 0]
        order = "the direction in which targets differ most"
    ranked = known[np.argsort(position, kind="stable")]
    groups = np.array_split(ranked, min(N_GROUPS, len(ranked)))
    judgments = model.judgments_
    yes = np.full((len(groups), judgments.shape[1]), np.nan)
    unknown = np.empty_like(yes)
    for g, rows in enumerate(groups):
        is_known = ~np.isnan(judgments[rows])
        unknown[g] = 1 - is_known.mean(axis=0)
        counts = is_known.sum(axis=0)
        sums = np.nansum(judgments[rows], axis=0)
        np.divide(sums, counts, out=yes[g], where=counts > 0)
    return JudgmentMap(
        features=[feature.description for feature in model.features_],
        sizes=[len(rows) for rows in groups],
        groups=[_name(model, rows, g) for g, rows in enumerate(groups, 1)],
        yes=yes,
        unknown=unknown,
        order=order,
    )


def embedding_map_of(model: GenZRegressor) -> EmbeddingMap | None:
    """Lay vector targets out in two dimensions; None for a scalar target or too few items."""
    targets = np.asarray(model.targets_)
    known = np.flatnonzero(~np.isnan(targets).any(axis=1))
    if model.n_targets_ < 2 or not model.features_ or len(known) < 3:
        return None
    coordinates, explained = principal(targets[known])
    shown = np.unique(np.linspace(0, len(known) - 1, min(MAX_POINTS, len(known))).astype(int))
    sizes = np.linalg.norm(model.regression_.weights_, axis=1)
    largest = np.argsort(-sizes, kind="stable")[:N_COLOURED]
    probabilities = model.regression_.probabilities(model.judgments_[known[shown]])
    return EmbeddingMap(
        points=coordinates[shown],
        explained=(float(explained[0]), float(explained[1])),
        features=[model.features_[k].description for k in largest],
        probabilities=probabilities[:, largest],
        n_items=len(known),
    )


def _fitted_scale(model: GenZRegressor) -> Floats:
    return np.log(model.targets_) if model.log_target else np.asarray(model.targets_)


def principal(values: Floats) -> tuple[Floats, Floats]:
    """Coordinates (N, 2) of whole vectors on their two principal directions, and their variances.

    The variances are shares of that of all directions. By the covariance, so that a catalog may
    have many items.
    """
    centred = values - values.mean(axis=0)
    sizes, directions = np.linalg.eigh(centred.T @ centred)
    sizes, directions = sizes[::-1][:2], directions[:, ::-1][:, :2]
    # The sign of a direction is free: its largest loading is made positive.
    signs = np.sign(directions[np.argmax(np.abs(directions), axis=0), [0, 1]])
    total = max(float((centred**2).sum()), np.finfo(float).tiny)
    return centred @ (directions * signs), np.maximum(sizes, 0.0) / total


def _name(model: GenZRegressor, rows: Indices, group: int) -> str:
    if model.n_targets_ > 1:
        return f"group {group}"
    return number(float(np.median(model.targets_[rows, 0])))

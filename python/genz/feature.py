"""A feature of a fitted model, and how it is read off the regression."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genz.catalog import Catalog, FieldKind
from genz.discovery import Discovered
from genz.nearest import Directions, Nearest

N_EXAMPLES = 3


@dataclass(frozen=True)
class Feature:
    """A feature of a fitted model.

    Attributes
    ----------
    description : str
    weights, weights_std_error : tuple of float
        Effect on each target dimension (on the log of the target with ``log_target``).
    ppv, fomr : float or None
        P(z=1 | yes), P(z=1 | no); None for probability judgments.
    channel_intercept, channel_slope : float or None
        Channel of probability judgments; None for hard ones.
    prevalence : float
        P(z=1 | unknown).
    share : float
        Mean P(z=1 | judgment) of the training items.
    gain : float or None
        Nats of log evidence gained on the items that decided; None for the user's own features.
    examples_with, examples_without : tuple of str
        Some training items that were judged to have it, and not to.
    images_with, images_without : tuple of str or None
        Path of the first image of each of these, relative to the root of images; empty without
        images.
    nearest : Nearest
        Training items whose vector targets point along the effect and against it; empty for a
        scalar target.
    """

    description: str
    weights: tuple[float, ...]
    weights_std_error: tuple[float, ...]
    ppv: float | None
    fomr: float | None
    channel_intercept: float | None
    channel_slope: float | None
    prevalence: float
    share: float
    gain: float | None
    examples_with: tuple[str, ...]
    examples_without: tuple[str, ...]
    images_with: tuple[str | None, ...] = ()
    images_without: tuple[str | None, ...] = ()
    nearest: Nearest = field(default_factory=Nearest)

    @property
    def top_dimensions(self) -> list[int]:
        """Target dimensions, the largest |effect| in units of its standard error first."""
        return by_z_score(self.weights, self.weights_std_error)


def by_z_score(weights: Sequence[float], std_errors: Sequence[float]) -> list[int]:
    """Positions of finite weights, those that are the most standard errors from 0 first.

    Without standard errors the size of the weights decides.
    """
    w = np.abs(np.asarray(weights, dtype=np.float64))
    se = np.asarray(std_errors, dtype=np.float64) if len(std_errors) else np.ones(len(w))
    z = w / np.where(se > 0, se, np.nan)
    # A weight whose error is unknown comes behind those that are known to differ from 0.
    keys = (
        (np.isnan(z[d]), -np.nan_to_num(z[d]), -w[d], d) for d in np.flatnonzero(np.isfinite(w))
    )
    return [int(key[-1]) for key in sorted(keys)]


def features_of(found: Discovered, catalog: Catalog) -> list[Feature]:
    """Features with their effects, error rates and examples among the training items."""
    held = found.regression.probabilities(found.judgments)
    shares = np.average(held, axis=0, weights=found.evidence.item_weights)
    directions = Directions(found.evidence.targets, catalog)
    return [
        _feature(k, found, float(shares[k]), catalog, directions)
        for k in range(len(found.features))
    ]


def _feature(
    k: int, found: Discovered, share: float, catalog: Catalog, directions: Directions
) -> Feature:
    regression = found.regression

    def known(value: float) -> float | None:
        return None if np.isnan(value) else float(value)

    column = found.judgments[:, k]
    having, lacking = _spread(column > 0.5), _spread(column < 0.5)
    return Feature(
        description=found.features[k],
        weights=tuple(regression.weights_[k].tolist()),
        weights_std_error=tuple(regression.weights_std_error_[k].tolist()),
        ppv=known(regression.ppv_[k]),
        fomr=known(regression.fomr_[k]),
        channel_intercept=known(regression.channel_intercept_[k]),
        channel_slope=known(regression.channel_slope_[k]),
        prevalence=float(regression.prevalence_[k]),
        share=share,
        gain=found.gains[k],
        examples_with=tuple(map(catalog.describe, having)),
        examples_without=tuple(map(catalog.describe, lacking)),
        images_with=_first_images(catalog, having),
        images_without=_first_images(catalog, lacking),
        nearest=directions.nearest(regression.weights_[k]),
    )


def _spread(chosen: Any) -> list[int]:
    """Some of the chosen rows, from the first to the last."""
    rows = np.flatnonzero(chosen)
    spread = np.linspace(0, len(rows) - 1, min(N_EXAMPLES, len(rows))).astype(int)
    return [int(row) for row in rows[spread]]


def _first_images(catalog: Catalog, rows: Sequence[int]) -> tuple[str | None, ...]:
    if FieldKind.IMAGES not in catalog.kinds.values():
        return ()
    return tuple(next(iter(catalog.images(row)), None) for row in rows)

"""A feature of a fitted model, and how it is read off the regression."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from genz.catalog import Catalog
from genz.discovery import Discovered

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


def features_of(found: Discovered, catalog: Catalog) -> list[Feature]:
    """Features with their effects, error rates and examples among the training items."""
    shares = found.regression.transform(found.judgments).mean(axis=0)
    return [_feature(k, found, float(shares[k]), catalog) for k in range(len(found.features))]


def _feature(k: int, found: Discovered, share: float, catalog: Catalog) -> Feature:
    regression = found.regression

    def known(value: float) -> float | None:
        return None if np.isnan(value) else float(value)

    column = found.judgments[:, k]
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
        examples_with=_examples(catalog, column > 0.5),
        examples_without=_examples(catalog, column < 0.5),
    )


def _examples(catalog: Catalog, chosen: Any) -> tuple[str, ...]:
    rows = np.flatnonzero(chosen)
    spread = rows[np.linspace(0, len(rows) - 1, min(N_EXAMPLES, len(rows))).astype(int)]
    return tuple(catalog.describe(int(row)) for row in spread)

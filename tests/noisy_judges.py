"""Judges with known errors on catalogs with known attributes."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from reference import Array

SHARED = Path(__file__).parents[2] / "shared"
WINDSOR = SHARED / "data" / "windsor" / "windsor.csv"
ATTRIBUTES = ("driveway", "recreation", "fullbase", "gasheat", "aircon", "prefer")
NUMBERS = ("bedrooms", "bathrooms", "stories", "garage")
SHARES = (0.86, 0.18, 0.35, 0.05, 0.32, 0.23)
"""Of the attributes in windsor, for a catalog that does without the file."""


@dataclass(frozen=True)
class Houses:
    """Attributes (546, 6), log prices (546,), covariates (546, 5) of the houses of windsor."""

    attributes: Array
    log_price: Array
    covariates: Array


def windsor() -> Houses:
    if not WINDSOR.is_file():
        pytest.skip("the data of windsor is not beside the project (../shared/data/windsor)")
    with WINDSOR.open(newline="") as file:
        rows = list(csv.DictReader(file))

    def columns(names: tuple[str, ...]) -> Array:
        return np.array([[float(row[name]) for name in names] for row in rows])

    covariates = np.hstack([np.log(columns(("lotsize",))), columns(NUMBERS)])
    return Houses(columns(ATTRIBUTES), np.log(columns(("price",))[:, 0]), covariates)


def synthetic_attributes(n_items: int, rng: np.random.Generator) -> Array:
    """Draw attributes as frequent as those of windsor, the first three correlated."""
    common = rng.normal(size=(n_items, 1))
    loadings = np.array([0.4, 0.4, 0.4, 0.0, 0.0, 0.0])
    noise = np.sqrt(1 - loadings**2) * rng.normal(size=(n_items, len(SHARES)))
    scores = common * loadings + noise
    thresholds = [np.quantile(scores[:, k], 1 - share) for k, share in enumerate(SHARES)]
    return np.asarray(scores > thresholds, float)


def vector_targets(latent: Array, weights: Array, r2: float, rng: np.random.Generator) -> Array:
    """Draw targets of which the attributes explain the share `r2` of each dimension."""
    signal = latent @ weights
    sd = signal.std(axis=0) * np.sqrt((1 - r2) / r2)
    return np.asarray(signal + sd * rng.normal(size=signal.shape))


def flipped(truth: Array, rates: Array, rng: np.random.Generator) -> Array:
    """Judge by the truth, flipped at these rates (K,)."""
    return np.where(rng.random(truth.shape) < rates, 1 - truth, truth)


def naive_weights(judgments: Array, targets: Array, covariates: Array | None = None) -> Array:
    """Least squares on the raw judgments: no model of their errors."""
    n_items, n_features = judgments.shape
    known = np.ones((n_items, 1))
    if covariates is not None:
        known = np.hstack([known, covariates])
    design = np.hstack([known, judgments])
    return np.asarray(np.linalg.lstsq(design, targets, rcond=None)[0][-n_features:])

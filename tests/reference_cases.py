"""Regressions to fit: drawn from the model itself, and read by core and reference alike."""

from dataclasses import dataclass, fields, replace

import numpy as np

import genz
import reference_regression
from genz.statistics.parameters import Parameters
from reference import Array
from reference_regression import Priors, Problem


@dataclass(frozen=True)
class Case:
    """The arguments of `LatentFeatureRegression.fit` in order, and what they were drawn with."""

    judgments: Array
    targets: Array
    covariates: Array | None
    item_weights: Array | None
    planted: Parameters
    latent: Array

    @property
    def arguments(self) -> tuple[Array, Array, Array | None, Array | None]:
        return self.judgments, self.targets, self.covariates, self.item_weights

    def problem(self) -> Problem:
        """Return the case as the reference reads it."""
        n_items = len(self.judgments)
        known = np.nan_to_num(self.judgments)
        return Problem(
            judgments=self.judgments,
            targets=self.targets.reshape(n_items, -1),
            covariates=np.zeros((n_items, 0)) if self.covariates is None else self.covariates,
            item_weights=np.ones(n_items) if self.item_weights is None else self.item_weights,
            is_probability=~np.isin(known, (0, 1)).all(axis=0),
        )


def draw_case(
    seed: int,
    n_items: int,
    n_features: int,
    n_targets: int = 1,
    n_covariates: int = 0,
    *,
    kind: str = "hard",
    unknown: float = 0.0,
    missing: float = 0.0,
    is_weighted: bool = False,
    effect: float = 2.0,
) -> Case:
    """Draw a case; `effect` is the typical |weight| in units of the noise.

    `kind` is "hard", "probability" or "mixed" (every other column a probability); `unknown` and
    `missing` are the shares of NaN among judgments and targets.
    """
    rng = np.random.default_rng(seed)
    is_hard = np.full(n_features, kind == "hard")
    if kind == "mixed":
        is_hard[::2] = True
    planted = Parameters(
        weights=effect
        * rng.choice([-1, 1], (n_features, n_targets))
        * rng.uniform(0.5, 1.5, (n_features, n_targets)),
        intercept=rng.normal(size=n_targets),
        covariate_weights=rng.normal(size=(n_covariates, n_targets)),
        noise_variance=rng.uniform(0.7, 1.4, n_targets),
        ppv=np.where(is_hard, rng.uniform(0.8, 0.97, n_features), np.nan),
        fomr=np.where(is_hard, rng.uniform(0.03, 0.2, n_features), np.nan),
        prevalence=rng.uniform(0.3, 0.7, n_features),
        channel_intercept=np.where(is_hard, np.nan, rng.normal(scale=0.5, size=n_features)),
        channel_slope=np.where(is_hard, np.nan, rng.uniform(0.7, 1.6, n_features)),
    )
    yes = rng.random((n_items, n_features)) < rng.uniform(0.3, 0.7, n_features)
    probabilities = 1 / (1 + np.exp(-2 * rng.normal(size=yes.shape)))
    judgments = np.where(is_hard, yes.astype(float), probabilities)
    judgments[rng.random(judgments.shape) < unknown] = np.nan
    latent = rng.random(judgments.shape) < 1 / (1 + np.exp(-planted.log_odds(judgments)))
    covariates = 3.0 + 2.0 * rng.normal(size=(n_items, n_covariates)) if n_covariates else None
    targets = planted.intercept + latent @ planted.weights
    targets = targets + np.sqrt(planted.noise_variance) * rng.normal(size=targets.shape)
    if covariates is not None:
        targets = targets + covariates @ planted.covariate_weights
    targets[rng.random(targets.shape) < missing] = np.nan
    item_weights = rng.uniform(0.2, 3.0, n_items) if is_weighted else None
    return Case(judgments, targets, covariates, item_weights, planted, latent.astype(float))


def as_reference(p: Parameters) -> reference_regression.Parameters:
    """Return the parameters in extended precision, as the reference wants them."""
    return reference_regression.Parameters(
        **{f.name: np.asarray(getattr(p, f.name), np.longdouble) for f in fields(Parameters)}
    )


def as_core(p: reference_regression.Parameters) -> Parameters:
    """Return the parameters in double precision, as the core takes them."""
    return Parameters(**{f.name: np.asarray(getattr(p, f.name), float) for f in fields(Parameters)})


def start_of(case: Case, seed: int) -> Parameters:
    """Return parameters that are neither planted nor fitted."""
    rng = np.random.default_rng(seed)
    p = case.planted
    return replace(
        p,
        weights=p.weights * rng.uniform(0.5, 1.5, p.weights.shape),
        intercept=p.intercept + rng.normal(scale=0.3, size=p.intercept.shape),
        noise_variance=p.noise_variance * rng.uniform(0.5, 2.0, p.noise_variance.shape),
        ppv=np.where(np.isnan(p.ppv), np.nan, rng.uniform(0.7, 0.9, p.ppv.shape)),
        fomr=np.where(np.isnan(p.fomr), np.nan, rng.uniform(0.1, 0.3, p.fomr.shape)),
        prevalence=rng.uniform(0.3, 0.6, p.prevalence.shape),
    )


def priors_of(model: genz.LatentFeatureRegression) -> Priors:
    """Return the priors that an estimator's options mean."""
    return Priors(
        ridge=getattr(model, "ridge_", model.ridge),
        rate_strength=model.rate_strength,
        error_rate=model.rate_centre,
        is_symmetric=model.noise == "symmetric",
        is_pooled=model.pooling,
    )

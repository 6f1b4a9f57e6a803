"""Predictive mixtures of a fitted regression: moments, quantiles and densities."""

from dataclasses import dataclass

import numpy as np

from genz import _core
from genz.errors import DataError
from genz.statistics.arrays import Floats
from genz.statistics.background import Background
from genz.statistics.inference import posterior


@dataclass(frozen=True)
class Predictive:
    """Predictive distributions p(y | s) of N items: mixtures over their latent features.

    Attributes
    ----------
    log_odds : ndarray of shape (N, K)
        Log odds of the latent features given the judgments.
    weights : ndarray of shape (K, D)
        Effects of the features.
    shift : ndarray of shape (N, D)
        Intercept and covariate effects.
    sd : ndarray of shape (N, D)
        Standard deviation given the latent features: noise, and the uncertainty of the
        coefficients averaged over the features' prior.
    background : Background or None
        Distribution of the targets of outlying items. It belongs to densities, quantiles and
        standard deviations; mean and median are those of an item that is not outlying.
    """

    log_odds: Floats
    weights: Floats
    shift: Floats
    sd: Floats
    n_threads: int | None = None
    background: Background | None = None

    @property
    def probabilities(self) -> Floats:
        """P(z = 1 | judgment), (N, K)."""
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(self.log_odds, -700, 700))))

    def mean(self) -> Floats:
        """Mean of every typical item and dimension, (N, D)."""
        return np.asarray(self.shift + self.probabilities @ self.weights)

    def median(self) -> Floats:
        """Exact median of every typical item and dimension, (N, D)."""
        return self._quantiles([0.5], None)[:, :, 0]

    def std(self) -> Floats:
        """Standard deviation of every item and dimension, (N, D)."""
        p = self.probabilities
        variance = self.sd**2 + (p * (1 - p)) @ self.weights**2
        if self.background is not None:
            share, outlying = self.background.share, self.background.variance
            away = self.mean() - self.background.mean
            variance = (1 - share) * variance + share * outlying + share * (1 - share) * away**2
        return np.sqrt(variance)

    def quantiles(self, levels: list[float]) -> Floats:
        """Exact quantiles of the mixtures, (N, D, len(levels))."""
        return self._quantiles(levels, self.background)

    def _quantiles(self, levels: list[float], background: Background | None) -> Floats:
        by_dimension = [
            _core.mixture_quantiles(
                self.log_odds,
                np.ascontiguousarray(self.weights[:, d]),
                np.ascontiguousarray(self.shift[:, d]),
                np.ascontiguousarray(self.sd[:, d]),
                None if background is None else background.of_dimension(d),
                levels,
                self.n_threads,
            )
            for d in range(self.weights.shape[1])
        ]
        return np.stack(by_dimension, axis=1)

    def log_density(self, targets: Floats) -> Floats:
        """Log p(y | s) of every item in nats, (N,); missing entries of `targets` drop out.

        Each item is brought to the common noise variance by the mean of its own: the mixture is
        exact, and the coefficients' uncertainty, a small part of the variance, is that of the
        average item. The widest and narrowest items are grouped apart to keep it so.
        """
        density = np.empty(len(targets))
        # Items of nearly equal sd share one exact computation; 1 % in sd moves a density by 1e-4.
        bins = np.round(np.log(self.sd) * 50).astype(np.int64)
        _, group_of = np.unique(bins, axis=0, return_inverse=True)
        for group in range(group_of.max(initial=-1) + 1):
            items = np.flatnonzero(group_of.ravel() == group)
            variance = np.mean(self.sd[items] ** 2, axis=0)
            density[items] = posterior(
                targets[items] - self.shift[items],
                self.weights,
                np.zeros(self.weights.shape[1]),
                variance,
                self.log_odds[items],
                moments="none",
                n_threads=self.n_threads,
            ).log_evidence
        return density if self.background is None else self.background.mixed(density, targets)


def coefficient_variance(covariance: Floats, covariates: Floats, probabilities: Floats) -> Floats:
    """Variance that uncertain coefficients add to a prediction, averaged over z: (N, D).

    E[phi' C phi] with phi = (1, x, z) and independent z; C is `covariance` (D, M, M).
    """
    phi = np.hstack([np.ones((len(probabilities), 1)), covariates, probabilities])
    spread = probabilities * (1 - probabilities)
    k = probabilities.shape[1]
    diagonal = np.diagonal(covariance, axis1=1, axis2=2)[:, covariance.shape[1] - k :]
    quadratic = np.einsum("nm,dml,nl->nd", phi, covariance, phi, optimize=True)
    return np.asarray(np.maximum(quadratic + spread @ diagonal.T, 0.0))


def r2(mean: Floats, targets: Floats, item_weights: Floats) -> float:
    """Explained share of the weighted variance of `targets` (N, D), averaged over dimensions.

    Raises
    ------
    DataError
        Shapes that do not fit `mean` (N, D), or a dimension without variance.
    """
    if targets.shape != mean.shape or item_weights.shape != mean.shape[:1]:
        raise DataError(
            f"targets has shape {targets.shape} and sample_weight {item_weights.shape}, wanted "
            f"{mean.shape} and {mean.shape[:1]} to fit judgments and model"
        )
    weight = np.where(np.isnan(targets), 0.0, item_weights[:, np.newaxis])
    y = np.where(np.isnan(targets), 0.0, targets)
    centre = (weight * y).sum(axis=0) / np.maximum(weight.sum(axis=0), np.finfo(float).tiny)
    residual = (weight * (y - mean) ** 2).sum(axis=0)
    total = (weight * (y - centre) ** 2).sum(axis=0)
    flat = np.flatnonzero(~(total > 0))
    if len(flat):
        raise DataError(
            f"target {flat[0]} is constant or not observed: R2 is undefined, wanted at least two "
            "different values"
        )
    return float(np.mean(1 - residual / total))

"""The distribution of the targets of outlying items, see `outliers`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from genz.statistics.arrays import Floats


@dataclass(frozen=True)
class Background:
    """Targets of outlying items: normal, whatever their features.

    Attributes
    ----------
    share : float
        Probability that an item is outlying, at least 0 and below 1.
    mean, variance : ndarray of shape (D,)
    """

    share: float
    mean: Floats
    variance: Floats

    @classmethod
    def of_no_one(cls, n_targets: int) -> "Background":
        """Where no item is taken for outlying."""
        return cls(0.0, np.zeros(n_targets), np.ones(n_targets))

    def set_on(self, holder: Any) -> None:
        """Set the attributes ``outlier_share_``... of an estimator."""
        holder.outlier_share_ = float(self.share)
        holder.outlier_mean_, holder.outlier_variance_ = self.mean, self.variance

    def of_dimension(self, d: int) -> tuple[float, float, float]:
        """Share, mean and standard deviation of one target dimension."""
        return self.share, float(self.mean[d]), float(np.sqrt(self.variance[d]))

    def log_density(self, targets: Floats) -> Floats:
        """Log density of targets (N, D) of outlying items, NaN left out, in nats, (N,)."""
        square = (targets - self.mean) ** 2 / self.variance
        return np.asarray(-0.5 * np.nansum(square + np.log(2 * np.pi * self.variance), axis=1))

    def mixed(self, typical: Floats, targets: Floats) -> Floats:
        """Log density of targets (N, D) of any items, from that of typical ones (N,)."""
        outlying = self.log_density(targets)
        mixed = np.logaddexp(np.log1p(-self.share) + typical, np.log(self.share) + outlying)
        return np.asarray(mixed)

    def probabilities(self, typical: Floats, targets: Floats) -> Floats:
        """P(outlying | y, s) of items, (N,); 0 for items without a target, that tell nothing."""
        log_odds = np.log(self.share) - np.log1p(-self.share) + self.log_density(targets) - typical
        return np.where(np.isnan(targets).all(axis=1), 0.0, expit(log_odds))

"""Predictive distributions of held-out items, the same for every method."""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genz.statistics.arrays import Floats
from genz.statistics.prediction import Predictive

LEVEL = 0.9
"""Nominal coverage of the intervals that are scored."""


class Normal(NamedTuple):
    """Normal distributions of n items on the scale that was fitted: `mean` (n, D), `sd` (D,)."""

    mean: Floats
    sd: Floats


Distribution = Predictive | Normal


@dataclass(frozen=True)
class Predictions:
    """Predictions of N items in D target dimensions.

    Attributes
    ----------
    mean : ndarray of shape (N, D)
        Predictive mean on the scale that was fitted.
    point, lower, upper : ndarray of shape (N, D)
        Point prediction (the mean; with a log target the median) and the central 90 % interval,
        on the target's own scale.
    log_density : ndarray of shape (N,)
        Log predictive density of the observed target on its own scale, in nats.
    """

    mean: Floats
    point: Floats
    lower: Floats
    upper: Floats
    log_density: Floats

    @classmethod
    def empty(cls, n_items: int, n_targets: int) -> "Predictions":
        """NaN everywhere, to be filled by :meth:`put`."""
        mean, point, lower, upper = np.full((4, n_items, n_targets), np.nan)
        return cls(mean, point, lower, upper, np.full(n_items, np.nan))

    @classmethod
    def of(cls, distribution: Distribution, targets: Floats, *, log: bool) -> "Predictions":
        """Predictions of items whose `targets` (N, D) are known by now."""
        if isinstance(distribution, Normal):
            return cls.of_normal(*distribution, targets, log=log)
        return cls.of_mixture(distribution, targets, log=log)

    @classmethod
    def of_mixture(cls, predictive: Predictive, targets: Floats, *, log: bool) -> "Predictions":
        """Predictions of a fitted genz model for items whose `targets` (N, D) are known."""
        tail = (1 - LEVEL) / 2
        lower, upper = np.moveaxis(predictive.quantiles([tail, 1 - tail]), 2, 0)
        fitted = np.log(targets) if log else targets
        median, density = predictive.median(), predictive.log_density(fitted)
        return cls._on_own_scale(predictive.mean(), median, lower, upper, density, targets, log)

    @classmethod
    def of_normal(cls, mean: Floats, sd: Floats, targets: Floats, *, log: bool) -> "Predictions":
        """Predictions that are normal on the scale that was fitted: `mean` (N, D), `sd` (D,)."""
        half_width = 1.6448536269514722 * sd
        z = ((np.log(targets) if log else targets) - mean) / sd
        by_dimension = -0.5 * z**2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
        density = np.nansum(by_dimension, axis=1)
        return cls._on_own_scale(
            mean, mean, mean - half_width, mean + half_width, density, targets, log
        )

    @classmethod
    def _on_own_scale(
        cls,
        mean: Floats,
        median: Floats,
        lower: Floats,
        upper: Floats,
        log_density: Floats,
        targets: Floats,
        log: bool,
    ) -> "Predictions":
        if not log:
            return cls(mean, mean, lower, upper, log_density)
        jacobian = np.log(targets[:, 0])
        return cls(mean, np.exp(median), np.exp(lower), np.exp(upper), log_density - jacobian)

    def put(self, items: NDArray[np.intp], some: "Predictions") -> None:
        """Fill in the predictions of some of the items."""
        for field in fields(self):
            getattr(self, field.name)[items] = getattr(some, field.name)

    def take(self, items: NDArray[np.intp]) -> "Predictions":
        """Predictions of the items at these positions, in this order."""
        return Predictions(*(getattr(self, field.name)[items] for field in fields(self)))

"""Profile of the likelihood over an error rate: what data say of it, whatever the other parameters.

The rate is held at values of a grid, everything else is fitted again from the neighbour's end. The
profile is the objective without the prior of that rate, so an interval of it tells what the data
know. Where it is wide the prior decides: more weight then goes with a higher error rate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from genz.errors import UsageError
from genz.statistics.arrays import Floats, as_floats, as_item_weights
from genz.statistics.em import Em
from genz.statistics.outliers import find
from genz.statistics.parameters import Parameters

if TYPE_CHECKING:
    from genz.statistics.regression import LatentFeatureRegression

DROP: Final = 1.92
"""Nats below the highest point that end a 95 % interval (Wilks: half of chi2(1)'s quantile)."""

DEFAULT_GRID: Final = (
    *(0.002, 0.005, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08, 0.1),
    *(0.125, 0.15, 0.175, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45),
)

MAX_CHANGE: Final = 1.25
"""Along the interval of an identified rate the weight grows by at most this factor."""


@dataclass(frozen=True)
class Profile:
    """Profile of one error rate of one feature.

    Attributes
    ----------
    feature : int
    rate : {"ppv", "fomr", "both"}
        Whose error is held: 1 - ppv, fomr, or both at the same value.
    errors : ndarray of shape (M,)
        Error rates of the grid that were visited, increasing, the fitted one among them.
    log_likelihood : ndarray of shape (M,)
        The objective less the prior of that rate, in nats.
    weights : ndarray of shape (M, D)
        Weight of the feature at each of them.
    interval : tuple of float
        Error rates at most `DROP` below the highest point; an end that the grid does not reach is
        that of the grid.
    is_closed : bool
        Whether the profile falls by `DROP` before the grid's upper end.
    identified : bool
        Whether it is closed and the weight changes little along the interval (`MAX_CHANGE`).
    """

    feature: int
    rate: str
    errors: Floats
    log_likelihood: Floats
    weights: Floats
    interval: tuple[float, float]
    is_closed: bool
    identified: bool


def profile_rate(
    fitted: "LatentFeatureRegression",
    data: tuple[Any, Any, Any, Any],
    gold: Any,
    feature: int,
    rate: str,
    grid: Sequence[float],
) -> Profile:
    """Profile an error rate of a fitted regression; see `LatentFeatureRegression.profile`.

    Raises
    ------
    UsageError
        No such feature, a feature judged by probabilities, or a grid outside (0, 1/2).
    """
    parameters = fitted.parameters_
    _check(parameters, feature, rate)
    errors = _checked_grid(grid)
    here = _error(parameters, feature, rate)
    refit = _refit(fitted, data, gold, feature, rate)
    ends = {here: refit(here, parameters)}
    for side in (errors[errors > here], errors[errors < here][::-1]):
        start = ends[here][1]
        for error in side:
            ends[float(error)] = refit(float(error), start)
            start = ends[float(error)][1]
            highest = max(value for value, _ in ends.values())
            # Beyond twice the drop the profile has nothing to say to the interval.
            if ends[float(error)][0] < highest - 2 * DROP:
                break
    visited = np.array(sorted(ends))
    values = np.array([ends[error][0] for error in visited])
    weights = np.array([ends[error][1].weights[feature] for error in visited])
    lower, upper, is_closed = _interval(visited, values)
    inside = (visited >= lower) & (visited <= upper)
    sizes = np.linalg.norm(weights[inside], axis=1)
    changes_little = sizes.max() <= MAX_CHANGE * sizes.min()
    return Profile(
        feature=feature,
        rate=rate,
        errors=visited,
        log_likelihood=values,
        weights=weights,
        interval=(lower, upper),
        is_closed=is_closed,
        identified=bool(is_closed and changes_little),
    )


def _refit(
    fitted: "LatentFeatureRegression",
    data: tuple[Any, Any, Any, Any],
    gold: Any,
    feature: int,
    rate: str,
) -> Callable[[float, Parameters], tuple[float, Parameters]]:
    """Make the function of an error rate and a start that gives profile and parameters."""
    model = type(fitted)(**fitted.get_params())
    model.ridge = fitted.ridge_
    model.n_restarts = 0
    model.outliers = False
    if fitted.outliers:
        # Who is outlying stays as it was fitted, so that one objective is profiled.
        known = find(Em.of(fitted, *data, gold=gold, held=None), fitted.parameters_)
        data = (*data[:3], known.typical(as_item_weights(data[3])))

    def refit(error: float, start: Parameters) -> tuple[float, Parameters]:
        rates = {}
        if rate in ("ppv", "both"):
            rates["ppv"] = _changed(start.ppv, feature, 1 - error)
        if rate in ("fomr", "both"):
            rates["fomr"] = _changed(start.fomr, feature, error)
        model._fit(
            *data,
            gold=gold,
            held=(feature, rate),
            start=replace(start, **rates),
            covariance=False,
        )
        own = len(rates) * model.rate_strength * _log_prior(error, model.rate_centre)
        return float(model.log_likelihoods_[-1]) - own, model.parameters_

    return refit


def _check(parameters: Parameters, feature: int, rate: str) -> None:
    n_features = len(parameters.weights)
    if not 0 <= feature < n_features:
        raise UsageError(f"feature is {feature}, wanted one of the {n_features}, the first is 0")
    if rate not in ("ppv", "fomr", "both"):
        raise UsageError(f"rate is {rate!r}, wanted 'ppv', 'fomr' or 'both'")
    if np.isnan(parameters.ppv[feature]):
        raise UsageError(
            f"feature {feature} is judged by probabilities: it has a curve and no error rates"
        )


def _checked_grid(grid: Sequence[float]) -> Floats:
    errors = np.unique(as_floats("grid", grid, 1))
    if not (len(errors) and np.all((errors > 0) & (errors < 0.5))):
        raise UsageError(f"grid is {list(grid)}, wanted error rates above 0 and below 0.5")
    return errors


def _error(parameters: Parameters, feature: int, rate: str) -> float:
    errors = {"ppv": 1 - parameters.ppv[feature], "fomr": parameters.fomr[feature]}
    return float(np.mean(list(errors.values())) if rate == "both" else errors[rate])


def _interval(errors: Floats, values: Floats) -> tuple[float, float, bool]:
    """Where the profile crosses the drop, on straight lines between logits of the rates."""
    level = values.max() - DROP
    logits = np.log(errors) - np.log1p(-errors)
    inside = np.flatnonzero(values >= level)
    first, last = int(inside[0]), int(inside[-1])

    def crossing(within: int, beyond: int) -> float:
        share = (values[within] - level) / (values[within] - values[beyond])
        return float(1 / (1 + np.exp(-logits[within] - share * (logits[beyond] - logits[within]))))

    lower = crossing(first, first - 1) if first > 0 else float(errors[0])
    is_closed = last + 1 < len(errors)
    upper = crossing(last, last + 1) if is_closed else float(errors[-1])
    return lower, upper, is_closed


def _changed(rates: Floats, feature: int, value: float) -> Floats:
    changed = rates.copy()
    changed[feature] = value
    return changed


def _log_prior(error: float, centre: float) -> float:
    return float(centre * np.log(error) + (1 - centre) * np.log1p(-error))

"""What the core returns of a fit: attributes of the estimator, and warnings."""

import warnings
from typing import TYPE_CHECKING

import numpy as np

from genz.errors import DataWarning
from genz.statistics.background import Background
from genz.statistics.parameters import PARAMETER_NAMES, Parameters

if TYPE_CHECKING:
    from genz import _core
    from genz.statistics.estimation import Estimate
    from genz.statistics.regression import LatentFeatureRegression


def parameters_of(result: "_core._Fit") -> Parameters:
    """The parameters at the end of a fit."""
    return Parameters(**{name: result[name] for name in PARAMETER_NAMES})  # type: ignore[literal-required]


def keep(estimated: "Estimate", model: "LatentFeatureRegression") -> None:
    """Set what was fitted, and facts of the fit, on the estimator."""
    result, outliers = estimated.result, estimated.outliers
    model.ridge_ = estimated.ridge
    parameters_of(result).set_on(model)
    model.covariance_ = result["covariance"]
    if model.covariance_ is not None:
        n_features = len(model.weights_)
        variances = np.diagonal(model.covariance_, axis1=1, axis2=2).T
        model.weights_std_error_ = np.sqrt(variances[len(variances) - n_features :])
    no_one = Background.of_no_one(len(model.intercept_))
    (no_one if outliers is None else outliers.background).set_on(model)
    model.log_likelihood_ = (
        result["log_likelihood"] if outliers is None else outliers.log_likelihood
    )
    model.log_likelihoods_ = result["objectives"]
    model.n_iter_ = result["n_iter"]
    model.converged_ = result["converged"]
    model.n_e_steps_ = result["n_e_steps"]
    model.solver_ = result["solver"]
    model.exact_ = result["exact"]
    model.worst_certificate_ = result["worst_certificate"]
    model.n_rescued_ = result["n_rescued"]
    model.why_ = result["why"]
    model.predicted_seconds_ = result["predicted_seconds"]
    model.seconds_ = result["seconds"]


def warn(result: "_core._Fit") -> None:
    """Warn of noise at its floor and of standard errors that are too small."""
    floor = [d for d, at_floor in enumerate(result["noise_at_floor"]) if at_floor]
    if floor:
        warnings.warn(
            f"the noise variance of target {floor[0]} is at its floor: the target takes few "
            "distinct values or the features explain it wholly, so its intervals are as wide "
            "as the floor",
            DataWarning,
            stacklevel=4,
        )
    indefinite = [d for d, ok in enumerate(result["information_is_definite"]) if not ok]
    if indefinite:
        warnings.warn(
            f"the information of target {indefinite[0]} is not positive definite (EM is not at "
            "a maximum, or features are judged alike): standard errors are those of known "
            "latent features and too small",
            DataWarning,
            stacklevel=4,
        )

"""The statistical model without discovery: posteriors and the regression fitted by EM."""

from genz.statistics.inference import Posterior, posterior
from genz.statistics.regression import LatentFeatureRegression

__all__ = ["LatentFeatureRegression", "Posterior", "posterior"]

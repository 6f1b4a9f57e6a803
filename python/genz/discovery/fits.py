"""Fits of one regression to what has been found so far, and what they say of the items."""

from sklearn.base import clone

from genz.discovery import evidence as ev
from genz.discovery.evidence import Evidence
from genz.discovery.state import Fitted, Found
from genz.statistics.regression import LatentFeatureRegression

QUICK_ITERATIONS = 60
QUICK_TOL = 1e-6


class Fits:
    """Fits a template.

    Attributes
    ----------
    template : LatentFeatureRegression
        The regression that is wanted in the end.
    trial : LatentFeatureRegression
        The same for fits before it: outlying items are weighed down before and not by these.
    """

    def __init__(self, template: LatentFeatureRegression) -> None:
        self.template = template
        self.trial: LatentFeatureRegression = clone(template).set_params(outliers=False)

    def quick(self, everything: Evidence, found: Found, before: Fitted | None) -> Fitted:
        """Fit all items, going on from the fit before."""
        regression = ev.fit(
            self.trial,
            everything.with_judgments(found.judgments),
            start=None if before is None else before.start(found),
            max_iter=QUICK_ITERATIONS,
            tol=QUICK_TOL,
        )
        return Fitted(found.features, regression)

    def weighed(self, everything: Evidence, found: Found, fitted: Fitted) -> Evidence:
        """All items, weighed by what they tell beside the others of their group.

        Those that look outlying are weighed down if the template allows for them.
        """
        evidence = everything.with_judgments(found.judgments)
        evidence = ev.grouped(fitted.regression, evidence)
        return ev.typical(fitted.regression, evidence) if self.template.outliers else evidence

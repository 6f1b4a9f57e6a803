"""The design beside which candidates are tried: covariates and the expected known features."""

import numpy as np

from genz.discovery.acceptance import Trial
from genz.discovery.evidence import Evidence, filled
from genz.statistics.arrays import Floats, Indices


class Base:
    """What is known of all items: the design that every candidate is tried beside.

    Parameters
    ----------
    evidence : Evidence
        All items.
    expected : ndarray of shape (N, K)
        E[z] given the judgments.
    residuals : ndarray of shape (N, D)
        Of the fit, in units of the noise: 0 where the target is missing, so that what is missing
        says nothing; a mean in its place would, where known features tell who lacks a target.
    """

    def __init__(self, evidence: Evidence, expected: Floats, residuals: Floats) -> None:
        self._evidence = evidence
        self._expected = expected
        self._residuals = residuals
        one = np.ones((len(expected), 1))
        self._design = np.hstack([one, evidence.covariates, expected])

    @property
    def n_columns(self) -> int:
        """Columns of the design."""
        return int(self._design.shape[1])

    def with_feature(self, column: Floats) -> "Base":
        """Take an accepted candidate's judgments (N,) in."""
        expected = np.hstack([self._expected, filled(column)])
        return Base(self._evidence, expected, self._residuals)

    def on(self, items: Indices) -> Trial:
        """Candidates are to be tried on these items."""
        some = self._evidence.take(items)
        return Trial(self._design[items], self._residuals[items], some.item_weights, some.grouping)

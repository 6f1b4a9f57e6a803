"""Whether candidates pay, decided on items that were not used to choose them.

Each candidate is tried by a working regression: least squares on the expected features E[z], which
costs a thousandth of an EM fit. It may come beside the known features or in the place of the one
that it is most like, because a feature that was found early can be a rough version of the right
one. What the working regression accepts in a round is then confirmed as a whole by EM: the log
evidence of the deciding items must rise under the model itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from genz.discovery.evidence import Evidence, Indices, filled
from genz.discovery.state import Side
from genz.statistics.arrays import Floats

MIN_GAIN = 0.5
"""Nats of log evidence that a feature must gain on the deciding items."""

STANDARD_ERRORS = 0.5
"""And by how many standard errors of the paired differences the gain must exceed zero."""

MIN_CORRELATION = 0.5
"""A candidate may replace a feature whose expectations correlate at least this much with its
judgments."""


@dataclass(frozen=True)
class Verdict:
    """The best that a candidate can do for the working regression.

    Attributes
    ----------
    accepted : bool
    gain, standard_error : float
        Gain in log density of the deciding items and its standard error, in nats.
    replaced : int or None
        The feature that it replaces.
    """

    accepted: bool
    gain: float
    standard_error: float
    replaced: int | None


class WorkingRegression:
    """Least squares of the choosing items' targets on E[z], scored on the deciding items.

    Parameters
    ----------
    everything : Evidence
        Targets (N, D), covariates and item weights of all items.
    expected : ndarray of shape (N, K)
        E[z] given the judgments.
    ridge : float
        Penalty of the weights, as in the model.
    """

    def __init__(self, everything: Evidence, expected: Floats, side: Side, ridge: float) -> None:
        self._everything = everything
        self._side = side
        self._ridge = ridge
        self._expected = expected
        self._log_density = self._score(expected)

    def judge(self, column: Floats, n_locked: int, *, is_full: bool) -> Verdict:
        """Try a candidate's judgments (N,); with `is_full` it may only replace.

        The first `n_locked` features are the user's own and are not replaced.
        """
        candidate = filled(column)
        v = self._everything.item_weights[self._side.deciding]
        verdicts = []
        for k in self._places(candidate, n_locked, is_full=is_full):
            difference = (self._score(self._with(candidate, k)) - self._log_density) * v
            gain = float(difference.sum())
            standard_error = float(np.std(difference) * np.sqrt(len(difference)))
            accepted = gain > max(MIN_GAIN, STANDARD_ERRORS * standard_error)
            verdicts.append(Verdict(accepted, gain, standard_error, k))
        if not verdicts:
            return Verdict(False, 0.0, 0.0, None)
        return max(verdicts, key=lambda verdict: (verdict.accepted, verdict.gain))

    def accept(self, column: Floats, replaced: int | None) -> None:
        """Take the candidate in."""
        self._expected = self._with(filled(column), replaced)
        self._log_density = self._score(self._expected)

    def _with(self, candidate: Floats, replaced: int | None) -> Floats:
        kept = self._expected
        if replaced is not None:
            kept = np.delete(kept, replaced, axis=1)
        return np.hstack([kept, candidate])

    def _places(self, candidate: Floats, n_locked: int, *, is_full: bool) -> Iterator[int | None]:
        """Beside all features, or instead of the one most like the candidate."""
        if not is_full:
            yield None
        free = self._expected[:, n_locked:]
        if not free.shape[1]:
            return
        centred = free - free.mean(axis=0)
        own = candidate - candidate.mean()
        norms = np.sqrt((centred**2).sum(axis=0) * (own**2).sum())
        likeness = np.abs(own[:, 0] @ centred) / np.maximum(norms, 1e-300)
        k = int(np.argmax(likeness))
        if likeness[k] >= MIN_CORRELATION:
            yield n_locked + k

    def _score(self, expected: Floats) -> Floats:
        """Log density of each deciding item, (n_deciding,); missing targets drop out."""
        one = np.ones((len(expected), 1))
        design = np.hstack([one, self._everything.covariates, expected])
        penalised = np.arange(design.shape[1]) >= design.shape[1] - expected.shape[1]
        density = np.zeros(len(self._side.deciding))
        for y in self._everything.targets.T:
            density += self._score_dimension(design, y, penalised)
        return density

    def _score_dimension(self, design: Floats, y: Floats, penalised: Indices) -> Floats:
        choosing, deciding = self._side.choosing, self._side.deciding
        rows = choosing[~np.isnan(y[choosing])]
        v = self._everything.item_weights[rows]
        x, t = design[rows], y[rows]
        centre = (v @ t) / v.sum()
        gram = x.T @ (x * v[:, np.newaxis])
        # The model shrinks by ridge sigma^2 / var(y), which is at most this.
        gram[np.diag_indices_from(gram)] += self._ridge * penalised + 1e-9 * v.sum()
        coefficients = np.linalg.solve(gram, x.T @ (v * (t - centre)))
        residual = t - centre - x @ coefficients
        n_spare = max(1.0, v.sum() - design.shape[1])
        variance = max(float(v @ residual**2) / n_spare, 1e-12 * float(np.var(t)) + 1e-300)
        error = y[deciding] - centre - design[deciding] @ coefficients
        return np.asarray(
            np.nan_to_num(-0.5 * (error**2 / variance + np.log(2 * np.pi * variance)))
        )

"""The end of a discovery: features of several searches are joined, the last fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from genz.discovery import evidence as ev
from genz.discovery import pruning
from genz.discovery.evidence import Evidence
from genz.discovery.fits import Fits
from genz.discovery.screening import like_which
from genz.discovery.state import Fitted, Found
from genz.discovery.trace import Trace
from genz.statistics.arrays import Floats
from genz.statistics.regression import LatentFeatureRegression


@dataclass(frozen=True)
class Discovered:
    """Features, the gain of each, the regression on them, and all that it was fitted to."""

    features: list[str]
    gains: list[float | None]
    regression: LatentFeatureRegression
    evidence: Evidence

    @property
    def judgments(self) -> Floats:
        """Judgments of the training items, (N, K)."""
        return self.evidence.judgments


def joined(searches: Sequence[Found]) -> tuple[Found, dict[str, str]]:
    """Join the features of all searches; what is judged like one before it is left out.

    Returns
    -------
    Found
    dict of str to str
        What was left out, and what it is judged like.
    """
    both, *others = searches
    twins = {}
    for other in others:
        for k, description in enumerate(other.features):
            if description in both.features:
                continue
            column = other.judgments[:, k]
            likest = like_which(column, both.judgments)
            if likest is None:
                both = both.with_feature(description, other.gains[k], column)
            else:
                twins[description] = both.features[likest]
    return both, twins


def finish(
    fits: Fits,
    everything: Evidence,
    found: Found,
    fitted: Fitted,
    *,
    n_locked: int,
    step: int,
    trace: Trace,
) -> Discovered:
    """Fit to convergence with standard errors, dropping what does not pay under the model."""
    typical = fits.weighed(everything, found, fitted)
    while True:
        whole = typical.with_judgments(found.judgments)
        start = fitted.start(found)
        fitted = Fitted(found.features, ev.fit(fits.trial, whole, start=start, covariance=True))
        idle = pruning.find_idle(fitted, found, typical, n_locked)
        if idle is None:
            break
        k, loss, smaller = idle
        description = found.features[k]
        found = found.without(k)
        fitted = Fitted(found.features, smaller)
        n_left = len(found.features)
        trace.add(step, "prune", description=description, loss=loss, n_features=n_left)
    evidence = replace(everything, grouping=typical.grouping).with_judgments(found.judgments)
    if fits.template.outliers or evidence.grouping is not None:
        regression, evidence = ev.fit_wholly(fits.template, evidence, fitted.start(found))
        fitted = Fitted(found.features, regression)
    trace.add_fit(step, fitted.regression)
    return Discovered(list(found.features), list(found.gains), fitted.regression, evidence)

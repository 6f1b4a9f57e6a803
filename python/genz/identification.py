"""Which error rates the data of a fit identify, for its report."""

from typing import Any

import numpy as np

from genz.discovery import Discovered
from genz.statistics.arrays import Floats


def profile_features(found: Discovered, gold: Floats | None) -> list[dict[str, Any]]:
    """Profile both error rates of each feature with hard judgments.

    Returns
    -------
    list of dict
        ``feature`` (its description), ``rate`` ("ppv" or "fomr"), ``error`` (the fitted one),
        ``interval`` (of the error), ``weight`` (least and greatest size along it), ``identified``.
    """
    regression, evidence = found.regression, found.evidence
    data = (evidence.judgments, evidence.targets, evidence.covariates, evidence.fit_weights)
    records = []
    for k, description in enumerate(found.features):
        if np.isnan(regression.ppv_[k]):
            continue
        errors = {"ppv": 1 - regression.ppv_[k], "fomr": regression.fomr_[k]}
        for rate, error in errors.items():
            # A side that no judgment is on has its prior and nothing to profile.
            if not np.any(found.judgments[:, k] == (rate == "ppv")):
                continue
            profile = regression.profile(*data, gold=gold, feature=k, rate=rate)
            lower, upper = profile.interval
            inside = (profile.errors >= lower) & (profile.errors <= upper)
            sizes = np.linalg.norm(profile.weights[inside], axis=1)
            records.append(
                {
                    "feature": description,
                    "rate": rate,
                    "error": float(error),
                    "interval": [lower, upper],
                    "weight": [float(sizes.min()), float(sizes.max())],
                    "identified": profile.identified,
                }
            )
    return records

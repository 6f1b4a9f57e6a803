"""EM on the data of one fit: what the Rust core is given, once, and asked again and again."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from genz import _core
from genz.statistics.arrays import (
    Floats,
    as_gold,
    as_item_weights,
    as_judgments,
    as_real_covariates,
    as_reals,
    check_count,
    check_n_threads,
    check_number,
)
from genz.statistics.ending import parameters_of
from genz.statistics.inference import posterior
from genz.statistics.parameters import Parameters
from genz.statistics.repeats import votes_to_fit

if TYPE_CHECKING:
    from genz.statistics.regression import LatentFeatureRegression


@dataclass(frozen=True)
class Em:
    """Data and options of a fit.

    Attributes
    ----------
    given : array of shape (N, K) or (N, K, R)
        Judgments as the user gave them.
    judgments, targets, covariates : ndarray
        As the core reads them, (N, K), (N, D) and (N, P).
    item_weights : ndarray of shape (N,) or None
        Ones where None.
    gold : ndarray of shape (N, K) or None
        0, 1 or 255 where the truth is not known.
    options : dict
        Keywords of the core.
    """

    given: Any
    judgments: Any
    targets: Any
    covariates: Any
    item_weights: Floats | None
    gold: Any
    options: dict[str, Any]

    @classmethod
    def of(
        cls,
        model: "LatentFeatureRegression",
        judgments: Any,
        targets: Any,
        covariates: Any,
        sample_weight: Any,
        *,
        gold: Any,
        held: tuple[int, str] | None,
    ) -> "Em":
        """Read data and the options of an estimator.

        Raises
        ------
        DataError, UsageError
        """
        h = as_judgments(votes_to_fit(judgments))
        y = as_reals("targets", targets)
        return cls(
            given=judgments,
            judgments=h,
            targets=y,
            covariates=as_real_covariates(covariates, len(h)),
            item_weights=as_item_weights(sample_weight),
            gold=as_gold(gold),
            options={
                "judgment_kinds": _kinds(model.judgment_kind, h.shape[1]),
                "noise": str(model.noise),
                "rate_strength": check_number("rate_strength", model.rate_strength),
                "rate_centre": check_number("rate_centre", model.rate_centre),
                "pooling": bool(model.pooling),
                "max_iter": check_count("max_iter", model.max_iter, 1),
                "tol": check_number("tol", model.tol),
                "acceleration": bool(model.acceleration),
                "solver": str(model.solver),
                "n_threads": check_n_threads(model.n_threads),
                "held": held,
            },
        )

    @property
    def n_features(self) -> int:
        """K."""
        return int(self.judgments.shape[1])

    @property
    def n_targets(self) -> int:
        """D."""
        return int(self.targets.shape[1])

    def weighted(self, item_weights: Floats) -> "Em":
        """Weigh the items otherwise."""
        return replace(self, item_weights=item_weights)

    def run(
        self, starts: list[Parameters], ridge: Floats, *, covariance: bool = False
    ) -> "_core._Fit":
        """Fit from the starts, or from the judgments without any, with penalties (K, D)."""
        return _core.fit(
            self.judgments,
            self.targets,
            self.covariates,
            self.item_weights,
            ridge,
            self.gold,
            starts=[parameters.for_core() for parameters in starts],
            covariance=covariance,
            **self.options,
        )

    def go_on(
        self, before: "_core._Fit", ridge: Floats, *, covariance: bool = False
    ) -> "_core._Fit":
        """Go on from where a fit ended, counting the iterations and E steps of both."""
        result = self.run([parameters_of(before)], ridge, covariance=covariance)
        result["n_iter"] += before["n_iter"]
        result["n_e_steps"] += before["n_e_steps"]
        return result

    def log_evidence(self, parameters: Parameters) -> Floats:
        """Log p(y | s), given the truth where gold labels tell it, of every item in nats, (N,)."""
        log_odds = parameters.log_odds(self.given)
        if self.gold is not None:
            log_odds = np.where(self.gold == 1, np.inf, log_odds)
            log_odds = np.where(self.gold == 0, -np.inf, log_odds)
        effects = np.asarray(self.covariates, dtype=np.float64) @ parameters.covariate_weights
        return posterior(
            np.asarray(self.targets, dtype=np.float64) - effects,
            parameters.weights,
            parameters.intercept,
            parameters.noise_variance,
            log_odds,
            solver=self.options["solver"],
            moments="none",
            n_threads=self.options["n_threads"],
        ).log_evidence


def _kinds(judgment_kind: Any, n_features: int) -> list[str]:
    if isinstance(judgment_kind, str) or not np.iterable(judgment_kind):
        return [str(judgment_kind)] * n_features
    return [str(kind) for kind in judgment_kind]

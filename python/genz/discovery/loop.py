"""The loop of discovery: fit, contrast, propose, screen, judge, accept, prune."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import numpy as np

from genz.catalog import Catalog
from genz.discovery import acceptance, contrast, pruning
from genz.discovery import evidence as ev
from genz.discovery.evidence import Evidence
from genz.discovery.screening import screen
from genz.discovery.trace import Trace
from genz.foundation import Contrast, FoundationModel
from genz.statistics.arrays import Floats
from genz.statistics.parameters import Parameters
from genz.statistics.regression import LatentFeatureRegression

Ask = Callable[[Coroutine[Any, Any, Any]], Any]
"""Waits for the answer to a question, see `genz.asynchronous`."""


@dataclass(frozen=True)
class Settings:
    """How long to look and how hard.

    Attributes
    ----------
    n_features : int
        The most features, the user's own included.
    n_proposals : int
        Descriptions asked for in each round.
    n_trials : int
        Of these, how many are fitted and decided upon.
    patience : int
        Rounds without an accepted feature before the loop stops.
    screening_items : int
        Choosing items on which candidates are judged first.
    """

    n_features: int = 30
    n_proposals: int = 20
    n_trials: int = 4
    patience: int = 8
    screening_items: int = 600


@dataclass(frozen=True)
class Discovered:
    """Features, their judgments of the training items, and the regression on them."""

    features: list[str]
    gains: list[float | None]
    judgments: Floats
    regression: LatentFeatureRegression


class Discovery:
    """One run over one catalog; `foundation_model` is asked through `ask`, `trace` is told."""

    def __init__(
        self,
        foundation_model: FoundationModel,
        ask: Ask,
        regression: LatentFeatureRegression,
        settings: Settings,
        trace: Trace,
        rng: np.random.Generator,
    ) -> None:
        self._model = foundation_model
        self._ask = ask
        self._regression = regression
        self._settings = settings
        self._trace = trace
        self._rng = rng

    def run(self, items: Catalog, evidence: Evidence, features: list[str]) -> Discovered:
        """Discover features beside those given, whose judgments `evidence` already has."""
        state = Discovered(
            list(features), [None] * len(features), evidence.judgments, self._fit(evidence)
        )
        self._record_fit(0, state)
        n_locked = len(features)
        idle_rounds = step = 0
        while len(state.features) < self._settings.n_features:
            if idle_rounds >= self._settings.patience:
                self._trace.add(step, "stop", reason=f"{idle_rounds} rounds without a new feature")
                break
            step += 1
            n_before = len(state.features)
            state = self._round(step, items, evidence, state)
            idle_rounds = 0 if len(state.features) > n_before else idle_rounds + 1
        return self._prune(step, evidence, state, n_locked)

    def _round(
        self, step: int, items: Catalog, evidence: Evidence, state: Discovered
    ) -> Discovered:
        evidence = evidence.with_judgments(state.judgments)
        split = acceptance.Split.draw(len(items), self._rng)
        choosing = evidence.take(split.choosing)
        base = ev.fit(
            self._regression,
            choosing,
            start=state.regression.parameters_,
            max_iter=acceptance.BASE_ITERATIONS,
            tol=acceptance.BASE_TOL,
        )
        kind = contrast.KINDS[(step - 1) % len(contrast.KINDS)]
        groups = contrast.choose(
            kind, base, choosing, group_size=self._model.group_size, rng=self._rng
        )
        self._trace.add(step, "contrast", kind=kind, n_high=len(groups.high), n_low=len(groups.low))
        shown = Contrast(
            kind=kind,
            high=items.take(split.choosing[groups.high]),
            low=items.take(split.choosing[groups.low]),
            known_features=tuple(state.features),
        )
        proposed = self._ask(self._model.propose(shown, self._settings.n_proposals))
        new = [text for text in dict.fromkeys(proposed) if text not in state.features]
        self._trace.add(step, "propose", n_proposed=len(proposed), n_new=len(new))
        if not new:
            return state
        sample = self._sample(split.choosing)
        judged = self._ask(self._model.judge(items.take(sample), new))
        candidates = screen(new, judged, base, evidence.take(sample))
        survivors = [candidate for candidate in candidates if not candidate.reason]
        for candidate in candidates:
            if candidate.reason or candidate not in survivors[: self._settings.n_trials]:
                reason = candidate.reason or "others promise more"
                self._reject(step, kind, candidate.description, reason, screened=candidate.gain)
        trials = [candidate.description for candidate in survivors[: self._settings.n_trials]]
        if not trials:
            return state
        columns = self._ask(self._model.judge(items, trials))
        return self._decide(step, kind, trials, columns, evidence, split, base, state)

    def _decide(
        self,
        step: int,
        kind: str,
        descriptions: list[str],
        columns: Floats,
        evidence: Evidence,
        split: acceptance.Split,
        base: LatentFeatureRegression,
        state: Discovered,
    ) -> Discovered:
        """Try the survivors one after the other, each beside those accepted before it."""
        before = ev.log_evidence(base, evidence.take(split.deciding))
        accepted = state
        for description, column in zip(descriptions, columns.T, strict=True):
            if len(accepted.features) >= self._settings.n_features:
                break
            verdict = acceptance.decide(column, base, before, evidence, split)
            numbers = {"gain": verdict.gain, "standard_error": verdict.standard_error}
            if not verdict.accepted:
                reason = "gains no more than chance on the deciding items"
                self._reject(step, kind, description, reason, **numbers)
                continue
            base, before = verdict.regression, verdict.log_evidence
            evidence = evidence.with_column(column)
            accepted = Discovered(
                [*accepted.features, description],
                [*accepted.gains, verdict.gain],
                evidence.judgments,
                base,
            )
            self._trace.add(
                step,
                "accept",
                kind=kind,
                description=description,
                n_features=len(accepted.features),
                **numbers,
            )
        if accepted is state:
            return state
        refitted = self._fit(evidence, start=accepted.regression.parameters_)
        state = Discovered(accepted.features, accepted.gains, accepted.judgments, refitted)
        self._record_fit(step, state)
        return state

    def _prune(self, step: int, evidence: Evidence, state: Discovered, n_locked: int) -> Discovered:
        """Drop what does not pay, then fit to convergence with standard errors."""
        while True:
            evidence = evidence.with_judgments(state.judgments)
            final = ev.fit(
                self._regression, evidence, start=state.regression.parameters_, covariance=True
            )
            state = Discovered(state.features, state.gains, state.judgments, final)
            idle = pruning.find_idle(final, evidence, n_locked)
            if idle is None:
                self._record_fit(step, state)
                return state
            k, loss, smaller = idle
            self._trace.add(
                step,
                "prune",
                description=state.features[k],
                loss=loss,
                n_features=len(state.features) - 1,
            )
            state = Discovered(
                state.features[:k] + state.features[k + 1 :],
                state.gains[:k] + state.gains[k + 1 :],
                np.delete(state.judgments, k, axis=1),
                smaller,
            )

    def _fit(self, evidence: Evidence, start: Parameters | None = None) -> LatentFeatureRegression:
        return ev.fit(
            self._regression,
            evidence,
            start=start,
            max_iter=acceptance.TRIAL_ITERATIONS,
            tol=acceptance.TRIAL_TOL,
        )

    def _sample(self, choosing: ev.Indices) -> ev.Indices:
        if len(choosing) <= self._settings.screening_items:
            return choosing
        drawn = self._rng.choice(choosing, self._settings.screening_items, replace=False)
        return np.sort(drawn)

    def _reject(
        self, step: int, kind: str, description: str, reason: str, **numbers: float
    ) -> None:
        self._trace.add(
            step, "reject", kind=kind, description=description, reason=reason, **numbers
        )

    def _record_fit(self, step: int, state: Discovered) -> None:
        self._trace.add(
            step,
            "fit",
            n_features=len(state.features),
            log_likelihood=state.regression.log_likelihood_,
            n_iter=state.regression.n_iter_,
            converged=state.regression.converged_,
        )

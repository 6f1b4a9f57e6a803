"""The loop of discovery: fit, contrast, propose, screen, judge, accept, prune."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from genz.catalog import Catalog
from genz.discovery import acceptance, contrast, pruning
from genz.discovery import evidence as ev
from genz.discovery.evidence import Evidence
from genz.discovery.screening import screen
from genz.discovery.state import Fitted, Found, Side
from genz.discovery.trace import Trace
from genz.foundation import Contrast, FoundationModel
from genz.statistics.arrays import Floats
from genz.statistics.regression import LatentFeatureRegression

Ask = Callable[[Coroutine[Any, Any, Any]], Any]
"""Waits for the answer to a question, see `genz.asynchronous`."""

FIT_ITERATIONS = 60
FIT_TOL = 1e-6


@dataclass(frozen=True)
class Settings:
    """How long to look and how hard.

    Attributes
    ----------
    n_features : int
        The most features, the user's own included.
    n_trials : int
        Of the descriptions proposed in a round, how many are judged on all items and decided upon.
    patience : int
        Rounds without an accepted feature before the loop stops.
    screening_items : int
        Choosing items on which candidates are judged first.
    """

    n_features: int = 30
    n_trials: int = 8
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

    def run(self, items: Catalog, everything: Evidence, features: Sequence[str]) -> Discovered:
        """Discover features beside those given, whose judgments `everything` already has."""
        found = Found(tuple(features), (None,) * len(features), everything.judgments)
        fitted = self._fit(everything, found, None)
        self._record_fit(0, fitted)
        sides = Side.draw(len(items), self._rng)
        idle_rounds = step = 0
        while len(found.features) < self._settings.n_features:
            if idle_rounds >= self._settings.patience:
                self._trace.add(step, "stop", reason=f"{idle_rounds} rounds without a new feature")
                break
            side_ix = step % len(sides)
            step += 1
            before = found.features
            found, sides[side_ix] = self._round(
                step, items, everything, found, sides[side_ix], len(features)
            )
            # Replacing features is welcome, but it could go on for ever.
            idle_rounds = 0 if len(found.features) > len(before) else idle_rounds + 1
            if found.features != before:
                fitted = self._fit(everything, found, fitted)
                self._record_fit(step, fitted)
        return self._prune(step, everything, found, fitted, len(features))

    def _round(
        self,
        step: int,
        items: Catalog,
        everything: Evidence,
        found: Found,
        side: Side,
        n_locked: int,
    ) -> tuple[Found, Side]:
        """Look from one side: propose and screen on its choosing items, decide on the others."""
        choosing = everything.take(side.choosing)
        fitted = self._fit(choosing, _rows(found, side.choosing), side.fitted)
        side = replace(side, fitted=fitted)
        choosing = choosing.with_judgments(found.judgments[side.choosing])
        kind = contrast.KINDS[(step - 1) % len(contrast.KINDS)]
        new = self._propose(step, kind, items, choosing, found, side)
        if not new:
            return found, side
        sample = self._sample(len(side.choosing))
        judged = self._ask(self._model.judge(items.take(side.choosing[sample]), new))
        candidates = screen(new, judged, fitted.regression, choosing.take(sample))
        survivors = [candidate for candidate in candidates if not candidate.reason]
        trials = [candidate.description for candidate in survivors[: self._settings.n_trials]]
        for candidate in candidates:
            if candidate.description not in trials:
                reason = candidate.reason or "others promise more"
                self._reject(step, kind, candidate.description, reason, screened=candidate.gain)
        if not trials:
            return found, side
        columns = self._ask(self._model.judge(items, trials))
        return self._decide(step, kind, trials, columns, everything, found, side, n_locked)

    def _propose(
        self,
        step: int,
        kind: str,
        items: Catalog,
        choosing: Evidence,
        found: Found,
        side: Side,
    ) -> list[str]:
        assert side.fitted is not None  # noqa: S101 - the round fits first
        groups = contrast.choose(
            kind,
            side.fitted.regression,
            choosing,
            group_size=self._model.group_size,
            rng=self._rng,
        )
        self._trace.add(step, "contrast", kind=kind, n_high=len(groups.high), n_low=len(groups.low))
        shown = Contrast(
            kind=kind,
            high=items.take(side.choosing[groups.high]),
            low=items.take(side.choosing[groups.low]),
            known_features=found.features,
        )
        proposed = self._ask(self._model.propose(shown, self._model.n_proposals))
        new = [text for text in dict.fromkeys(proposed) if text not in found.features]
        self._trace.add(step, "propose", n_proposed=len(proposed), n_new=len(new))
        return new

    def _decide(
        self,
        step: int,
        kind: str,
        descriptions: list[str],
        columns: Floats,
        everything: Evidence,
        found: Found,
        side: Side,
        n_locked: int,
    ) -> tuple[Found, Side]:
        """Try the survivors one after the other, then confirm those accepted by EM."""
        fitted = side.fitted
        assert fitted is not None  # noqa: S101 - the round fits first
        expected = fitted.regression.transform(found.judgments)
        working = acceptance.WorkingRegression(everything, expected, side, self._regression.ridge)
        larger = found
        accepted: list[dict[str, Any]] = []
        for description, column in zip(descriptions, columns.T, strict=True):
            is_full = len(larger.features) >= self._settings.n_features
            verdict = working.judge(column, n_locked, is_full=is_full)
            numbers = {"gain": verdict.gain, "standard_error": verdict.standard_error}
            if not verdict.accepted:
                reason = "gains no more than chance on the deciding items"
                self._reject(step, kind, description, reason, **numbers)
                continue
            working.accept(column, verdict.replaced)
            replaced = None
            if verdict.replaced is not None:
                replaced = larger.features[verdict.replaced]
                larger = larger.without(verdict.replaced)
            larger = larger.with_feature(description, verdict.gain, column)
            accepted.append({"description": description, "replaced": replaced, **numbers})
        if not accepted:
            return found, side
        trial = self._fit(everything.take(side.choosing), _rows(larger, side.choosing), fitted)
        gain = self._evidence_gain(everything, found, fitted, larger, trial, side)
        confirmed = gain > 0
        for record in accepted:
            if not confirmed:
                reason = "the log evidence of the deciding items falls under the model itself"
                record.pop("replaced")
                self._reject(step, kind, record.pop("description"), reason, **record)
                continue
            n_features = len(larger.features)
            self._trace.add(step, "accept", kind=kind, n_features=n_features, **record)
        self._trace.add(step, "confirm", gain=gain, accepted=confirmed)
        return (larger, replace(side, fitted=trial)) if confirmed else (found, side)

    def _evidence_gain(
        self,
        everything: Evidence,
        found: Found,
        fitted: Fitted,
        larger: Found,
        trial: Fitted,
        side: Side,
    ) -> float:
        """Log evidence of the deciding items with the larger model less that without, in nats."""
        deciding = everything.take(side.deciding)
        totals = [
            ev.log_evidence(
                fit.regression, deciding.with_judgments(judged.judgments[side.deciding])
            )
            @ deciding.item_weights
            for judged, fit in ((larger, trial), (found, fitted))
        ]
        return float(totals[0] - totals[1])

    def _prune(
        self, step: int, everything: Evidence, found: Found, fitted: Fitted, n_locked: int
    ) -> Discovered:
        """Drop what does not pay, then fit to convergence with standard errors."""
        while True:
            evidence = everything.with_judgments(found.judgments)
            start = fitted.start(found)
            final = ev.fit(self._regression, evidence, start=start, covariance=True)
            fitted = Fitted(found.features, final)
            idle = pruning.find_idle(fitted, found, everything, n_locked)
            if idle is None:
                self._record_fit(step, fitted)
                return Discovered(list(found.features), list(found.gains), found.judgments, final)
            k, loss, smaller = idle
            description = found.features[k]
            found = found.without(k)
            fitted = Fitted(found.features, smaller)
            n_left = len(found.features)
            self._trace.add(step, "prune", description=description, loss=loss, n_features=n_left)

    def _fit(self, evidence: Evidence, found: Found, before: Fitted | None) -> Fitted:
        """Fit the features of `found`, whose judgments are those of the evidence's items."""
        regression = ev.fit(
            self._regression,
            evidence.with_judgments(found.judgments),
            start=None if before is None else before.start(found),
            max_iter=FIT_ITERATIONS,
            tol=FIT_TOL,
        )
        return Fitted(found.features, regression)

    def _sample(self, n_choosing: int) -> ev.Indices:
        n_sampled = min(n_choosing, self._settings.screening_items)
        return np.sort(self._rng.choice(n_choosing, n_sampled, replace=False))

    def _reject(
        self, step: int, kind: str, description: str, reason: str, **numbers: float
    ) -> None:
        self._trace.add(
            step, "reject", kind=kind, description=description, reason=reason, **numbers
        )

    def _record_fit(self, step: int, fitted: Fitted) -> None:
        self._trace.add(
            step,
            "fit",
            n_features=len(fitted.features),
            log_likelihood=fitted.regression.log_likelihood_,
            n_iter=fitted.regression.n_iter_,
            converged=fitted.regression.converged_,
        )


def _rows(found: Found, rows: ev.Indices) -> Found:
    return replace(found, judgments=found.judgments[rows])

"""The loop of a search: fit, contrast, propose, screen, race, accept, prune."""

from functools import partial

import numpy as np

from genz.discovery import contrast, pruning
from genz.discovery import evidence as ev
from genz.discovery.design import Base
from genz.discovery.evidence import Evidence
from genz.discovery.exact_check import evidence_gain_exact
from genz.discovery.fits import Fits
from genz.discovery.investing import AlphaInvesting
from genz.discovery.kinds import Kinds
from genz.discovery.questions import Questions
from genz.discovery.racing import Runner, race
from genz.discovery.screening import Screened, promised, screen
from genz.discovery.settings import Settings
from genz.discovery.state import Fitted, Found, Sides
from genz.discovery.trace import Trace
from genz.statistics.arrays import Floats, Indices


class Search:
    """One search of one catalog, whose foundation model is asked by `questions`.

    Its tests go on with the wealth of `investing`.
    """

    def __init__(
        self,
        questions: Questions,
        fits: Fits,
        settings: Settings,
        investing: AlphaInvesting,
        trace: Trace,
        rng: np.random.Generator,
    ) -> None:
        self._questions = questions
        self._fits = fits
        self._settings = settings
        self._trace = trace
        self._rng = rng
        self._kinds = Kinds(contrast.KINDS[settings.contrast], rng)
        self._investing = investing

    def run(
        self, everything: Evidence, found: Found, n_locked: int, step: int = 0
    ) -> tuple[Found, Fitted, int]:
        """Look for features beside those of `found`, of which the first `n_locked` stay.

        Rounds are numbered on from `step`; the number of the last is returned as well.
        """
        fitted = self._fits.quick(everything, found, None)
        self._trace.add_fit(step, fitted.regression)
        idle_rounds = 0
        while n_locked < self._settings.n_features:
            if idle_rounds >= self._settings.patience:
                self._trace.add(step, "stop", reason=f"{idle_rounds} rounds without a new feature")
                break
            step += 1
            before = len(found.features)
            found, fitted = self._round(step, everything, found, fitted, n_locked)
            # Replacing features is welcome, but it could go on for ever.
            idle_rounds = 0 if len(found.features) > before else idle_rounds + 1
        return found, fitted, step

    def _round(
        self, step: int, everything: Evidence, found: Found, fitted: Fitted, n_locked: int
    ) -> tuple[Found, Fitted]:
        """Propose and screen by the choosing items, decide by the others."""
        everything = self._fits.weighed(everything, found, fitted)
        is_usable = (everything.item_weights > 0) & ~np.isnan(everything.targets).all(axis=1)
        sides = Sides.draw(is_usable, self._rng, everything.grouping)
        kinds = contrast.KINDS[self._settings.contrast]
        kind = self._kinds.choose(contrast.possible(kinds, len(found.features)))
        n_judged = self._questions.n_judged
        new = self._propose(step, kind, everything, found, fitted, sides)
        regression = fitted.regression
        residuals = ev.residuals(regression, everything.with_judgments(found.judgments))
        base = Base(everything, regression.probabilities(found.judgments), residuals)
        sample = self._sample(sides)
        chosen = self._screen(step, new, found, base, sample)
        if chosen:
            runners, dropped = race(
                chosen,
                self._questions.judge,
                base,
                sides.deciding,
                self._investing.level,
            )
            for description, n_seen, chance in dropped:
                reason = "can hardly win any more"
                self._reject(step, description, reason, n_judged=n_seen, chance=chance)
            larger = self._decide(step, runners, base, found, sides.deciding, sample)
        else:
            larger = found
        paid = larger is not found
        if paid:
            found, fitted, paid = self._confirm(
                step, everything, found, fitted, larger, sides, n_locked
            )
        self._kinds.learn(kind, paid=paid)
        self._trace.add(step, "cost", n_judgments=self._questions.n_judged - n_judged)
        return found, fitted

    def _propose(
        self,
        step: int,
        kind: str,
        everything: Evidence,
        found: Found,
        fitted: Fitted,
        sides: Sides,
    ) -> list[str]:
        choosing = everything.with_judgments(found.judgments).take(sides.choosing)
        groups = contrast.choose(
            kind,
            fitted.regression,
            choosing,
            group_size=self._questions.group_size,
            rng=self._rng,
        ).among(sides.choosing)
        refines = None if groups.refines is None else found.features[groups.refines]
        self._trace.add(
            step,
            "contrast",
            kind=kind,
            n_high=len(groups.high),
            n_low=len(groups.low),
            high=groups.high[:3].tolist(),
            low=groups.low[:3].tolist(),
            shown_high=self._questions.excerpts(groups.high),
            shown_low=self._questions.excerpts(groups.low),
            refines=refines,
        )
        new = self._questions.propose(groups, found.features)
        self._trace.add(step, "propose", n_new=len(new))
        return new

    def _sample(self, sides: Sides) -> Indices:
        """Choosing items on which candidates are judged first."""
        n_sampled = min(len(sides.choosing), self._settings.screening_items)
        return np.sort(self._rng.choice(sides.choosing, n_sampled, replace=False))

    def _screen(
        self, step: int, new: list[str], found: Found, base: Base, sample: Indices
    ) -> list[Screened]:
        """Judge candidates on a sample of the choosing items; the best enter the race."""
        if not new:
            return []
        judged = self._questions.judge(sample, new)
        candidates = screen(new, judged, base.on(sample), found.judgments[sample])
        survivors = [one for one in candidates if not one.reason][: self._settings.n_trials]
        chosen = {one.description for one in survivors}
        for one in candidates:
            if one.description not in chosen:
                reason = one.reason or "others promise more"
                self._reject(step, one.description, reason, screened=one.gain)
        return survivors

    def _decide(
        self,
        step: int,
        runners: list[Runner],
        base: Base,
        found: Found,
        deciding: Indices,
        sample: Indices,
    ) -> Found:
        """Test the finishers one after the other, each beside those accepted before it.

        What they promise beside those is looked up first, on the choosing items: a candidate that
        an accepted one explains would pay for a test that it can hardly win.
        """
        trial, choosing = base.on(deciding), base.on(sample)
        for runner in runners:
            promise = promised(runner.screened, choosing)
            if promise.reason:
                reason = "promises too little beside one accepted before it"
                self._reject(step, promise.description, reason, screened=promise.gain)
                continue
            verdict = trial.test(runner.judgments, promise.promise)
            if np.isnan(verdict.p_value):
                reason = "too few deciding items, or all judged alike, for a test"
                self._reject(step, promise.description, reason)
                continue
            level = self._investing.level
            numbers = {
                "gain": verdict.gain,
                "p_value": verdict.p_value,
                "level": level,
                "n_tried": self._investing.n_tests + 1,
            }
            if not self._investing.settle(verdict.p_value):
                reason = "gains no more than chance on the deciding items"
                self._reject(step, promise.description, reason, **numbers)
                continue
            column = self._complete(runner, deciding, len(found.judgments))
            base = base.with_feature(column)
            trial, choosing = base.on(deciding), base.on(sample)
            found = found.with_feature(promise.description, verdict.gain, column)
            n_features = len(found.features)
            self._trace.add(
                step, "accept", description=promise.description, n_features=n_features, **numbers
            )
        return found

    def _complete(self, runner: Runner, judged: Indices, n_items: int) -> Floats:
        """Judgments of all items: those of the race and the others."""
        column = np.empty(n_items)
        column[judged] = runner.judgments
        others = np.setdiff1d(np.arange(n_items), judged)
        column[others] = self._questions.judge(others, [runner.description])[:, 0]
        return column

    def _confirm(
        self,
        step: int,
        everything: Evidence,
        found: Found,
        fitted: Fitted,
        larger: Found,
        sides: Sides,
        n_locked: int,
    ) -> tuple[Found, Fitted, bool]:
        """Refit by EM to all items; under the model itself the evidence must rise too, then prune.

        The test has decided on its own; this is a check that least squares and the model agree.
        """
        trial = self._fits.quick(everything, larger, fitted)
        gain = evidence_gain_exact(
            trial.regression,
            fitted.regression,
            everything.with_judgments(larger.judgments).take(sides.deciding),
            everything.with_judgments(found.judgments).take(sides.deciding),
            range(len(found.features), len(larger.features)),
        )
        self._trace.add(step, "confirm", gain=gain, accepted=gain > 0)
        if gain <= 0:
            for description in larger.features[len(found.features) :]:
                reason = "the log evidence of the deciding items falls under the model itself"
                self._reject(step, description, reason)
            return found, fitted, False
        self._trace.add_fit(step, trial.regression)
        kept = pruning.prune(
            self._fits,
            everything,
            larger,
            trial,
            min_loss=pruning.MIN_LOSS * everything.targets.shape[1],
            n_features=self._settings.n_features,
            n_locked=n_locked,
            tell=partial(self._trace.add, step, "prune"),
        )
        return *kept, True

    def _reject(self, step: int, description: str, reason: str, **numbers: float) -> None:
        self._trace.add(step, "reject", description=description, reason=reason, **numbers)

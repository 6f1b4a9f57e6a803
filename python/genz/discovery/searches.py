"""Discovery as a whole: one search or several, and the fit that joins what they found.

A search takes what pays first, and what comes later is judged beside that: another one, which sees
other halves of the items, ends with other features of much the same worth. Their union predicts
better than any of them, at the price of more questions (as bagging does, Breiman 1996, but with one
model in the end, which can be read). Once something was found a search has a wealth of its own for
its tests; before, it goes on with what is left, so that they find something where there is nothing
as rarely as a single search does.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from genz.discovery import pruning
from genz.discovery.ending import Discovered, finish, joined
from genz.discovery.evidence import Evidence
from genz.discovery.fits import Fits
from genz.discovery.investing import AlphaInvesting
from genz.discovery.loop import Search
from genz.discovery.questions import Questions
from genz.discovery.settings import Settings
from genz.discovery.state import Found
from genz.discovery.trace import Trace
from genz.statistics.regression import LatentFeatureRegression


def discover(
    everything: Evidence,
    features: Sequence[str] = (),
    *,
    questions: Questions,
    regression: LatentFeatureRegression,
    settings: Settings,
    trace: Trace,
    rng: np.random.Generator,
    n_locked: int | None = None,
) -> Discovered:
    """Discover features beside those given, whose judgments `everything` already has.

    The first `n_locked` of them are never dropped; None locks all.
    """
    n_locked = len(features) if n_locked is None else n_locked
    given = Found(tuple(features), (None,) * len(features), everything.judgments)
    fits = Fits(regression)
    investing = AlphaInvesting()
    searches: list[Found] = []
    step = 0
    for number in range(1, settings.n_searches + 1):
        if number > 1:
            step += 1
            if any(set(each.features) - set(features) for each in searches):
                investing.renew()
        if settings.n_searches > 1:
            trace.add(step, "search", number=number, n_searches=settings.n_searches)
        search = Search(questions, fits, settings, investing, trace, rng)
        found, fitted, step = search.run(everything, given, n_locked, step)
        searches.append(found)
    if settings.n_searches > 1:
        found, twins = joined(searches)
        step += 1
        trace.add(
            step,
            "join",
            n_found=[len(each.features) for each in searches],
            n_features=len(found.features),
        )
        for description, like in twins.items():
            trace.add(step, "prune", description=description, like=like)
        fitted = fits.quick(everything, found, None)
        found, fitted = pruning.prune(
            fits,
            fits.weighed(everything, found, fitted),
            found,
            fitted,
            min_loss=0.0,
            n_features=settings.n_features,
            n_locked=n_locked,
            tell=partial(trace.add, step, "prune"),
        )
    return finish(fits, everything, found, fitted, n_locked=n_locked, step=step, trace=trace)

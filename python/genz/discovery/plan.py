"""What a discovery will ask, before its first question."""

from collections.abc import Sequence

from genz.catalog import Catalog
from genz.discovery.settings import Settings
from genz.discovery.state import CHOOSING_SHARE
from genz.foundation.remote import RemoteModel, Step
from genz.foundation.remote.outlook import TYPICAL_FEATURE, total


def plan_fit(
    model: RemoteModel, items: Catalog, settings: Settings, own: Sequence[str] = ()
) -> list[Step]:
    """Questions about the user's `own` features, of one round by kind, and of all rounds.

    A round proposes, screens all candidates on a sample and judges the best on all items. Likely
    is one feature a round and then `patience` rounds without; at most every feature comes after
    the longest wait. Every search takes as many.
    """
    candidates = [f"{TYPICAL_FEATURE} {n}" for n in range(model.n_proposals)]
    trials = candidates[: settings.n_trials]
    n_choosing = int(CHOOSING_SHARE * len(items))
    screened = min(settings.screening_items, n_choosing) / len(items)
    first = [model.plan_judging(items, own), model.plan_auditing(items, len(own))]
    given = total(first, f"judge {len(own)} features of your own")
    steps = [
        model.plan_proposing(items),
        model.plan_judging(items, candidates).times(screened, "screen on a sample"),
        model.plan_judging(items, trials).times(1 - screened, "judge the other items"),
        model.plan_auditing(items, len(trials)),
    ]
    one = total(steps, "one round")
    n_wanted = settings.n_features - len(own)
    n_likely = settings.n_searches * (n_wanted + settings.patience) if n_wanted else 0
    n_most = settings.n_searches * (n_wanted + 1) * settings.patience if n_wanted else 0
    return [
        *([given] if own else []),
        *steps,
        one,
        total([given, one.times(n_likely)], f"likely: {n_likely} rounds"),
        total([given, one.times(n_most)], f"at most: {n_most} rounds"),
    ]

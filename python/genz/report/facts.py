"""Facts about a fit for the report, and the caveats that its reader should know."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from genz import __version__
from genz.catalog import Catalog
from genz.regressor import GenZRegressor
from genz.report.checks import Floats
from genz.report.evaluation import Evaluation
from genz.report.ids import ids_of
from genz.report.text import number, percent, plural

N_UNANSWERED = 5
N_OUTLYING = 5


def source_of(evaluation: Evaluation | None) -> str:
    """Say how held-out scores were obtained."""
    if evaluation is None or not evaluation.n_folds:
        return "cross-validation"
    return f"{evaluation.n_folds}-fold cross-validation"


def facts_of(
    model: GenZRegressor, evaluation: Evaluation | None, target: str, covariates: Sequence[str]
) -> dict[str, str]:
    """What was fitted and how; the first six stand in the header."""
    metadata, regression = model.metadata, model.regression_
    n_items = len(model.judgments_)
    without = metadata.get("n_without_target")
    own = len(model.features or ())
    facts = {
        "Catalog": metadata.get("catalog"),
        "Items": f"{n_items:,} fitted" + (f", {without:,} without a target" if without else ""),
        "Target": f"{target}, fitted on the log scale" if model.log_target else target,
        "Covariates": ", ".join(covariates) or "none",
        "Foundation model": _foundation_model(model),
        "Asked": _asked(model),
        "Noise": _noise(model),
        "Outlying items": _outlying(model),
        "Features": f"{len(model.features_)} of at most {model.n_features}"
        + (f", {own} given by the user" if own else ""),
        "Fields": _fields(model),
        "Judgments": _judgments(model.judgments_),
        "Item weights": metadata.get("weight") or "all equal",
        "Groups": _groups(model),
        "Log likelihood": f"{number(regression.log_likelihood_, digits=5)} nats",
        "EM": f"{plural(regression.n_iter_, 'iteration')}, "
        f"{'converged' if regression.converged_ else 'not converged'}; solver "
        f"{regression.solver_.replace('_', ' ')}",
        "Evaluation": _evaluation(evaluation),
        "Seed": metadata.get("seed", model.random_state),
        "Fitted": model.run.get("created"),
        "Command": model.run.get("command"),
        "Report by": f"genz {__version__}",
    }
    return {name: str(fact) for name, fact in facts.items() if fact is not None}


def _foundation_model(model: GenZRegressor) -> str:
    name = model.foundation_model
    name = name if isinstance(name, str) else name.name
    return "built-in (no language model)" if name == "builtin" else name


def _asked(model: GenZRegressor) -> str | None:
    """What the run asked of an endpoint; a replayed run asks nothing."""
    run = model.run
    if not model.endpoint_ or "n_requests" not in run:
        return None
    parts = [
        f"{model.endpoint_['base_url']} in the form {model.endpoint_['form']}",
        f"{run['n_requests']:,} requests",
        f"{run['prompt_tokens'] + run['completion_tokens']:,} tokens",
    ]
    if run.get("cost") is not None:
        parts.append(f"{number(run['cost'])} {run['currency']}")
    parts += [
        f"{percent(audit['agreement'])} of {audit['n']} judgments as {audit['size']} agree with "
        "single questions"
        for audit in run.get("audits", ())
    ]
    return ", ".join(parts)


def _noise(model: GenZRegressor) -> str | None:
    if model.n_targets_ > 1:
        sds = np.sqrt(model.regression_.noise_variance_)
        return f"standard deviation {number(sds.min())} to {number(sds.max())} by dimension"
    sd = float(np.sqrt(model.regression_.noise_variance_[0]))
    if model.log_target:
        return f"standard deviation {number(sd)} of the logarithm, about {percent(np.expm1(sd))}"
    return f"standard deviation {number(sd)}"


def _outlying(model: GenZRegressor) -> str | None:
    """The share of items that follow no feature, and the surest of them."""
    share = model.regression_.outlier_share_
    if not share:
        return None
    targets = np.log(model.targets_) if model.log_target else model.targets_
    found = model.regression_.outlier_probabilities(model.judgments_, targets, model.covariates_)
    first = np.argsort(-found, kind="stable")[:N_OUTLYING]
    ids = ids_of(model)
    named = [f"{ids[n]} ({percent(found[n])})" for n in first if found[n] > 0.5]
    surest = f"; surest: {', '.join(named)}" if named else ""
    return f"{percent(share)} follow no feature{surest}"


def _groups(model: GenZRegressor) -> str | None:
    """How much items of a group have in common."""
    if model.group_correlation_ is None:
        return None
    name = model.metadata.get("group") or "given"
    return f"{name}; residuals of a group correlate by {number(model.group_correlation_)}"


def _fields(model: GenZRegressor) -> str:
    counts = Counter(str(field.kind) for field in model.fields_)
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    return f"{len(model.fields_)}: {kinds}"


def _judgments(judgments: Floats) -> str:
    known = judgments[~np.isnan(judgments)]
    form = "yes or no" if np.isin(known, (0.0, 1.0)).all() else "probabilities"
    unknown = 1 - known.size / judgments.size if judgments.size else 0.0
    return f"{form}, {percent(unknown)} unknown" if unknown else f"{form}, none unknown"


def _evaluation(evaluation: Evaluation | None) -> str:
    if evaluation is None:
        return "none: what is shown is in-sample"
    seed = "" if evaluation.seed is None else f", seed {evaluation.seed}"
    return f"{source_of(evaluation)} of {plural(len(evaluation.ids), 'item')}{seed}"


def notes_of(
    model: GenZRegressor, evaluation: Evaluation | None, catalog: Catalog | None = None
) -> list[str]:
    """Caveats that the reader should know."""
    notes = [*_approximate(model), *_unjudged(model), *_unanswered(model)]
    if catalog is not None and model.items_digest_ not in (None, catalog.digest()):
        notes.append("The items have changed since the fit: texts and pictures are those of today.")
    if not model.regression_.converged_:
        notes.append(
            f"The final EM stopped after {plural(model.regression_.n_iter_, 'iteration')} before "
            "it had converged: effects and error rates may still move."
        )
    if evaluation is not None and evaluation.actual.shape[1] != model.n_targets_:
        notes.append(
            f"The evaluation beside the model has {plural(evaluation.actual.shape[1], 'target')}, "
            f"the model {model.n_targets_}: it belongs to another model and is not shown."
        )
    elif evaluation is not None and len(evaluation.ids) != len(model.judgments_):
        notes.append(
            f"The evaluation is of {plural(len(evaluation.ids), 'item')}, the model was fitted to "
            f"{len(model.judgments_):,}: it may belong to an earlier fit."
        )
    return [*notes, *_not_identified(model)]


def _not_identified(model: GenZRegressor) -> list[str]:
    """Name the error rates that the data hardly know, and how far the effects move with them."""
    notes = []
    for profile in model.profiles_:
        if profile["identified"]:
            continue
        low, high = (percent(end) for end in profile["interval"])
        least, most = (number(size) for size in profile["weight"])
        answer = "yes" if profile["rate"] == "ppv" else "no"
        notes.append(
            f"The data hardly tell how often “{answer}” is wrong for “{profile['feature']}”: "
            f"anything from {low} to {high}, with an effect of size {least} to {most}. The prior "
            "decides; gold labels or repeated judgments would tell."
        )
    return notes


def _approximate(model: GenZRegressor) -> list[str]:
    """Say by which method a model was fitted that no exact one reaches."""
    if model.regression_.exact_:
        return []
    solver = model.regression_.solver_.replace("_", " ")
    return [
        f"Approximate: {solver}. {plural(len(model.features_), 'feature')} on a target of "
        f"{plural(model.n_targets_, 'dimension')} are beyond exact reach. The bracket that "
        "certainly holds the log likelihood of an item is at most "
        f"{number(model.regression_.worst_certificate_)} nats wide."
    ]


def _unanswered(model: GenZRegressor) -> list[str]:
    """Name cells that no question answered, and why: some of them, and how many there are."""
    cells = model.unknown_
    if not cells:
        return []
    shown = [f"“{c['feature']}” of “{c['item']}” ({c['reason']})" for c in cells[:N_UNANSWERED]]
    more = f", and {len(cells) - len(shown):,} more" if len(cells) > len(shown) else ""
    return [f"Questions without an answer: {'; '.join(shown)}{more}."]


def _unjudged(model: GenZRegressor) -> list[str]:
    """Name the features that the foundation model could not judge, for all items or for some."""
    shares = np.isnan(model.judgments_).mean(axis=0).tolist()
    named = [
        (f"“{feature.description}”", share)
        for feature, share in zip(model.features_, shares, strict=True)
    ]
    notes = [
        f"The foundation model could not judge {name} for any item: an effect that it has was "
        "inferred from the target alone and does not help to predict new items."
        for name, share in named
        if share == 1
    ]
    partly = [f"{name} ({percent(share)} of the items)" for name, share in named if 0 < share < 1]
    if partly:
        notes.append(
            f"Some items could not be judged on {'; '.join(partly)}. They have the feature with "
            "the prevalence that was estimated for unjudged items."
        )
    return notes

"""Fit a model again: columns that nobody changed keep their judgments and start where they were."""

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from genz.asynchronous import LoopThread
from genz.catalog import Catalog
from genz.discovery import Discovered, Trace, discover
from genz.discovery import evidence as ev
from genz.discovery.evidence import Evidence
from genz.discovery.questions import Questions
from genz.discovery.state import is_hard
from genz.errors import DataError, UsageError
from genz.feature import features_of
from genz.fitting import read_groups, read_weights, settings_of, template, warn_of
from genz.foundation import FoundationModel
from genz.gold import fit_with_gold
from genz.lifecycle import repeats
from genz.lifecycle.changes import Changes, Slot
from genz.statistics.arrays import (
    Floats,
    as_covariates,
    as_floats,
    as_targets,
    judgments_as_floats,
)
from genz.statistics.parameters import Parameters
from genz.statistics.regression import LatentFeatureRegression
from genz.statistics.repeats import votes_to_fit

if TYPE_CHECKING:
    from genz.regressor import GenZRegressor


def refit(  # noqa: PLR0915 - what a fit has is set one by one
    model: "GenZRegressor",
    items: Any,
    y: Any,
    *,
    changes: Changes | None = None,
    covariates: Any = None,
    sample_weight: Any = None,
    groups: Any = None,
    judgments: Any = None,
    discover: bool = False,
) -> "GenZRegressor":
    """See `GenZRegressor.refit`."""
    check_is_fitted(model, "regression_")
    changes = Changes.of(model) if changes is None else changes
    catalog = Catalog.from_items(items, fields=model.fields_)
    check_items(model, catalog)
    slots = sorted(changes.kept, key=lambda slot: discover and not slot.is_locked)
    if discover and model.n_features <= len(slots):
        raise UsageError(
            f"n_features is {model.n_features}, and the model has {len(slots)} features: to look "
            "for further ones it needs room"
        )
    new = [slot.description for slot in slots if slot.is_new and judgments is None]
    known = None if judgments is None else _given(judgments, len(catalog), changes.kept, slots)
    foundation_model = model._model()
    is_asked = bool(discover or new)
    items_given = replace(
        _evidence(model, len(catalog), y, covariates, sample_weight, groups),
        is_certain=judgments is None and _stays_certain(model, foundation_model, is_asked),
    )
    trace = Trace(model.progress)
    trace.records.extend(model.trace_)
    gold = _gold(model, slots)
    unknown = [dict(cell) for cell in model.unknown_]
    with LoopThread(foundation_model) as loop:
        if known is None:
            asked = loop.run(foundation_model.judge(catalog, new)) if new else None
            texts = [slot.description for slot in slots]
            known = repeats.apply(_columns(model, slots, asked), texts, changes.repeats)
        evidence = items_given.with_judgments(known)
        found = _fit(model, slots, evidence, gold, trace, changes)
        if discover:
            questions = Questions(foundation_model, catalog, loop.run, changes.vetoed)
            n_locked = sum(slot.is_locked for slot in slots)
            found = _go_on(model, questions, evidence, found, n_locked, trace)
        if is_asked:
            unknown += [dict(cell) for cell in getattr(foundation_model, "unknown", ())]
    after = copy.copy(model)
    after.is_certain_ = evidence.is_certain
    if is_asked:
        after.endpoint_ = dict(getattr(foundation_model, "settings", {}))
    after.gold_ = None if gold is None else _labels_of(found, slots, gold)
    if discover and after.gold_ is not None:
        found = fit_with_gold(found, after.gold_)
    after.profiles_ = []  # Those of the fit before say nothing of this one.
    after.regression_, after.judgments_ = found.regression, found.judgments
    after.features_ = features_of(found, catalog)
    after.targets_ = as_floats("y", y, 2)
    after.covariates_, after.item_weights_ = evidence.covariates, found.evidence.fit_weights
    after.group_correlation_ = found.evidence.group_correlation
    after.items_digest_ = catalog.digest()
    after.trace_ = trace.records
    after.locked_ = tuple(slot.description for slot in slots if slot.is_locked)
    after.vetoed_ = changes.vetoed
    after.unknown_ = _of_features(unknown, found)
    after.repeats_ = _of_features(repeats.merged(model.repeats_, changes.repeats), found)
    after.metadata = dict(model.metadata)
    after.run = dict(getattr(foundation_model, "spent", {}))
    warn_of(after, found)
    return after


def _stays_certain(model: "GenZRegressor", judge: FoundationModel, is_asked: bool) -> bool:
    """Whether all judgments are of a judge that is certain, also those to be asked for now."""
    return model.is_certain_ and (not is_asked or bool(getattr(judge, "is_certain", False)))


def _of_features(cells: Iterable[dict[str, Any]], found: Discovered) -> list[dict[str, Any]]:
    return [cell for cell in cells if cell["feature"] in found.features]


def check_items(model: "GenZRegressor", catalog: Catalog) -> None:
    """Raise DataError unless these are the items that were fitted, in their order."""
    n_fitted = len(model.judgments_)
    if len(catalog) != n_fitted:
        raise DataError(
            f"{len(catalog)} items have a target, but the model was fitted to {n_fitted}: its "
            "judgments belong to those; give the catalog of the fit, or fit again"
        )
    if model.items_digest_ is not None and catalog.digest() != model.items_digest_:
        raise DataError(
            f"the {n_fitted} items are not those that were fitted, or in another order: a field of "
            f"the model ({', '.join(field.name for field in model.fields_)}) reads otherwise, and "
            "the saved judgments belong to what was read; give the catalog of the fit, or fit again"
        )


def _columns(model: "GenZRegressor", slots: list[Slot], asked: Floats | None) -> Floats:
    """Judgments of the slots: those saved, and those just asked for in the order of the new."""
    columns = np.empty((len(model.judgments_), len(slots)))
    n_asked = 0
    for k, slot in enumerate(slots):
        if slot.is_new:
            assert asked is not None  # noqa: S101 - a new slot was asked
            columns[:, k] = asked[:, n_asked]
            n_asked += 1
        else:
            columns[:, k] = model.judgments_[:, slot.origins[0]]
    return columns


def _given(judgments: Any, n_items: int, kept: list[Slot], slots: list[Slot]) -> Floats:
    """The caller's judgments, given in the order of `kept`, in that of `slots`."""
    given = judgments_as_floats(votes_to_fit(judgments))
    if given.shape != (n_items, len(kept)):
        raise DataError(
            f"judgments has shape {given.shape}, wanted {(n_items, len(kept))}: one row for each "
            "item, one column for each feature that is kept"
        )
    return given[:, [kept.index(slot) for slot in slots]]


def _evidence(
    model: "GenZRegressor", n_items: int, y: Any, covariates: Any, sample_weight: Any, groups: Any
) -> Evidence:
    """Everything about the items but their judgments; of the shapes that were fitted."""
    targets = as_targets(as_floats("y", y, 2), n_items, log=model.log_target)
    if targets.shape[1] != model.n_targets_:
        raise DataError(
            f"y has {targets.shape[1]} target dimensions, wanted the {model.n_targets_} of the fit"
        )
    x = as_covariates(covariates, n_items)
    if x.shape[1] != model.covariates_.shape[1]:
        raise DataError(
            f"covariates has {x.shape[1]} columns, wanted the {model.covariates_.shape[1]} of the "
            "fit"
        )
    grouping = read_groups(groups, n_items)
    if grouping is not None and model.group_correlation_ is not None:
        grouping = replace(grouping, correlation=model.group_correlation_)
    return Evidence(
        np.zeros((n_items, 0)),
        targets,
        x,
        read_weights(sample_weight, n_items),
        grouping=grouping,
    )


def _gold(model: "GenZRegressor", slots: list[Slot]) -> Floats | None:
    """Gold labels of the slots; those of another description say nothing of a new one."""
    if model.gold_ is None:
        return None
    unknown = np.full(len(model.judgments_), np.nan)
    columns = [unknown if slot.is_new else model.gold_[:, slot.origins[0]] for slot in slots]
    return np.column_stack(columns) if columns else None


def _labels_of(found: Discovered, slots: list[Slot], gold: Floats) -> Floats:
    """Labels of the features that were found, of which those of the slots have some."""
    labels = dict(zip((slot.description for slot in slots), gold.T, strict=True))
    none = np.full(len(gold), np.nan)
    columns = [labels.get(text, none) for text in found.features]
    return np.column_stack(columns) if columns else np.zeros((len(gold), 0))


def _fit(
    model: "GenZRegressor",
    slots: list[Slot],
    evidence: Evidence,
    gold: Floats | None,
    trace: Trace,
    changes: Changes,
) -> Discovered:
    """EM from the parameters of the model."""
    settings = model.regression_.get_params()
    is_doubted = model.is_certain_ and not evidence.is_certain
    if is_doubted and not model.has_own_regression_:
        loose = template(model, model._model(), is_certain=False)
        settings.update(rate_strength=loose.rate_strength, rate_centre=loose.rate_centre)
    kinds = settings["judgment_kind"]
    if not isinstance(kinds, str):
        kinds = ["auto" if slot.is_new else kinds[slot.origins[0]] for slot in slots]
        settings["judgment_kind"] = kinds
    start = _start(model, slots, evidence.judgments, settings["judgment_kind"])
    regression = LatentFeatureRegression(**settings)
    fitted, evidence = ev.fit_wholly(regression, evidence, start, gold=gold)
    trace.add(
        max((record["step"] for record in model.trace_), default=0) + 1,
        "refit",
        n_features=len(slots),
        log_likelihood=fitted.log_likelihood_,
        n_iter=fitted.n_iter_,
        converged=fitted.converged_,
        changes=changes.records,
    )
    gains = [None if slot.is_new else model.features_[slot.origins[0]].gain for slot in slots]
    features = [slot.description for slot in slots]
    return Discovered(features, gains, fitted, evidence)


def _go_on(
    model: "GenZRegressor",
    questions: Questions,
    evidence: Evidence,
    found: Discovered,
    n_locked: int,
    trace: Trace,
) -> Discovered:
    """Discover from what was found; rounds are numbered on, gains of what stays are kept."""
    rounds = Trace(model.progress)
    larger = discover(
        evidence,
        found.features,
        questions=questions,
        regression=found.regression,
        settings=settings_of(model),
        trace=rounds,
        rng=np.random.default_rng(model.random_state),
        n_locked=n_locked,
    )
    before = max(record["step"] for record in trace.records)
    trace.records.extend({**r, "step": before + r["step"]} for r in rounds.records)
    known = dict(zip(found.features, found.gains, strict=True))
    gains = [known.get(f, gain) for f, gain in zip(larger.features, larger.gains, strict=True)]
    return replace(larger, gains=gains)


def _start(
    model: "GenZRegressor", slots: list[Slot], columns: Floats, kinds: str | list[str]
) -> Parameters:
    """Parameters to start from: new descriptions take over the effect of what they stand for."""
    old = model.regression_.parameters_
    hard = []
    for k, column in enumerate(columns.T):
        kind = kinds if isinstance(kinds, str) else kinds[k]
        hard.append(is_hard(column) if kind == "auto" else kind == "hard")
    kept = [
        k
        for k, slot in enumerate(slots)
        if not slot.is_new and hard[k] != bool(np.isnan(old.ppv[slot.origins[0]]))
    ]
    parameters = old.take([slots[k].origins[0] for k in kept])
    fresh = [k for k in range(len(slots)) if k not in kept]
    for k in fresh:
        origins = list(slots[k].origins)
        effect = old.weights[origins].mean(axis=0) if origins else np.zeros(model.n_targets_)
        parameters = parameters.with_feature(
            effect, error_rate=model.regression_.rate_centre, is_hard=hard[k]
        )
    return parameters.take(np.argsort([*kept, *fresh]).tolist())

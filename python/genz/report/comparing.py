"""From two saved models to their comparison; no foundation model is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genz.errors import UsageError
from genz.fitted_target import fitted_target
from genz.persistence import load, write_whole
from genz.regressor import GenZRegressor
from genz.report.checks import Floats
from genz.report.compared import CommonFeature, Comparison, OwnFeature, SharedPredictions
from genz.report.content import ReportContent
from genz.report.evaluation import Evaluation, read_evaluation
from genz.report.from_model import content_of, in_sample_predictions
from genz.report.places import twin_place
from genz.report.predicted import Predictions
from genz.report.render_comparison import render_comparison
from genz.report.scores import OURS
from genz.report.text import plural
from genz.report.twin import SCHEMA_VERSION, plain, to_twin


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two models: what it holds, what its report shows, its probabilities (N, K)."""

    name: str
    model: GenZRegressor
    evaluation: Evaluation | None
    content: ReportContent
    in_sample: Predictions
    probabilities: Floats

    @classmethod
    def read(cls, directory: Path, name: str) -> "Side":
        """Read a saved model and the evaluation beside it."""
        model, evaluation = load(directory, judging=False), read_evaluation(directory)
        probabilities = model.regression_.probabilities(model.judgments_)
        content = content_of(model, evaluation)
        return cls(name, model, evaluation, content, in_sample_predictions(model), probabilities)


def write_comparison(first: Path, second: Path, out: Path, *, twin: bool = False) -> Path:
    """Write the comparison of two saved models, whole or not at all.

    Parameters
    ----------
    first, second : Path
        Directories of fitted models.
    out : Path
        The HTML file.
    twin : bool
        Whether to write the same as JSON beside it.

    Raises
    ------
    ModelDirectoryError
        A model or its evaluation is missing or damaged.
    UsageError
        `out` cannot be written, or it or its twin would replace a file of a model.
    """
    twin_file = twin_place(out, twin=twin)
    comparison = compare(first, second)
    try:
        write_whole(out, render_comparison(comparison).encode())
        if twin_file is not None:
            document = {"schema_version": SCHEMA_VERSION, **plain(comparison)}
            write_whole(twin_file, to_twin(document))
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from None
    return out


def compare(first: Path, second: Path) -> Comparison:
    """Compare two saved models: features by their descriptions, items by their ids."""
    # Directories of the same name are told apart by their paths.
    is_clear = first.name != second.name
    a, b = (Side.read(path, path.name if is_clear else str(path)) for path in (first, second))
    notes = []
    rows = _shared_rows(a, b)
    if not len(rows[0]):
        notes.append("No items are known to be shared, so judgments and predictions stand apart.")
    is_like = a.model.n_targets_ == b.model.n_targets_ and (
        fitted_target(a.model) == fitted_target(b.model)
    )
    if not is_like:
        notes.append(
            f"The targets differ ({_target(a)}; {_target(b)}): effects are not comparable, scores "
            "and predictions are not compared."
        )
    predictions = _predictions(a, b, rows) if is_like else None
    if predictions is not None:
        n_shared, n_items = len(predictions.ids), (len(a.in_sample.ids), len(b.in_sample.ids))
        if n_shared < max(n_items):
            notes.append(
                f"{plural(n_shared, 'item')} of {n_items[0]:,} and {n_items[1]:,} are shared."
            )
    elif is_like and rows[0]:
        notes.append(
            "The evaluations are not known to be of the shared items, so predictions stand apart."
        )
    common, only_a, only_b = _features(a, b, rows)
    return Comparison(
        names=(a.name, b.name),
        target_name=a.content.target_name,
        target_scale=a.content.target_scale,
        facts=_facts(a, b),
        common=common,
        only_first=only_a,
        only_second=only_b,
        scores=_scores(a, b) if is_like else {},
        predictions=predictions,
        notes=notes,
    )


def _target(side: Side) -> str:
    return f"{side.content.facts['Target']}, {plural(side.model.n_targets_, 'dimension')}"


def _shared_rows(a: Side, b: Side) -> tuple[list[int], list[int]]:
    """Rows of the shared items in either model."""
    if not _have_ids(a, b):
        digests = {a.model.items_digest_, b.model.items_digest_}
        if len(digests) == 1 and None not in digests:
            return list(range(len(a.in_sample.ids))), list(range(len(a.in_sample.ids)))
        return [], []
    return _match(a.in_sample.ids, b.in_sample.ids)


def _evaluated_rows(
    a: Side, b: Side, rows: tuple[list[int], list[int]]
) -> tuple[list[int], list[int]]:
    """Rows of the shared items in either evaluation; `rows` are theirs in either model."""
    assert a.evaluation is not None  # noqa: S101 - its predictions are shown
    assert b.evaluation is not None  # noqa: S101
    first, second = a.evaluation.ids, b.evaluation.ids
    if _have_ids(a, b):
        # An evaluation without --id has row numbers, which are the same in every catalog.
        shared = {a.in_sample.ids[row] for row in rows[0]}
        found = zip(*_match(first, second), strict=True)
        pairs = [(p, q) for p, q in found if first[p] in shared]
        return [p for p, _ in pairs], [q for _, q in pairs]
    # The same items in the same order, if the evaluations are of what was fitted.
    return rows if len(first) == len(second) == len(rows[0]) else ([], [])


def _have_ids(a: Side, b: Side) -> bool:
    return all(side.model.metadata.get("ids") for side in (a, b))


def _match(first: Sequence[str], second: Sequence[str]) -> tuple[list[int], list[int]]:
    row_of = {name: row for row, name in enumerate(second)}
    rows = [(row, row_of[name]) for row, name in enumerate(first) if name in row_of]
    return [row for row, _ in rows], [row for _, row in rows]


def _features(
    a: Side, b: Side, rows: tuple[list[int], list[int]]
) -> tuple[list[CommonFeature], list[OwnFeature], list[OwnFeature]]:
    names_a, names_b = ([f.description for f in side.model.features_] for side in (a, b))
    common = []
    for k, name in enumerate(names_a):
        if name in names_b:
            f, g = a.model.features_[k], b.model.features_[names_b.index(name)]
            common.append(
                CommonFeature(
                    name,
                    (f.weights, g.weights),
                    (f.weights_std_error, g.weights_std_error),
                    (f.share, g.share),
                    _agreement(a, k, b, names_b.index(name), rows),
                )
            )
    own_a = [k for k, name in enumerate(names_a) if name not in names_b]
    own_b = [k for k, name in enumerate(names_b) if name not in names_a]
    return common, _own(a, own_a, b, own_b, rows), _own(b, own_b, a, own_a, rows[::-1])


def _agreement(a: Side, k: int, b: Side, m: int, rows: tuple[list[int], list[int]]) -> float | None:
    first, second = a.model.judgments_[rows[0], k], b.model.judgments_[rows[1], m]
    known = ~np.isnan(first) & ~np.isnan(second)
    return float(np.mean((first > 0.5) == (second > 0.5), where=known)) if known.any() else None


def _own(
    a: Side, own: list[int], b: Side, others: list[int], rows: tuple[list[int], list[int]]
) -> list[OwnFeature]:
    found = []
    for k in own:
        feature = a.model.features_[k]
        likest, correlation = "", None
        for m in others:
            r = _correlation(a.probabilities[rows[0], k], b.probabilities[rows[1], m])
            if r is not None and (correlation is None or abs(r) > abs(correlation)):
                likest, correlation = b.model.features_[m].description, r
        found.append(
            OwnFeature(
                feature.description,
                feature.weights,
                feature.weights_std_error,
                feature.share,
                likest,
                correlation,
            )
        )
    return found


def _correlation(first: Floats, second: Floats) -> float | None:
    """Pearson's; None where a side does not vary."""
    if len(first) < 2:
        return None
    x, y = first - first.mean(), second - second.mean()
    size = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / size if size > 0 else None


def _predictions(a: Side, b: Side, rows: tuple[list[int], list[int]]) -> SharedPredictions | None:
    p, q = a.content.predictions, b.content.predictions
    assert p is not None  # noqa: S101 - a model has at least predictions of its own items
    assert q is not None  # noqa: S101
    is_held_out = p.source == q.source == "cross-validation"
    if is_held_out:
        rows = _evaluated_rows(a, b, rows)
    else:
        p, q = a.in_sample, b.in_sample
    if not rows[0]:
        return None
    actual, first, second = p.actual[rows[0]], p.predicted[rows[0]], q.predicted[rows[1]]
    is_log = a.model.log_target
    y, f, g = (np.log(v) if is_log else v for v in (actual, first, second))
    correlations = [_correlation(f[:, d], g[:, d]) for d in range(f.shape[1])]
    known = [r for r in correlations if r is not None]
    gap = np.abs(first / second - 1) if is_log else np.linalg.norm(first - second, axis=1)
    near, far = (np.linalg.norm(np.nan_to_num(y - v), axis=1) for v in (f, g))
    return SharedPredictions(
        ids=[p.ids[row] for row in rows[0]],
        actual=actual,
        first=first,
        second=second,
        source="cross-validation" if is_held_out else "training items",
        r2=(_r2(y, f), _r2(y, g)),
        correlation=float(np.mean(known)) if known else float("nan"),
        typical_difference=float(np.median(gap)),
        first_nearer=float(np.mean((near < far) + 0.5 * (near == far))),
    )


def _r2(y: Floats, predicted: Floats) -> float:
    known = ~np.isnan(y)
    centre = np.nanmean(y, axis=0)
    residual = np.sum((y - predicted) ** 2, axis=0, where=known)
    total = np.sum((y - centre) ** 2, axis=0, where=known)
    return float(np.mean(1 - residual[total > 0] / total[total > 0])) if (total > 0).any() else 0.0


def _scores(a: Side, b: Side) -> dict[str, tuple[float | None, float | None]]:
    """Held-out scores of both; of a single one there is nothing to compare."""
    first, second = ((side.content.scores or {}).get(OURS, {}) for side in (a, b))
    if not first or not second:
        return {}
    return {key: (first.get(key), second.get(key)) for key in {**first, **second}}


def _facts(a: Side, b: Side) -> dict[str, tuple[str, str]]:
    first, second = a.content.facts, b.content.facts
    names = dict.fromkeys((*first, *second))
    return {name: (first.get(name, ""), second.get(name, "")) for name in names}

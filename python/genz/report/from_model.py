"""From a saved model to its report."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genz.catalog import Catalog
from genz.errors import UsageError
from genz.explanation import covariate_names
from genz.persistence import REPORT_FILE, load, write_whole
from genz.regressor import GenZRegressor
from genz.report.audit import disagreements_of
from genz.report.cards import cards_of
from genz.report.content import ReportContent
from genz.report.effects import Coefficient, FeatureRow
from genz.report.evaluation import Evaluation, read_evaluation
from genz.report.facts import facts_of, notes_of, source_of
from genz.report.ids import ids_of
from genz.report.mapping import embedding_map_of, judgment_map_of
from genz.report.pictures import Pictures
from genz.report.places import twin_place
from genz.report.predicted import Predictions
from genz.report.profiles import profiles_of
from genz.report.render import render
from genz.report.rounds import rounds_of
from genz.report.text import fixed
from genz.report.trace import proposals_of, steps_of
from genz.report.twin import twin_of

LEVEL = 0.9
"""Nominal coverage of the in-sample intervals."""


def write_report(
    directory: Path,
    out: Path | None = None,
    *,
    image_root: Path | None = None,
    catalog: Catalog | None = None,
    twin: bool = False,
) -> Path:
    """Write the report of a saved model, whole or not at all.

    Parameters
    ----------
    directory : Path
        A fitted model; ``evaluation.json`` and ``evaluation.npz`` in it are shown as well.
    out : Path, optional
        The HTML file; None is ``report.html`` in the directory.
    image_root : Path, optional
        Directory below which the images of the items lie; None shows no pictures.
    catalog : Catalog, optional
        The items that were fitted, in their order; None shows no texts of the items explained.
    twin : bool
        Whether to write the same as JSON beside it, see :mod:`genz.report.twin`.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    ModelDirectoryError
        When the model or its evaluation is missing or damaged.
    UsageError
        When `out` cannot be written, or it or its twin would replace a file of a model.
    """
    out = directory / REPORT_FILE if out is None else out
    twin_file = twin_place(out, twin=twin)
    model = load(directory, judging=False)
    evaluation = read_evaluation(directory)
    content = content_of(model, evaluation, image_root=image_root, catalog=catalog)
    html = render(content)
    try:
        write_whole(out, html.encode())
        if twin_file is not None:
            write_whole(twin_file, twin_of(content))
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from None
    return out


def content_of(
    model: GenZRegressor,
    evaluation: Evaluation | None = None,
    *,
    image_root: Path | None = None,
    catalog: Catalog | None = None,
) -> ReportContent:
    """Gather what a report shows.

    Held-out predictions and scores are shown where there is an evaluation, in-sample ones else.
    """
    metadata = model.metadata
    names = [str(name) for name in metadata.get("target") or ()]
    is_matching = evaluation is not None and evaluation.actual.shape[1] == model.n_targets_
    held_out = evaluation if is_matching else None
    file = metadata.get("catalog")
    target = _target_name(names, model.n_targets_)
    coefficients = _coefficients(model)
    proposals = proposals_of(model.trace_)
    pictures = Pictures(image_root)
    features = tuple(_feature_rows(model, pictures))
    in_sample = in_sample_predictions(model)
    cards = cards_of(model, in_sample, catalog, pictures)
    return ReportContent(
        title=f"{target} in {file}" if file else target[:1].upper() + target[1:],
        facts=facts_of(model, held_out, target, [row.name for row in coefficients[1:]]),
        target_name=target,
        target_scale="log" if model.log_target else "linear",
        n_targets=model.n_targets_,
        n_items=len(model.judgments_),
        features=features,
        predictions=_held_out(held_out) if held_out else in_sample,
        steps=steps_of(model.trace_),
        proposals=proposals,
        rounds=rounds_of(model.trace_, proposals),
        scores=held_out.scores if held_out else None,
        notes=(*notes_of(model, evaluation, catalog), *pictures.notes),
        scores_source=source_of(held_out),
        coefficients=coefficients,
        disagreements=disagreements_of(model, in_sample.ids),
        profiles=profiles_of(model.profiles_),
        cards=cards,
        judgment_map=judgment_map_of(model),
        embedding_map=embedding_map_of(model),
        dimension_names=names if len(names) == model.n_targets_ else (),
        differences=held_out.differences if held_out else {},
        noise_sd=np.sqrt(model.regression_.noise_variance_).tolist(),
    )


def _target_name(names: list[str], n_targets: int) -> str:
    if not names:
        return "the target"
    if n_targets == 1 or len(names) == 1:
        return names[0]
    if len(names) <= 3:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"


def _feature_rows(model: GenZRegressor, pictures: Pictures) -> list[FeatureRow]:
    unknown_shares = np.isnan(model.judgments_).mean(axis=0).tolist()
    return [
        FeatureRow(
            description=feature.description,
            weights=feature.weights,
            std_errors=feature.weights_std_error,
            ppv=feature.ppv,
            fomr=feature.fomr,
            channel_intercept=feature.channel_intercept,
            channel_slope=feature.channel_slope,
            prevalence=feature.prevalence if unknown_share else None,
            share=feature.share,
            unknown_share=unknown_share,
            gain=feature.gain,
            examples_with=feature.examples_with,
            examples_without=feature.examples_without,
            pictures_with=pictures.show(feature.images_with),
            pictures_without=pictures.show(feature.images_without),
            along=_near(feature.nearest.along, feature.nearest.cosines_along),
            against=_near(feature.nearest.against, feature.nearest.cosines_against),
        )
        for feature, unknown_share in zip(model.features_, unknown_shares, strict=True)
    ]


def _near(names: Sequence[str], cosines: Sequence[float]) -> list[str]:
    """Name items with the cosine between their target and an effect."""
    return [f"{name} ({fixed(c, 2, signed=True)})" for name, c in zip(names, cosines, strict=True)]


def _coefficients(model: GenZRegressor) -> list[Coefficient]:
    """Intercept and covariates; `covariance_` (D, M, M) has them first, in this order."""
    regression = model.regression_
    weights = np.vstack([regression.intercept_, regression.covariate_weights_])
    assert regression.covariance_ is not None  # noqa: S101 - a saved model has it
    variances = np.diagonal(regression.covariance_, axis1=1, axis2=2)[:, : len(weights)].T
    rows = zip(("intercept", *covariate_names(model)), weights, np.sqrt(variances), strict=True)
    return [Coefficient(name, w.tolist(), se.tolist()) for name, w, se in rows]


def _held_out(evaluation: Evaluation) -> Predictions:
    return Predictions(
        ids=evaluation.ids,
        actual=evaluation.actual,
        predicted=evaluation.predicted,
        lower=evaluation.lower,
        upper=evaluation.upper,
        source="cross-validation",
        level=evaluation.level,
    )


def in_sample_predictions(model: GenZRegressor) -> Predictions:
    """Predict the training items from their stored judgments; no foundation model is asked."""
    predictive = model.regression_.predictive(model.judgments_, model.covariates_)
    tail = (1 - LEVEL) / 2
    quantiles = predictive.quantiles([tail, 1 - tail])
    if model.log_target:
        quantiles, predicted = np.exp(quantiles), np.exp(predictive.median())
    else:
        predicted = predictive.mean()
    return Predictions(
        ids=ids_of(model),
        actual=model.targets_,
        predicted=predicted,
        lower=quantiles[:, :, 0],
        upper=quantiles[:, :, 1],
        source="training items",
        level=LEVEL,
    )

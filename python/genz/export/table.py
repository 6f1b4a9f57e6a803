"""Features as a CSV table that a spreadsheet may open."""

from genz import plain_csv
from genz.fitted_target import target_names
from genz.regressor import GenZRegressor


def to_csv(model: GenZRegressor) -> bytes:
    """One row a feature, with the columns of :func:`header`; what is not known is empty."""
    rows = []
    for number, feature in enumerate(model.features_, start=1):
        effects = zip(feature.weights, feature.weights_std_error, strict=True)
        row = (
            *(number, feature.description),
            *(value for effect in effects for value in effect),
            *(feature.ppv, feature.fomr, feature.channel_intercept, feature.channel_slope),
            *(feature.prevalence, feature.share, feature.gain),
            "locked" if feature.description in model.locked_ else "",
        )
        rows.append(row)
    return plain_csv.to_csv(header(model), rows)


def header(model: GenZRegressor) -> list[str]:
    """Names of the columns.

    ``weight`` and ``std_error`` (of a vector ``weight_NAME`` for each dimension) are the effect on
    the scale that was fitted; ``p_if_yes``, ``p_if_no`` and ``p_if_unknown`` P(it has it | the
    judgment); ``channel_intercept`` and ``channel_slope`` those of probability judgments; ``share``
    of the items of the fit that have it; ``gain`` in nats of held-out log evidence.
    """
    effects = [f"{name}{of}" for of in suffixes(model) for name in ("weight", "std_error")]
    return [
        *("number", "description", *effects),
        *("p_if_yes", "p_if_no", "channel_intercept", "channel_slope"),
        *("p_if_unknown", "share", "gain", "status"),
    ]


def suffixes(model: GenZRegressor) -> list[str]:
    """What tells the dimensions of the target apart in names of columns; of a scalar nothing."""
    if model.n_targets_ == 1:
        return [""]
    return [f"_{name}" for name in target_names(model)]

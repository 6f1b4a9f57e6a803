"""A fitted model as a view of SQL: its features and its linear prediction for a table of items."""

import re
from dataclasses import dataclass

import numpy as np

from genz._core import PROBABILITY_CLIP
from genz.errors import UsageError
from genz.export.conditions import number, to_condition
from genz.export.table import suffixes
from genz.export.values import Values, name, path
from genz.foundation.builtin.grammar import parse_condition
from genz.persistence.provenance import name_of
from genz.regressor import GenZRegressor

_OWN = re.compile(r"(feature|judgment|genz_value)_\d+|(linear_)?prediction(_.*)?", re.IGNORECASE)
"""Names of the view's own columns; SQL's names are alike in upper and lower case."""


@dataclass(frozen=True)
class Script:
    """A script of SQL.

    Attributes
    ----------
    text : str
    to_fill : dict of str to str
        Columns that the table must have because SQL cannot judge: name and description.
    unnamed : tuple of str
        Columns that the table must have for covariates to which the fit gave no names, in order.
    """

    text: str
    to_fill: dict[str, str]
    unnamed: tuple[str, ...]


def to_sql(model: GenZRegressor, *, table: str = "items", view: str = "genz_predictions") -> Script:
    """A view that judges the rows of a table and predicts them.

    The view has the id of the fit (without one the fields that were fitted), ``feature_1``,
    ``feature_2``, ... as 1, 0 or NULL, and ``linear_prediction`` (of a vector
    ``linear_prediction_NAME``), the mean on the scale that was fitted. With a logarithmic target
    ``prediction`` is its exponential.

    A feature that is no sentence of the built-in grammar, or that another model judges, is read
    from a column ``judgment_K`` of the table: 1, 0, a probability, or NULL where it is unknown.
    Covariates of a fit that gave them no names are read from ``covariate_1``, ``covariate_2``, ...

    Raises
    ------
    UsageError
        A name that SQL cannot hold, or cannot tell from another one.
    """
    covariates = _covariates(model)
    unnamed = () if _has_names(model) else tuple(covariates)
    key = model.metadata.get("id")
    shown = [key] if key else [field.name for field in model.fields_]
    values = Values({field.name: field.kind for field in model.fields_})
    features, to_fill = _features(model, values)
    for each in (table, view, *covariates, *shown):
        if not each or not each.isprintable():
            raise UsageError(f"{each!r} cannot be a name in SQL: it is empty or not printable")
        if each not in (table, view) and _OWN.fullmatch(each):
            raise UsageError(
                f"the column {each!r} has a name that the view gives to its own columns: fit "
                "again with another name for it"
            )
    _check_distinct(model, unnamed)
    given = list(dict.fromkeys([*shown, *covariates, *to_fill]))
    read = [*(f"t.{name(column)}" for column in given), *values.stages[0]]
    steps = [f"genz_stage_0 AS (\n{_select(read)}\n  FROM {path(table)} AS t\n)"]
    for n, columns in enumerate(values.stages[1:], start=1):
        before = f"genz_stage_{n - 1}"
        steps.append(
            f"genz_stage_{n} AS (\n{_select([f'{before}.*', *columns])}\n  FROM {before}\n)"
        )
    before = f"genz_stage_{len(values.stages) - 1}"
    judged = _select([f"{before}.*", *features])
    steps.append(f"genz_features AS (\n{judged}\n  FROM {before}\n)")
    means = [f"{mean} AS {name(f'linear_prediction{of}')}" for mean, of in _means(model)]
    steps.append(
        f"genz_means AS (\n{_select(['genz_features.*', *means])}\n  FROM genz_features\n)"
    )
    columns = [name(column) for column in shown]
    columns += [f"feature_{k}" for k in range(1, len(model.features_) + 1)]
    columns += [name(f"linear_prediction{of}") for of in suffixes(model)]
    if model.log_target:
        columns.append("EXP(linear_prediction) AS prediction")
    text = (
        f"{_head(model, table, to_fill, unnamed)}CREATE VIEW {path(view)} AS\nWITH "
        + ", ".join(steps)
        + f"\n{_select(columns, '')}\nFROM genz_means;\n"
    )
    return Script(text, to_fill, unnamed)


def _check_distinct(model: GenZRegressor, unnamed: tuple[str, ...]) -> None:
    """Raise where two columns would have names that databases take for one, whatever the case."""
    fields = {field.name.casefold(): field.name for field in model.fields_}
    for column in unnamed:
        if column in fields:
            raise UsageError(
                f"the covariates have no names, and the field {fields[column]!r} has the name that "
                "the view gives to one: fit again with another name for it"
            )
    first: dict[str, str] = {}
    for of in suffixes(model):
        if of.casefold() in first:
            raise UsageError(
                f"the targets {first[of.casefold()][1:]!r} and {of[1:]!r} are one name in SQL, "
                "where case does not count: fit again with another name for one of them"
            )
        first[of.casefold()] = of


def _features(model: GenZRegressor, values: Values) -> tuple[list[str], dict[str, str]]:
    """Expressions of all features, and the columns that some of them are read from."""
    kinds = {field.name: field.kind for field in model.fields_}
    is_builtin = name_of(model) == "builtin"
    expressions, to_fill = [], {}
    for k, feature in enumerate(model.features_, start=1):
        condition = parse_condition(feature.description) if is_builtin else None
        said = None
        if condition is not None and feature.description.isprintable():
            said = to_condition(condition, kinds, values)
        if said is None:
            to_fill[f"judgment_{k}"] = feature.description
            judged = f"judgment_{k}"
        else:
            judged = f"CASE WHEN {said} THEN 1 WHEN NOT ({said}) THEN 0 END"
        note = _comment(feature.description)
        expressions.append(f"{judged} AS feature_{k} /* {note} */")
    return expressions, to_fill


def _means(model: GenZRegressor) -> list[tuple[str, str]]:
    """The mean of each dimension and its suffix: intercept, covariates, P(z = 1 | judgment)."""
    regression = model.regression_
    means = []
    for d, of in enumerate(suffixes(model)):
        terms = [f"CAST({number(regression.intercept_[d])} AS DOUBLE PRECISION)"]
        for p, covariate in enumerate(_covariates(model)):
            terms.append(f"{number(regression.covariate_weights_[p, d])} * {name(covariate)}")
        for k in range(len(model.features_)):
            terms.append(f"{number(regression.weights_[k, d])} * ({_probability(model, k)})")
        means.append(("\n      + ".join(terms), of))
    return means


def _probability(model: GenZRegressor, k: int) -> str:
    """P(z = 1 | judgment) of a feature, as the fitted channel reads its judgment."""
    regression = model.regression_
    judged, unknown = f"feature_{k + 1}", number(regression.prevalence_[k])
    if np.isnan(regression.ppv_[k]):
        alpha, gamma = (
            number(array[k]) for array in (regression.channel_intercept_, regression.channel_slope_)
        )
        # Closer to 0 and 1 judgments are not read, as genz._core.PROBABILITY_CLIP says.
        clip = number(PROBABILITY_CLIP)
        p = (
            f"CASE WHEN {judged} < {clip} THEN {clip} WHEN {judged} > 1 - {clip} THEN 1 - {clip} "
            f"ELSE {judged} END"
        )
        log_odds = f"{alpha} + {gamma} * (LN({p}) - LN(1 - ({p})))"
        return f"CASE WHEN {judged} IS NULL THEN {unknown} ELSE 1 / (1 + EXP(-({log_odds}))) END"
    yes, no = number(regression.ppv_[k]), number(regression.fomr_[k])
    return f"CASE WHEN {judged} > 0.5 THEN {yes} WHEN {judged} <= 0.5 THEN {no} ELSE {unknown} END"


def _covariates(model: GenZRegressor) -> list[str]:
    if _has_names(model):
        return [str(each) for each in model.metadata.get("covariates") or ()]
    return [f"covariate_{p}" for p in range(1, model.covariates_.shape[1] + 1)]


def _has_names(model: GenZRegressor) -> bool:
    """Whether all covariates have a name; a fit in Python gives them none."""
    return len(model.metadata.get("covariates") or ()) == int(model.covariates_.shape[1])


def _head(
    model: GenZRegressor, table: str, to_fill: dict[str, str], unnamed: tuple[str, ...]
) -> str:
    """What whoever runs the script should know."""
    lines = [
        f"Features and linear prediction of a model of genz, for the rows of {path(table)}.",
        "Columns of numbers must be numeric, of dates DATE or text like 2024-01-31, of lists text "
        "with | between the entries. Texts are compared in lower case by LOWER: beyond ASCII that "
        "is the database's. Codes of a stretch (from A to B) are compared by its collation.",
        "Beside ANSI SQL it uses REPLACE, SUBSTR, LENGTH and LOWER.",
    ]
    if model.log_target:
        lines.append(
            "The target was fitted as its logarithm: prediction = EXP(linear_prediction). genz "
            "predict gives the median of the mixture, which differs a little where judgments are "
            "uncertain."
        )
    for column, description in to_fill.items():
        lines.append(
            f'SQL cannot judge "{description}": fill the column {column} with 1, 0, a '
            "probability, or NULL where it is unknown."
        )
    for p, column in enumerate(unnamed, start=1):
        lines.append(f"Covariate {p} of the fit has no name: fill the column {column} with it.")
    return "".join(f"-- {_comment(line)}\n" for line in lines)


def _comment(text: str) -> str:
    """A text that ends neither its line nor its comment, whatever is in it."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.replace("*/", "* /").replace("/*", "/ *").split())


def _select(columns: list[str], indent: str = "  ") -> str:
    return f"{indent}SELECT\n" + ",\n".join(f"{indent}  {column}" for column in columns)

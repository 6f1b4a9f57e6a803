"""``genz predict``: predict the items of a catalog with a saved model."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.command import Command
from genz.cli.model_options import catalog_directory, model_options
from genz.cli.options import PATH, output_options
from genz.cli.output import CSV, JSON_LINES, NPZ, check_parent, form_of
from genz.cli.plan import asked, show
from genz.cli.records import to_line
from genz.cli.terminal import say
from genz.fitted_target import target_names
from genz.plain_csv import to_csv

if TYPE_CHECKING:
    from genz.cli.known import Known
    from genz.regressor import GenZRegressor
    from genz.statistics.arrays import Floats


@click.command(
    cls=Command,
    short_help="Predict the items of a catalog, with intervals.",
    examples=(
        ("predictions with intervals of 90 %", "predict model new_houses.csv > predictions.csv"),
        ("as records", "predict model new_houses.csv --json --interval 0.5"),
        (
            "what asking will take and cost",
            "predict model new_houses.csv --plan --prices prices.toml",
        ),
    ),
)
@click.argument("directory", type=PATH, metavar="DIR")
@click.argument("catalog", type=PATH)
@model_options
@click.option(
    "--out",
    type=PATH,
    metavar="FILE",
    help="Where to write: .csv, .jsonl or .npz.  [default: stdout]",
)
@click.option(
    "--interval",
    "level",
    type=float,
    default=0.9,
    show_default=True,
    metavar="P",
    help="Probability that the interval holds.",
)
@click.option(
    "--plan", "only_plan", is_flag=True, help="Say what it takes and cost, and ask nothing."
)
@output_options
def predict(
    directory: Path,
    catalog: Path,
    out: Path | None,
    level: float,
    only_plan: bool,
    as_json: bool,
    verbose: bool,
    **options: Any,
) -> int:
    """Predict every item of a catalog with the model in DIR.

    Writes id, prediction, lower and upper; the id is the row number where the model was fitted
    without --id. The catalog needs the fields, covariates and id of the fit, no target. FILE is
    CSV where it ends on .csv, the records of --json where it ends on .jsonl, or arrays ids,
    prediction, lower, upper and target (the names of the dimensions) where it ends on .npz. In CSV
    an id that a spreadsheet would take for a formula (=, +, -, @, tab) gets an apostrophe before
    it; the other forms have it as it is.
    """
    import numpy as np

    from genz.catalog.files import read_columns
    from genz.cli.foundation import ModelOptions, conclude
    from genz.cli.known import read_known
    from genz.cli.progress import Progress
    from genz.persistence import load, write_whole
    from genz.statistics.fitted import check_level

    check_level(level)
    check_parent(out)
    # A plan is no file: with it --json is the form of the plan.
    form = None if only_plan else form_of(out, as_json=as_json, forms=(CSV, JSON_LINES, NPZ))
    about_model, _ = ModelOptions.split(options)
    model = load(directory, judging=False)
    foundation_model = about_model.make(image_root=catalog_directory(catalog), fitted=model)
    model.foundation_model = foundation_model
    known = read_known(model, read_columns(catalog))
    if only_plan:
        from genz.foundation.remote.outlook import total

        endpoint = asked(foundation_model)
        features = [feature.description for feature in model.features_]
        steps = [
            endpoint.plan_judging(known.items, features),
            endpoint.plan_auditing(known.items, len(features)),
        ]
        show([*steps, total(steps)], endpoint.prices, as_json=as_json)
        return 0
    with Progress(verbose=verbose, foundation_model=foundation_model):
        judgments = model.judge(known.items)
    arrays = _arrays(model, known, judgments, level)
    if out is not None and form == NPZ:
        buffer = io.BytesIO()
        names = {"ids": np.array(known.ids), "target": np.array(target_names(model))}
        np.savez_compressed(buffer, allow_pickle=False, **names, **arrays)
        write_whole(out, buffer.getvalue())
        say(f"{len(known.ids)} predictions written to {out}")
        return conclude(foundation_model, about_model.max_unknown)
    rows = list(_rows(known.ids, target_names(model), arrays))
    written = _json_lines(rows).encode() if form == JSON_LINES else _csv(rows)
    if out is None:
        # A single large write to a pipe whose reader leaves ends early without an error (CPython).
        for line in written.decode().splitlines(keepends=True):
            click.echo(line, nl=False)
    else:
        write_whole(out, written)
        say(f"{len(rows)} predictions written to {out}")
    return conclude(foundation_model, about_model.max_unknown)


def _arrays(
    model: "GenZRegressor", known: "Known", judgments: "Floats", level: float
) -> "dict[str, Floats]":
    """Predictions and the ends of their intervals, (N,) or (N, D) each."""
    given: dict[str, Any] = {"covariates": known.covariates, "judgments": judgments}
    lower, upper = model.predict_interval(known.items, level=level, **given)
    return {"prediction": model.predict(known.items, **given), "lower": lower, "upper": upper}


def _rows(
    ids: list[str], names: Sequence[str], arrays: "dict[str, Floats]"
) -> Iterator[dict[str, Any]]:
    """Predictions by item; each of a vector's is a dictionary by target."""
    for ix, item_id in enumerate(ids):
        row: dict[str, Any] = {"id": item_id}
        for name, array in arrays.items():
            value = array[ix].tolist()
            row[name] = dict(zip(names, value, strict=True)) if isinstance(value, list) else value
        yield row


def _json_lines(rows: list[dict[str, Any]]) -> str:
    return "".join(to_line("prediction", row) + "\n" for row in rows)


def _csv(rows: list[dict[str, Any]]) -> bytes:
    """One column for each number; those of a vector are ``prediction_NAME`` and so on."""
    flat = [
        {
            (key if name is None else f"{key}_{name}"): number
            for key, value in row.items()
            for name, number in (value.items() if isinstance(value, dict) else [(None, value)])
        }
        for row in rows
    ]
    return to_csv(flat[0], (row.values() for row in flat))

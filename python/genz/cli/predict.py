"""``genz predict``: predict the items of a catalog with a saved model."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.model_options import catalog_directory, model_options
from genz.cli.options import PATH
from genz.cli.plan import asked, show
from genz.errors import UsageError

if TYPE_CHECKING:
    from genz.cli.known import Known
    from genz.regressor import GenZRegressor
    from genz.statistics.arrays import Floats

JSON_SUFFIXES = (".jsonl", ".ndjson")


@click.command()
@click.argument("directory", type=PATH, metavar="DIR")
@click.argument("catalog", type=PATH)
@model_options
@click.option("--out", type=PATH, metavar="FILE", help="Where to write.  [default: stdout]")
@click.option(
    "--interval",
    "level",
    type=float,
    default=0.9,
    show_default=True,
    help="Probability that the interval holds.",
)
@click.option(
    "--plan", "only_plan", is_flag=True, help="Say what it takes and cost, and ask nothing."
)
@click.option("--json", "as_json", is_flag=True, help="JSON lines, as with --out FILE.jsonl.")
@click.option("--verbose", is_flag=True, help="Say more of what goes wrong.")
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
    CSV, JSON lines where it ends on .jsonl, or arrays ids, prediction, lower, upper and target (the
    names of the dimensions) where it ends on .npz.
    """
    import numpy as np

    from genz.catalog.files import read_columns
    from genz.cli.foundation import ModelOptions, conclude
    from genz.cli.known import read_known
    from genz.cli.progress import Progress
    from genz.persistence import load, write_whole
    from genz.statistics.fitted import check_level

    check_level(level)
    if out is not None and not out.parent.is_dir():
        raise UsageError(f"{out.parent} is no directory to write {out.name} to")
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
    if out is not None and out.suffix.lower() == ".npz":
        buffer = io.BytesIO()
        names = {"ids": np.array(known.ids), "target": np.array(_target_names(model))}
        np.savez_compressed(buffer, allow_pickle=False, **names, **arrays)
        write_whole(out, buffer.getvalue())
        click.echo(f"{len(known.ids)} predictions written to {out}", err=True)
        return conclude(foundation_model, about_model.max_unknown)
    rows = list(_rows(known.ids, _target_names(model), arrays))
    as_json = as_json or (out is not None and out.suffix.lower() in JSON_SUFFIXES)
    text = _json_lines(rows) if as_json else _csv(rows)
    if out is None:
        # A single large write to a pipe whose reader leaves ends early without an error (CPython).
        for line in text.splitlines(keepends=True):
            click.echo(line, nl=False)
    else:
        write_whole(out, text.encode())
        click.echo(f"{len(rows)} predictions written to {out}", err=True)
    return conclude(foundation_model, about_model.max_unknown)


def _arrays(
    model: "GenZRegressor", known: "Known", judgments: "Floats", level: float
) -> "dict[str, Floats]":
    """Predictions and the ends of their intervals, (N,) or (N, D) each."""
    given: dict[str, Any] = {"covariates": known.covariates, "judgments": judgments}
    lower, upper = model.predict_interval(known.items, level=level, **given)
    return {"prediction": model.predict(known.items, **given), "lower": lower, "upper": upper}


def _target_names(model: "GenZRegressor") -> list[str]:
    return model.metadata.get("target") or [str(d) for d in range(1, model.n_targets_ + 1)]


def _rows(
    ids: list[str], names: list[str], arrays: "dict[str, Floats]"
) -> Iterator[dict[str, Any]]:
    """Predictions by item; each of a vector's is a dictionary by target."""
    for ix, item_id in enumerate(ids):
        row: dict[str, Any] = {"id": item_id}
        for name, array in arrays.items():
            value = array[ix].tolist()
            row[name] = dict(zip(names, value, strict=True)) if isinstance(value, list) else value
        yield row


def _json_lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _csv(rows: list[dict[str, Any]]) -> str:
    """One column for each number; those of a vector are ``prediction_NAME`` and so on."""
    flat = [
        {
            (key if name is None else f"{key}_{name}"): number
            for key, value in row.items()
            for name, number in (value.items() if isinstance(value, dict) else [(None, value)])
        }
        for row in rows
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(flat[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()

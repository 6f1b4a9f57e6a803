"""``genz predict``: predict the items of a catalog with a saved model."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.options import PATH
from genz.errors import UsageError

if TYPE_CHECKING:
    from genz.catalog.files import Columns
    from genz.regressor import GenZRegressor

JSON_SUFFIXES = (".jsonl", ".ndjson")


@click.command()
@click.argument("directory", type=PATH, metavar="DIR")
@click.argument("catalog", type=PATH)
@click.option("--out", type=PATH, metavar="FILE", help="Where to write.  [default: stdout]")
@click.option(
    "--interval",
    "level",
    type=float,
    default=0.9,
    show_default=True,
    help="Probability that the interval holds.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON lines, as with --out FILE.jsonl.")
@click.option("--verbose", is_flag=True, help="Say more of what goes wrong.")
def predict(
    directory: Path, catalog: Path, out: Path | None, level: float, as_json: bool, verbose: bool
) -> None:
    """Predict every item of a catalog with the model in DIR.

    Writes id, prediction, lower and upper; the id is the row number where the model was fitted
    without --id. The catalog needs the fields, covariates and id of the fit, no target.
    """
    from genz.catalog.files import read_columns
    from genz.persistence import load, write_whole
    from genz.statistics.fitted import check_level

    check_level(level)
    if out is not None and not out.parent.is_dir():
        raise UsageError(f"{out.parent} is no directory to write {out.name} to")
    model = load(directory)
    columns = read_columns(catalog)
    rows = list(_rows(model, columns, level))
    as_json = as_json or (out is not None and out.suffix.lower() in JSON_SUFFIXES)
    text = _json_lines(rows) if as_json else _csv(rows)
    if out is None:
        # A single large write to a pipe whose reader leaves ends early without an error (CPython).
        for line in text.splitlines(keepends=True):
            click.echo(line, nl=False)
    else:
        write_whole(out, text.encode())
        click.echo(f"{len(rows)} predictions written to {out}", err=True)


def _rows(model: "GenZRegressor", columns: "Columns", level: float) -> Iterator[dict[str, Any]]:
    """Predictions by item; each of a vector's is a dictionary by target."""
    from genz.catalog import Catalog
    from genz.catalog.columns import check_column
    from genz.cli.numbers import read_covariates, read_ids

    n_items = len(next(iter(columns.values())))
    known = model.metadata
    covariates, id_column = known.get("covariates", []), known.get("id")
    if len(covariates) != model.covariates_.shape[1]:
        raise UsageError("the model was fitted in Python with covariates that have no names")
    for name in (*covariates, *(() if id_column is None else (id_column,))):
        check_column(name, columns)
    ids = (
        [str(row) for row in range(1, n_items + 1)]
        if id_column is None
        else read_ids(id_column, columns[id_column])
    )
    x = read_covariates(columns, covariates, range(n_items))
    items = Catalog.from_items(columns, fields=model.fields_)
    lower, upper = model.predict_interval(items, covariates=x, level=level)
    arrays = {"prediction": model.predict(items, covariates=x), "lower": lower, "upper": upper}
    names = known.get("target") or [str(d) for d in range(1, model.n_targets_ + 1)]
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

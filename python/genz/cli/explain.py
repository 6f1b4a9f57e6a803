"""``genz explain``: what the features contribute to the predictions of items."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.command import Command
from genz.cli.model_options import catalog_directory, model_options
from genz.cli.options import PATH, output_options
from genz.cli.output import CSV, JSON_LINES, check_parent, form_of
from genz.cli.records import to_line
from genz.cli.terminal import say
from genz.errors import DataError
from genz.plain_csv import to_csv

if TYPE_CHECKING:
    from genz.explanation import Explanation

N_SHOWN = 10
"""Items that are explained in words where none are named."""
_MAX_NAME = 60


@click.command(
    cls=Command,
    short_help="Say why items are predicted as they are.",
    examples=(
        ("the first items, in words", "explain model houses.csv"),
        ("one item", "explain model houses.csv --item h7"),
        ("all of them as a table", "explain model houses.csv --out explanations.csv"),
    ),
)
@click.argument("directory", type=PATH, metavar="DIR")
@click.argument("catalog", type=PATH)
@model_options
@click.option(
    "--item",
    "wanted",
    multiple=True,
    metavar="ID",
    help="Explain only this item; may be repeated. Only what is explained is judged.",
)
@click.option(
    "--out", type=PATH, metavar="FILE", help="Where to write: .jsonl or .csv.  [default: stdout]"
)
@output_options
def explain(
    directory: Path,
    catalog: Path,
    wanted: tuple[str, ...],
    out: Path | None,
    as_json: bool,
    verbose: bool,
    **options: Any,
) -> int:
    """Say why the items of a catalog are predicted as they are.

    Baseline (the mean prediction of the training items) and contributions of features and
    covariates add up to the prediction; with a log target their factors multiply to it. For each
    feature: the judgment, the probability that the item has it, and the prediction if it were known
    to have it, and not to. Without --item the first 10 items are explained in words, all in a file
    and as JSON. The CSV has a row for each item, term and target; a text there that a spreadsheet
    would take for a formula (=, +, -, @, tab) gets an apostrophe before it.
    """
    from genz.catalog.files import read_columns
    from genz.cli.foundation import ModelOptions, conclude
    from genz.cli.known import read_known
    from genz.cli.progress import Progress
    from genz.persistence import load, write_whole

    check_parent(out)
    form = form_of(out, as_json=as_json, forms=(CSV, JSON_LINES))
    about_model, _ = ModelOptions.split(options)
    model = load(directory, judging=False)
    foundation_model = about_model.make(image_root=catalog_directory(catalog), fitted=model)
    model.foundation_model = foundation_model
    known = read_known(model, read_columns(catalog))
    rows = _rows_of(known.ids, wanted, N_SHOWN if form is None else len(known.ids))
    with Progress(verbose=verbose, foundation_model=foundation_model):
        explanation = model.explain(
            known.items.take(rows),
            covariates=None if known.covariates is None else known.covariates[rows],
            ids=[known.ids[row] for row in rows],
        )
    if form is None:
        for line in _lines(explanation):
            click.echo(line)
        if not wanted and len(rows) < len(known.ids):
            say(f"{len(rows)} of {len(known.ids)} items explained: name others by --item")
    elif out is None:
        for line in _json_lines(explanation):
            click.echo(line)
    else:
        lines = "".join(f"{line}\n" for line in _json_lines(explanation))
        write_whole(out, _csv(explanation) if form == CSV else lines.encode())
        say(f"{len(rows)} explanations written to {out}")
    return conclude(foundation_model, about_model.max_unknown)


def _rows_of(ids: list[str], wanted: tuple[str, ...], n_shown: int) -> list[int]:
    """Rows of the items that are wanted, in this order; else of the first."""
    if not wanted:
        return list(range(min(n_shown, len(ids))))
    row_of = {name: row for row, name in enumerate(ids)}
    missing = next((name for name in wanted if name not in row_of), None)
    if missing is not None:
        raise DataError(
            f"the catalog has no item {missing!r}, wanted one of {len(ids)}: {ids[0]!r}, ..."
        )
    return [row_of[name] for name in dict.fromkeys(wanted)]


def _json_lines(explanation: "Explanation") -> Iterator[str]:
    document = explanation.to_dict()
    # A record says its version itself.
    del document["schema_version"]
    items = document.pop("items")
    for item in items:
        yield to_line("explanation", {**document, **item})


def _csv(explanation: "Explanation") -> bytes:
    columns = explanation.to_columns()
    return to_csv(columns, zip(*columns.values(), strict=True))


def _lines(explanation: "Explanation") -> Iterator[str]:
    """Each item in words: targets below one another, terms by the size of their contribution."""
    import math

    from genz.report.text import number, one_line, percent, printable, rate

    is_log = explanation.log_target

    def change(value: float) -> str:
        return percent(math.expm1(value), signed=True) if is_log else number(value, signed=True)

    for row, name in enumerate(explanation.ids):
        item = explanation.item(row)
        for d, target in enumerate(explanation.targets):
            base = float(explanation.baseline[d])
            about = f" {target}" if len(explanation.targets) > 1 else ""
            yield str(
                printable(
                    f"{one_line(name)}{about}: {number(item['prediction'][d], digits=4)}, "
                    f"baseline {number(math.exp(base) if is_log else base, digits=4)}"
                )
            )
            for term in item["terms"]:
                text = (
                    f"  {change(term['contribution'][d]):>10}  {one_line(term['name'], _MAX_NAME)}"
                )
                if term["kind"] == "feature":
                    judged = {None: "not judged", 1.0: "judged yes", 0.0: "judged no"}.get(
                        term["judgment"], f"judged {rate(term['judgment'])}"
                    )
                    text += (
                        f" ({judged}, P {rate(term['probability'])}; "
                        f"with it {number(term['if_holds'][d], digits=4)}, "
                        f"without {number(term['if_not'][d], digits=4)})"
                    )
                yield str(printable(text))
            if is_log:
                yield f"  {change(item['to_median'][d]):>10}  from mean to median of the logarithm"

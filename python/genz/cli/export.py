"""``genz export``: the features of a saved model for use elsewhere."""

from pathlib import Path

import click

from genz.cli.command import Command
from genz.cli.options import PATH
from genz.cli.output import check_parent
from genz.cli.terminal import say
from genz.errors import UsageError


@click.command(
    cls=Command,
    short_help="Write the features for use elsewhere.",
    examples=(
        ("a table for a spreadsheet", "export model --features-csv features.csv"),
        ("predictions inside of a database", "export model --sql predictions.sql --table houses"),
        ("how a language model is to answer", "export model --json-schema answer.json"),
    ),
)
@click.argument("directory", type=PATH, metavar="DIR")
@click.option(
    "--features-csv",
    type=PATH,
    metavar="FILE",
    help="A table of the features: effects, standard errors, error rates, shares, gains.",
)
@click.option(
    "--sql",
    type=PATH,
    metavar="FILE",
    help="A view that judges the rows of a table in a database, and predicts them.",
)
@click.option(
    "--json-schema",
    type=PATH,
    metavar="FILE",
    help="The answer that a language model should give about an item, for its response_format.",
)
@click.option(
    "--table",
    default="items",
    show_default=True,
    metavar="NAME",
    help="With --sql: the table of the items, with the fields of the fit as columns.",
)
@click.option(
    "--view",
    default="genz_predictions",
    show_default=True,
    metavar="NAME",
    help="With --sql: the view that is made.",
)
def export(
    directory: Path,
    features_csv: Path | None,
    sql: Path | None,
    json_schema: Path | None,
    table: str,
    view: str,
) -> None:
    """Write the features of the model in DIR as a table, as SQL or as a JSON schema.

    Nothing is asked of a model. Files that are there are replaced. SQL judges the sentences of the
    built-in model; for any other feature it reads a column that you fill, and says so.

    Example: genz export model --features-csv features.csv --sql model.sql --table houses
    """
    from genz.export import to_csv, to_json_schema, to_sql
    from genz.persistence import load, write_whole

    files = [file for file in (features_csv, sql, json_schema) if file is not None]
    if not files:
        raise UsageError("nothing to export: give --features-csv, --sql or --json-schema")
    for file in files:
        check_parent(file)
        if files.count(file) > 1:
            raise UsageError(f"{file} is named twice, wanted a file for each form")
    model = load(directory, judging=False)
    if features_csv is not None:
        write_whole(features_csv, to_csv(model))
    if json_schema is not None:
        write_whole(json_schema, to_json_schema(model))
    if sql is not None:
        script = to_sql(model, table=table, view=view)
        write_whole(sql, script.text.encode())
        for column, description in script.to_fill.items():
            say(f"SQL cannot judge {description!r}: fill the column {column} of {table}")
        for p, column in enumerate(script.unnamed, start=1):
            say(f"covariate {p} of the fit has no name: fill the column {column} of {table}")
    named = ", ".join(str(file) for file in files)
    say(f"{len(model.features_)} features written to {named}")

"""``genz schema``: what the records of ``--json`` are."""

import click

from genz.cli.command import Command
from genz.cli.records import schema_text


@click.command(
    cls=Command,
    short_help="Print the JSON Schema of the records of --json.",
    examples=(("keep it where a pipeline checks records", "schema > genz-1.json"),),
)
def schema() -> None:
    """Print the JSON Schema of the records that --json writes.

    Every record has "schema", the version, and "event", which says what else it has.
    """
    click.echo(schema_text(), nl=False)

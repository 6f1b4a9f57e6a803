"""``genz probe``: what an endpoint really supports."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from genz.cli.command import Command
from genz.cli.model_options import model_options
from genz.cli.options import json_option
from genz.cli.records import emit
from genz.cli.terminal import say


@click.command(
    cls=Command,
    short_help="Find out what an endpoint really supports.",
    examples=(
        (
            "a server on this machine",
            "probe --model openai:NAME --base-url http://127.0.0.1:8000/v1",
        ),
        ("a vendor, with the key of a file", "probe --model anthropic:NAME --key-file key.txt"),
    ),
)
@model_options
@json_option
def probe(as_json: bool, **options: Any) -> None:
    """Find out what an endpoint really does with schemas, log-probabilities and images.

    Asks a few questions whose right answer cannot arise by chance. The findings are kept in the
    answer store: later runs ask this endpoint accordingly.
    """
    import asyncio

    from genz.cli.foundation import ModelOptions
    from genz.cli.plan import asked

    about_model, _ = ModelOptions.split(options)
    model = asked(about_model.make(image_root=Path.cwd()))
    found = asyncio.run(model.probe())
    for finding in found.findings:
        if as_json:
            emit("finding", asdict(finding))
        else:
            click.echo(f"{finding.name:<20} {finding.supported:<10} {finding.evidence}")
    say(f"{found.usage.total:,} tokens")

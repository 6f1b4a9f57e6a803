"""``genz probe``: what an endpoint really supports."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from genz.cli.model_options import model_options


@click.command()
@model_options
@click.option("--json", "as_json", is_flag=True, help="One record for each finding.")
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
            click.echo(json.dumps(asdict(finding), ensure_ascii=False))
        else:
            click.echo(f"{finding.name:<20} {finding.supported:<10} {finding.evidence}")
    click.echo(f"genz: {found.usage.total:,} tokens", err=True)

"""``genz experiment``: the experiments whose figures are published, as commands."""

import click

from genz.cli.command import Group
from genz.cli.experiment.airbnb import airbnb
from genz.cli.experiment.houses import houses
from genz.cli.experiment.movies import movies
from genz.cli.experiment.planted import planted
from genz.cli.experiment.windsor import windsor


@click.group(cls=Group, short_help="Run an experiment whose figures are published.")
def experiment() -> None:
    """Run an experiment whose figures are published (docs/experiments.md)."""


for command in (houses, movies, airbnb, windsor, planted):
    experiment.add_command(command)

"""``genz experiment windsor``: judges that turn known truth round."""

from dataclasses import asdict
from pathlib import Path

import click

from genz.cli.command import Command
from genz.cli.experiment.options import data_option, seeds_option
from genz.cli.options import json_option
from genz.cli.records import emit


@click.command(
    cls=Command,
    short_help="Weights where judges err at known rates.",
    examples=(("quickly", "experiment windsor --items 2000 --draws 5"),),
)
@data_option
@seeds_option("0-4")
@click.option(
    "--items",
    "n_items",
    type=click.IntRange(min=100),
    default=20_000,
    show_default=True,
    metavar="N",
    help="Resampled houses.",
)
@click.option(
    "--draws",
    "n_draws",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    metavar="N",
    help="Draws of judges of the houses themselves.",
)
@click.option(
    "--gold",
    "n_gold",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="Gold labels of each draw.",
)
@json_option
def windsor(
    data: Path | None, seeds: list[int], n_items: int, n_draws: int, n_gold: int, as_json: bool
) -> None:
    """Recover weights and error rates where judges err at known rates, .05 to .3.

    First with many resampled houses and vector targets, once for each seed; then with the houses
    themselves and their price, without and with gold labels, beside least squares on the raw
    judgments.
    """
    import numpy as np

    from genz.experiments.windsor import read, recover, with_gold_labels

    houses = read(data)
    if not as_json:
        click.echo(f"{n_items:,} resampled houses, 8 target dimensions")
        click.echo("seed  deviation of weights  by least squares  largest error of an error rate")
    for seed in seeds:
        found = recover(houses, seed=seed, n_items=n_items)
        if as_json:
            emit("recovery", {"seed": seed, "largest_error": found.largest_error, **asdict(found)})
        else:
            click.echo(
                f"{seed:4}  {found.deviation:20.2%}  {found.naive_deviation:16.2%}  "
                f"{found.largest_error:30.4f}"
            )
    draws = list(with_gold_labels(houses, n_draws=n_draws, n_gold=n_gold, seed=seeds[0]))
    means = {
        name: float(np.mean([getattr(draw, name) for draw in draws]))
        for name in ("gold", "unaided", "naive")
    }
    better = float(np.mean([draw.gold < draw.naive for draw in draws]))
    if as_json:
        emit("gold_labels", {"n_draws": n_draws, **means, "gold_beats_naive": better})
        return
    click.echo(f"{len(houses.log_price)} houses, log price, {n_draws} draws of judges")
    click.echo("mean squared error of the weights")
    click.echo(f"  with {n_gold} gold labels  {means['gold']:.6f}")
    click.echo(f"  without gold labels   {means['unaided']:.6f}")
    click.echo(f"  least squares         {means['naive']:.6f}")
    click.echo(f"gold labels beat least squares in {better:.0%} of the draws")

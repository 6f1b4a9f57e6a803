"""``genz experiment planted``: features hidden in texts, found again."""

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from genz.cli.command import Command
from genz.cli.experiment.options import seeds_option
from genz.cli.options import json_option
from genz.cli.ranges import FiniteRange
from genz.cli.records import emit

if TYPE_CHECKING:
    from genz.experiments.planted import Planted


@click.command(
    cls=Command,
    short_help="Features that are hidden in texts.",
    examples=(
        ("a judge that errs", "experiment planted --noise 0.1"),
        ("what is found where there is nothing", "experiment planted --null --seeds 0-99"),
    ),
)
@seeds_option("0-9")
@click.option(
    "--items",
    "n_items",
    type=click.IntRange(min=30),
    default=2000,
    show_default=True,
    metavar="N",
    help="Number of texts.",
)
@click.option(
    "--features-planted",
    "n_planted",
    type=click.IntRange(1, 12),
    default=12,
    show_default=True,
    metavar="N",
    help="Features that are hidden in them.",
)
@click.option(
    "--dimensions",
    "n_targets",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="D",
    help="Dimensions of the target.",
)
@click.option(
    "--noise",
    "error_rate",
    type=FiniteRange(0, 0.5, max_open=True),
    default=0.0,
    show_default=True,
    metavar="P",
    help="Share of judgments that are wrong.",
)
@click.option(
    "--r2",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    metavar="P",
    help="Share of the target's variance that the planted features explain.",
)
@click.option(
    "--features",
    "n_features",
    type=click.IntRange(min=1),
    metavar="K",
    help="The most features.  [default: those planted and 8]",
)
@click.option(
    "--companions", is_flag=True, help="Texts also hold words that go with the planted ones."
)
@click.option("--null", "permuted", is_flag=True, help="Permute the targets: nothing is there.")
@json_option
def planted(
    seeds: list[int],
    n_items: int,
    n_planted: int,
    n_targets: int,
    error_rate: float,
    r2: float,
    n_features: int | None,
    companions: bool,
    permuted: bool,
    as_json: bool,
) -> None:
    """Hide features in texts, discover, and count which are found.

    A feature is found when a description agrees with it on more than 90 % of the items; another
    one that agrees as well is repeated. A description that agrees less but correlates with a
    feature is a rough version of it; one that has to do with none is spurious.
    """
    from genz.experiments.planted import run

    if not as_json:
        click.echo("seed  found  planted  repeated  rough  spurious     R2  seconds  missed")
    results = []
    for seed in seeds:
        result = run(
            seed,
            n_items=n_items,
            n_planted=n_planted,
            n_targets=n_targets,
            error_rate=error_rate,
            r2=r2,
            n_features=n_features,
            companions=companions,
            permuted=permuted,
        )
        results.append(result)
        if as_json:
            emit("planted_run", dataclasses.asdict(result))
        else:
            click.echo(
                f"{seed:4}  {result.n_found:5}  {result.n_planted:7}  {result.n_repeated:8}  "
                f"{result.n_rough:5}  {result.n_spurious:8}  {result.r2:5.3f}  "
                f"{result.seconds:7.1f}  "
                f"{', '.join(result.missed) or '-'}"
            )
    summary = _summary(results)
    if as_json:
        emit("planted", summary)
    else:
        click.echo(
            f"{summary['found']:.1%} of the planted features found; spurious: "
            f"{summary['spurious']:.2f} a run, at most {summary['most_spurious']}; "
            f"{summary['n_accepting']} of {summary['n_runs']} runs accepted anything "
            f"(95 % interval of the share: {summary['accepting'][0]:.3f} to "
            f"{summary['accepting'][1]:.3f})"
        )


def _summary(results: "list[Planted]") -> dict[str, Any]:
    from genz.evaluation.null import clopper_pearson

    n_accepting = sum(bool(result.features) for result in results)
    return {
        "n_runs": len(results),
        "found": sum(r.n_found for r in results) / sum(r.n_planted for r in results),
        "spurious": sum(r.n_spurious for r in results) / len(results),
        "most_spurious": max(r.n_spurious for r in results),
        "n_accepting": n_accepting,
        "accepting": list(clopper_pearson(n_accepting, len(results))),
    }

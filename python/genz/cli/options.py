"""Options that several commands share."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

PATH: click.Path = click.Path(path_type=Path)

patience_option = click.option(
    "--patience",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    metavar="N",
    help="Rounds without a new feature before discovery stops.",
)


def _names(_: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> list[str]:
    """Split comma-separated lists; a name with a comma stands between double quotes."""
    names: list[str] = []
    for value in values:
        for name in next(csv.reader([value], skipinitialspace=True), []):
            if not name.strip():
                raise click.BadParameter(f"{value!r} holds an empty name", param=parameter)
            names.append(name.strip())
    return list(dict.fromkeys(names))


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which columns are what, and how to discover."""
    options = (
        click.argument("catalog", type=PATH),
        click.option(
            "--target",
            multiple=True,
            metavar="COL",
            help="Number to predict; several times for a vector. Empty where it is not known.",
        ),
        click.option(
            "--target-file",
            metavar="FILE[:IDS:MATRIX]",
            help="Vectors to predict instead: a .npz file with an array of ids, matched with --id, "
            "and a matrix.",
        ),
        click.option("--id", metavar="COL", help="Names the items; no two alike."),
        _columns("--text", "Columns to read as free text."),
        _columns("--table", "Columns to read as table fields."),
        _columns("--images", "Columns of paths of images; several in one separated by |."),
        _columns("--covariates", "Numbers that enter the regression directly."),
        click.option("--weight", metavar="COL", help="Weights of the items in the fit."),
        click.option("--log-target", is_flag=True, help="Regress the logarithm of the target."),
        click.option(
            "--features",
            "n_features",
            type=click.IntRange(min=1),
            metavar="K",
            help="The most features.  [default: 30, with a vector target 20]",
        ),
        patience_option,
        click.option(
            "--features-file",
            type=PATH,
            metavar="FILE",
            help="Features of your own, one description a line; they are never dropped.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="The same seed gives the same features.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How much to say and in which form."""
    command = click.option("--verbose", is_flag=True, help="Say each decision on stderr.")(command)
    return click.option("--json", "as_json", is_flag=True, help="Records as JSON lines.")(command)


def _columns(name: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(name, multiple=True, callback=_names, metavar="COLS", help=text)

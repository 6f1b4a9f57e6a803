"""Options that several commands share."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from genz.cli.command import (
    COLUMNS,
    DISCOVERY,
    GENERAL,
    VERBOSE,
    Decorator,
    note_json,
    note_verbose,
    option_of,
)

_column = option_of(COLUMNS)
_discovery = option_of(DISCOVERY)
_general = option_of(GENERAL)

PATH: click.Path = click.Path(path_type=Path)

json_option = _general(
    "--json",
    "as_json",
    is_flag=True,
    callback=note_json,
    help="Records as JSON lines, described by `genz schema`.",
)

verbose_option = _general(
    "--verbose",
    is_flag=True,
    callback=note_verbose,
    help=VERBOSE,
)

patience_option = _discovery(
    "--patience",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    metavar="N",
    help="Rounds without a new feature before a search stops.",
)

searches_option = _discovery(
    "--searches",
    "n_searches",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Independent searches, whose features the fit joins: more accurate, N times the asking.",
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
        _column(
            "--target",
            multiple=True,
            metavar="COL",
            help="Number to predict; several times for a vector. Empty where it is not known.",
        ),
        _column(
            "--target-file",
            metavar="FILE[:IDS:MATRIX]",
            help="Vectors to predict instead: a .npz file with an array of ids, matched with --id, "
            "and a matrix.",
        ),
        _column("--id", metavar="COL", help="Names the items; no two alike."),
        _names_option("--text", "Columns to read as free text."),
        _names_option("--table", "Columns to read as table fields."),
        _names_option("--images", "Columns of paths of images; several in one separated by |."),
        _names_option("--covariates", "Numbers that enter the regression directly."),
        _column("--weight", metavar="COL", help="Weights of the items in the fit."),
        _column(
            "--group",
            metavar="COL",
            help="Items of a group, such as a host's, have something in common: it counts once, "
            "and they are held out together.",
        ),
        _column("--log-target", is_flag=True, help="Regress the logarithm of the target."),
        _discovery(
            "--features",
            "n_features",
            type=click.IntRange(min=1),
            metavar="K",
            help="The most features.  [default: 30, with a vector target 20]",
        ),
        patience_option,
        searches_option,
        _discovery(
            "--features-file",
            type=PATH,
            metavar="FILE",
            help="Features of your own, one description a line; they are never dropped.",
        ),
        _discovery(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            metavar="N",
            help="The same seed gives the same features.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How much to say and in which form."""
    return json_option(verbose_option(command))


def _names_option(name: str, text: str) -> Decorator:
    return _column(name, multiple=True, callback=_names, metavar="COLS", help=text)

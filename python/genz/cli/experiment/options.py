"""Options that experiments share."""

import re
from collections.abc import Callable
from typing import Any

import click

from genz.cli.model_options import model_options
from genz.cli.options import PATH, output_options, patience_option, searches_option

Command = Callable[..., Any]


def seeds(_: click.Context, parameter: click.Parameter, value: str) -> list[int]:
    """Read ``0,1,2``, ``0-9`` or both; every seed once, in the order given."""
    numbers: list[int] = []
    for part in value.split(","):
        found = re.fullmatch(r"\s*(\d{1,9})(?:\s*-\s*(\d{1,9}))?\s*", part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if last < first:
            raise click.BadParameter(
                f"{value!r} names no seeds, wanted 0,1,2 or 0-9", param=parameter
            )
        numbers.extend(range(first, last + 1))
    return list(dict.fromkeys(numbers))


def methods(_: click.Context, __: click.Parameter, value: str) -> str | tuple[str, ...]:
    """Read keys of methods; genz itself always runs, and a single word may mean several."""
    names = [name.strip() for name in value.split(",") if name.strip()]
    others = tuple(name for name in dict.fromkeys(names) if name != "genz")
    if not others:
        return "none"
    return others[0] if len(others) == 1 else others


def seeds_option(default: str) -> Callable[[Command], Command]:
    """Seeds of the repetitions."""
    return click.option(
        "--seeds",
        callback=seeds,
        default=default,
        show_default=True,
        metavar="LIST",
        help="One repetition each: 0,1,2 or 0-9.",
    )


def data_option(command: Command) -> Command:
    """Where the data sets lie."""
    return click.option(
        "--data",
        type=PATH,
        metavar="DIR",
        help="Directory of the data sets.  [default: ../shared/data]",
    )(command)


def repetition_options(*, n_folds: int, n_features: int) -> Callable[[Command], Command]:
    """Everything about an experiment on real data but the data's own options."""
    options = (
        data_option,
        seeds_option("0-4"),
        click.option(
            "--folds",
            "n_folds",
            type=click.IntRange(min=2),
            default=n_folds,
            show_default=True,
            metavar="N",
            help="Number of folds.",
        ),
        click.option(
            "--features",
            "n_features",
            type=click.IntRange(min=1),
            default=n_features,
            show_default=True,
            metavar="K",
            help="The most features.",
        ),
        patience_option,
        searches_option,
        click.option(
            "--methods",
            "baselines",
            callback=methods,
            default="default",
            show_default=True,
            metavar="KEYS",
            help="Baselines beside genz, as of `genz evaluate --baselines`.",
        ),
        click.option(
            "--items",
            "n_items",
            type=click.IntRange(min=10),
            metavar="N",
            help="A slice of so many items, always the same, for models that are dear.",
        ),
        click.option(
            "--out",
            type=PATH,
            metavar="DIR",
            help="Save a model of all items and the first seed's evaluation, for `genz report`.",
        ),
        click.option("--force", is_flag=True, help="Replace a model that is there."),
        model_options,
        output_options,
    )

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add

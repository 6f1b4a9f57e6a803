"""Results of ``genz evaluate`` as tables on the terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from genz.evaluation import CrossValidation, NullRuns


def print_scores(result: "CrossValidation", n_without_target: int, *, by_group: bool) -> None:
    """Print methods against scores with standard errors, then the paired differences."""
    left_out = f", {n_without_target} rows without target left out" if n_without_target else ""
    n_folds = int(result.folds.max()) + 1
    click.echo(f"{len(result.targets)} items held out in {n_folds} folds{left_out}")
    rows: dict[str, dict[str, str]] = {}
    for method, scores in result.scores.items():
        errors = result.standard_errors[method]
        # What has a number for each dimension is in the JSON.
        rows[method] = {
            name: _number(value) + (f" ({errors[name]:.2g})" if name in errors else "")
            for name, value in scores.items()
            if not isinstance(value, list)
        }
    _print_table(rows)
    click.echo("in brackets: standard error over folds")
    if not result.differences:
        return
    from genz.evaluation.comparison import LEVEL, N_RESAMPLES

    unit = "groups" if by_group else "items"
    click.echo(
        f"\ngenz less the other method, {LEVEL:.0%} interval of {N_RESAMPLES:,} bootstrap samples "
        f"of {unit}"
    )
    _print_table(
        {
            method: {
                name: f"{d.value:+.3g} [{d.lower:+.3g}, {d.upper:+.3g}]"
                for name, d in by_score.items()
            }
            for method, by_score in result.differences.items()
        }
    )


def print_null_runs(result: "NullRuns") -> None:
    """Print how many runs found something, the share with its interval, and what they found."""
    from genz.evaluation.null import LEVEL

    n_runs = len(result.runs)
    lower, upper = result.interval
    click.echo(
        f"{result.n_accepting} of {n_runs} discoveries on permuted targets ended with a feature: "
        f"family-wise error {result.family_wise_error:.3g}, {LEVEL:.0%} interval "
        f"[{lower:.3g}, {upper:.3g}]"
    )
    for number, run in enumerate(result.runs, start=1):
        for feature in run.features:
            click.echo(f"run {number}: {feature}")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _print_table(rows: Mapping[str, Mapping[str, str]]) -> None:
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = {"": names, **{m: [row.get(n, "-") for n in names] for m, row in rows.items()}}
    widths = [max(map(len, column)) for column in zip(*lines.values(), strict=True)]
    first = max(map(len, lines))
    for method, cells in lines.items():
        line = "".join(f"  {cell:>{w}}" for cell, w in zip(cells, widths, strict=True))
        click.echo(f"{method:{first}}{line}")

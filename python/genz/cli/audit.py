"""``genz audit``: the judgments that the targets contradict, and asking about them again."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.command import Command
from genz.cli.model_options import catalog_directory, model_options
from genz.cli.options import PATH, output_options
from genz.cli.records import emit
from genz.cli.terminal import say

if TYPE_CHECKING:
    from genz.cli.fitted import Fitted
    from genz.lifecycle.asking import AskedAgain
    from genz.lifecycle.audit import Audit, Cell
    from genz.regressor import GenZRegressor

EXCERPT = 100
"""Characters of an item that the table shows."""


@click.command(
    cls=Command,
    short_help="List judgments that the targets contradict.",
    examples=(
        ("the judgments that the prices contradict most", "audit model houses.csv --top 10"),
        (
            "ask about the worst of them again, and fit",
            "audit model houses.csv --ask-again 50\n  genz refit model houses.csv",
        ),
    ),
)
@click.argument("directory", type=PATH, metavar="DIR")
@click.argument("catalog", type=PATH)
@model_options
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="The most cells to list.",
)
@click.option(
    "--refits",
    "n_refitted",
    type=click.IntRange(min=0),
    metavar="N",
    help="Cells whose effect is found by fitting again.  [default: all that are listed, of more "
    "than 2,000,000 judgments none]",
)
@click.option(
    "--ask-again",
    "n_again",
    type=click.IntRange(min=1),
    metavar="N",
    help="Ask the model once more about the N worst cells.",
)
@output_options
def audit(
    directory: Path,
    catalog: Path,
    top: int,
    n_refitted: int | None,
    n_again: int | None,
    as_json: bool,
    verbose: bool,
    **options: Any,
) -> int:
    """List the judgments of the model in DIR that the items' targets contradict most.

    A contradiction is a wrong judgment, a wrong target, or an item that the features do not
    explain: the table says where to look. CATALOG is that of the fit. Nothing is asked without
    --ask-again, whose answers wait in DIR/changes.json for `genz refit`.
    """
    from genz.cli.fitted import read_fitted
    from genz.cli.foundation import ModelOptions, conclude
    from genz.cli.progress import Progress
    from genz.lifecycle.asking import ask_again
    from genz.lifecycle.audit import MAX_CELLS_EXACT
    from genz.lifecycle.audit import audit as find
    from genz.lifecycle.pending import read_changes, write_changes
    from genz.lifecycle.refitting import check_items
    from genz.persistence import load

    about_model, _ = ModelOptions.split(options)
    model = load(directory, judging=False)
    fitted = read_fitted(model, catalog)
    check_items(model, fitted.items)
    if n_refitted is None:
        n_refitted = top if model.judgments_.size <= MAX_CELLS_EXACT else 0
    found = find(model, top=max(top, n_again or 0), n_refitted=n_refitted)
    again, changes = None, read_changes(directory, model)
    if n_again is not None:
        foundation_model = about_model.make(image_root=catalog_directory(catalog), fitted=model)
        model.foundation_model = foundation_model
        with Progress(verbose=verbose, foundation_model=foundation_model):
            again = ask_again(model, fitted.items, found.cells[:n_again], changes)
        write_changes(directory, changes)
    rows = [
        _row(n, cell, model, fitted, again) for n, cell in enumerate(found.cells[:top], start=1)
    ]
    if as_json:
        for row in rows:
            emit("contradiction", row)
        emit("audit", _summary(found, model, again))
    else:
        _print(rows, found, model)
    if again is None:
        return 0
    _tell(again, directory)
    return conclude(foundation_model, about_model.max_unknown)


def _row(
    n: int, cell: "Cell", model: "GenZRegressor", fitted: "Fitted", again: "AskedAgain | None"
) -> dict[str, Any]:
    row = {
        **vars(cell),
        "item": fitted.ids[cell.item],
        "feature": model.features_[cell.feature].description,
        "residual": [y - mean for y, mean in zip(cell.target, cell.predicted, strict=True)],
        "excerpt": fitted.items.describe(cell.item, EXCERPT),
    }
    if again is not None and n <= len(again.answers):
        answer = float(again.answers[n - 1])
        row["asked_again"] = None if math.isnan(answer) else answer
    return {"number": n, **row}


def _summary(found: "Audit", model: "GenZRegressor", again: "AskedAgain | None") -> dict[str, Any]:
    summary: dict[str, Any] = {
        "n_contradictions": found.n_contradictions,
        "n_judged": found.n_judged,
        "by_feature": {
            feature.description: n
            for feature, n in zip(model.features_, found.by_feature.tolist(), strict=True)
        },
        "n_refitted": found.n_refitted,
    }
    if again is not None:
        summary |= {
            "n_asked_again": len(again.answers),
            "n_changed": int(again.is_changed.sum()),
        }
    return summary


def _print(rows: list[dict[str, Any]], found: "Audit", model: "GenZRegressor") -> None:
    click.echo(
        f"{found.n_contradictions:,} of {found.n_judged:,} judgments are contradicted by the target"
    )
    if not rows:
        return
    shares = zip(found.by_feature.tolist(), model.features_, strict=True)
    for n, feature in sorted(shares, key=lambda pair: -pair[0]):
        click.echo(f"{n:>7,}  {feature.description}")
    click.echo(
        f"\n{'':>4} {'judged':>8} {'P before':>8} {'P after':>8} {'evidence':>9} {'residual':>10} "
        f"{'turned':>9} {'effect':>11}  item and feature"
    )
    for row in rows:
        click.echo(_line(row))
    click.echo(
        "P: of the feature, given the judgment alone and given the target too; evidence of the "
        "target in nats; residual of the item (first target); turned: what the log likelihood and "
        "the feature's effect change by if the judgment is turned round, "
        + ("by fitting again" if found.n_refitted >= len(rows) else _unrefitted(found))
    )


def _unrefitted(found: "Audit") -> str:
    return (
        f"by fitting again for the first {found.n_refitted} rows; for the others (~) the log "
        "likelihood under held parameters, the effect by one Newton step"
    )


def _line(row: dict[str, Any]) -> str:
    is_refitted = row["log_likelihood_change_refit"] is not None
    suffix = "_refit" if is_refitted else ""
    gain, changes = row[f"log_likelihood_change{suffix}"], row[f"weight_change{suffix}"]
    mark = "" if is_refitted else "~"
    line = (
        f"{row['number']:>3}. {_judged(row['judgment']):>8} {row['prior']:8.3f} "
        f"{row['posterior']:8.3f} {row['evidence']:+9.2f} {row['residual'][0]:+10.4g} "
        f"{f'{mark}{gain:+.2f}':>9} {f'{mark}{changes[0]:+.3g}':>11}  {row['item']}: "
        f"{row['feature']}"
    )
    if "asked_again" in row:
        answer = row["asked_again"]
        line += f"  [asked again: {'no answer' if answer is None else _judged(answer)}]"
    return f"{line}\n{'':>4} {row['excerpt']}"


def _judged(judgment: float) -> str:
    return {0.0: "no", 1.0: "yes"}.get(judgment, f"{judgment:.3f}")


def _tell(again: "AskedAgain", directory: Path) -> None:
    n_answered = sum(not math.isnan(answer) for answer in again.answers)
    say(
        f"{int(again.is_changed.sum())} of {n_answered} answers are others than before; "
        f"`genz refit {directory} CATALOG` counts them"
    )

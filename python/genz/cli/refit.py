"""``genz refit``: fit a saved model again with what was changed, and say what that did."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.command import Command
from genz.cli.invocation import run_facts
from genz.cli.model_options import catalog_directory, model_options
from genz.cli.options import PATH, output_options
from genz.cli.records import emit
from genz.cli.terminal import say, warn

if TYPE_CHECKING:
    from genz.cli.fitted import Fitted
    from genz.lifecycle import Changes
    from genz.lifecycle.comparison import Comparison, FeatureChange
    from genz.regressor import GenZRegressor


@click.command(
    cls=Command,
    short_help="Fit a model again with what was changed.",
    examples=(
        ("fit again what was changed", "refit model houses.csv"),
        (
            "keep the old model, look for more features",
            "refit model houses.csv --discover --features 20 --out new",
        ),
    ),
)
@click.argument("directory", type=PATH, metavar="DIR")
@click.argument("catalog", type=PATH)
@model_options
@click.option(
    "--discover", is_flag=True, help="Look for further features; locked ones stay, vetoed ones out."
)
@click.option(
    "--features",
    "n_features",
    type=click.IntRange(min=1),
    metavar="K",
    help="With --discover: the most features.  [default: that of the fit]",
)
@click.option(
    "--out", type=PATH, metavar="NEW", help="Directory of the new model.  [default: DIR itself]"
)
@click.option("--force", is_flag=True, help="Replace a model that is in NEW.")
@output_options
@click.pass_context
def refit(
    ctx: click.Context,
    /,
    directory: Path,
    catalog: Path,
    discover: bool,
    n_features: int | None,
    out: Path | None,
    force: bool,
    as_json: bool,
    verbose: bool,
    **options: Any,
) -> int:
    """Fit the model in DIR again, with the changes of `genz features` and of `genz audit`.

    CATALOG is that of the fit. Features that nobody changed keep their judgments and are not asked
    about. The model is replaced as a whole or not at all; its evaluation, which was the old one's,
    goes.
    """
    from genz.cli.fitted import read_fitted
    from genz.cli.foundation import ModelOptions, conclude
    from genz.cli.progress import Progress
    from genz.lifecycle.comparison import compare
    from genz.lifecycle.pending import read_changes
    from genz.persistence import EVALUATION_FILE, check_vacant, load

    is_in_place = out is None or out.resolve() == directory.resolve()
    place = directory if out is None else out
    check_vacant(place, force=force or is_in_place)
    about_model, _ = ModelOptions.split(options)
    before = load(directory, judging=False)
    changes = read_changes(directory, before)
    before.foundation_model = about_model.make(image_root=catalog_directory(catalog), fitted=before)
    if n_features is not None:
        before.n_features = n_features
    training = read_fitted(before, catalog)
    _announce(changes, training, discover)
    with Progress(verbose=verbose, foundation_model=before.foundation_model) as progress:

        def observe(record: dict[str, Any]) -> None:
            progress.on_decision(record)
            if as_json:
                emit("decision", record)

        before.progress = observe
        after = before.refit(
            training.items,
            training.y,
            changes=changes,
            covariates=training.covariates,
            sample_weight=training.weights,
            groups=training.groups,
            discover=discover,
        )
    after.run |= run_facts(ctx)
    was_evaluated = (place / EVALUATION_FILE).exists()
    after.save(place, force=force or is_in_place)
    comparison = compare(before, after, changes)
    if as_json:
        emit("refitted", {**comparison.as_dict(), "out": str(place)})
    else:
        _print(comparison, after)
        click.echo(f"model saved to {place}")
    if was_evaluated:
        say(
            "the evaluation was that of the old model and is removed: `genz evaluate` gives that "
            "of the new one"
        )
    return conclude(before.foundation_model, about_model.max_unknown)


def _announce(changes: "Changes", training: "Fitted", discover: bool) -> None:
    """Say what is asked, before it is."""
    n_new = sum(slot.is_new for slot in changes.kept)
    n_items = len(training.items)
    say(
        f"{n_new} of {len(changes.kept)} features are judged, {n_new * n_items:,} judgments of "
        f"{n_items:,} items"
        + (f"; {len(changes.repeats)} judgments asked again count" if changes.repeats else "")
        + ("; then more features are looked for" if discover else "")
    )
    if training.n_targets_changed:
        warn(
            f"{training.n_targets_changed} of {n_items} items have another target than in the fit; "
            "the new ones are fitted"
        )


def _print(comparison: "Comparison", after: "GenZRegressor") -> None:
    """What was before, what is now."""
    effect = "effect" if after.n_targets_ == 1 else "|effect|"
    click.echo(f"{effect + ' before':>16} {'now':>12} {'std error':>10}  feature")
    for row in comparison.features:
        text = row.after or row.before
        note = {"kept": "", "edited": f"  [was: {row.before}]"}.get(row.status, f"  [{row.status}]")
        before, now = _size(row.weights_before), _size(row.weights_after)
        click.echo(f"{before:>16} {now:>12} {_error(row):>10}  {text}{note}")
    first, second = comparison.log_likelihood
    click.echo(f"log likelihood {first:,.3f} -> {second:,.3f} ({second - first:+.3f} nats)")
    for name, pair in comparison.scores.items():
        first_shown, second_shown = ("-" if x is None else f"{x:.4g}" for x in pair)
        click.echo(f"training {name.replace('_', ' ')} {first_shown} -> {second_shown}")


def _size(weights: tuple[float, ...] | None) -> str:
    """The effect; of a vector its length."""
    if weights is None:
        return "-"
    return (
        f"{weights[0]:+.5g}" if len(weights) == 1 else f"{sum(w * w for w in weights) ** 0.5:.5g}"
    )


def _error(row: "FeatureChange") -> str:
    errors = row.std_error_after
    return f"{errors[0]:.3g}" if errors is not None and len(errors) == 1 else ""

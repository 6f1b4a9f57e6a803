"""``genz features``: look at the features of a saved model, and say what is to change."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.command import Group
from genz.cli.options import PATH, json_option
from genz.cli.records import emit
from genz.cli.terminal import say

if TYPE_CHECKING:
    from genz.feature import Feature
    from genz.lifecycle import Changes
    from genz.lifecycle.changes import Slot
    from genz.regressor import GenZRegressor


@click.group(
    cls=Group,
    short_help="Look at features, lock, veto, edit and add them.",
    subcommand_metavar="COMMAND [ARGS]...",
)
@click.argument("directory", type=PATH, metavar="DIR")
@click.pass_context
def features(ctx: click.Context, directory: Path) -> None:
    """List, lock, veto, edit, add and merge the features of the model in DIR.

    K is a feature's number in `list`, or its exact description; numbers stay until the next refit.
    Changes wait in DIR/changes.json until `genz refit`, which judges only what is new.
    """
    ctx.obj = directory


def _open(directory: Path) -> "tuple[GenZRegressor, Changes]":
    from genz.lifecycle.pending import read_changes
    from genz.persistence import load

    model = load(directory, judging=False)
    return model, read_changes(directory, model)


def _change(directory: Path, change: "Callable[[Changes], Changes]") -> None:
    """Make changes, all of a command or none, and say what waits now."""
    from genz.lifecycle.pending import write_changes

    _, changes = _open(directory)
    write_changes(directory, change(changes))
    n_new = sum(slot.is_new for slot in changes.kept)
    say(
        f"changes that wait for `genz refit {directory} CATALOG`: {len(changes.records)}; it "
        f"judges {n_new} of {len(changes.kept)} features"
    )


@features.command(
    "list",
    short_help="Effects, error rates and status of all.",
    examples=(("what was found, and what waits for a refit", "features model list"),),
)
@json_option
@click.pass_obj
def list_features(directory: Path, as_json: bool) -> None:
    """Number, effect, standard error, share, error rates and status of every feature."""
    model, changes = _open(directory)
    rows = [_row(n, slot, model) for n, slot in enumerate(changes.slots, start=1)]
    present = {slot.description for slot in changes.slots}
    gone = [text for text in changes.vetoed if text not in present]
    if as_json:
        for row in rows:
            emit("feature", row)
        for text in gone:
            emit("feature", {"description": text, "status": "vetoed"})
        return
    effect = "effect" if model.n_targets_ == 1 else "|effect|"
    click.echo(f"{'':>4} {effect:>12} {'std error':>10} {'share':>6} {'no':>6} {'yes':>6}  feature")
    for row in rows:
        click.echo(_line(row, model.n_targets_ == 1))
    if rows:
        click.echo("no, yes: P(has it) of an item that was judged so, for judgments of yes and no")
    if gone:
        click.echo("vetoed, not to be proposed again:")
        for text in gone:
            click.echo(f"  {text}")
    if changes.repeats:
        click.echo(f"{len(changes.repeats)} judgments that were asked again wait for a refit")


@features.command(examples=(("the second feature, with examples", "features model show 2"),))
@click.argument("key", metavar="K")
@json_option
@click.pass_obj
def show(directory: Path, key: str, as_json: bool) -> None:
    """Everything about one feature."""
    model, changes = _open(directory)
    ix = changes.find(key)
    slot = changes.slots[ix]
    row = _row(ix + 1, slot, model)
    for n, origin in enumerate(slot.origins):
        row |= {"fitted" if n == 0 else f"fitted_{n + 1}": asdict(model.features_[origin])}
    if as_json:
        emit("feature", row)
        return
    click.echo(
        f"{row['number']}. {slot.description}" + (f"  [{row['status']}]" * bool(row["status"]))
    )
    for origin in slot.origins:
        _show_fitted(model.features_[origin], slot.is_new)
    if not slot.origins:
        click.echo("not fitted yet")


def _show_fitted(feature: "Feature", is_other: bool) -> None:
    if is_other:
        click.echo(f"fitted as: {feature.description}")
    effects = zip(feature.weights, feature.weights_std_error, strict=True)
    click.echo("effect: " + ", ".join(f"{w:+.5g} ± {se:.2g}" for w, se in effects))
    click.echo(f"share of the items: {feature.share:.1%}")
    if feature.ppv is not None and feature.fomr is not None:
        click.echo(f"P(has it | yes) {feature.ppv:.3f}, P(has it | no) {feature.fomr:.3f}")
    else:
        click.echo(
            f"log odds = {feature.channel_intercept:.3g} + {feature.channel_slope:.3g} logit p"
        )
    if feature.gain is not None:
        click.echo(f"gain when it was found: {feature.gain:.1f} nats of held-out log evidence")
    for name, examples in (("with", feature.examples_with), ("without", feature.examples_without)):
        for example in examples:
            click.echo(f"{name}: {example}")


@features.command(examples=(("keep these two whatever a refit finds", "features model lock 1 4"),))
@click.argument("keys", metavar="K...", nargs=-1, required=True)
@click.pass_obj
def lock(directory: Path, keys: tuple[str, ...]) -> None:
    """Let no later discovery replace or drop these features."""
    _change(directory, lambda changes: _each(changes, "lock", keys))


@features.command(examples=(("may be replaced again", "features model unlock 4"),))
@click.argument("keys", metavar="K...", nargs=-1, required=True)
@click.pass_obj
def unlock(directory: Path, keys: tuple[str, ...]) -> None:
    """Take locks back."""
    _change(directory, lambda changes: _each(changes, "unlock", keys))


@features.command(examples=(("never again", "features model veto 3"),))
@click.argument("keys", metavar="K...", nargs=-1, required=True)
@click.pass_obj
def veto(directory: Path, keys: tuple[str, ...]) -> None:
    """Take features out of the fit; they are never proposed again."""
    _change(directory, lambda changes: _each(changes, "veto", keys))


@features.command(
    short_help="Take vetoes back.",
    examples=(
        ("by its description, once it is gone", "features model unveto 'the host is called Anna'"),
    ),
)
@click.argument("keys", metavar="K...", nargs=-1, required=True)
@click.pass_obj
def unveto(directory: Path, keys: tuple[str, ...]) -> None:
    """Take vetoes back; what a refit has removed already may then be proposed or added again."""
    _change(directory, lambda changes: _each(changes, "unveto", keys))


@features.command(
    examples=(("a sharper sentence", "features model edit 2 'has a garden of its own'"),)
)
@click.argument("key", metavar="K")
@click.argument("description")
@click.pass_obj
def edit(directory: Path, key: str, description: str) -> None:
    """Describe a feature otherwise; it is judged anew."""
    _change(directory, lambda changes: changes.edit(key, description))


@features.command(
    examples=(("what you know yourself", "features model add 'the kitchen was renovated'"),)
)
@click.argument("descriptions", metavar="DESCRIPTION...", nargs=-1, required=True)
@click.pass_obj
def add(directory: Path, descriptions: tuple[str, ...]) -> None:
    """Add features of your own; they are locked."""
    _change(directory, lambda changes: _each(changes, "add", descriptions))


@features.command(
    examples=(("two that say the same", "features model merge 2 5 'has a garden or a terrace'"),)
)
@click.argument("key", metavar="K")
@click.argument("other", metavar="L")
@click.argument("description")
@click.pass_obj
def merge(directory: Path, key: str, other: str, description: str) -> None:
    """Put one feature in the place of two."""
    _change(directory, lambda changes: changes.merge(key, other, description))


@features.command(
    short_help="Drop all changes that wait.",
    examples=(("as if nothing had been changed", "features model reset"),),
)
@click.pass_obj
def reset(directory: Path) -> None:
    """Drop all changes that wait, answers of `genz audit --ask-again` included."""
    from genz.lifecycle.pending import reset_changes

    dropped = reset_changes(directory)
    say("changes dropped" if dropped else "no changes wait")


def _each(changes: "Changes", name: str, keys: tuple[str, ...]) -> "Changes":
    for key in keys:
        getattr(changes, name)(key)
    return changes


def _row(number: int, slot: "Slot", model: "GenZRegressor") -> dict[str, Any]:
    row: dict[str, Any] = {"number": number, "description": slot.description}
    if len(slot.origins) == 1:
        feature = model.features_[slot.origins[0]]
        row |= {
            "weights": list(feature.weights),
            "weights_std_error": list(feature.weights_std_error),
            "share": feature.share,
            "ppv": feature.ppv,
            "fomr": feature.fomr,
        }
    return row | {"status": slot.status}


def _line(row: dict[str, Any], is_scalar: bool) -> str:
    """A row of the table; what was never fitted has no numbers, a vector's standard error none."""
    cells = [f"{row['number']:>3}."]
    if "weights" in row:
        (weight, *_), (error, *_) = row["weights"], row["weights_std_error"]
        size = sum(w * w for w in row["weights"]) ** 0.5
        cells.append(f"{weight:+12.5g} {error:10.3g}" if is_scalar else f"{size:12.5g} {'':>10}")
        rates = [f"{'-':>6}" if p is None else f"{p:6.1%}" for p in (row["fomr"], row["ppv"])]
        cells += [f"{row['share']:6.1%}", *rates]
    else:
        cells.append(" " * 44)
    status = f"  [{row['status']}]" if row["status"] else ""
    return f"{' '.join(cells)}  {row['description']}{status}"

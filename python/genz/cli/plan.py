"""``genz plan``: what a fit will ask, before the first question; the table of any plan."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.command import Command
from genz.cli.model_options import catalog_directory, model_options
from genz.cli.options import PATH, json_option, training_options
from genz.cli.records import emit
from genz.errors import UsageError

if TYPE_CHECKING:
    from genz.client.prices import Prices
    from genz.foundation import FoundationModel
    from genz.foundation.remote import RemoteModel, Step


@click.command(
    cls=Command,
    short_help="Say what a fit will ask, and what that costs.",
    examples=(
        (
            "before a run that costs",
            "plan houses.csv --target price --model openai:NAME --prices prices.toml",
        ),
    ),
)
@training_options
@model_options
@click.option("--out", type=PATH, metavar="DIR", help="As of `genz fit`; nothing is written.")
@json_option
def plan(
    catalog: Path,
    n_features: int | None,
    features_file: Path | None,
    patience: int,
    n_searches: int,
    seed: int,
    out: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Say how many requests and tokens `genz fit` with these options takes, and what they cost.

    Nothing is asked. Tokens are counted as four bytes each, of items as they would be shown, as if
    the store knew no answer. How many rounds a discovery needs is not known before: a likely number
    is shown and the most that can be. Costs need --prices.
    """
    from genz.cli.foundation import ModelOptions
    from genz.cli.training import Roles, make_model, read_training
    from genz.discovery.plan import plan_fit
    from genz.fitting import settings_of

    del out
    about_model, roles = ModelOptions.split(options)
    given = Roles(**roles)
    foundation_model = asked(about_model.make(image_root=catalog_directory(catalog), seed=seed))
    model = make_model(
        given,
        foundation_model,
        n_features,
        features_file,
        patience=patience,
        n_searches=n_searches,
        seed=seed,
    )
    training = read_training(catalog, given)
    settings = settings_of(model)
    steps = plan_fit(foundation_model, training.items, settings, model.features or ())
    show(steps, foundation_model.prices, as_json=as_json)


def asked(model: "FoundationModel") -> "RemoteModel":
    """The model behind an endpoint, of which alone there is something to plan."""
    from genz.cli.foundation import remote

    found = remote(model)
    if found is None:
        raise UsageError(
            "the built-in model asks nobody and costs nothing; name another by --model"
        )
    return found


def show(steps: "list[Step]", prices: "Prices | None", *, as_json: bool) -> None:
    """Print the steps, each with its cost where prices are known."""
    from genz.foundation.remote.outlook import cost

    rows = []
    for step in steps:
        row: dict[str, Any] = {
            "what": step.what,
            "requests": step.n_requests,
            "prompt_tokens": step.usage.prompt,
            "cached_tokens": step.usage.cached,
            "completion_tokens": step.usage.completion,
        }
        if prices is not None:
            row["cost"] = cost(step, prices, cached=False)
            row["cost_with_prefix_cache"] = cost(step, prices, cached=True)
        rows.append(row)
    if as_json:
        for row in rows:
            emit("step", row)
        return
    names = list(rows[0])
    cells = [[name.replace("_", " ") for name in names]]
    cells += [[_cell(row[name]) for name in names] for row in rows]
    widths = [max(len(line[n]) for line in cells) for n in range(len(names))]
    for first, *others in cells:
        numbers = "  ".join(f"{c:>{w}}" for c, w in zip(others, widths[1:], strict=True))
        click.echo(f"{first:<{widths[0]}}  {numbers}")
    if prices is not None:
        click.echo(f"costs in {prices.currency}")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4f}" if value < 1 else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)

"""``genz fit``: discover features, fit, save."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.command import Command
from genz.cli.invocation import run_facts
from genz.cli.model_options import catalog_directory, model_options
from genz.cli.options import PATH, output_options, training_options
from genz.cli.records import emit
from genz.cli.terminal import say

if TYPE_CHECKING:
    from genz.cli.training import Training
    from genz.feature import Feature
    from genz.regressor import GenZRegressor

N_TOP_DIMENSIONS = 3
N_ITEMS = 3


@click.command(
    cls=Command,
    short_help="Find features, fit the regression, save the model.",
    examples=(
        (
            "sentences that explain a price",
            "fit houses.csv --target price --log-target --out model",
        ),
        (
            "read by a language model on this machine",
            "fit houses.csv --target price --model openai:NAME \\\n"
            "      --base-url http://127.0.0.1:8000/v1 --out model",
        ),
        ("with the settings of a file", "fit houses.csv --config genz.toml --out model"),
        (
            "a vector for each item",
            "fit movies.csv --id id --target-file embedding.npz --out model",
        ),
    ),
)
@training_options
@model_options
@click.option(
    "--gold",
    type=PATH,
    metavar="FILE",
    help="CSV of what is known for certain: item (its --id, else its row), feature, truth.",
)
@click.option(
    "--profile",
    is_flag=True,
    help="Find out which error rates the data identify; some twenty fits for each feature.",
)
@click.option("--out", type=PATH, required=True, metavar="DIR", help="Directory of the model.")
@click.option("--force", is_flag=True, help="Replace a model that is there.")
@output_options
@click.pass_context
def fit(
    ctx: click.Context,
    /,
    catalog: Path,
    n_features: int | None,
    features_file: Path | None,
    patience: int,
    n_searches: int,
    seed: int,
    gold: Path | None,
    profile: bool,
    out: Path,
    force: bool,
    as_json: bool,
    verbose: bool,
    **options: Any,
) -> int:
    """Discover features that explain a target, fit the regression on them, save the model.

    CATALOG is a .csv, .jsonl, .ndjson (these also with .gz) or .parquet file. Without --text and
    --table every column that has no other role describes the items. Rows without target are not
    fitted; `genz predict` predicts them. With --target-file these are the rows without a vector.
    """
    from genz.cli.foundation import ModelOptions, conclude
    from genz.cli.gold import read_gold
    from genz.cli.progress import Progress
    from genz.cli.training import Roles, make_model, read_training
    from genz.persistence import check_vacant

    check_vacant(out, force=force)
    about_model, roles = ModelOptions.split(options)
    given = Roles(**roles)
    foundation_model = about_model.make(
        image_root=catalog_directory(catalog), seed=seed, targets=given.target
    )
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
    labels = None if gold is None else read_gold(gold, training, given.id)
    for said in training.left_out():
        say(said)
    with Progress(verbose=verbose, foundation_model=foundation_model) as progress:

        def observe(record: dict[str, Any]) -> None:
            progress.on_decision(record)
            if as_json:
                emit("decision", record)

        model.progress = observe
        model.fit(
            training.items,
            training.y,
            covariates=training.covariates,
            sample_weight=training.weights,
            groups=training.groups,
            gold=labels,
            profile=profile,
        )
    model.metadata = {
        "catalog": catalog.name,
        **training.metadata,
        "id": given.id,
        "ids": training.ids,
        "covariates": list(given.covariates),
        "weight": given.weight,
        "group": given.group,
        "n_without_target": training.n_without_target,
        "seed": seed,
    }
    model.run |= run_facts(ctx)
    model.save(out, force=force)
    if as_json:
        emit("fitted", _summary(model, training, out))
    else:
        _print_features(model, training, log=given.log_target)
        click.echo(f"model saved to {out}")
    return conclude(foundation_model, about_model.max_unknown)


def _summary(model: "GenZRegressor", training: "Training", out: Path) -> dict[str, Any]:
    regression = model.regression_
    return {
        "n_items": len(training.items),
        "n_without_target": training.n_without_target,
        "n_unused_targets": training.n_unused_targets,
        "n_features": len(model.features_),
        "features": [
            {
                "description": feature.description,
                "weights": list(feature.weights),
                "weights_std_error": list(feature.weights_std_error),
                "share": feature.share,
                "gain": feature.gain,
                "nearest": asdict(feature.nearest),
            }
            for feature in model.features_
        ],
        "noise_sd": (regression.noise_variance_**0.5).tolist(),
        "log_likelihood": regression.log_likelihood_,
        "converged": regression.converged_,
        "solver": regression.solver_,
        "exact": regression.exact_,
        "out": str(out),
    }


def _print_features(model: "GenZRegressor", training: "Training", *, log: bool) -> None:
    """Print features, the most influential first."""
    if not model.features_:
        click.echo("no feature explains the target better than chance")
        return
    if not model.regression_.exact_:
        solver = model.regression_.solver_.replace("_", " ")
        click.echo(f"approximate: {solver}; the log likelihood and effects are not exact")
    ordered = sorted(model.features_, key=lambda f: -sum(w * w for w in f.weights))
    if model.n_targets_ > 1:
        click.echo(f"{'|effect|':>12} {'share':>6}  feature")
        for feature in ordered:
            norm = sum(w * w for w in feature.weights) ** 0.5
            click.echo(f"{norm:12.5g} {feature.share:6.1%}  {feature.description}")
            _print_direction(feature, training.target_names)
        return
    name = training.target_names[0]
    click.echo(f"effects on {f'log {name}' if log else name}")
    click.echo(f"{'effect':>12} {'std error':>12} {'share':>6}  feature")
    for feature in ordered:
        numbers = f"{feature.weights[0]:+12.5g} {feature.weights_std_error[0]:12.3g}"
        click.echo(f"{numbers} {feature.share:6.1%}  {feature.description}")


def _print_direction(feature: "Feature", names: list[str]) -> None:
    """Print which dimensions a feature moves most surely, and the items at either end of it."""
    top = (
        f"{names[d]} {feature.weights[d]:+.3g} ± {feature.weights_std_error[d]:.2g}"
        for d in feature.top_dimensions[:N_TOP_DIMENSIONS]
    )
    lines = {
        "moves": ", ".join(top),
        "along": "; ".join(feature.nearest.along[:N_ITEMS]),
        "against": "; ".join(feature.nearest.against[:N_ITEMS]),
    }
    for label, text in lines.items():
        if text:
            click.echo(f"{'':20} {label}: {text}")

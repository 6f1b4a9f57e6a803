"""``genz fit``: discover features, fit, save."""

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.model_options import catalog_directory, model_options
from genz.cli.options import PATH, output_options, training_options

if TYPE_CHECKING:
    from genz.cli.training import Roles, Training
    from genz.regressor import GenZRegressor


@click.command()
@training_options
@model_options
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
    seed: int,
    out: Path,
    force: bool,
    as_json: bool,
    verbose: bool,
    **options: Any,
) -> int:
    """Discover features that explain a target, fit the regression on them, save the model.

    CATALOG is a .csv, .jsonl, .ndjson (these also with .gz) or .parquet file. Without --text and
    --table every column that has no other role describes the items. Rows without target are not
    fitted; `genz predict` predicts them.
    """
    from genz.cli.foundation import ModelOptions, conclude
    from genz.cli.progress import Progress
    from genz.cli.training import Roles, make_model, read_training
    from genz.persistence import check_vacant

    check_vacant(out, force=force)
    about_model, roles = ModelOptions.split(options)
    given = Roles(**roles)
    foundation_model = about_model.make(image_root=catalog_directory(catalog), seed=seed)
    model = make_model(given, foundation_model, n_features, features_file, patience, seed)
    training = read_training(catalog, given)
    if training.n_without_target:
        click.echo(
            f"genz: {training.n_without_target} of {len(training.columns[given.target[0]])} rows "
            "have no target: not fitted",
            err=True,
        )
    with Progress(verbose=verbose, foundation_model=foundation_model) as progress:

        def observe(record: dict[str, Any]) -> None:
            progress.on_decision(record)
            if as_json:
                click.echo(json.dumps(record, ensure_ascii=False))

        model.progress = observe
        model.fit(
            training.items,
            training.y,
            covariates=training.covariates,
            sample_weight=training.weights,
        )
    model.metadata = {
        "catalog": catalog.name,
        "target": list(given.target),
        "id": given.id,
        "ids": training.ids,
        "covariates": list(given.covariates),
        "weight": given.weight,
        "n_without_target": training.n_without_target,
        "seed": seed,
    }
    model.run |= {
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "command": ctx.obj.command,
    }
    model.save(out, force=force)
    if as_json:
        click.echo(json.dumps(_summary(model, training, out), ensure_ascii=False))
    else:
        _print_features(model, given)
        click.echo(f"model saved to {out}")
    return conclude(foundation_model, about_model.max_unknown)


def _summary(model: "GenZRegressor", training: "Training", out: Path) -> dict[str, Any]:
    return {
        "action": "summary",
        "n_items": len(training.items),
        "n_without_target": training.n_without_target,
        "n_features": len(model.features_),
        "features": [
            {
                "description": feature.description,
                "weights": list(feature.weights),
                "weights_std_error": list(feature.weights_std_error),
                "share": feature.share,
                "gain": feature.gain,
            }
            for feature in model.features_
        ],
        "log_likelihood": model.regression_.log_likelihood_,
        "converged": model.regression_.converged_,
        "out": str(out),
    }


def _print_features(model: "GenZRegressor", roles: "Roles") -> None:
    """Print features, the most influential first."""
    if not model.features_:
        click.echo("no feature explains the target better than chance")
        return
    if model.n_targets_ > 1:
        click.echo(f"{'|effect|':>12} {'share':>6}  feature")
    else:
        name = f"log {roles.target[0]}" if roles.log_target else roles.target[0]
        click.echo(f"effects on {name}")
        click.echo(f"{'effect':>12} {'std error':>12} {'share':>6}  feature")
    for feature in sorted(model.features_, key=lambda f: -sum(w * w for w in f.weights)):
        if model.n_targets_ > 1:
            numbers = f"{sum(w * w for w in feature.weights) ** 0.5:12.5g}"
        else:
            numbers = f"{feature.weights[0]:+12.5g} {feature.weights_std_error[0]:12.3g}"
        click.echo(f"{numbers} {feature.share:6.1%}  {feature.description}")

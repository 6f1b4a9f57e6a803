"""``genz evaluate``: cross-validate the whole discovery beside baselines."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.model_options import catalog_directory, model_options
from genz.cli.options import PATH, output_options, training_options
from genz.errors import UsageError

if TYPE_CHECKING:
    from genz.cli.training import Roles, Training
    from genz.evaluation import CrossValidation
    from genz.evaluation.folds import Folds

DEFAULT_N_FOLDS = 10


@click.command()
@training_options
@model_options
@click.option(
    "--folds",
    "n_folds",
    type=click.IntRange(min=2),
    metavar="N",
    help=f"Number of folds, drawn by the seed.  [default: {DEFAULT_N_FOLDS}]",
)
@click.option("--fold-column", metavar="COL", help="Every distinct value is one fold.")
@click.option("--group", metavar="COL", help="Items of a group are held out together.")
@click.option("--save", "directory", type=PATH, metavar="DIR", help="Add to a fitted model.")
@output_options
def evaluate(
    catalog: Path,
    n_features: int | None,
    features_file: Path | None,
    patience: int,
    seed: int,
    n_folds: int | None,
    fold_column: str | None,
    group: str | None,
    directory: Path | None,
    as_json: bool,
    verbose: bool,
    **options: Any,
) -> int:
    """Score predictions of items that were held out from the whole discovery.

    Baselines on the same folds: the median, and ridge and gradient boosting on the table fields.
    The last record of --json holds the scores.
    """
    from genz.cli.foundation import ModelOptions, conclude
    from genz.cli.progress import Progress
    from genz.cli.training import Roles, make_model, read_training
    from genz.evaluation import cross_validate
    from genz.evaluation.storage import save_evaluation

    if n_folds is not None and fold_column is not None:
        raise UsageError("--folds and --fold-column exclude each other, wanted one of them")
    apart = [name for name in (fold_column, group) if name is not None]
    about_model, roles = ModelOptions.split(options)
    given = Roles(**roles, apart=apart)
    if directory is not None:
        _check_model(directory, given)
    foundation_model = about_model.make(image_root=catalog_directory(catalog), seed=seed)
    model = make_model(given, foundation_model, n_features, features_file, patience, seed)
    training = read_training(catalog, given)
    folds, groups = _folds(training, n_folds or DEFAULT_N_FOLDS, fold_column, group, seed)
    with Progress(verbose=verbose, foundation_model=foundation_model) as progress:
        model.progress = progress.on_decision

        def observe(record: dict[str, Any]) -> None:
            progress.on_fold(record)
            if as_json:
                click.echo(json.dumps(record))

        result = cross_validate(
            model,
            training.items,
            training.y,
            folds,
            covariates=training.covariates,
            sample_weight=training.weights,
            groups=groups,
            observer=observe,
        )
    if directory is not None:
        ids = training.ids or [str(row + 1) for row in training.rows]
        save_evaluation(result, directory, ids=ids, seed=seed)
    if as_json:
        click.echo(json.dumps({"scores": result.scores}))
    else:
        _print(result, training)
    return conclude(foundation_model, about_model.max_unknown)


def _check_model(directory: Path, roles: "Roles") -> None:
    """Raise unless the directory holds a model of the same target."""
    from genz.persistence import load

    model = load(directory, judging=False)
    fitted = model.metadata.get("target"), model.log_target
    if fitted != (list(roles.target), roles.log_target):
        raise UsageError(
            f"{directory} holds a model of {_name(*fitted)}, this is an evaluation of "
            f"{_name(list(roles.target), roles.log_target)}"
        )


def _name(target: list[str] | None, log: bool) -> str:
    names = ", ".join(target or ["a target without name"])
    return f"log {names}" if log else names


def _folds(
    training: "Training", n_folds: int, fold_column: str | None, group: str | None, seed: int
) -> "tuple[Folds, Folds | None]":
    """Fold of each item, and the number of its group."""
    from genz.evaluation.folds import distinct, draw_folds, folds_of_column

    groups = None if group is None else training.values(group)
    numbers = None if groups is None else distinct("group", groups)
    if fold_column is not None:
        return folds_of_column(training.values(fold_column), groups=groups), numbers
    return draw_folds(len(training.items), n_folds, groups=groups, seed=seed), numbers


def _print(result: "CrossValidation", training: "Training") -> None:
    """Print methods against scores."""
    without = training.n_without_target
    left_out = f", {without} rows without target left out" if without else ""
    n_folds = int(result.folds.max()) + 1
    click.echo(f"{len(training.items)} items held out in {n_folds} folds{left_out}")
    names = list(next(iter(result.scores.values())))
    width = max(map(len, result.scores))
    click.echo(" " * width + "".join(f"  {name}" for name in names))
    for method, scores in result.scores.items():
        values = (scores.get(name) for name in names)
        cells = ("-" if value is None else f"{value:.4g}" for value in values)
        line = "".join(f"  {cell:>{len(name)}}" for name, cell in zip(names, cells, strict=True))
        click.echo(f"{method:{width}}{line}")

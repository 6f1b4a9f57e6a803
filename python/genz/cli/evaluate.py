"""``genz evaluate``: cross-validate the whole discovery beside baselines."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.command import Command
from genz.cli.model_options import catalog_directory, model_options
from genz.cli.options import PATH, output_options, training_options
from genz.cli.records import emit
from genz.cli.terminal import say
from genz.errors import UsageError

if TYPE_CHECKING:
    from genz.cli.training import Training
    from genz.evaluation.folds import Folds

DEFAULT_N_FOLDS = 10


def _keys(_: click.Context, __: click.Parameter, value: str) -> list[str]:
    """Split a list of keys."""
    return [key.strip() for key in value.split(",")]


@click.command(
    cls=Command,
    short_help="Score predictions of held-out items beside baselines.",
    examples=(
        (
            "scores of held-out items beside baselines",
            "evaluate houses.csv --target price --folds 5",
        ),
        (
            "beside the fitted model, for its report",
            "evaluate houses.csv --target price --log-target --save model",
        ),
        (
            "the items of a host are held out together",
            "evaluate flats.csv --target price --group host",
        ),
        ("what is found where there is nothing", "evaluate houses.csv --target price --null 20"),
    ),
)
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
@click.option(
    "--baselines",
    callback=_keys,
    default="default",
    metavar="KEYS",
    help="What runs beside genz on the same folds: all, none, or a list of mean, ridge, "
    "gradient_boosting, ridge_tfidf, zero_shot, direct, hard, random_groups.  [default: mean, "
    "ridge, gradient_boosting, with texts ridge_tfidf]",
)
@click.option(
    "--null",
    "n_null",
    type=click.IntRange(min=1),
    metavar="N",
    help="Instead discover N times on permuted targets, which nothing explains.",
)
@click.option("--save", "directory", type=PATH, metavar="DIR", help="Add to a fitted model.")
@output_options
def evaluate(
    catalog: Path,
    n_features: int | None,
    features_file: Path | None,
    patience: int,
    n_searches: int,
    seed: int,
    n_folds: int | None,
    fold_column: str | None,
    baselines: list[str],
    n_null: int | None,
    directory: Path | None,
    as_json: bool,
    verbose: bool,
    **options: Any,
) -> int:
    """Score predictions of items that were held out from the whole discovery.

    Baselines run on the same folds: regressions on the table fields and on words, and, if they are
    named, genz without one of its parts and the foundation model's own predictions. The last record
    of --json holds the scores, their standard errors and the paired differences.

    With --null nothing is held out: it says how often a discovery ends with a feature where there
    is none to find.
    """
    from genz.cli.comparison import print_null_runs, print_scores
    from genz.cli.foundation import ModelOptions, conclude
    from genz.cli.progress import Progress
    from genz.cli.training import Roles, make_model, read_training
    from genz.evaluation import cross_validate, null_runs
    from genz.evaluation.methods import check_keys
    from genz.evaluation.storage import as_document, null_as_document, save_evaluation

    if n_folds is not None and fold_column is not None:
        raise UsageError("--folds and --fold-column exclude each other, wanted one of them")
    if n_null is not None:
        _check_null(n_folds, fold_column, baselines, directory)
    check_keys(baselines)
    apart = [] if fold_column is None else [fold_column]
    about_model, roles = ModelOptions.split(options)
    given = Roles(**roles, apart=apart)
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
    if directory is not None:
        _check_model(directory, training.target_names, log=given.log_target)
    if n_null is None:
        folds = _folds(training, n_folds or DEFAULT_N_FOLDS, fold_column, given.group, seed)
    for said in training.left_out():
        say(said)
    what = {"covariates": training.covariates, "sample_weight": training.weights}
    with Progress(verbose=verbose, foundation_model=foundation_model) as progress:
        model.progress = progress.on_decision

        def observe(record: dict[str, Any]) -> None:
            (progress.on_fold if n_null is None else progress.on_null_run)(record)
            if as_json:
                emit("fold" if n_null is None else "null_run", record)

        if n_null is not None:
            runs = null_runs(
                model, training.items, training.y, n_null, seed, **what, observer=observe
            )
        else:
            result = cross_validate(
                model,
                training.items,
                training.y,
                folds,
                **what,
                groups=training.groups,
                baselines=baselines,
                observer=observe,
            )
    if directory is not None:
        ids = training.ids or [str(row + 1) for row in training.rows]
        save_evaluation(result, directory, ids=ids, seed=seed)
    if as_json and n_null is None:
        emit("evaluation", as_document(result))
    elif as_json:
        emit("null_runs", null_as_document(runs))
    elif n_null is None:
        print_scores(result, training.n_without_target, by_group=training.groups is not None)
    else:
        print_null_runs(runs)
    return conclude(foundation_model, about_model.max_unknown)


def _check_null(
    n_folds: int | None, fold_column: str | None, baselines: list[str], directory: Path | None
) -> None:
    """Raise if an option is given that null runs have no use for."""
    given = {
        "--folds": n_folds is not None,
        "--fold-column": fold_column is not None,
        "--baselines": baselines != ["default"],
        "--save": directory is not None,
    }
    for option, is_given in given.items():
        if is_given:
            raise UsageError(f"--null and {option} exclude each other: null runs hold nothing out")


def _check_model(directory: Path, target: list[str], *, log: bool) -> None:
    """Raise unless the directory holds a model of the same target."""
    from genz.fitted_target import fitted_target
    from genz.persistence import load

    fitted = fitted_target(load(directory, judging=False))
    if fitted != (target, log):
        raise UsageError(
            f"{directory} holds a model of {_name(*fitted)}, this is an evaluation of "
            f"{_name(target, log)}"
        )


def _name(target: list[str] | None, log: bool) -> str:
    names = ", ".join(target or ["a target without name"])
    return f"log {names}" if log else names


def _folds(
    training: "Training", n_folds: int, fold_column: str | None, group: str | None, seed: int
) -> "Folds":
    """Fold of each item; those of a group have the same."""
    from genz.evaluation.folds import draw_folds, folds_of_column

    groups = None if group is None else training.values(group)
    if fold_column is not None:
        return folds_of_column(training.values(fold_column), groups=groups)
    return draw_folds(len(training.items), n_folds, groups=groups, seed=seed)

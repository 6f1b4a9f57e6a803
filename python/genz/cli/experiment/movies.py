"""``genz experiment movies``: embeddings of movies without a rating."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.command import Command
from genz.cli.experiment.options import repetition_options
from genz.cli.experiment.repetitions import conclude_scores, run_repetitions
from genz.cli.records import emit

if TYPE_CHECKING:
    from genz.evaluation import CrossValidation
    from genz.experiments.fold_in import Curve


@click.command(
    cls=Command,
    short_help="Embeddings of movies without a rating.",
    examples=(("a slice, read by a model", "experiment movies --items 500 --model openai:NAME"),),
)
@repetition_options(n_folds=5, n_features=60)
@click.option(
    "--embedding",
    type=click.Choice(["d16", "d8", "d32"]),
    default="d16",
    show_default=True,
    help="Which embedding is predicted.",
)
@click.option("--summaries", is_flag=True, help="Add the summaries that a language model wrote.")
@click.option("--title", is_flag=True, help="Show titles, by which a model may know the movie.")
@click.option("--lengths", is_flag=True, help="Predict embeddings, not their directions alone.")
@click.option("--curve-only", is_flag=True, help="Print what ratings give, and end.")
def movies(
    data: Path | None,
    embedding: str,
    summaries: bool,
    title: bool,
    lengths: bool,
    curve_only: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Embedding of a movie that no one has rated from genres, year, people, words.

    Fold 0 holds the movies that the users' factors were learned without, in every seed: there the
    cosine is also told as the number of ratings that give as much.
    """
    from genz.experiments import fold_in
    from genz.experiments.data import locate
    from genz.experiments.movies import EMBEDDINGS, MOVIES_FILE, read, read_embedding

    setting = read(data, embedding=embedding, summaries=summaries, title=title, lengths=lengths)
    known = read_embedding(locate(data, EMBEDDINGS[embedding]))
    curve = fold_in.curve(known, fold_in.read_ratings(data, embedding))
    _tell_curve(curve, as_json=as_json)
    if curve_only:
        return 0
    results, code = run_repetitions(
        setting, options | {"as_json": as_json}, image_root=locate(data, MOVIES_FILE).parent
    )
    conclude_scores(setting, results, as_json=as_json)
    _tell_worth(results, curve, as_json=as_json)
    return code


def _tell_curve(curve: "Curve", *, as_json: bool) -> None:
    if as_json:
        emit("rating_curve", asdict(curve))
        return
    click.echo("ratings  cosine  movies")
    for n, cosine, n_movies in zip(curve.n_ratings, curve.cosine, curve.n_movies, strict=True):
        click.echo(f"{n:7}  {cosine:6.3f}  {n_movies:6}")


def _tell_worth(results: "list[CrossValidation]", curve: "Curve", *, as_json: bool) -> None:
    """Cosine of each method on fold 0, mean over seeds, and the ratings that it is worth."""
    import numpy as np

    from genz.evaluation import score

    worth = {}
    for method in results[0].predictions:
        cosines = []
        for result in results:
            rows = np.flatnonzero(result.folds == 0)
            some = result.predictions[method].take(rows)
            cosines.append(score(some, result.targets[rows], log=False)["cosine"])
        known = [cosine for cosine in cosines if isinstance(cosine, float)]
        if known:
            mean = float(np.mean(known))
            worth[method] = {"cosine": mean, "n_ratings": curve.worth(mean)}
    if as_json:
        emit("rating_worth", {"methods": worth})
        return
    for method, values in worth.items():
        n = values["n_ratings"]
        if n < 1:
            told = "less than one rating"
        elif np.isinf(n):
            told = f"more than {curve.n_ratings[-1]} ratings"
        else:
            told = f"what {n:.0f} ratings"
        click.echo(f"{method}: cosine {values['cosine']:.3f} on fold 0 is {told} of the movie give")

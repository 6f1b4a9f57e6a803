"""Films that nobody has seen yet: predict the place of a film in an embedding from its description.

``python examples/embeddings.py DIR`` makes films and an embedding, fits, cross-validates and leaves
the model and its report in DIR. The films are made up: each has some of eight themes, a theme is
told in one of several phrases and moves the film in a direction of its own. A third of the
embedding's variance is noise that no description tells.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import genz
from genz.evaluation import cross_validate
from genz.evaluation.folds import draw_folds
from genz.report.from_model import write_report

N_DIMENSIONS = 8
NOISE_SHARE = 1 / 3
THEMES = {
    "crime": ["a detective hunts a murderer", "a murder shakes the town"],
    "romance": ["two strangers fall in love", "an old love returns"],
    "space": ["a crew is lost in space", "a signal comes from space"],
    "war": ["soldiers come home from the war", "a war tears friends apart"],
    "music": ["a band plays its last song", "a song makes her famous"],
    "family": ["a family moves to the country", "a family hides a secret"],
    "sport": ["a team wins against all odds", "a team loses its coach"],
    "sea": ["a ship sails into a storm", "a ship never arrives"],
}


def make_films(n: int, seed: int = 0) -> tuple[list[dict[str, object]], NDArray[np.float64]]:
    """Make films and their embeddings.

    Returns
    -------
    films : list of dict
        ``title``, ``year`` and ``plot``.
    embedding : ndarray of shape (n, N_DIMENSIONS)
    """
    rng = np.random.default_rng(seed)
    has = rng.random((n, len(THEMES))) < 0.25
    films: list[dict[str, object]] = []
    for row in range(n):
        chosen = [list(THEMES.values())[theme] for theme in np.flatnonzero(has[row])]
        plot = "; ".join(str(rng.choice(phrases)) for phrases in chosen)
        year = int(rng.integers(1950, 2020))
        films.append({"title": f"Film {row}", "year": year, "plot": plot or "nothing happens"})
    signal = has @ rng.normal(size=(len(THEMES), N_DIMENSIONS))
    scale = np.sqrt(NOISE_SHARE / (1 - NOISE_SHARE)) * signal.std(axis=0)
    return films, signal + scale * rng.normal(size=signal.shape)


def main(directory: Path, n_films: int = 600) -> None:
    """Run the example."""
    films, embedding = make_films(n_films)
    regressor = genz.GenZRegressor(n_features=12, text=["plot"], table=["year"])
    folds = draw_folds(n_films, 3)
    held_out = cross_validate(regressor, films, embedding, folds, baselines=["mean", "ridge_tfidf"])
    for method, scores in held_out.scores.items():
        print(f"{method:20} cosine {scores['cosine']:.3f}")

    model = regressor.fit(films, embedding)
    for feature in model.features_:
        size = np.linalg.norm(feature.weights)
        print(f"{size:8.2f}  {feature.share:6.1%}  {feature.description}")

    unseen = {"title": "A new film", "year": 2026, "plot": "a ship never arrives; a war"}
    print("a film that nobody has seen:", np.round(model.predict([unseen])[0], 2))
    model.save(directory / "model", force=True)
    print("report:", write_report(directory / "model"))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "films"))

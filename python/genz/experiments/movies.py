"""Embeddings of movies that nobody has rated yet, from what is said of them (the paper's domain 2).

The embedding of a movie is what its ratings say, given the users' factors. Those were learned
without the test movies: for these a predicted embedding can be compared with one from few ratings,
see `fold_in`.
"""

import gzip
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV

from genz.catalog import Catalog
from genz.errors import DataError, UsageError
from genz.evaluation.design import Design
from genz.evaluation.predictions import Normal
from genz.experiments.data import locate, numbers, read_table
from genz.experiments.setting import Setting
from genz.statistics.arrays import Floats

EMBEDDINGS = {
    "d16": "movies/cf_ml1m_d16_min200.npz",
    "d8": "movies/cf_ml1m_d8_min200.npz",
    "d32": "movies/cf_mlsmall_d32.npz",
}
MOVIES_FILE = "movies/movies.parquet"
SUMMARIES_FILE = "movies/ml1m_llm_summaries.json.gz"
TEXTS = ("overview", "tagline")
TABLE = ("year", "genres", "keywords", "cast", "director", "language", "runtime")
"""What is known of a movie before anyone has rated it; counts and means of ratings are not."""

GENRES_AND_YEAR = "ridge_genres_year"
DECADES = np.arange(1930.0, 2010.0, 10.0)
PENALTIES = np.logspace(-1, 4, 16)


@dataclass(frozen=True)
class Embedding:
    """Embeddings of movies and the factors of users that make them from ratings.

    Attributes
    ----------
    item_id : ndarray of shape (N,)
    emb : ndarray of shape (N, D)
    is_test : ndarray of bool, shape (N,)
        Movies without a part in the users' factors.
    user_ids : ndarray of shape (U,)
    user_factors : ndarray of shape (U, D)
    user_bias : ndarray of shape (U,)
    mu, lam, lam_bias : float
        Mean rating, penalties of an embedding and of a movie's bias.
    """

    item_id: NDArray[np.int64]
    emb: Floats
    is_test: NDArray[np.bool_]
    user_ids: NDArray[np.int64]
    user_factors: Floats
    user_bias: Floats
    mu: float
    lam: float
    lam_bias: float

    @property
    def directions(self) -> Floats:
        """Embeddings with length 1, (N, D)."""
        norms = np.linalg.norm(self.emb, axis=1, keepdims=True)
        return np.asarray(self.emb / np.where(norms > 0, norms, 1.0))


def read_embedding(path: Path) -> Embedding:
    """Read an ``.npz`` of embeddings.

    Raises
    ------
    DataError
        An array that is missing or does not fit the others.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            read = {name: arrays[name] for name in Embedding.__dataclass_fields__}
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path} is no file of embeddings: {error}; docs/experiments.md describes the layout"
        ) from None
    embedding = Embedding(
        item_id=read["item_id"].astype(np.int64),
        emb=read["emb"].astype(np.float64),
        is_test=read["is_test"].astype(np.bool_),
        user_ids=read["user_ids"].astype(np.int64),
        user_factors=read["user_factors"].astype(np.float64),
        user_bias=read["user_bias"].astype(np.float64),
        **{name: float(read[name]) for name in ("mu", "lam", "lam_bias")},
    )
    n, users = len(embedding.item_id), len(embedding.user_ids)
    shapes = {
        "emb": (n, embedding.emb.shape[-1]),
        "is_test": (n,),
        "user_factors": (users, embedding.emb.shape[-1]),
        "user_bias": (users,),
    }
    for name, shape in shapes.items():
        if getattr(embedding, name).shape != shape:
            got = getattr(embedding, name).shape
            raise DataError(f"{path}: {name} has the shape {got}, wanted {shape}")
    return embedding


def read(
    directory: Path | None = None,
    *,
    embedding: str = "d16",
    summaries: bool = False,
    title: bool = False,
    lengths: bool = False,
) -> Setting:
    """Read the movies that have an embedding, in its order.

    Parameters
    ----------
    embedding : {"d16", "d8", "d32"}
    summaries : bool
        Add what a language model wrote about each movie as a text.
    title : bool
        Add the title, by which a language model may know the movie.
    lengths : bool
        Predict embeddings as they are; else their directions, vectors of length 1, because the
        cosine is what is scored and some embeddings are several times as long as others.

    Raises
    ------
    UsageError, DataError
    """
    if embedding not in EMBEDDINGS:
        raise UsageError(f"embedding is {embedding!r}, wanted one of {', '.join(EMBEDDINGS)}")
    known = read_embedding(locate(directory, EMBEDDINGS[embedding]))
    path = locate(directory, MOVIES_FILE)
    columns = read_table(path, ("item_id", "title", *TEXTS, *TABLE))
    row_of = {int(n): row for row, n in enumerate(numbers(path, "item_id", columns["item_id"]))}
    missing = [item for item in known.item_id.tolist() if item not in row_of]
    if missing:
        raise DataError(f"{path} has no movie {missing[0]}, which has an embedding")
    rows = [row_of[item] for item in known.item_id.tolist()]
    texts = [*(["title"] if title else []), *TEXTS]
    fields: dict[str, list[Any]] = {
        name: [columns[name][row] for row in rows] for name in (*texts, *TABLE)
    }
    if summaries:
        written = _read_summaries(locate(directory, SUMMARIES_FILE))
        fields["summary"] = [written.get(str(item)) for item in known.item_id.tolist()]
        texts.append("summary")
    return Setting(
        name="movies",
        items=Catalog.from_items(fields, text=texts, table=TABLE),
        target=tuple(f"dimension {d + 1}" for d in range(known.emb.shape[1])),
        y=known.emb if lengths else known.directions,
        ids=[
            f"{item} {columns['title'][row]}"
            for item, row in zip(known.item_id.tolist(), rows, strict=True)
        ],
        first_fold=known.is_test,
        references={GENRES_AND_YEAR: ridge_genres_year},
    )


def ridge_genres_year(items: Catalog, y: Floats, held_out: Catalog) -> Normal:
    """Ridge on an indicator of each genre and a broken line of the year, one piece a decade.

    The penalty is chosen by leaving one out.
    """
    genres = [field for field in items.fields if field.name == "genres"]

    def only(some: Catalog) -> Catalog:
        return Catalog(genres, {"genres": some.array("genres")})

    indicators = Design(only(items))
    middle = float(np.nanmedian(items.numbers("year")))

    def design(some: Catalog) -> Floats:
        year = np.nan_to_num(some.numbers("year"), nan=middle)[:, np.newaxis]
        pieces = np.hstack([year - middle, np.maximum(0.0, year - DECADES)]) / 10
        return np.hstack([indicators(only(some)), pieces])

    ridge = RidgeCV(alphas=PENALTIES).fit(design(items), y)
    residual = y - ridge.predict(design(items))
    return Normal(np.asarray(ridge.predict(design(held_out))), residual.std(axis=0))


def _read_summaries(path: Path) -> dict[str, str]:
    try:
        written = json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{path} is no gzip file of JSON: {error}") from None
    if not isinstance(written, dict):
        raise DataError(f"{path} holds no object of texts by movie")
    return {str(item): str(text) for item, text in written.items()}

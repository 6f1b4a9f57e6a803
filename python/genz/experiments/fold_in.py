"""What R ratings of a movie give: the embedding folded in from few of them, and its cosine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genz.errors import DataError
from genz.experiments.data import locate, numbers, read_table
from genz.experiments.movies import Embedding
from genz.statistics.arrays import Floats

RATINGS = {
    "d16": "movies/ratings_ml1m_like.npz",
    "d8": "movies/ratings_ml1m_like.npz",
    "d32": "movies/ratings_mlsmall_pooled.parquet",
}
N_RATINGS = (1, 2, 5, 10, 20, 50, 100, 200)
N_DRAWS = 10


@dataclass(frozen=True)
class Ratings:
    """Who rated which movie how, one entry for each rating."""

    user: NDArray[np.int64]
    item: NDArray[np.int64]
    rating: Floats


@dataclass(frozen=True)
class Curve:
    """Mean cosine against the number of ratings, over test movies and draws.

    Attributes
    ----------
    n_ratings : tuple of int
    cosine : tuple of float
    n_movies : tuple of int
        Test movies that have so many ratings.
    """

    n_ratings: tuple[int, ...]
    cosine: tuple[float, ...]
    n_movies: tuple[int, ...]

    def worth(self, cosine: float) -> float:
        """Number of ratings that give this cosine.

        Interpolated in the logarithm of the number on the curve made monotone; below one rating 0,
        infinite beyond the last one.
        """
        rising = np.maximum.accumulate(self.cosine)
        if cosine < rising[0]:
            return 0.0
        if cosine > rising[-1]:
            return float("inf")
        # Where the curve is flat the fewest ratings that do.
        first = np.concatenate([[True], np.diff(rising) > 0])
        logs = np.log(np.array(self.n_ratings)[first])
        return float(np.exp(np.interp(cosine, rising[first], logs)))


def read_ratings(directory: Path | None, embedding: str) -> Ratings:
    """Read the ratings that an embedding was made of.

    Raises
    ------
    UsageError, DataError
    """
    path = locate(directory, RATINGS[embedding])
    if path.suffix == ".npz":
        try:
            with np.load(path, allow_pickle=False) as arrays:
                user, item, rating = (arrays[name] for name in ("user", "item", "like"))
        except (KeyError, ValueError, OSError) as error:
            raise DataError(f"{path} is no file of ratings: {error}") from None
    else:
        columns = read_table(path, ("user", "item", "rating"))
        user, item, rating = (numbers(path, name, columns[name]) for name in columns)
    return Ratings(user.astype(np.int64), item.astype(np.int64), rating.astype(np.float64))


def fold_in(embedding: Embedding, users: NDArray[np.intp], ratings: Floats) -> Floats:
    """Embeddings from ratings, (M, D): ridge regression on the users' factors.

    Solves (A'A + diag(lam_bias, lam, ..)) x = A'(r - mu - user_bias), A = [1, user_factors]; the
    first entry of x is the movie's bias.

    Parameters
    ----------
    users, ratings : ndarray of shape (M, R)
        Rows of the users that rated each of M movies, and what they gave.
    """
    factors = embedding.user_factors[users]
    a = np.concatenate([np.ones((*users.shape, 1)), factors], axis=2)
    r = ratings - embedding.mu - embedding.user_bias[users]
    penalty = np.diag([embedding.lam_bias, *[embedding.lam] * factors.shape[2]])
    gram = np.einsum("mri,mrj->mij", a, a) + penalty
    x = np.linalg.solve(gram, np.einsum("mri,mr->mi", a, r)[:, :, np.newaxis])
    return np.asarray(x[:, 1:, 0])


def curve(
    embedding: Embedding,
    ratings: Ratings,
    *,
    n_ratings: Sequence[int] = N_RATINGS,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> Curve:
    """Draw ratings of the test movies, fold them in, compare with the embedding of all ratings.

    Numbers of ratings that no test movie has are left out.

    Raises
    ------
    DataError
        No test movie has a rating by a known user.
    """
    rows = _rows_by_movie(embedding, ratings)
    rng = np.random.default_rng(seed)
    numbers_, cosines, counts = [], [], []
    for n in n_ratings:
        usable = [movie for movie, (users, _) in rows.items() if len(users) >= n]
        if not usable:
            break
        truth = embedding.emb[usable]
        total = 0.0
        for _ in range(n_draws):
            drawn = [rng.choice(len(rows[movie][0]), n, replace=False) for movie in usable]
            pairs = list(zip(usable, drawn, strict=True))
            users = np.array([rows[movie][0][some] for movie, some in pairs])
            given = np.array([rows[movie][1][some] for movie, some in pairs])
            folded = fold_in(embedding, users, given)
            lengths = np.linalg.norm(folded, axis=1) * np.linalg.norm(truth, axis=1)
            total += float(np.mean((folded * truth).sum(axis=1) / lengths))
        numbers_.append(int(n))
        cosines.append(total / n_draws)
        counts.append(len(usable))
    if not numbers_:
        raise DataError("no test movie has a rating by a user with factors")
    return Curve(tuple(numbers_), tuple(cosines), tuple(counts))


def _rows_by_movie(
    embedding: Embedding, ratings: Ratings
) -> dict[int, tuple[NDArray[np.intp], Floats]]:
    """Users' rows and ratings of each test movie, by the movie's row."""
    order = np.argsort(embedding.user_ids)
    place = np.searchsorted(embedding.user_ids, ratings.user, sorter=order)
    user_row = order[np.minimum(place, len(order) - 1)]
    known = embedding.user_ids[user_row] == ratings.user
    found = {}
    for movie in np.flatnonzero(embedding.is_test).tolist():
        mine = np.flatnonzero(known & (ratings.item == embedding.item_id[movie]))
        if len(mine):
            found[movie] = (user_row[mine], ratings.rating[mine])
    return found

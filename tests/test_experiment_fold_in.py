"""What ratings give: embeddings folded in, the curve, and what a cosine is worth."""

from pathlib import Path

import numpy as np
import pytest

import genz
from experiment_data import write_movies
from genz.experiments import fold_in
from genz.experiments.movies import EMBEDDINGS, read_embedding

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the data sets are not in ../shared/data beside the repository"
)


def test_all_ratings_give_the_embedding_itself(tmp_path: Path) -> None:
    data = write_movies(tmp_path)
    embedding = read_embedding(data / EMBEDDINGS["d16"])
    ratings = fold_in.read_ratings(data, "d16")
    n_users, n_items = len(embedding.user_ids), len(embedding.item_id)
    users = np.tile(np.arange(n_users), (n_items, 1))
    folded = fold_in.fold_in(embedding, users, ratings.rating.reshape(n_users, n_items).T)
    np.testing.assert_allclose(folded, embedding.emb, atol=1e-10)


def test_more_ratings_give_more(tmp_path: Path) -> None:
    data = write_movies(tmp_path)
    embedding = read_embedding(data / EMBEDDINGS["d16"])
    ratings = fold_in.read_ratings(data, "d16")
    curve = fold_in.curve(embedding, ratings, n_ratings=(1, 10, 80, 81))
    # Every movie has 80 ratings: drawing all of them leaves nothing to chance, 81 there are not.
    assert curve.n_ratings == (1, 10, 80)
    assert curve.n_movies == (24, 24, 24)
    assert curve.cosine[0] < curve.cosine[1] < curve.cosine[2] == pytest.approx(1.0)
    again = fold_in.curve(embedding, ratings, n_ratings=(1, 10, 80, 81))
    assert again == curve


def test_users_are_found_by_their_ids_and_strangers_left_out(tmp_path: Path) -> None:
    data = write_movies(tmp_path)
    embedding = read_embedding(data / EMBEDDINGS["d16"])
    ratings = fold_in.read_ratings(data, "d16")
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(len(ratings.user))
    more = fold_in.Ratings(
        np.append(ratings.user[shuffled], [9999, -3]),
        np.append(ratings.item[shuffled], embedding.item_id[:2]),
        np.append(ratings.rating[shuffled], [50.0, 50.0]),
    )
    curve = fold_in.curve(embedding, more, n_ratings=(80,), n_draws=1)
    assert curve.cosine[0] == pytest.approx(1.0)
    strangers = fold_in.Ratings(ratings.user + 1000, ratings.item, ratings.rating)
    with pytest.raises(genz.DataError, match="no test movie has a rating"):
        fold_in.curve(embedding, strangers)


def test_what_a_cosine_is_worth() -> None:
    curve = fold_in.Curve((1, 10, 100), (0.2, 0.4, 0.8), (5, 5, 5))
    assert curve.worth(0.4) == pytest.approx(10)
    assert curve.worth(0.6) == pytest.approx(10**1.5)
    assert curve.worth(0.2) == pytest.approx(1)
    assert curve.worth(0.1) == 0
    assert np.isinf(curve.worth(0.81))
    # Where chance makes the curve fall, it counts as flat, and the fewest ratings do.
    dented = fold_in.Curve((1, 10, 20, 100), (0.2, 0.4, 0.35, 0.8), (5,) * 4)
    assert dented.worth(0.4) == pytest.approx(10)
    assert dented.worth(0.6) == pytest.approx(10**1.5)


@needs_shared
def test_the_real_curve_is_the_published_one() -> None:
    embedding = read_embedding(SHARED / EMBEDDINGS["d8"])
    ratings = fold_in.read_ratings(SHARED, "d8")
    curve = fold_in.curve(embedding, ratings, n_ratings=(5, 50), n_draws=2)
    np.testing.assert_allclose(curve.cosine, [0.25, 0.64], atol=0.03)

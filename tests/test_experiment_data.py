"""What the experiments read: layout, groups, covariates, references, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

import genz
from experiment_data import write_airbnb, write_houses, write_movies
from genz.catalog import FieldKind
from genz.experiments import airbnb, houses, movies, windsor
from genz.experiments.data import DEFAULT_DIRECTORY

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the data sets are not in ../shared/data beside the repository"
)


def test_rows_of_the_same_house_are_held_out_together(tmp_path: Path) -> None:
    setting = houses.read(write_houses(tmp_path))
    assert setting.items.kinds["zipcode"] == "category"
    assert "price" not in setting.items.kinds
    assert setting.groups is not None
    assert setting.groups[0] == setting.groups[1]
    assert len(np.unique(setting.groups)) == len(setting.items) - 1
    for seed in range(3):
        folds = setting.folds(10, seed)
        assert folds[0] == folds[1]


def test_photos_are_shown_when_asked_for_and_tell_no_two_rows_apart(tmp_path: Path) -> None:
    data = write_houses(tmp_path)
    assert not set(houses.PHOTOS) & set(houses.read(data).items.kinds)
    setting = houses.read(data, photos=True)
    assert {setting.items.kinds[name] for name in houses.PHOTOS} == {"images"}
    assert setting.items.item(0)["photo_kitchen"] == ("photos/001_kitchen.jpg",)
    assert setting.groups is not None
    assert setting.groups[0] == setting.groups[1]


def test_least_squares_on_zipcodes_is_that_of_the_normal_equations(tmp_path: Path) -> None:
    items = houses.read(write_houses(tmp_path)).items
    y = np.random.default_rng(1).normal(size=(len(items), 1))
    normal = houses.least_squares(items, y, items)
    codes = items.array("zipcode")
    indicators = np.column_stack([codes == code for code in sorted(set(codes))]).astype(float)
    numbers = [np.log(items.numbers("area")), items.numbers("bedrooms"), items.numbers("bathrooms")]
    design = np.column_stack([*numbers, indicators])
    coefficients = np.linalg.solve(design.T @ design, design.T @ y)
    np.testing.assert_allclose(normal.mean, design @ coefficients, atol=1e-8)
    residual = y - design @ coefficients
    np.testing.assert_allclose(normal.sd**2, (residual**2).sum(axis=0) / (len(y) - 6))


def test_movies_are_matched_by_id_and_outcomes_are_left_out(tmp_path: Path) -> None:
    data = write_movies(tmp_path)
    setting = movies.read(data)
    known = movies.read_embedding(data / movies.EMBEDDINGS["d16"])
    assert setting.ids[7] == "17 Movie 17"
    assert (
        setting.items.item(7)["overview"] == "A long story of friends and their number 17 of days"
    )
    assert set(setting.items.kinds) == {*movies.TEXTS, *movies.TABLE}
    np.testing.assert_allclose(np.linalg.norm(setting.y, axis=1), 1.0)
    np.testing.assert_allclose(
        setting.y * np.linalg.norm(known.emb, axis=1, keepdims=True), known.emb
    )
    np.testing.assert_array_equal(movies.read(data, lengths=True).y, known.emb)
    with_more = movies.read(data, summaries=True, title=True).items
    assert with_more.item(7)["title"] == "Movie 17"
    assert str(with_more.item(7)["summary"]).endswith("evening 17")


def test_the_first_fold_of_movies_is_that_of_the_test_movies(tmp_path: Path) -> None:
    setting = movies.read(write_movies(tmp_path))
    assert setting.first_fold is not None
    drawn = [setting.folds(5, seed) for seed in range(2)]
    for folds in drawn:
        np.testing.assert_array_equal(folds == 0, setting.first_fold)
        assert set(folds.tolist()) == set(range(5))
    assert not np.array_equal(*drawn)
    with pytest.raises(genz.UsageError, match="2 folds of 120 items"):
        setting.folds(2, 0)


def test_ridge_on_genres_and_year_sees_nothing_else(tmp_path: Path) -> None:
    setting = movies.read(write_movies(tmp_path))
    rows = np.arange(len(setting.items))
    training, held_out = rows[::2], rows[1::2]
    normal = movies.ridge_genres_year(
        setting.items.take(training), setting.y[training], setting.items.take(held_out)
    )
    lengths = np.linalg.norm(normal.mean, axis=1)
    assert np.mean((normal.mean * setting.y[held_out]).sum(axis=1) / lengths) > 0.9
    fields = [f for f in setting.items.fields if f.name in ("genres", "year")]
    fewer = genz.Catalog(fields, {f.name: setting.items.array(f.name) for f in fields})
    again = movies.ridge_genres_year(
        fewer.take(training), setting.y[training], fewer.take(held_out)
    )
    np.testing.assert_array_equal(again.mean, normal.mean)


def test_covariates_of_listings_are_scaled_and_say_what_was_missing(tmp_path: Path) -> None:
    setting = airbnb.read(write_airbnb(tmp_path))
    names, covariates = setting.covariate_names, setting.covariates
    assert covariates is not None
    beds, missing = (names.index(name) for name in ("beds", "beds is missing"))
    assert set(covariates[:, missing]) == {0.0, 1.0}
    np.testing.assert_array_equal(covariates[covariates[:, missing] == 1, beds], 0.0)
    guests = covariates[:, names.index("log accommodates")]
    assert guests.mean() == pytest.approx(0)
    assert guests.std() == pytest.approx(1)
    assert not {"price", "host_group"} & set(setting.items.kinds)
    assert setting.items.kinds["accommodates"] is FieldKind.NUMBER, "not its logarithm"
    assert setting.items.numbers("accommodates").min() >= 1
    folds = setting.folds(5, 0)
    assert (folds.reshape(-1, 3) == folds[::3, np.newaxis]).all()


def test_numbers_that_are_never_there_or_never_differ_are_no_covariates() -> None:
    given = {"beds": np.array([1.0, 2.0, np.nan]), "bathrooms": np.full(3, np.nan)}
    names, covariates = airbnb.design({**given, "bedrooms": np.ones(3)})
    assert names == ("beds", "beds is missing")
    np.testing.assert_allclose(covariates, [[-1, 0], [1, 0], [0, 1]])


def test_a_slice_is_always_the_same(tmp_path: Path) -> None:
    setting = airbnb.read(write_airbnb(tmp_path))
    some, again = setting.slice(40), setting.slice(40)
    assert some.ids == again.ids
    assert len(some.items) == len(some.y) == len(some.ids) == 40
    assert some.covariates is not None
    assert some.covariates.shape[0] == 40
    assert setting.slice(10_000) is setting
    row = setting.ids.index(some.ids[5])
    assert some.y[5] == setting.y[row]
    assert some.items.item(5) == setting.items.item(row)


@pytest.mark.parametrize("read", [houses.read, movies.read, airbnb.read, windsor.read])
def test_data_that_are_not_there_say_where_to_get_them(read, tmp_path: Path) -> None:
    with pytest.raises(genz.UsageError, match=r"docs/experiments\.md says where to get them"):
        read(tmp_path)


def test_without_a_directory_the_one_beside_the_repository_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = tmp_path / "repository"
    working.mkdir()
    monkeypatch.chdir(working)
    with pytest.raises(genz.UsageError, match=str(DEFAULT_DIRECTORY)):
        houses.read()
    write_houses(tmp_path / "shared" / "data")
    assert len(houses.read().items) == 90


def test_broken_files_are_named(tmp_path: Path) -> None:
    path = write_houses(tmp_path / "a") / houses.FILE
    text = path.read_text()
    path.write_text(text.replace("zipcode", "zip"))
    with pytest.raises(genz.DataError, match=r"has no column zipcode; docs/experiments\.md"):
        houses.read(tmp_path / "a")
    head, first, *rest = text.splitlines()
    path.write_text("\n".join([head, first.replace(first.split(",")[5], "-1"), *rest]))
    with pytest.raises(genz.DataError, match="price of row 1 is '-1', wanted a number above 0"):
        houses.read(tmp_path / "a")
    listings = write_airbnb(tmp_path / "b") / airbnb.FILE
    listings.write_bytes(listings.read_bytes()[:-40])
    with pytest.raises(genz.DataError, match="not a whole gzip file"):
        airbnb.read(tmp_path / "b")


def test_broken_embeddings_are_named(tmp_path: Path) -> None:
    data = write_movies(tmp_path)
    path = data / movies.EMBEDDINGS["d16"]
    with np.load(path) as arrays:
        whole = dict(arrays)
    np.savez(path, **{name: array for name, array in whole.items() if name != "user_bias"})
    with pytest.raises(genz.DataError, match="user_bias"):
        movies.read(data)
    np.savez(path, **{**whole, "user_factors": whole["user_factors"][:, :2]})
    with pytest.raises(genz.DataError, match=r"user_factors has the shape \(80, 2\), wanted"):
        movies.read(data)
    np.savez(path, **{**whole, "item_id": whole["item_id"] + 1})
    with pytest.raises(genz.DataError, match="has no movie 130"):
        movies.read(data)
    path.write_bytes(b"no archive")
    with pytest.raises(genz.DataError, match="is no file of embeddings"):
        movies.read(data)
    with pytest.raises(genz.UsageError, match="embedding is 'd64', wanted one of d16, d8, d32"):
        movies.read(data, embedding="d64")


@needs_shared
def test_the_real_data_sets_are_read_whole() -> None:
    sizes = {"houses": 535, "movies": 1426, "airbnb": 3477}
    read = {"houses": houses.read, "movies": movies.read, "airbnb": airbnb.read}
    for name, n_items in sizes.items():
        assert len(read[name](SHARED).items) == n_items
    groups = houses.read(SHARED).groups
    assert groups is not None
    assert len(np.unique(groups)) == 530
    assert windsor.read(SHARED).attributes.shape == (546, 6)

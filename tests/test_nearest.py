"""Items that lie where the effect of a feature leads, and the surest dimensions of an effect."""

from pathlib import Path

import numpy as np
import pytest

from genz import GenZRegressor, LatentFeatureRegression
from genz.catalog import Catalog
from genz.feature import by_z_score
from genz.nearest import MAX_NAME, Directions, Nearest, title_field
from genz.persistence import MODEL_FILE
from genz.report.facts import notes_of

NAN = np.nan


def films(*titles: str) -> Catalog:
    return Catalog.from_items({"year": list(range(len(titles))), "title": list(titles)})


def test_cosines_by_hand() -> None:
    # The mean is (1, 1): deviations are (1, 0), (0, 1), (-1, -1) and 0.
    targets = np.array([[2.0, 1.0], [1.0, 2.0], [0.0, 0.0], [1.0, 1.0]])
    directions = Directions(targets, films("east", "north", "south west", "here"))
    nearest = directions.nearest(np.array([3.0, 4.0]))
    assert nearest.along == ("north", "east")
    assert nearest.cosines_along == pytest.approx((0.8, 0.6))
    assert nearest.against == ("south west",)
    assert nearest.cosines_against == pytest.approx((-1.4 / np.sqrt(2),))
    assert directions.nearest(np.zeros(2)) == Nearest()


def test_an_item_of_which_little_is_known_is_not_nearer_for_it() -> None:
    targets = np.array([[1.0, 0.9], [1.0, NAN], [-1.0, -0.9], [-1.0, NAN], [NAN, NAN]])
    directions = Directions(targets, films("whole", "half", "whole -", "half -", "nothing"))
    nearest = directions.nearest(np.array([1.0, 1.0]))
    assert nearest.along == ("whole", "half")
    assert nearest.cosines_along[1] == pytest.approx(np.sqrt(0.5))
    assert nearest.against == ("whole -", "half -")


def test_a_scalar_target_has_no_directions() -> None:
    directions = Directions(np.array([[1.0], [2.0], [4.0]]), films("a", "b", "c"))
    assert directions.nearest(np.array([1.0])) == Nearest()


def test_names_are_short_texts_that_tell_items_apart() -> None:
    long = "word " * 30
    columns = {
        "genre": ["drama", "drama", "comedy", "drama"],
        "plot": [f"{long}{n}" for n in range(4)],
        "title": ["A", "B", "C", long],
    }
    catalog = Catalog.from_items(columns, text=["genre", "plot", "title"])
    assert title_field(catalog) == "title"
    directions = Directions(np.array([[0.0, 1], [0, 2], [0, 3], [5, 3]]), catalog)
    name = directions.nearest(np.array([1.0, 0.0])).along[0]
    assert len(name) == MAX_NAME
    assert name.endswith("…")
    nameless = Catalog.from_items({"genre": columns["genre"], "year": [1, 2, 3, 4]})
    assert title_field(nameless) is None
    directions = Directions(np.array([[0.0, 1], [0, 2], [0, 3], [5, 3]]), nameless)
    assert directions.nearest(np.array([1.0, 0.0])).along[0] == "genre: drama; year: 4"


def test_dimensions_are_ordered_by_standard_errors_from_0() -> None:
    assert by_z_score([1.0, -0.5, 2.0, 0.1], [1.0, 0.1, 4.0, 0.5]) == [1, 0, 2, 3]
    assert by_z_score([1.0, -3.0, 2.0], []) == [1, 2, 0]
    # Without an error it is not known whether an effect differs from 0: the sure ones come first.
    assert by_z_score([9.0, NAN, 8.0, 0.5], [0.0, 1.0, NAN, 1.0]) == [3, 0, 2]


@pytest.fixture(scope="module")
def approximate() -> tuple[GenZRegressor, np.ndarray]:
    """A model of two features, fitted by expectation propagation."""
    rng = np.random.default_rng(0)
    z = rng.random((90, 2)) < 0.5
    y = z @ np.array([[2.0, 0, 1], [0, -2, 1]]) + 0.3 * rng.normal(size=(90, 3))
    y[4] = [NAN, NAN, 1.0]
    items = [
        {"title": f"film {n}", "genre": "a" if a else "b", "tone": "dark" if b else "light"}
        for n, (a, b) in enumerate(z)
    ]
    regression = LatentFeatureRegression(
        solver="expectation_propagation", max_iter=300, tol=1e-6, n_threads=1
    )
    model = GenZRegressor(
        n_features=2,
        features=["genre is a", "tone is dark"],
        regression=regression,
        table=["genre", "tone"],
        text=["title"],
    )
    return model.fit(items, y), y


def test_approximate_fits_say_so_in_the_report(
    approximate: tuple[GenZRegressor, np.ndarray],
) -> None:
    model, _ = approximate
    assert not model.regression_.exact_
    assert notes_of(model, None)[0].startswith("Approximate: expectation propagation. 2 features")


def test_nearest_items_are_saved(
    approximate: tuple[GenZRegressor, np.ndarray], tmp_path: Path
) -> None:
    model, y = approximate
    deviations = np.nan_to_num(y - np.nanmean(y, axis=0))
    effect = np.array(model.features_[0].weights)
    lengths = np.linalg.norm(deviations, axis=1) * np.linalg.norm(effect)
    best = int(np.argmax(deviations @ effect / lengths))
    assert model.features_[0].nearest.along[0] == f"film {best}"
    model.save(tmp_path / "model")
    loaded = GenZRegressor.load(tmp_path / "model")
    assert loaded.features_ == model.features_
    assert (tmp_path / "model" / MODEL_FILE).read_text("utf-8").count('"nearest"') == 2

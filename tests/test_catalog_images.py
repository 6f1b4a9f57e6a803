"""Fields of images: named, never inferred, and nothing for whoever cannot see."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from genz import BuiltinModel, Catalog, Contrast, GenZRegressor
from genz.catalog import Field, FieldKind
from genz.errors import DataError, UsageError
from genz.evaluation.design import Design
from genz.foundation.builtin.candidates import find

ITEMS: list[dict[str, Any]] = [
    {"area": 10 * ix, "photos": [f"{ix}/a.jpg", f"{ix}/b.jpg"], "plan": f"{ix}.png"}
    for ix in range(40)
]


def read(values: list[Any]) -> list[Any]:
    items = {"area": [1.0] * len(values), "photo": values}
    return Catalog.from_items(items, images=["photo"]).column("photo")


def test_one_path_a_list_or_several_in_a_string() -> None:
    values = ["a.jpg", ["a.jpg", "b.jpg"], "a.jpg|b.jpg", " a.jpg | sub/b.jpg ", ("c.png",)]
    assert read(values) == [
        ("a.jpg",),
        ("a.jpg", "b.jpg"),
        ("a.jpg", "b.jpg"),
        ("a.jpg", "sub/b.jpg"),
        ("c.png",),
    ]
    assert read([Path("sub") / "a.jpg", {"b.jpg", "a.jpg"}, np.array(["1.0", "true"])]) == [
        ("sub/a.jpg",),
        ("a.jpg", "b.jpg"),
        ("1.0", "true"),
    ]
    assert read(["x.jpg", None, "", [], [""], "|", float("nan"), "a.jpg||b.jpg"]) == [
        ("x.jpg",),
        None,
        None,
        None,
        None,
        None,
        None,
        ("a.jpg", "b.jpg"),
    ]


def test_no_column_is_taken_for_images() -> None:
    kinds = Catalog.from_items(ITEMS).kinds
    assert FieldKind.IMAGES not in kinds.values()
    assert kinds["photos"] is FieldKind.LIST


def test_the_others_are_inferred_or_named() -> None:
    catalog = Catalog.from_items(ITEMS, images=["photos", "plan"])
    assert catalog.kinds == {
        "area": FieldKind.NUMBER,
        "photos": FieldKind.IMAGES,
        "plan": FieldKind.IMAGES,
    }
    assert Catalog.from_items(ITEMS, images="plan").kinds["plan"] is FieldKind.IMAGES
    named = Catalog.from_items(ITEMS, table=["area"], images=["plan"])
    assert list(named.kinds) == ["area", "plan"]
    frame = Catalog.from_items(pd.DataFrame(ITEMS), images=["photos", "plan"])
    assert frame.item(3) == catalog.item(3)


@pytest.mark.parametrize(
    "options",
    [
        {"text": ["plan"], "images": ["plan"]},
        {"table": ["plan"], "images": ["plan"]},
        {"images": ["plan", "plan"]},
    ],
)
def test_a_column_has_one_role(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="'plan' is named twice among text, table and images"):
        Catalog.from_items(ITEMS, **options)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match="no column 'photo'; the nearest is 'photos'"):
        Catalog.from_items(ITEMS, images=["photo"])
    with pytest.raises(
        DataError, match="column 'x' holds a list of dictionaries or lists in row 1"
    ):
        Catalog.from_items({"x": ["a.jpg", [["b.jpg"]]]}, images=["x"])


def test_images_of_an_item_in_order() -> None:
    catalog = Catalog.from_items(ITEMS, images=["plan", "photos"])
    assert catalog.images(7) == ("7.png", "7/a.jpg", "7/b.jpg")
    assert Catalog.from_items([{"a": 1, "p": None}], images=["p"]).images(0) == ()
    assert Catalog.from_items(ITEMS).images(0) == ()


def test_take_keeps_them_and_descriptions_leave_them_out() -> None:
    catalog = Catalog.from_items(ITEMS, images=["photos", "plan"])
    taken = catalog.take([5, 2])
    assert taken.kinds == catalog.kinds
    assert taken.images(0) == catalog.images(5)
    assert taken.describe(0) == "area: 50"
    # A catalog that is read again is the same.
    again = Catalog.from_items(taken)
    assert (again.kinds, again.images(1)) == (catalog.kinds, catalog.images(2))


def test_the_built_in_model_does_not_see_them() -> None:
    seen = Catalog.from_items([{"area": item["area"]} for item in ITEMS])
    items = [{**item, "plan": item["plan"] if ix % 3 else None} for ix, item in enumerate(ITEMS)]
    catalog = Catalog.from_items(items, images=["photos", "plan"])
    high, low = np.arange(20, 40), np.arange(20)
    model = BuiltinModel()

    def propose(of: Catalog) -> list[str]:
        return asyncio.run(model.propose(Contrast("residual", of.take(high), of.take(low)), 10))

    assert propose(catalog) == propose(seen) != []
    assert not any("plan" in str(c) or "photos" in str(c) for c, _ in find(catalog, high > 29))
    questions = [
        "plan is missing",
        "photos include 1/a.jpg",
        "plan is 1.png",
        "plan mentions 'png'",
    ]
    assert np.isnan(asyncio.run(model.judge(catalog, questions))).all()
    targets = np.arange(40.0)[:, np.newaxis]
    np.testing.assert_array_equal(
        asyncio.run(model.predict(catalog, catalog, targets)),
        asyncio.run(model.predict(seen, seen, targets)),
    )


def test_a_catalog_of_images_alone_breaks_nothing() -> None:
    catalog = Catalog.from_items({"plan": ["a.jpg", "b.jpg", None]}, images=["plan"])
    model = BuiltinModel()
    contrast = Contrast("residual", catalog.take([0]), catalog.take([1]))
    assert asyncio.run(model.propose(contrast, 5)) == []
    targets = np.array([[1.0], [2.0], [6.0]])
    assert asyncio.run(model.predict(catalog, catalog, targets)).ravel() == pytest.approx([3.0] * 3)
    assert catalog.describe(0) == ""


def test_tables_of_an_evaluation_leave_them_out() -> None:
    catalog = Catalog.from_items(ITEMS, images=["photos", "plan"])
    seen = Catalog.from_items([{"area": item["area"]} for item in ITEMS])
    np.testing.assert_array_equal(Design(catalog)(catalog), Design(seen)(seen))


def test_a_fitted_model_keeps_the_field_and_predicts_by_it(tmp_path: Path) -> None:
    catalog = Catalog.from_items(ITEMS, images=["photos", "plan"])
    noise = np.random.default_rng(0).normal(scale=0.2, size=len(ITEMS))
    y = np.array([float(item["area"] >= 200) for item in ITEMS]) + noise
    model = GenZRegressor(n_features=2).fit(catalog, y)
    model.save(tmp_path / "model")
    loaded = GenZRegressor.load(tmp_path / "model")
    assert loaded.fields_ == model.fields_
    assert Field("photos", FieldKind.IMAGES) in loaded.fields_
    np.testing.assert_array_equal(loaded.predict(ITEMS), model.predict(catalog))
    with pytest.raises(DataError, match="no column 'plan'"):
        loaded.predict([{"area": 1, "photos": "a.jpg"}])
    assert model.features_
    assert not any("jpg" in text for each in model.features_ for text in each.examples_with)

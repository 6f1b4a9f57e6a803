"""Pictures of items in the report: small, few enough, and missed without harm."""

from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import run
from genz import GenZRegressor
from genz.catalog import Catalog
from genz.errors import DataError
from genz.report import render
from genz.report.effects import PICTURE_START
from genz.report.from_model import content_of, write_report
from genz.report.pictures import MAX_SIDE, Pictures
from report_samples import content, feature

N = 40


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model of items with photos, which lie in ``photos`` beside it."""
    place = tmp_path_factory.mktemp("report")
    (place / "photos").mkdir()
    rng = np.random.default_rng(0)
    for ix in range(N):
        pixels = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((800, 600)).save(place / "photos" / f"{ix}.png")
    items = [{"area": 10 * ix, "photo": f"{ix}.png"} for ix in range(N)]
    y = [float(item["area"] >= 200) + rng.normal(scale=0.2) for item in items]
    GenZRegressor(n_features=1).fit(Catalog.from_items(items, images=["photo"]), y).save(
        place / "model"
    )
    return place


def test_examples_have_pictures_where_the_images_are(model: Path) -> None:
    fitted = GenZRegressor.load(model / "model")
    (row,) = content_of(fitted, image_root=model / "photos").features
    assert len(row.pictures_with) == len(row.examples_with) == 3
    for uri in (*row.pictures_with, *row.pictures_without):
        assert uri.startswith(PICTURE_START)
        picture = Image.open(BytesIO(b64decode(uri.removeprefix(PICTURE_START))))
        assert (picture.format, max(picture.size)) == ("JPEG", MAX_SIDE)
    shown = content_of(fitted, image_root=model / "photos")
    html = render(shown)
    assert html.count('<img class="picture"') == 6
    assert not any("picture" in note for note in shown.notes)
    assert len(html) < 3_000_000


def test_the_command_takes_the_root(model: Path) -> None:
    written = model / "model" / "report.html"
    assert run("report", model / "model").exit_code == 0
    assert PICTURE_START not in written.read_text("utf-8")
    assert run("report", model / "model", "--image-root", model / "photos").exit_code == 0
    assert written.read_text("utf-8").count(PICTURE_START) == 6
    wrong = run("report", model / "model", "--image-root", model / "nowhere")
    assert wrong.exit_code == 2
    assert "no directory that images could lie in" in wrong.output


def test_what_cannot_be_shown_is_noted(model: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    fitted = GenZRegressor.load(model / "model")
    first = fitted.features_[0].images_with[0]
    (tmp_path / "images" / str(first)).write_bytes((model / "photos" / str(first)).read_bytes())
    shown = content_of(fitted, image_root=tmp_path / "images")
    (row,) = shown.features
    assert [bool(uri) for uri in row.pictures_with] == [True, False, False]
    assert any("5 pictures of items could not be shown" in note for note in shown.notes)
    assert any("missing" in note for note in shown.notes)
    assert write_report(model / "model", tmp_path / "r.html", image_root=tmp_path / "none").exists()
    assert "No pictures of items are shown" in (tmp_path / "r.html").read_text("utf-8")


def test_pictures_end_where_the_report_would_grow_too_large(model: Path) -> None:
    names = [f"{ix}.png" for ix in range(N)]
    size = len(Pictures(model / "photos").show(names[:1])[0])
    pictures = Pictures(model / "photos", max_total=5 * size)
    shown = [uri for uri in pictures.show(names) if uri]
    assert 1 <= len(shown) < 10
    assert sum(map(len, shown)) <= 5 * size
    assert f"{N - len(shown)} pictures of items were left out" in pictures.notes[0]
    assert pictures.show([None]) == ("",)
    assert Pictures(None).show(names) == ("",) * N
    assert Pictures(None).notes == ()


@pytest.mark.parametrize("uri", ["https://example.com/a.jpg", "data:image/svg+xml;base64,PHN2Zz4="])
def test_nothing_but_a_jpeg_inside_of_the_file_is_a_picture(uri: str) -> None:
    with pytest.raises(DataError, match="a picture of feature 'is red'"):
        feature("is red", 0.5, pictures_with=[uri])


def test_a_feature_with_fewer_pictures_than_examples_is_shown() -> None:
    row = feature("is red", 0.5, pictures_with=[""], examples_with=["a", "b"])
    assert "<img" not in render(content(features=[row]))

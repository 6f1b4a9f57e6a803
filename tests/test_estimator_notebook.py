"""Estimators in a notebook: a loop that runs already, and what a cell shows."""

import asyncio
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn

import genz
from reference_cases import draw_case
from remote import Planted
from test_estimator_frames import flats, small

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
HOSTILE = (
    "</td><script>document.title='x'</script><img src=x onerror=\"document.title='x'\"> & {{ 7*7 }}"
)


class Page(HTMLParser):
    """Tags and texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def hostile_fit(n_targets: int = 1) -> genz.GenZRegressor:
    items, y = flats()
    judgments = np.array([[item["area"] is None or item["area"] >= 90] for item in items])
    targets = np.column_stack([y * (d + 1) for d in range(n_targets)]) if n_targets > 1 else y
    model = small(features=[HOSTILE]).set_params(n_features=1)
    return model.fit(items, targets, judgments=judgments.astype(float))


def test_a_model_behind_an_endpoint_fits_and_predicts_inside_a_running_loop(
    tmp_path: Path,
) -> None:
    """A cell runs on a thread whose loop runs; that loop goes on afterwards as before."""
    planted = Planted(60)
    own = ["the house has a garden", "the street is loud"]

    async def notebook(url: str) -> np.ndarray:
        heart = asyncio.create_task(asyncio.sleep(0.01, result="beats"))
        model = genz.OpenAIModel("fake", url, store=tmp_path / "store.sqlite3")
        regressor = genz.GenZRegressor(model, features=own, n_features=2, patience=1)
        regressor.fit(planted.items, planted.price)
        regressor.refit(planted.items, planted.price)
        predicted = regressor.predict(planted.items)
        assert await heart == "beats"
        return predicted

    with planted.server() as server:
        predicted = asyncio.run(notebook(server.base_url))
        assert server.statistics.n_requests > 0
    assert np.corrcoef(predicted, planted.price)[0, 1] > 0.7


def test_a_fit_is_shown_as_a_table_of_its_features() -> None:
    items, y = flats()
    model = small()
    before = model._repr_html_()
    assert "genz-fit" not in before
    assert "n_features" in before  # scikit-learn's diagram of the parameters
    page = Page(model.fit(items, y)._repr_html_())
    for feature in model.features_:
        assert feature.description in page.texts
        assert f"{feature.weights[0]:+.4g}" in page.texts
        assert f"{feature.weights_std_error[0]:.2g}" in page.texts
        assert feature.ppv is not None
        assert f"{1 - feature.ppv:.1%}" in page.texts
    assert page.tags.count("tr") == 1 + len(model.features_)
    assert model._repr_mimebundle_()["text/html"] == model._repr_html_()
    assert model._repr_mimebundle_()["text/plain"] == repr(model)


@pytest.mark.parametrize("kind", ["hard", "probability"])
@pytest.mark.parametrize("n_targets", [1, 3])
def test_a_regression_is_shown_too(kind: str, n_targets: int) -> None:
    case = draw_case(0, 80, 3, n_targets, 2, kind=kind, unknown=0.1)
    model = genz.LatentFeatureRegression()
    assert "genz-fit" not in model._repr_html_()
    page = Page(model.fit(case.judgments, case.targets, case.covariates)._repr_html_())
    assert {"x0", "x1", "x2"} <= set(page.texts)
    assert ("strongest target" in page.texts) == (n_targets > 1)
    assert ("probabilities" in page.texts) == (kind == "probability")
    assert "2 covariates" in " ".join(page.texts)


def test_a_model_without_features_says_so() -> None:
    items, _ = flats()
    noise = np.random.default_rng(5).normal(size=len(items))
    model = small().fit(items, noise)
    assert not model.features_
    page = Page(model._repr_html_())
    assert "table" not in page.tags
    assert "0 features" in " ".join(page.texts)


def test_no_more_rows_than_a_notebook_bears() -> None:
    rng = np.random.default_rng(0)
    judgments = (rng.random((400, 70)) < 0.5).astype(float)
    y = judgments @ rng.normal(size=70) + rng.normal(size=400)
    model = genz.LatentFeatureRegression(max_iter=2, n_threads=1)
    model._fit(judgments, y, None, None)
    page = Page(model._repr_html_())
    assert page.tags.count("tr") == 61
    assert "and 10 more features" in page.texts


@pytest.mark.parametrize("n_targets", [1, 2])
def test_hostile_descriptions_stay_text(n_targets: int) -> None:
    page = Page(hostile_fit(n_targets)._repr_html_())
    assert HOSTILE in page.texts
    assert not {"script", "img"} & set(page.tags)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_browser_runs_nothing_of_a_description(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<title>quiet</title>{hostile_fit()._repr_html_()}", "utf-8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'p'}")
    done = subprocess.run(  # noqa: S603 - an installed browser on a file of ours
        [str(BROWSER), *options, "--dump-dom", page.as_uri()],
        capture_output=True,
        timeout=60,
        check=True,
    )
    dom = done.stdout.decode("utf-8")
    assert "<title>quiet</title>" in dom
    assert "&lt;script&gt;document.title" in dom


def test_the_user_s_choice_of_plain_text_is_kept() -> None:
    model = hostile_fit()
    with sklearn.config_context(display="text"):
        assert not hasattr(model, "_repr_html_")
        assert set(model._repr_mimebundle_()) == {"text/plain"}

"""Estimators among scikit-learn's tools: clones, pipelines, searches, chosen containers."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline

import genz
from genz.report.comparing import compare
from genz.report.from_model import write_report
from genz.report.mapping import embedding_map_of
from reference_cases import draw_case
from remote import Planted
from test_discovery import houses
from test_estimator_frames import CONTAINERS, flats, small


@pytest.fixture(scope="module")
def fitted() -> genz.GenZRegressor:
    return small().fit(*flats())


def test_a_clone_has_the_parameters_and_not_the_fit(fitted: genz.GenZRegressor) -> None:
    template = genz.LatentFeatureRegression(ridge=3.0)
    model = small(regression=template, features=["town is Borde"]).fit(*flats())
    copy = clone(model)
    assert copy.regression is not template
    assert copy.regression.get_params() == template.get_params()
    assert copy.features == ["town is Borde"]
    assert not hasattr(copy, "n_features_in_")
    assert not hasattr(copy, "run")
    assert fitted.run == {}


def test_a_clone_asks_the_same_model(tmp_path: Path) -> None:
    """One model has one budget and one store, however many clones a search makes."""
    model = genz.OpenAIModel("fake", "http://127.0.0.1:1", store=tmp_path / "store")
    assert clone(genz.GenZRegressor(model)).foundation_model is model


@pytest.mark.parametrize("method", ["predict", "predict_interval", "judge", "transform", "refit"])
def test_before_a_fit(method: str) -> None:
    items, y = flats()
    targets = (y,) if method == "refit" else ()
    with pytest.raises(NotFittedError, match="GenZRegressor"):
        getattr(genz.GenZRegressor(), method)(items, *targets)


def test_given_judgments_are_of_no_use_before_a_fit() -> None:
    items, y = flats()
    with pytest.raises(NotFittedError):
        genz.GenZRegressor().predict(items, judgments=np.ones((len(y), 1)))
    with pytest.raises(NotFittedError):
        genz.GenZRegressor().score(items, y, judgments=np.ones((len(y), 1)))


def test_a_pickled_fit_predicts_the_same(fitted: genz.GenZRegressor) -> None:
    items, _ = flats()
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    np.testing.assert_array_equal(again.predict(items), fitted.predict(items))
    assert again.metadata == fitted.metadata


def test_a_pickled_fit_asks_the_endpoint_on_and_holds_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-in-a-pickle")
    planted = Planted(60)
    with planted.server() as server:
        model = genz.OpenAIModel("fake", server.base_url, store=tmp_path / "store.sqlite3")
        own = ["the house has a garden", "the street is loud"]
        regressor = genz.GenZRegressor(model, features=own, n_features=2, patience=1)
        regressor.fit(planted.items, planted.price)
        written = pickle.dumps(regressor)
        again = pickle.loads(written)  # noqa: S301
        predicted = again.predict(planted.items)
    assert b"sk-never" not in written
    known = regressor.regression_.predict(regressor.judgments_)
    np.testing.assert_array_equal(predicted, known[:, 0])


@pytest.mark.parametrize("container", ["dictionaries", "pandas", "polars", "pyarrow"])
def test_cross_validation_in_every_container(container: str) -> None:
    items, y = flats()
    scores = cross_val_score(small(), CONTAINERS[container](items), y, cv=3)
    np.testing.assert_array_equal(scores, cross_val_score(small(), items, y, cv=3))
    assert scores.min() > 0.5


def test_cross_validation_of_judgments() -> None:
    case = draw_case(0, 90, 3, 1, 0, kind="hard", unknown=0.1)
    model = genz.LatentFeatureRegression(n_threads=1)
    scores = cross_val_score(model, case.judgments, case.targets[:, 0], cv=3)
    by_hand = [
        clone(model)
        .fit(np.delete(case.judgments, held, 0), np.delete(case.targets[:, 0], held))
        .score(case.judgments[held], case.targets[held, 0])
        for held in np.split(np.arange(90), 3)
    ]
    np.testing.assert_allclose(scores, by_hand, rtol=1e-12)


def test_a_search_over_own_and_nested_parameters() -> None:
    items, y = flats()
    grid = {"n_features": [1, 3], "regression__ridge": [1.0, 1000.0]}
    model = small(regression=genz.LatentFeatureRegression(n_threads=1))
    search = GridSearchCV(model, grid, cv=2).fit(pd.DataFrame(items), y)
    assert search.best_params_ == {"n_features": 3, "regression__ridge": 1.0}
    assert search.best_estimator_.regression_.ridge == 1.0
    assert search.predict(items).shape == y.shape


def test_a_search_on_processes_gives_the_same_scores() -> None:
    items, y = flats()
    alone, two = (
        GridSearchCV(small(), {"n_features": [1, 3]}, cv=2, n_jobs=n_jobs).fit(items, y)
        for n_jobs in (1, 2)
    )
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(two.cv_results_[name], alone.cv_results_[name])


def test_features_for_another_regression() -> None:
    items, y = flats()
    frame = pd.DataFrame(items)
    pipeline = make_pipeline(small(), Ridge()).fit(frame, y)
    assert pipeline.score(frame, y) > 0.8
    names = pipeline[:-1].get_feature_names_out()
    assert list(names) == [feature.description for feature in pipeline[0].features_]


def test_after_another_step_that_keeps_names() -> None:
    items, y = flats()
    frame = pd.DataFrame(items)
    keep = ColumnTransformer(
        [("kept", "passthrough", ["area", "town"])], verbose_feature_names_out=False
    ).set_output(transform="pandas")
    model = make_pipeline(keep, small()).fit(frame, y)
    assert list(model[-1].feature_names_in_) == ["area", "town"]
    assert model.score(frame, y) > 0.8


def test_targets_that_a_wrapper_transforms() -> None:
    items, y = flats()
    wrapped = TransformedTargetRegressor(small(), func=np.log, inverse_func=np.exp)
    price = np.exp(y / 4)
    ours = small(log_target=True).fit(items, price)
    theirs = wrapped.fit(pd.DataFrame(items), price)
    assert [f.description for f in theirs.regressor_.features_] == [
        feature.description for feature in ours.features_
    ]


def test_fit_transform_is_fit_and_transform(fitted: genz.GenZRegressor) -> None:
    items, y = flats()
    np.testing.assert_array_equal(small().fit_transform(items, y), fitted.transform(items))


class Counting(genz.BuiltinModel):
    """The built-in model, which counts the questions."""

    n_asked = 0

    async def judge(self, items: genz.Catalog, features: Sequence[str]) -> np.ndarray:
        self.n_asked += 1
        return await super().judge(items, features)


def test_fit_transform_asks_nothing_twice() -> None:
    items, y = flats()
    fitting, both = Counting(), Counting()
    small(foundation_model=fitting).fit(items, y)
    small(foundation_model=both).fit_transform(items, y)
    assert both.n_asked == fitting.n_asked > 0


@pytest.mark.parametrize(
    ("container", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)]
)
def test_transform_fills_the_chosen_container(container: str, kind: type) -> None:
    items, y = flats()
    frame = pd.DataFrame(items, index=pd.Index(range(7, 7 + len(items)), name="flat"))
    model = small().set_output(transform=container)
    filled = model.fit_transform(frame, y)
    assert isinstance(filled, kind)
    assert list(filled.columns) == [feature.description for feature in model.features_]
    np.testing.assert_array_equal(filled.to_numpy(), model.transform(frame).to_numpy())
    if container == "pandas":
        assert filled.index.equals(frame.index)
    names = list(filled.columns)
    columns = dict(zip(names, model.judgments_.T, strict=True))
    regression = genz.LatentFeatureRegression().set_output(transform=container)
    posterior = regression.fit_transform(kind(columns), y)
    assert isinstance(posterior, kind)
    assert list(posterior.columns) == names


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_a_choice_for_all_estimators_does_not_reach_inside(container: str, tmp_path: Path) -> None:
    items, y = houses(0)
    unchosen = genz.GenZRegressor(n_features=8, patience=4, n_threads=1).fit(items, y)
    further = unchosen.refit(items, y, discover=True)
    with sklearn.config_context(transform_output=container):
        model = clone(unchosen).fit(items, y)
        filled = model.transform(pd.DataFrame(items))
        refitted = model.refit(items, y, discover=True)
        explained = model.explain(items)
        model.save(tmp_path / "model")
        write_report(tmp_path / "model", twin=True)
        compared = compare(tmp_path / "model", tmp_path / "model")
        embedding_map = embedding_map_of(clone(unchosen).fit(items, np.column_stack([y, -y])))
    np.testing.assert_array_equal(explained.baseline, unchosen.explain(items).baseline)
    assert [row.agreement for row in compared.common] == [1.0] * len(model.features_)
    assert embedding_map is not None
    assert model.trace_ == unchosen.trace_
    assert refitted.trace_ == further.trace_
    assert list(filled.columns) == list(model.get_feature_names_out())
    np.testing.assert_array_equal(filled.to_numpy(), unchosen.transform(items))


def test_names_of_another_number_of_fields_are_refused(fitted: genz.GenZRegressor) -> None:
    assert len(fitted.get_feature_names_out(["a", "b", "c", "d"])) == len(fitted.features_)
    with pytest.raises(genz.DataError, match="should have length equal to the number of fields, 4"):
        fitted.get_feature_names_out(["a"])

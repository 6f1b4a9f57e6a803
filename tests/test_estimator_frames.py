"""The same catalog in every container: the same model; and what a fitted model refuses to read."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

import genz
from reference_cases import draw_case

Items = list[dict[str, Any]]


def flats(n_items: int = 120) -> tuple[Items, np.ndarray]:
    rng = np.random.default_rng(0)
    area = rng.uniform(30, 150, n_items).round()
    town = rng.choice(["Aston", "Borde", "Corve"], n_items)
    lift = rng.random(n_items) < 0.5
    items = [
        {
            "area": None if n % 19 == 0 else float(a),
            "town": str(t),
            "lift": bool(f),
            "text": f"flat number {n} on a {'quiet' if n % 3 else 'busy'} street with a balcony",
        }
        for n, (a, t, f) in enumerate(zip(area, town, lift, strict=True))
    ]
    y = 3.0 * (area >= 90) + 2.0 * (town == "Borde") + rng.normal(scale=0.3, size=n_items)
    return items, y


def small(**options: Any) -> genz.GenZRegressor:
    return genz.GenZRegressor(n_features=3, patience=1, n_threads=1, **options)


def as_polars(items: Items) -> pl.DataFrame:
    return pl.DataFrame(items)


CONTAINERS: dict[str, Callable[[Items], Any]] = {
    "dictionaries": list,
    "tuple of dictionaries": tuple,
    "array of dictionaries": np.array,
    "columns": lambda items: {name: [item[name] for item in items] for name in items[0]},
    "pandas": pd.DataFrame,
    "pandas, own types": lambda items: pd.DataFrame(items).convert_dtypes(),
    "pandas, an index of its own": lambda items: pd.DataFrame(items).set_index(
        pd.Index(range(500, 500 + len(items)))[::-1]
    ),
    "pandas, categories": lambda items: pd.DataFrame(items).astype({"town": "category"}),
    "polars": as_polars,
    "pyarrow": pa.Table.from_pylist,
    "catalog": genz.Catalog.from_items,
}


@pytest.fixture(scope="module")
def fitted() -> genz.GenZRegressor:
    return small().fit(*flats())


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_of_a_table_gives_the_same_model(
    fitted: genz.GenZRegressor, container: str
) -> None:
    items, y = flats()
    given = CONTAINERS[container](items)
    model = small().fit(given, y)
    assert len(model.features_) >= 2
    assert model.features_ == fitted.features_
    assert model.items_digest_ == fitted.items_digest_
    np.testing.assert_array_equal(model.predict(given), fitted.predict(items))
    np.testing.assert_array_equal(fitted.predict(given), fitted.predict(items))


@pytest.mark.parametrize("container", [list, tuple, np.array, pd.Series, pl.Series, pa.array])
def test_every_container_of_texts_gives_the_same_model(container: Any) -> None:
    items, _ = flats()
    texts = [item["text"] for item in items]
    y = np.array(["quiet" in text for text in texts]) + 0.1 * np.sin(np.arange(len(texts)))
    of_list = small().fit(texts, y)
    given = container(texts)
    model = small().fit(given, y)
    assert model.features_
    assert model.features_ == of_list.features_
    np.testing.assert_array_equal(model.predict(given), of_list.predict(texts))


def test_a_series_of_texts_may_lack_some() -> None:
    texts = pd.Series(["a garden", None, "no garden", np.nan])
    catalog = genz.Catalog.from_items(texts)
    assert catalog.column("text") == ["a garden", None, "no garden", None]


@pytest.mark.parametrize("y_of", [list, pd.Series, pl.Series, pa.array, lambda y: y[:, None]])
def test_every_container_of_targets_gives_the_same_model(
    fitted: genz.GenZRegressor, y_of: Any
) -> None:
    items, y = flats()
    model = small().fit(items, y_of(y))
    assert model.features_ == fitted.features_
    np.testing.assert_array_equal(np.ravel(model.predict(items)), fitted.predict(items))


def test_an_array_is_a_table_of_numbered_fields() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(150, 3))
    x[4, 1] = np.nan
    y = 2.0 * (x[:, 0] > 0) + rng.normal(scale=0.2, size=150)
    model = small().fit(x, y)
    assert [feature.description for feature in model.features_][:1] == ["x0 is at least 0"]
    assert model.n_features_in_ == 3
    assert list(model.feature_names_in_) == ["x0", "x1", "x2"]
    named = pd.DataFrame(x, columns=["x0", "x1", "x2"])
    np.testing.assert_array_equal(model.predict(x), model.predict(named))
    np.testing.assert_array_equal(model.predict(x), model.predict(x.tolist()))


def test_the_order_of_columns_and_further_columns_do_not_matter(fitted: genz.GenZRegressor) -> None:
    items, _ = flats()
    frame = pd.DataFrame(items)
    turned = frame[frame.columns[::-1]].assign(unknown="of the fit")
    np.testing.assert_array_equal(fitted.predict(turned), fitted.predict(frame))


def test_numbers_are_read_by_value_and_not_by_type(fitted: genz.GenZRegressor) -> None:
    frame = pd.DataFrame(flats()[0])
    texts = frame.assign(area=[None if np.isnan(a) else f"{a:,.1f}" for a in frame["area"]])
    np.testing.assert_array_equal(fitted.predict(texts), fitted.predict(frame))
    np.testing.assert_array_equal(
        fitted.predict(frame.astype({"area": "float32"})), fitted.predict(frame)
    )


def test_values_that_are_no_numbers_any_more_are_named(fitted: genz.GenZRegressor) -> None:
    frame = pd.DataFrame(flats()[0]).assign(area="large")
    with pytest.warns(genz.DataWarning, match="'area': 120 of 120 values cannot be read as a num"):
        fitted.predict(frame)


def test_a_category_never_seen_is_none_of_those_seen(fitted: genz.GenZRegressor) -> None:
    frame = pd.DataFrame(flats()[0])
    k = next(k for k, f in enumerate(fitted.features_) if f.description.startswith("town is"))
    assert set(np.unique(fitted.judge(frame)[:, k])) == {0.0, 1.0}
    assert set(fitted.judge(frame.assign(town="Durne"))[:, k]) == {0.0}
    assert np.isfinite(fitted.predict(frame.assign(town="Durne"))).all()


UNREADABLE = {
    "a column is missing": (lambda f: f.drop(columns="area"), "has no column 'area'"),
    "a column is renamed": (
        lambda f: f.rename(columns={"area": "Area"}),
        "has no column 'area'; the nearest is 'Area'",
    ),
    "an array without names": (
        lambda f: f.to_numpy(),
        "columns have no names, and the model reads area, town, lift, text",
    ),
    "an array with too few": (lambda f: f.to_numpy()[:, :2], "X has 2 features, but GenZRegressor"),
    "rows of unequal length": (lambda _: [[1], [1, 2]], "rows of 1 and of 2 values"),
    "texts": (lambda f: list(f["text"]), "has no column 'area'"),
    "a vector": (lambda f: f["area"].to_numpy(), "Reshape your data"),
    "nested": (
        lambda f: f.assign(area=[{"m2": 3}] * len(f)),
        "column 'area' holds a dictionary in row 0",
    ),
    "no rows": (lambda f: f.iloc[:0], "the catalog is empty"),
    "a lazy frame": (lambda f: pl.LazyFrame(f[["area"]]), "items is LazyFrame, wanted"),
    "sparse": (lambda _: sparse.csr_array(np.eye(4)), "sparse csr_array"),
}


@pytest.mark.parametrize("case", UNREADABLE)
@pytest.mark.parametrize("method", ["predict", "transform", "judge"])
def test_what_a_fitted_model_cannot_read(
    fitted: genz.GenZRegressor, case: str, method: str
) -> None:
    change, text = UNREADABLE[case]
    with pytest.raises(genz.DataError, match=text):
        getattr(fitted, method)(change(pd.DataFrame(flats()[0])))


@pytest.mark.parametrize("weights", [np.ones(119), np.zeros(120), -np.ones(120), np.ones((120, 2))])
def test_unusable_weights(weights: np.ndarray) -> None:
    with pytest.raises(genz.DataError, match="weight"):
        small().fit(*flats(), sample_weight=weights)


def test_no_targets() -> None:
    with pytest.raises(genz.DataError, match="GenZRegressor requires y to be passed"):
        small().fit(flats()[0], None)
    with pytest.raises(genz.DataError, match="requires y to be passed"):
        genz.LatentFeatureRegression().fit(np.eye(3), None)


JUDGMENTS = {
    "pandas": lambda h: pd.DataFrame(h, columns=["a", "b", "c"]),
    "pandas, own types": lambda h: pd.DataFrame(h, columns=["a", "b", "c"]).convert_dtypes(),
    "polars": lambda h: pl.DataFrame(h, schema=["a", "b", "c"]).fill_nan(None),
    "pyarrow": lambda h: pa.Table.from_pandas(pd.DataFrame(h, columns=["a", "b", "c"])),
    "lists": lambda h: [[None if np.isnan(v) else v for v in row] for row in h],
}


@pytest.mark.parametrize("container", JUDGMENTS)
def test_judgments_in_every_container_give_the_same_regression(container: str) -> None:
    case = draw_case(0, 60, 3, 1, 0, kind="hard", unknown=0.1)
    of_array = genz.LatentFeatureRegression().fit(case.judgments, case.targets[:, 0])
    given = JUDGMENTS[container](case.judgments)
    model = genz.LatentFeatureRegression().fit(given, pd.Series(case.targets[:, 0]))
    np.testing.assert_array_equal(model.weights_, of_array.weights_)
    np.testing.assert_array_equal(model.predict(given), of_array.predict(case.judgments))
    assert model.is_scalar_


def test_columns_of_judgments_have_an_order_and_names() -> None:
    case = draw_case(0, 60, 3, 1, 0, kind="hard", unknown=0.1)
    frame = JUDGMENTS["pandas"](case.judgments)
    model = genz.LatentFeatureRegression().fit(frame, case.targets)
    assert list(model.feature_names_in_) == ["a", "b", "c"]
    assert list(model.get_feature_names_out()) == ["a", "b", "c"]
    with pytest.raises(genz.DataError, match="must be in the same order as they were in fit"):
        model.predict(frame[["b", "a", "c"]])
    with pytest.raises(genz.DataError, match="must be in the same order as they were in fit"):
        model.profile(frame[["b", "a", "c"]], case.targets, feature=0)
    with pytest.raises(genz.DataError, match="seen at fit time, yet now missing"):
        model.predict(frame.rename(columns={"a": "z"}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(case.judgments)


def test_a_failed_fit_leaves_names_and_number_of_columns_as_they_were() -> None:
    case = draw_case(0, 60, 3, 1, 0, kind="hard", unknown=0.1)
    frame = JUDGMENTS["pandas"](case.judgments)
    model = genz.LatentFeatureRegression().fit(frame, case.targets)
    with pytest.raises(genz.DataError, match="constant"):
        model.fit(frame[["b", "c"]], np.ones(60))
    with pytest.raises(genz.DataError, match="only supported if all input features have string"):
        model.fit(frame[["b", "c"]].rename(columns={"b": 1}), case.targets)
    assert list(model.feature_names_in_) == ["a", "b", "c"]
    assert model.predict(frame).shape == (60, 1)


UNREADABLE_JUDGMENTS = {
    "complex": (np.eye(3) + 1j, "Complex data not supported"),
    "sparse": (sparse.csr_array(np.eye(3)), "judgments is sparse"),
    "a vector": (np.ones(3), "Reshape your data"),
    "no columns": (np.ones((3, 0)), r"0 feature\(s\)"),
    "words": (pd.DataFrame({"a": ["yes", "no", "yes"]}), "judgments is 'yes' in row 0"),
    "ragged": ([[1], [0, 1], [1]], "rows of unequal length"),
}


@pytest.mark.parametrize("case", UNREADABLE_JUDGMENTS)
def test_judgments_that_cannot_be_read(case: str) -> None:
    judgments, text = UNREADABLE_JUDGMENTS[case]
    with pytest.raises(genz.DataError, match=text):
        genz.LatentFeatureRegression().fit(judgments, [1.0, 2.0, 4.0])

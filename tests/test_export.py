"""Exports of fitted models, run in a real database, read by a real CSV reader, checked as JSON."""

import asyncio
import csv
import io
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genz
from commands import check_refusal, run
from genz.export import to_csv, to_json_schema, to_sql
from lifecycle_samples import Misjudged
from small_model import houses, prices

OWN = ["area is at least 2,000", "zipcode is 01234", "genres include Comedy or Horror"]


def fit(features: Sequence[str] = OWN, **options: Any) -> genz.GenZRegressor:
    """A model of the features given and no other, judged by the built-in model."""
    given = {
        "covariates": options.pop("covariates", None),
        "judgments": options.pop("judgments", None),
    }
    y = options.pop("y", prices(houses()))
    model = genz.GenZRegressor(n_features=len(features), features=features, n_threads=1, **options)
    return model.fit(houses(), y, **given)


def query(script: str, columns: dict[str, Sequence[Any]], ask: str) -> list[tuple[Any, ...]]:
    """Put columns into a table, run the script and ask."""
    connection = sqlite3.connect(":memory:")
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    connection.execute(f"CREATE TABLE items ({names})")
    marks = ", ".join("?" * len(columns))
    rows = zip(*columns.values(), strict=True)
    connection.executemany(f"INSERT INTO items VALUES ({marks})", rows)  # noqa: S608
    connection.executescript(script)
    return connection.execute(ask).fetchall()


def stored(**more: Sequence[Any]) -> dict[str, Sequence[Any]]:
    items = houses()
    return {name: [item[name] for item in items] for name in items[0]} | more


def test_the_view_judges_and_predicts_as_the_model_does() -> None:
    x = np.random.default_rng(1).normal(size=90)
    model = fit(log_target=True, covariates=x)
    model.metadata = {"target": ["price"], "covariates": ["age"]}
    script = to_sql(model)
    assert script.to_fill == {}
    ask = "SELECT * FROM genz_predictions"
    rows = query(script.text, stored(age=x.tolist()), ask)
    got = np.array([row[-5:] for row in rows], dtype=float)
    judge = genz.BuiltinModel().judge(genz.Catalog.from_items(houses()), OWN)
    np.testing.assert_array_equal(got[:, :3], asyncio.run(judge))
    assert np.isnan(got[:, 0]).any()
    mean = model.predictive(houses(), covariates=x).mean()[:, 0]
    np.testing.assert_allclose(got[:, 3], mean, rtol=1e-12)
    np.testing.assert_allclose(got[:, 4], np.exp(mean), rtol=1e-12)
    known = ~np.isnan(got[:, :3]).any(axis=1)
    np.testing.assert_allclose(
        got[known, 4], model.predict(houses(), covariates=x)[known], rtol=0.01
    )


def test_texts_are_searched_by_the_view() -> None:
    notes = [
        "GRANITE counter-tops, new!",
        "a granite\ttop; a counter",
        None,
        "5-star, counter-tops",
    ]
    columns = stored(note=[notes[n % 4] for n in range(90)])
    items = genz.Catalog.from_items(columns, text=["note"], table=["area", "zipcode"])
    own = ["note mentions 'granite'", "note mentions 'counter-tops' and zipcode is 01234"]
    model = genz.GenZRegressor(n_features=2, features=own, n_threads=1)
    model.fit(items, prices(houses()))
    ask = "SELECT feature_1, feature_2, linear_prediction FROM genz_predictions"
    got = np.array(query(to_sql(model).text, columns, ask), dtype=float)
    np.testing.assert_array_equal(got[:, :2], model.judge(items))
    np.testing.assert_allclose(got[:, 2], model.predict(items), rtol=1e-12)


def test_a_vector_has_a_prediction_for_each_dimension() -> None:
    y = np.column_stack([prices(houses()), -(prices(houses()) ** 2)])
    model = fit(y=y)
    model.metadata = {"target": ["price", 'the "other"']}
    ask = (
        'SELECT "linear_prediction_price", "linear_prediction_the ""other""" FROM genz_predictions'
    )
    got = np.array(query(to_sql(model).text, stored(), ask))
    np.testing.assert_allclose(got, model.predict(houses()), rtol=1e-12)


@pytest.mark.parametrize("kind", ["hard", "probability"])
def test_what_sql_cannot_judge_is_read_from_columns(kind: str) -> None:
    rng = np.random.default_rng(2)
    judgments = (rng.random((90, 2)) < 0.4).astype(float)
    if kind == "probability":
        judgments = np.clip(np.abs(judgments - rng.random((90, 2)) / 3), 0.0, 1.0)
        judgments[0] = [0.0, 1.0]
    judgments[3, 0] = np.nan
    y = 1 + np.nan_to_num(judgments) @ [2.0, -1.0] + rng.normal(0, 0.1, 90)
    model = fit(["has a garden", "is -- */ near '; DROP TABLE items"], judgments=judgments, y=y)
    script = to_sql(model)
    assert list(script.to_fill) == ["judgment_1", "judgment_2"]
    columns = {
        f"judgment_{k}": [None if np.isnan(p) else p for p in judgments[:, k - 1].tolist()]
        for k in (1, 2)
    }
    ask = "SELECT linear_prediction, feature_1 FROM genz_predictions"
    got = np.array(query(script.text, stored(**columns), ask), dtype=float)
    want = model.predict(houses(), judgments=judgments)
    np.testing.assert_allclose(got[:, 0], want, rtol=1e-12)
    np.testing.assert_array_equal(got[:, 1], judgments[:, 0])


def test_features_of_another_judge_are_columns_although_they_read_like_sentences() -> None:
    model = fit()
    assert to_sql(model).to_fill == {}
    model.set_params(foundation_model=Judge())
    assert list(to_sql(model).to_fill.values()) == OWN


class Judge(genz.BuiltinModel):
    name = "openai:some-model"


def test_a_model_with_an_id_shows_the_id_only() -> None:
    model = fit()
    model.metadata = {"id": "house id"}
    columns = stored(**{"house id": [f"h{n}" for n in range(90)]})
    script = to_sql(model, table="main.items", view="main.my view").text
    ((first, *rest), *_) = query(script, columns, 'SELECT * FROM "my view"')
    assert first == "h0"
    assert len(rest) == 4


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"table": ""}, "'' cannot be a name in SQL"),
        ({"view": "a\nb"}, "cannot be a name in SQL"),
        ({"metadata": {"id": "Feature_1"}}, "'Feature_1' has a name that the view gives"),
        ({"metadata": {"id": "prediction"}}, "'prediction' has a name that the view gives"),
    ],
)
def test_names_that_sql_cannot_hold_are_refused(names: dict[str, Any], said: str) -> None:
    model = fit()
    model.metadata = names.pop("metadata", {})
    with pytest.raises(genz.UsageError, match=said):
        to_sql(model, **names)


def test_covariates_without_names_are_columns_that_are_named(tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(90, 2))
    model = fit(covariates=x)
    script = to_sql(model)
    assert script.unnamed == ("covariate_1", "covariate_2")
    head = script.text.partition("CREATE VIEW")[0]
    assert "Covariate 2 of the fit has no name: fill the column covariate_2" in head
    columns = stored(**{f"covariate_{p}": x[:, p - 1].tolist() for p in (1, 2)})
    rows = query(script.text, columns, "SELECT linear_prediction FROM genz_predictions")
    np.testing.assert_allclose(np.ravel(rows), model.predict(houses(), covariates=x), rtol=1e-12)
    model.save(tmp_path / "model")
    done = run("export", tmp_path / "model", "--sql", tmp_path / "v.sql")
    assert "covariate 1 of the fit has no name: fill the column covariate_1 of items" in done.stderr
    model.metadata = {"covariates": ["age", "rooms"]}
    assert to_sql(model).unnamed == ()


def test_a_field_that_is_called_as_a_covariate_without_a_name_is_refused() -> None:
    items = [{**item, "Covariate_1": n} for n, item in enumerate(houses())]
    model = genz.GenZRegressor(n_features=1, features=OWN[:1], n_threads=1)
    model.fit(items, prices(houses()), covariates=np.arange(90.0)[:, None])
    with pytest.raises(genz.UsageError, match="the field 'Covariate_1' has the name"):
        to_sql(model)


def test_targets_that_only_case_tells_apart_are_refused() -> None:
    y = np.column_stack([prices(houses()), -(prices(houses()) ** 2)])
    model = fit(y=y)
    model.metadata = {"target": ["price", "Price"]}
    with pytest.raises(genz.UsageError, match="'price' and 'Price' are one name in SQL"):
        to_sql(model)


HOSTILE = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\ttab", 'says "no", or', "＝1", "plain"]


def test_a_spreadsheet_finds_no_formula_in_the_table() -> None:
    rng = np.random.default_rng(3)
    judgments = (rng.random((90, len(HOSTILE))) < 0.4).astype(float)
    y = judgments @ rng.normal(size=(len(HOSTILE), 2)) + rng.normal(0, 0.3, (90, 2))
    model = fit(HOSTILE, judgments=judgments, y=y)
    model.metadata = {"target": ["price", "=2"]}
    text = to_csv(model).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["description"] for row in rows] == [
        f"'{text}" if text not in ('says "no", or', "plain") else text for text in HOSTILE
    ]
    for row, feature in zip(rows, model.features_, strict=True):
        assert float(row["weight_price"]) == feature.weights[0]
        assert float(row["std_error_=2"]) == feature.weights_std_error[1]
        assert float(row["p_if_yes"]) == feature.ppv
        assert (row["gain"], row["channel_slope"], row["status"]) == ("", "", "locked")
        assert float(row["share"]) == feature.share


def validate(answer: Any, schema: dict[str, Any]) -> bool:
    """Whether an answer is of the schema, by the keywords that it has."""
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    return (
        isinstance(answer, dict)
        and set(schema["required"]) <= answer.keys() <= schema["properties"].keys()
        and all(value in schema["properties"][key]["enum"] for key, value in answer.items())
    )


def test_the_schema_takes_whole_answers_and_no_others() -> None:
    schema = json.loads(to_json_schema(fit()))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert list(schema["properties"]) == schema["required"]
    assert schema["properties"]["feature_2"]["description"].endswith("zipcode is 01234")
    whole = {"feature_1": "yes", "feature_2": "no", "feature_3": "unknown"}
    assert validate(whole, schema)
    assert not validate({"feature_1": "yes"}, schema)
    assert not validate(whole | {"feature_3": "maybe"}, schema)
    assert not validate(whole | {"feature_4": "yes"}, schema)


def test_the_command_writes_what_it_is_asked_for(tmp_path: Path) -> None:
    model = Misjudged(60).fit()
    model.save(tmp_path / "model")
    files = {"--features-csv": "f.csv", "--sql": "v.sql", "--json-schema": "s.json"}
    options = [word for option, name in files.items() for word in (option, tmp_path / name)]
    done = run("export", tmp_path / "model", *options, "--table", "sales.items")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    assert "fill the column judgment_4 of sales.items" in done.stderr
    assert (tmp_path / "f.csv").read_bytes() == to_csv(model)
    assert (tmp_path / "s.json").read_bytes() == to_json_schema(model)
    assert 'FROM "sales"."items" AS t' in (tmp_path / "v.sql").read_text()


def test_what_cannot_be_written_is_said_before_anything_is(tmp_path: Path) -> None:
    Misjudged(60).fit().save(tmp_path / "m")
    out = tmp_path / "f.csv"
    check_refusal(run("export", tmp_path / "m"), 2, "nothing to export: give --features-csv")
    done = run("export", tmp_path / "m", "--features-csv", out, "--sql", tmp_path / "no" / "v.sql")
    check_refusal(done, 2, "is no directory to write v.sql to")
    done = run("export", tmp_path / "m", "--features-csv", out, "--sql", out)
    check_refusal(done, 2, "is named twice")
    check_refusal(run("export", tmp_path, "--sql", out), 7, "is not a fitted model")
    assert not out.exists()

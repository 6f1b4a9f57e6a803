"""Every command's records against the schema that `genz schema` prints, with no field unknown."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import planted
from commands import run
from experiment_data import write_airbnb, write_movies, write_windsor
from genz.cli.records import SCHEMA, to_line
from remote import Planted

Schema = dict[str, Any]


def closed(schema: Any) -> Any:
    """The schema, in which nothing is allowed that it does not name."""
    if isinstance(schema, list):
        return [closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(entry) for name, entry in schema.items()}
    if inner.get("type") == "object" and "properties" in inner:
        inner.setdefault("additionalProperties", False)
    return inner


@pytest.fixture(scope="module")
def schema() -> Schema:
    found: Schema = json.loads(run("schema").stdout)
    Draft202012Validator.check_schema(found)
    return found


def check(schema: Schema, text: str) -> list[str]:
    """Validate the lines; return their events, each once, in order."""
    strict = closed(schema)
    events = []
    for line in text.splitlines():
        record = json.loads(line)
        assert list(record)[:2] == ["schema", "event"], line
        definition = {"$ref": f"#/$defs/{record['event']}", "$defs": strict["$defs"]}
        errors = list(Draft202012Validator(definition).iter_errors(record))
        assert not errors, (record["event"], errors)
        events.append(record["event"])
    return list(dict.fromkeys(events))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog in which one price is wrong, and its model."""
    folder = tmp_path_factory.mktemp("records")
    houses = planted.rows(90)
    houses[7]["price"] *= 2.5 if houses[7]["area"] < 2000 else 0.4
    planted.write_csv(folder / "houses.csv", houses)
    fit = ("fit", folder / "houses.csv", "--id", "id", "--features", "2", "--log-target")
    done = run(*fit, "--target", "price", "--table", "area,zipcode", "--out", folder / "model")
    assert done.exit_code == 0, done.output
    return folder


ROLES = ("--target", "price", "--id", "id", "--table", "area,zipcode", "--features", "2")
TWO = ("--target", "price", "--target", "year", "--table", "area,zipcode", "--features", "2")


@pytest.mark.parametrize(
    ("words", "events"),
    [
        (["fit", "CATALOG", *ROLES, "--out", "NEW"], ["decision", "fitted"]),
        (["fit", "CATALOG", *TWO, "--out", "NEW"], ["decision", "fitted"]),
        (["predict", "MODEL", "CATALOG"], ["prediction"]),
        (["explain", "MODEL", "CATALOG"], ["explanation"]),
        (["evaluate", "CATALOG", *ROLES, "--folds", "2"], ["fold", "evaluation"]),
        (["evaluate", "CATALOG", *ROLES, "--null", "2"], ["null_run", "null_runs"]),
        (["audit", "MODEL", "CATALOG", "--top", "2"], ["contradiction", "audit"]),
        (["features", "MODEL", "list"], ["feature"]),
        (["features", "MODEL", "show", "1"], ["feature"]),
        (["refit", "MODEL", "CATALOG", "--out", "NEW"], ["decision", "refitted"]),
        (["doctor", "--store", "NEW"], ["check", "doctor"]),
        (
            ["experiment", "planted", "--seeds", "0", "--items", "200", "--features-planted", "3"],
            ["planted_run", "planted"],
        ),
    ],
)
def test_records_of_a_command(
    schema: Schema, folder: Path, tmp_path: Path, words: list[str], events: list[str]
) -> None:
    places = {"CATALOG": folder / "houses.csv", "MODEL": folder / "model", "NEW": tmp_path / "new"}
    done = run(*(places.get(word, word) for word in words), "--json")
    assert done.exit_code == 0, done.output
    assert check(schema, done.stdout) == events


def test_records_of_a_model_with_changes(schema: Schema, folder: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for file in (folder / "model").iterdir():
        (model / file.name).write_bytes(file.read_bytes())
    assert run("features", model, "veto", "1").exit_code == 0
    assert run("features", model, "add", "year is at least 1980").exit_code == 0
    done = run("features", model, "list", "--json")
    assert check(schema, done.stdout) == ["feature"]
    assert '"status": "vetoed"' in done.stdout
    assert check(schema, run("features", model, "show", "3", "--json").stdout) == ["feature"]
    done = run("refit", model, folder / "houses.csv", "--json")
    assert check(schema, done.stdout) == ["decision", "refitted"]
    assert '"status": "gone"' in done.stdout


def test_records_of_vectors(schema: Schema, folder: Path, tmp_path: Path) -> None:
    catalog = folder / "houses.csv"
    assert run("fit", catalog, *TWO, "--out", tmp_path / "m").exit_code == 0
    assert check(schema, run("predict", tmp_path / "m", catalog, "--json").stdout) == ["prediction"]
    assert check(schema, run("features", tmp_path / "m", "show", "1", "--json").stdout) == [
        "feature"
    ]
    done = run("evaluate", catalog, *TWO, "--folds", "2", "--json")
    assert check(schema, done.stdout) == ["fold", "evaluation"]
    out = tmp_path / "p.jsonl"
    assert run("predict", tmp_path / "m", catalog, "--out", out).exit_code == 0
    assert check(schema, out.read_text("utf-8")) == ["prediction"]


def test_records_around_an_endpoint(schema: Schema, tmp_path: Path) -> None:
    planted_texts = Planted(60)
    catalog = planted_texts.write_csv(tmp_path / "houses.csv")
    prices = tmp_path / "prices.toml"
    prices.write_text('["fake"]\ninput = 1.0\noutput = 2.0\n')
    model, exported = tmp_path / "model", tmp_path / "x.jsonl"
    roles = ("--target", "price", "--text", "text", "--features", "2")
    with planted_texts.server() as server:
        asked = ("--model", "openai:fake", "--base-url", server.base_url)
        stored = ("--store", tmp_path / "store.sqlite3")
        steps = {
            ("probe", *asked, *stored): ["finding"],
            ("plan", catalog, *roles, *asked): ["step"],
            ("plan", catalog, *roles, *asked, "--prices", prices): ["step"],
            ("fit", catalog, *roles, *asked, *stored, "--out", model): ["decision", "fitted"],
            ("evaluate", catalog, *roles, *asked, *stored, "--folds", "2"): ["fold", "evaluation"],
            ("predict", model, catalog, *asked, *stored, "--plan"): ["step"],
            ("audit", model, catalog, *asked, *stored, "--ask-again", "2"): [
                *("contradiction", "audit")
            ],
            ("doctor", *asked, *stored): ["check", "doctor"],
            ("store", "stats", *stored): ["store_stats"],
            ("store", "verify", *stored): ["store_verify"],
            ("store", "export", exported, *stored): ["store_export"],
            ("store", "import", exported, *stored): ["store_import"],
            ("store", "prune", "--older-than", "1", *stored): ["store_prune"],
        }
        for words, events in steps.items():
            done = run(*words, "--json")
            assert done.exit_code == 0, (words, done.output)
            assert check(schema, done.stdout) == events, words


def test_records_of_experiments(schema: Schema, tmp_path: Path) -> None:
    few = ("--seeds", "0", "--patience", "1", "--folds", "2", "--features", "2", "--json")
    done = run("experiment", "airbnb", "--data", write_airbnb(tmp_path / "a"), *few)
    assert check(schema, done.stdout) == ["repetition", "means"]
    data = write_movies(tmp_path / "m")
    few = tuple("3" if word == "2" else word for word in few)
    done = run("experiment", "movies", "--data", data, *few, "--methods", "none")
    assert check(schema, done.stdout) == ["rating_curve", "repetition", "means", "rating_worth"]
    done = run(
        *("experiment", "windsor", "--data", write_windsor(tmp_path / "w"), "--seeds", "0"),
        *("--items", "500", "--draws", "2", "--json"),
    )
    assert check(schema, done.stdout) == ["recovery", "gold_labels"]


def test_an_error_is_the_last_record_and_a_line_on_stderr(schema: Schema, tmp_path: Path) -> None:
    done = run("predict", tmp_path, tmp_path / "absent.csv", "--json")
    assert check(schema, done.stdout) == ["error"]
    record = json.loads(done.stdout)
    assert (record["kind"], record["exit_code"]) == ("ModelDirectoryError", done.exit_code)
    assert done.stderr == f"genz: error: {record['message']}\n"
    done = run("fit", "--json", "--nonsense")
    assert (check(schema, done.stdout), done.exit_code) == (["error"], 2)


def test_every_event_of_the_schema_has_a_text(schema: Schema) -> None:
    named = [entry["$ref"].removeprefix("#/$defs/") for entry in schema["oneOf"]]
    for name in named:
        definition = schema["$defs"][name]
        assert definition["description"].endswith(".")
        assert definition["properties"]["event"] == {"const": name}
        assert definition["properties"]["schema"] == {"const": SCHEMA}
        assert {"schema", "event"} <= set(definition["required"])


def test_a_record_is_json_whatever_it_holds(schema: Schema) -> None:
    line = to_line("doctor", {"ok": float("nan"), "warning": [float("inf"), (1.5,)], "error": {}})
    assert json.loads(line)["warning"] == [None, [1.5]]
    assert "NaN" not in line
    counted = json.loads(to_line("doctor", {"ok": np.int64(3), "error": np.arange(2)}))
    assert (counted["ok"], counted["error"]) == (3, [0, 1])
    lone = to_line("check", {"found": "\ud800", "path": Path("a")})
    assert json.loads(lone.encode("utf-8").decode())["found"] == "\ud800"
    assert not Draft202012Validator(schema).is_valid(json.loads(line))

"""Files that predictions and explanations are written to: their form, and what their cells hold."""

import csv
import io
import json
from pathlib import Path

import pytest

import planted
from commands import check_refusal, records, run

HOSTILE = "=cmd|' /C calc'!A0"
SURROGATE = "h\ud800"
COMMANDS = ("predict", "explain")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, and a catalog of two ids that are trouble; the prices are below zero."""
    folder = tmp_path_factory.mktemp("output")
    houses = [house | {"price": -house["price"]} for house in planted.rows(60)]
    catalog = planted.write_csv(folder / "houses.csv", houses)
    fit = ("--target", "price", "--id", "id", "--features", "1", "--table", "area,zipcode")
    assert run("fit", catalog, *fit, "--out", folder / "m").exit_code == 0
    named = zip((HOSTILE, SURROGATE), houses, strict=False)
    lines = [json.dumps(house | {"id": name}) for name, house in named]
    (folder / "new.jsonl").write_text("\n".join(lines), "utf-8")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_ids_are_safe_in_csv_and_as_they_were_in_records(
    folder: Path, tmp_path: Path, command: str
) -> None:
    table, lines = tmp_path / "o.csv", tmp_path / "o.jsonl"
    for out in (table, lines):
        done = run(command, folder / "m", folder / "new.jsonl", "--out", out)
        assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8"))))
    assert list(dict.fromkeys(row["id"] for row in rows)) == [f"'{HOSTILE}", "h\\ud800"]
    number = "prediction" if command == "predict" else "contribution"
    assert all(float(row[number]) for row in rows)
    assert [item["id"] for item in records(lines.read_text("utf-8"))] == [HOSTILE, SURROGATE]


def test_predictions_on_stdout_are_those_of_the_file(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    given = ("predict", folder / "m", folder / "new.jsonl")
    assert run(*given, "--out", out).exit_code == 0
    text = out.read_text("utf-8")
    assert run(*given).stdout == text
    assert all(row["prediction"][0] == "-" for row in csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("command", COMMANDS)
def test_json_and_a_file_of_another_form_exclude_each_other(
    folder: Path, tmp_path: Path, command: str
) -> None:
    given = (command, folder / "m", folder / "houses.csv")
    done = run(*given, "--json", "--out", tmp_path / "o.csv")
    assert done.exit_code == 2
    assert "--json and o.csv are two forms: leave --json out, or end it on .jsonl" in done.stderr
    assert not (tmp_path / "o.csv").exists()
    assert run(*given, "--json", "--out", tmp_path / "o.ndjson").exit_code == 0
    assert len(records((tmp_path / "o.ndjson").read_text("utf-8"))) == 60
    check_refusal(run(*given, "--out", tmp_path / "o.txt"), 2, "o.txt ends on none of .csv, .jsonl")


def test_json_of_a_configuration_file_yields_to_the_ending(folder: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "genz.toml", tmp_path / "o.csv"
    config.write_text("[general]\njson = true\n", encoding="utf-8")
    given = ("predict", folder / "m", folder / "houses.csv", "--config", config)
    assert run(*given, "--out", out).exit_code == 0
    assert out.read_text("utf-8").startswith("id,prediction,lower,upper\n")
    assert len(records(run(*given).stdout)) == 60

"""``genz explain`` and ``genz report --catalog`` on a catalog with planted features."""

import csv
import math
from pathlib import Path

import pytest

import planted
from commands import check_refusal, records, run
from report_samples import text_of


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted.write_csv(tmp_path_factory.mktemp("catalog") / "houses.csv", planted.rows())


@pytest.fixture(scope="module")
def model(catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("model") / "model"
    options = ["--target", "price", "--id", "id", "--log-target", "--features", "3"]
    assert run("fit", catalog, *options, "--text", "description", "--out", out).exit_code == 0
    return out


def test_json_lines_multiply_to_the_predictions(catalog: Path, model: Path) -> None:
    done = run("explain", model, catalog, "--json")
    assert done.exit_code == 0, done.output
    explained = records(done.stdout)
    predicted = records(run("predict", model, catalog, "--json").stdout)
    assert [item["id"] for item in explained] == [item["id"] for item in predicted]
    assert len(explained) == 150
    for item, prediction in zip(explained, predicted, strict=True):
        assert "schema_version" not in item
        assert item["targets"] == ["price"]
        assert item["prediction"] == [prediction["prediction"]]
        steps = [term["contribution"][0] for term in item["terms"]]
        total = item["baseline"][0] + sum(steps) + item["to_median"][0]
        assert total == pytest.approx(math.log(prediction["prediction"]), abs=1e-10)


def test_words_name_the_items_asked_for(catalog: Path, model: Path) -> None:
    done = run("explain", model, catalog, "--item", "h7", "--item", "h3")
    assert done.exit_code == 0, done.output
    heads = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [head.split(":")[0] for head in heads] == ["h7", "h3"]
    assert "judged yes, P" in done.stdout or "judged no, P" in done.stdout
    assert "from mean to median" in done.stdout
    first = run("explain", model, catalog)
    assert first.stdout.count("baseline") == 10
    assert "10 of 150 items explained" in first.stderr


def test_files_are_csv_or_json_lines(catalog: Path, model: Path, tmp_path: Path) -> None:
    table, lines = tmp_path / "why.csv", tmp_path / "why.jsonl"
    assert run("explain", model, catalog, "--item", "h7", "--out", table).exit_code == 0
    assert run("explain", model, catalog, "--item", "h7", "--out", lines).exit_code == 0
    (item,) = records(lines.read_text("utf-8"))
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["term"] for row in rows] == [term["name"] for term in item["terms"]]
    assert [float(row["contribution"]) for row in rows] == [
        term["contribution"][0] for term in item["terms"]
    ]


def test_the_report_shows_the_items_of_the_catalog(
    catalog: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    done = run("report", model, "--catalog", catalog, "--out", out)
    assert done.exit_code == 0, done.output
    assert text_of(out).count("description: ") >= 6
    few = planted.write_csv(tmp_path / "few.csv", planted.rows()[:20])
    refused = run("report", model, "--catalog", few, "--out", out)
    check_refusal(refused, 7, "130 of the 150 items that were fitted are missing")
    refused = run("report", "--compare", model, model, "--catalog", catalog)
    check_refusal(refused, 2, "a comparison shows no items")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--item", "h9999"], 7, "the catalog has no item 'h9999', wanted one of 150: 'h0'"),
        (["--out", "why.html"], 2, "why.html ends on none of .csv, .jsonl: it says"),
        (["--out", "no/where.csv"], 2, "no is no directory to write where.csv to"),
    ],
)
def test_what_cannot_be_is_refused(
    catalog: Path, model: Path, options: list[str], code: int, said: str
) -> None:
    check_refusal(run("explain", model, catalog, *options), code, said)

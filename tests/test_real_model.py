"""The whole way with a real language model: probe, plan, fit, predict, report, replay."""

import asyncio
import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import genz
from commands import records, run
from genz.catalog import Catalog
from real_model import SET_UP, SHARED, serving

N_LISTINGS = 60


@pytest.fixture(scope="module")
def base_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if not request.config.getoption("--real-model"):
        pytest.skip("a real language model takes half an hour: `make test-llm`")
    if not SET_UP.exists():
        pytest.skip(f"{SHARED} is not there, which has the model and the data")
    with serving() as url:
        yield url


@pytest.fixture(scope="module")
def listings(base_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Listings of different hosts, each as one short text, and the price of a night."""
    with gzip.open(SHARED / "data" / "airbnb" / "boston.csv.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if 30 <= float(row["price"]) <= 800]
    first = list({row["host_group"]: row for row in reversed(rows)}.values())
    chosen = np.random.default_rng(0).choice(len(first), N_LISTINGS, replace=False)
    path = tmp_path_factory.mktemp("listings") / "listings.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "listing", "price"])
        for ix in chosen:
            row = first[ix]
            text = f"{row['name']}. {row['room_type']}. {row['description'][:110]}"
            writer.writerow([row["id"], text, row["price"]])
    return path


def test_the_whole_way(base_url: str, listings: Path, tmp_path: Path) -> None:
    asked = ["--model", "openai:local", "--base-url", base_url, "--store", tmp_path / "store"]
    asked += ["--concurrency", "1", "--timeout", "10m", "--tile", "10x4"]
    roles = ["--target", "price", "--log-target", "--id", "id", "--text", "listing"]
    roles += ["--features", "3", "--patience", "1"]

    probed = {r["name"]: r["supported"] for r in records(run("probe", *asked, "--json").stdout)}
    print(probed)
    assert probed["answers"] == probed["schema"] == probed["log-probabilities"] == "yes"
    assert probed["images"] == "no"

    planned = records(run("plan", listings, *roles, *asked, "--json").stdout)
    one_round = next(row for row in planned if row["what"] == "one round")

    model = tmp_path / "model"
    done = run(
        "fit", listings, *roles, *asked, "--max-unknown", "0.05", "--out", model, "--verbose"
    )
    print(done.stderr, done.stdout)
    assert done.exit_code == 0, done.output
    fitted = genz.GenZRegressor.load(model, foundation_model=genz.BuiltinModel())
    n_rounds = sum(record["action"] == "contrast" for record in fitted.trace_)
    spent = fitted.run["prompt_tokens"] + fitted.run["completion_tokens"]
    expected = n_rounds * (one_round["prompt_tokens"] + one_round["completion_tokens"])
    print(f"{n_rounds} rounds, {spent} tokens, {expected} planned")
    assert 0.3 < spent / expected < 3

    predicted = run("predict", model, listings, *asked)
    assert predicted.exit_code == 0, predicted.output
    assert run("report", model).exit_code == 0
    assert "local" in (model / "report.html").read_text("utf-8")

    offline = run("fit", listings, *roles, *asked, "--offline", "--out", tmp_path / "again")
    assert offline.exit_code in {0, 3}, offline.output
    assert (tmp_path / "again" / "model.json").read_bytes() == (model / "model.json").read_bytes()
    assert json.loads((tmp_path / "again" / "run.json").read_text())["n_requests"] == 0
    assert run("predict", model, listings, *asked, "--offline").stdout == predicted.stdout


def test_a_tile_takes_a_fifteenth_of_the_tokens_of_pairs(base_url: str, tmp_path: Path) -> None:
    """Of texts of some 60 tokens, by the server's own count."""
    texts = [
        f"Flat {n}: two rooms and a kitchen on the third floor, with a small balcony to the yard. "
        "The tram stops at the corner, the shops are five minutes away, and the park begins behind "
        "the church. The heating was renewed two years ago; pets are allowed on request."
        for n in range(20)
    ]
    features = [
        *("mentions a balcony", "is on the ground floor", "is near public transport"),
        *("allows pets", "has a garden", "mentions a garage", "has a sea view"),
        *("the heating is new", "is near a park", "states a price"),
    ]
    tokens = {}
    for form, n_items, n_features in (("tile", 20, 10), ("pair", 5, 2)):
        model = genz.OpenAIModel(
            "local",
            base_url,
            form=form,
            store=tmp_path / form,
            audited=False,
            concurrency=1,
            timeout=600.0,
        )
        items = Catalog.from_items(texts[:n_items])
        judged = asyncio.run(model.judge(items, features[:n_features]))
        assert not np.isnan(judged).any()
        usage = model.budget.spent
        tokens[form] = usage.total / judged.size
        print(
            form, model.budget.n_spent, "requests", usage, f"{tokens[form]:.2f} tokens a judgment"
        )
    assert tokens["tile"] <= tokens["pair"] / 15

"""The commands with a model behind an endpoint: exit codes, budgets, store, offline."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import records, run
from genz.prompts.reading import read
from genz.testing import Endpoint, Faults, Latency
from remote import FEATURES, Planted

FIT = ("--target", "price", "--text", "text", "--features", "3")


@pytest.fixture(scope="module")
def planted() -> Planted:
    return Planted(80)


@pytest.fixture
def catalog(planted: Planted, tmp_path: Path) -> Path:
    return planted.write_csv(tmp_path / "houses.csv")


def endpoint(url: str, tmp_path: Path) -> tuple[str | Path, ...]:
    return "--model", "openai:fake", "--base-url", url, "--store", tmp_path / "store.sqlite3"


def test_fit_predict_and_report_replay_without_network(
    planted: Planted, catalog: Path, tmp_path: Path
) -> None:
    with planted.server() as server:
        asked = endpoint(server.base_url, tmp_path)
        done = run("fit", catalog, *FIT, *asked, "--out", tmp_path / "model")
        assert done.exit_code == 0, done.output
        assert "requests" in done.stderr
        first = run("predict", tmp_path / "model", catalog, *asked)
        assert first.exit_code == 0, first.output
    offline = (*asked, "--offline")
    assert run("fit", catalog, *FIT, *offline, "--out", tmp_path / "again").exit_code == 0
    want = (tmp_path / "model" / "model.json").read_bytes()
    assert (tmp_path / "again" / "model.json").read_bytes() == want
    run_facts = json.loads((tmp_path / "again" / "run.json").read_text())
    assert run_facts["n_requests"] == 0
    again = run("predict", tmp_path / "again", catalog, *offline)
    assert (again.exit_code, again.stdout) == (0, first.stdout)
    assert run("report", tmp_path / "model").exit_code == 0


def test_what_is_not_in_the_store_is_an_error_offline(
    planted: Planted, catalog: Path, tmp_path: Path
) -> None:
    with planted.server() as server:
        asked = endpoint(server.base_url, tmp_path)
        assert run("fit", catalog, *FIT, *asked, "--out", tmp_path / "model").exit_code == 0
    other = Planted(40, seed=9).write_csv(tmp_path / "other.csv")
    done = run("predict", tmp_path / "model", other, *asked, "--offline")
    assert done.exit_code == 6, done.stderr
    assert "store" in done.stderr
    call = f"genz predict {tmp_path / 'model'} {other}"
    assert f"to resume: {call}" in done.stderr
    config = tmp_path / "genz.toml"
    config.write_text("[model]\noffline = true\n", encoding="utf-8")
    done = run("predict", tmp_path / "model", other, *asked, "--config", config)
    assert done.exit_code == 6, done.stderr
    assert f"to resume: take offline out of {config}, then {call}" in done.stderr


def test_more_unknown_than_allowed_exits_with_3_and_writes_the_model(
    planted: Planted, catalog: Path, tmp_path: Path
) -> None:
    faults = Faults(poison={"number 3": "refusal_field"})
    with planted.server(faults=faults) as server:
        asked = endpoint(server.base_url, tmp_path)
        done = run("fit", catalog, *FIT, *asked, "--out", tmp_path / "model")
        assert done.exit_code == 3
        assert "refused" in done.stderr
        assert (tmp_path / "model" / "model.json").exists()
        done = run(
            *("fit", catalog, *FIT, *asked, "--out", tmp_path / "model", "--force"),
            *("--max-unknown", "0.5"),
        )
        assert done.exit_code == 0


@pytest.mark.parametrize(
    ("faults", "options", "code", "said"),
    [
        (Faults(), ("--max-requests", "5"), 4, "max_requests"),
        (Faults(), ("--deadline", "0.05s"), 4, "deadline"),
        (Faults(unauthorized=1.0, n_faulty_attempts=99), (), 5, "key"),
        (Faults(quota=1.0, n_faulty_attempts=99), (), 5, "quota"),
        (Faults(html_page=1.0, n_faulty_attempts=99), (), 6, "JSON"),
        (Faults(), ("--max-cost", "5"), 2, "price file"),
        (Faults(), ("--tile", "0x5"), 2, "ITEMSxFEATURES"),
    ],
)
def test_exit_codes(
    planted: Planted,
    catalog: Path,
    tmp_path: Path,
    faults: Faults,
    options: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    with planted.server(faults=faults, latency=Latency(seconds=0.03)) as server:
        asked = endpoint(server.base_url, tmp_path)
        done = run("fit", catalog, *FIT, *asked, *options, "--out", tmp_path / "model")
    assert done.exit_code == code, done.output
    assert said in done.stderr
    assert ("to resume: genz fit" in done.stderr) == (code in {4, 6} or said == "quota")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--model", "gpt"), 2, "openai:NAME"),
        (("--model", "openai:"), 2, "openai:NAME"),
        (("--base-url", "http://127.0.0.1:9"), 2, "built-in"),
        (("--model", "openai:x", "--base-url", "127.0.0.1:9/v1"), 2, "http"),
        (("--model", "openai:x", "--base-url", "http://a..b/v1"), 2, "host"),
        (("--model", "openai:x", "--base-url", "http://a/v1?key=SECRET"), 2, "key file"),
        (("--model", "openai:x", "--base-url", "http://127.0.0.1:9/v1"), 6, "127.0.0.1:9"),
    ],
)
def test_wrong_endpoints(
    catalog: Path, tmp_path: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    out = ("--out", tmp_path / "m", "--store", tmp_path / "s")
    done = run("fit", catalog, *FIT, *options, *out)
    assert done.exit_code == code, done.output
    assert said in done.stderr
    assert "SECRET" not in done.stderr


def test_a_model_that_answers_nothing_is_an_error_and_no_empty_model(
    planted: Planted, catalog: Path, tmp_path: Path
) -> None:
    with planted.server(faults=Faults(refusal_field=1.0, n_faulty_attempts=99)) as server:
        asked = endpoint(server.base_url, tmp_path)
        done = run("fit", catalog, *FIT, *asked, "--out", tmp_path / "model")
    assert done.exit_code == 1
    assert "answered no question for descriptions: refused" in done.stderr
    assert not (tmp_path / "model").exists()


def test_images_that_are_not_there_are_an_error_of_the_data(
    planted: Planted, tmp_path: Path
) -> None:
    rows = (f"{t},no.png,{price}" for t, price in zip(planted.items, planted.price, strict=True))
    catalog = tmp_path / "houses.csv"
    catalog.write_text("\n".join(["text,photo,price", *rows]) + "\n")
    with planted.server() as server:
        asked = endpoint(server.base_url, tmp_path)
        options = (*FIT, "--images", "photo", *asked)
        for command in ("fit", "plan"):
            done = run(command, catalog, *options, "--out", tmp_path / "m")
            assert done.exit_code == 7, done.output
            assert "no.png" in done.stderr
        assert server.statistics.n_requests == 0


def test_probe_keeps_to_offline_and_budgets(planted: Planted, tmp_path: Path) -> None:
    with planted.server() as server:
        asked = endpoint(server.base_url, tmp_path)
        assert run("probe", *asked, "--max-requests", "2").exit_code == 4
        assert server.statistics.n_requests == 2
        done = run("probe", *asked, "--offline")
        assert done.exit_code == 2
        assert "leave --offline out" in done.stderr
        assert server.statistics.n_requests == 2


def test_a_plan_is_near_what_a_prediction_takes(
    planted: Planted, catalog: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.txt"
    own.write_text("\n".join(FEATURES))
    with planted.server() as server:
        asked = endpoint(server.base_url, tmp_path)
        options = ("--features", "6", "--features-file", own, *asked)
        roles = ("--target", "price", "--text", "text")
        done = run("plan", catalog, *roles, *options, "--json")
        assert done.exit_code == 0, done.output
        planned = records(done.stdout)[0]
        assert server.statistics.n_requests == 0
        done = run("fit", catalog, *roles, *options, "--out", tmp_path / "model")
        assert done.exit_code == 0, done.output
        used = server.statistics
        assert planned["what"] == "judge 6 features of your own"
        assert 0.6 < used.n_requests / planned["requests"] < 1.2
        assert 0.6 < used.prompt_tokens / planned["prompt_tokens"] < 1.6
        done = run("predict", tmp_path / "model", catalog, *asked, "--plan", "--json")
        assert [row["what"] for row in records(done.stdout)] == ["judge", "audit", "all"]
        assert server.statistics.n_requests == used.n_requests


def test_a_vendor_needs_a_key(
    catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for vendor, variable in (("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY")):
        monkeypatch.delenv(variable, raising=False)
        out = ("--out", tmp_path / "m", "--store", tmp_path / "s")
        done = run("fit", catalog, *FIT, "--model", f"{vendor}:x", *out)
        assert done.exit_code == 5
        assert variable in done.stderr


def test_images_for_a_model_without_images_are_refused_at_once(
    planted: Planted, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (40, 30), "red").save(tmp_path / "a.png")
    rows = (
        f"{text},a.png,{price}" for text, price in zip(planted.items, planted.price, strict=True)
    )
    catalog = tmp_path / "houses.csv"
    catalog.write_text("\n".join(["text,photo,price", *rows]) + "\n")
    with planted.server(endpoint=Endpoint(images=False)) as server:
        asked = endpoint(server.base_url, tmp_path)
        done = run("fit", catalog, *FIT, "--images", "photo", *asked, "--out", tmp_path / "m")
        assert done.exit_code == 1, done.output
        assert "image_url is only supported by certain models" in done.stderr
        assert server.statistics.n_requests < 30
        assert run("probe", *asked).exit_code == 0
        n_requests = server.statistics.n_requests
        done = run("fit", catalog, *FIT, "--images", "photo", *asked, "--out", tmp_path / "m")
        assert done.exit_code == 2
        assert "holds images, which this model is not given" in done.stderr
        assert server.statistics.n_requests == n_requests


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT to a process")
def test_ctrl_c_commits_what_is_in_flight_and_says_how_to_resume(
    planted: Planted, catalog: Path, tmp_path: Path
) -> None:
    with planted.server(latency=Latency(seconds=0.3)) as server:
        asked = endpoint(server.base_url, tmp_path)
        command = ["fit", catalog, *FIT, *asked, "--form", "pair", "--concurrency", "4"]
        command += ["--out", tmp_path / "model"]
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "genz", *map(str, command)], stderr=subprocess.PIPE, text=True
        )
        while server.statistics.n_answered < 6:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 130, said
        assert "resume" in said
        assert "genz fit" in said
        n_answered = server.statistics.n_answered
        assert server.statistics.n_aborted == 0, "answers in flight were thrown away"
        stats = json.loads(run("store", "stats", "--store", asked[-1], "--json").stdout)
        assert sum(group["answers"] for group in stats["groups"]) == n_answered


def test_unknowns_of_every_fold_count(planted: Planted, catalog: Path, tmp_path: Path) -> None:
    """One item of each fold but the last is refused: the last fold alone would not say so."""
    faults = Faults(poison={f"number {n} ": "refusal_field" for n in range(0, 60, 2)})
    with planted.server(faults=faults) as server:
        asked = endpoint(server.base_url, tmp_path)
        done = run("evaluate", catalog, *FIT, *asked, "--folds", "2", "--patience", "1")
    assert done.exit_code == 3, done.output
    assert "refused" in done.stderr


def test_another_model_is_not_asked_at_the_place_of_the_fitted_one(
    planted: Planted, catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with planted.server() as server:
        asked = endpoint(server.base_url, tmp_path)
        assert run("fit", catalog, *FIT, *asked, "--out", tmp_path / "m").exit_code == 0
        done = run("predict", tmp_path / "m", catalog, "--model", "anthropic:x", *asked[-2:])
    assert done.exit_code == 5
    assert "ANTHROPIC_API_KEY" in done.stderr


def test_baselines_that_ask_for_targets_are_told_what_they_are(
    planted: Planted, catalog: Path, tmp_path: Path
) -> None:
    with planted.server(keep_bodies=True) as server:
        asked = endpoint(server.base_url, tmp_path)
        done = run(
            *("evaluate", catalog, *FIT, *asked, "--folds", "2", "--patience", "1"),
            *("--baselines", "direct,zero_shot"),
        )
        bodies = [json.loads(body)["messages"] for body in server.bodies]
    assert done.exit_code == 0, done.output
    tasks = [read(system["content"], user["content"]) for system, user in bodies]
    assert {task.subject for task in tasks if task.angle == "matter"} == {"price"}
    predictions = [user["content"] for _, user in bodies if "Items to predict" in user["content"]]
    assert predictions
    assert all("What to predict: price\n" in text for text in predictions)

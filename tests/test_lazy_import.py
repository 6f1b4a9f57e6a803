"""`import genz` stays light: what is heavy is imported when it is first used."""

import json
import subprocess
import sys

import pytest

import genz

HEAVY = {"sklearn", "scipy", "pandas", "polars", "pyarrow", "narwhals", "jinja2", "click", "rich"}
HEAVY |= {"aiohttp", "PIL", "sqlite3"}


def modules_after(statement: str) -> set[str]:
    script = f"{statement}\nimport json, sys\njson.dump(sorted(sys.modules), sys.stdout)"
    got = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(got.stdout)}


def test_import_genz_is_light() -> None:
    assert not HEAVY & modules_after("import genz")


def test_the_estimator_brings_what_it_needs_and_no_more() -> None:
    loaded = modules_after("import genz; genz.GenZRegressor")
    assert "sklearn" in loaded, "the set of modules is read wrongly"
    assert not {"polars", "jinja2", "click", "rich", "aiohttp", "PIL"} & loaded


def test_a_model_behind_an_endpoint_needs_no_pillow() -> None:
    loaded = modules_after("import genz; genz.OpenAIModel('m', 'http://127.0.0.1:1')")
    assert "aiohttp" in loaded
    assert "PIL" not in loaded


@pytest.mark.parametrize("name", genz.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(genz, name) is getattr(genz, name)


def test_a_star_import_brings_exactly_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from genz import *", names)  # noqa: S102
    assert set(names) - {"__builtins__"} == set(genz.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'genz' has no attribute 'Regressor'"):
        genz.Regressor  # noqa: B018

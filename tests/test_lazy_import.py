"""`import genz` stays light: what is heavy is imported when it is first used."""

import ast
import inspect
import json
import subprocess
import sys

import pytest

import genz

OURS_AT_ONCE = {"genz", "genz._core", "genz.errors"}
HEAVY = {"sklearn", "scipy", "pandas", "polars", "pyarrow", "narwhals", "jinja2", "click", "rich"}
HEAVY |= {"aiohttp", "PIL", "sqlite3"}


COMMAND = "from genz.cli import main\ntry:\n    main({})\nexcept SystemExit:\n    pass"


def all_modules_after(statement: str) -> set[str]:
    script = f"{statement}\nimport json, sys\njson.dump(sorted(sys.modules), sys.stderr)"
    got = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(json.loads(got.stderr))


def modules_after(statement: str) -> set[str]:
    return {name.partition(".")[0] for name in all_modules_after(statement)}


def brought_by(statement: str) -> set[str]:
    """Packages that are neither of the standard library nor there in any Python of this place."""
    return modules_after(statement) - modules_after("pass") - sys.stdlib_module_names


def test_import_genz_is_light() -> None:
    loaded = all_modules_after("import genz")
    assert brought_by("import genz") == {"genz"}
    assert {name for name in loaded if name.partition(".")[0] == "genz"} == OURS_AT_ONCE
    # Of the standard library too: these take longer than genz itself.
    assert not {"asyncio", "sqlite3", "ssl", "http", "email", "multiprocessing"} & loaded


def test_help_and_version_bring_click_alone() -> None:
    assert brought_by(COMMAND.format(["--version"])) == {"genz", "click"}
    assert brought_by(COMMAND.format(["--help"])) == {"genz", "click"}
    assert brought_by(COMMAND.format(["fit", "--help"])) == {"genz", "click"}


def test_the_estimator_brings_what_it_needs_and_no_more() -> None:
    loaded = modules_after("import genz; genz.GenZRegressor")
    assert "sklearn" in loaded, "the set of modules is read wrongly"
    assert not {"polars", "jinja2", "click", "rich", "aiohttp", "PIL"} & loaded


def test_the_regression_brings_nothing_that_asks_or_reads() -> None:
    loaded = modules_after("import genz; genz.LatentFeatureRegression")
    assert "sklearn" in loaded
    assert not {"polars", "jinja2", "click", "rich", "aiohttp", "PIL"} & loaded


def test_a_model_behind_an_endpoint_needs_no_pillow() -> None:
    loaded = modules_after("import genz; genz.OpenAIModel('m', 'http://127.0.0.1:1')")
    assert "aiohttp" in loaded
    assert "PIL" not in loaded


@pytest.mark.parametrize("name", genz.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(genz, name) is getattr(genz, name)


def test_names_complete_before_they_are_used() -> None:
    script = "import genz, sys; assert set(genz.__all__) <= set(dir(genz))"
    assert "sklearn" not in modules_after(script)


def test_type_checkers_see_the_names_that_come_later() -> None:
    tree = ast.parse(inspect.getsource(genz))
    [branch] = [
        node for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]  # fmt: skip
    seen = {
        alias.name: node.module
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == genz._HOMES


def test_a_star_import_brings_exactly_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from genz import *", names)  # noqa: S102
    assert set(names) - {"__builtins__"} == set(genz.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'genz' has no attribute 'Regressor'"):
        genz.Regressor  # noqa: B018

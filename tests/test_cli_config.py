"""``--config FILE``: values by command and by heading, what goes before what, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

import planted
from commands import check_refusal, records, run
from genz import GenZRegressor

FILE = """
[columns]
target = "price"
id = "id"
log-target = true
table = ["area", "zipcode"]

[discovery]
features = 2
patience = 3

[fit]
seed = 5
features = 1

[evaluate]
folds = 2
baselines = "none"

[model]
timeout = "30s"

[store.prune]
older-than = 90
"""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted.write_csv(tmp_path_factory.mktemp("c") / "houses.csv", planted.rows(60))


def write(folder: Path, text: str) -> Path:
    path = folder / "genz.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_model_remembers_which_settings_came_from_where(catalog: Path, tmp_path: Path) -> None:
    config, out = write(tmp_path, FILE), tmp_path / "m"
    done = run("fit", catalog, "--config", config, "--patience", "2", "--out", out)
    assert done.exit_code == 0, done.output
    assert "effects on log price" in done.stdout
    fitted = GenZRegressor.load(out)
    assert (fitted.n_features, fitted.patience, fitted.random_state) == (1, 2, 5)
    assert [field.name for field in fitted.fields_] == ["area", "zipcode"]
    assert fitted.run["config"] == str(config)
    expected = {
        "patience": (2, "command line"),
        "features": (1, "file"),
        "seed": (5, "file"),
        "log-target": (True, "file"),
        "target": (["price"], "file"),
        "timeout": (30.0, "file"),
        "max-unknown": (0.01, "default"),
    }
    settings = fitted.run["settings"]
    for name, (value, source) in expected.items():
        assert settings[name] == {"value": value, "from": source}
    assert "weight" not in settings


def test_a_value_of_zero_is_a_value(catalog: Path, tmp_path: Path) -> None:
    given = ("--target", "price", "--features", "1", "--seed", "0", "--max-unknown", "0")
    done = run("fit", catalog, *given, "--out", tmp_path / "m")
    assert done.exit_code == 0, done.output
    settings = GenZRegressor.load(tmp_path / "m").run["settings"]
    assert settings["seed"] == {"value": 0, "from": "command line"}
    assert settings["max-unknown"] == {"value": 0.0, "from": "command line"}
    assert not {"log-target", "quiet", "text", "weight"} & settings.keys()


def test_a_heading_is_for_every_command_that_has_it(catalog: Path, tmp_path: Path) -> None:
    config = write(tmp_path, FILE)
    done = run("evaluate", catalog, "--config", config, "--json")
    assert done.exit_code == 0, done.output
    *folds, last = records(done.stdout)
    assert {fold["n_folds"] for fold in folds} == {2}
    assert list(last["scores"]) == ["genz"]
    done = run("evaluate", catalog, "--config", config, "--json", "--folds", "3")
    assert {fold["n_folds"] for fold in records(done.stdout)[:-1]} == {3}


def test_the_headings_of_help_are_the_shared_tables() -> None:
    shown = run("fit", "--help").stdout
    for heading in ("Columns:", "Discovery:", "Model:", "General:"):
        assert f"\n{heading}\n" in shown


def test_general_options_of_a_file(tmp_path: Path) -> None:
    config = write(tmp_path, "[general]\njson = true\nquiet = true\n")
    done = run("store", "stats", "--store", tmp_path / "absent", "--config", config)
    (record,) = records(done.stdout)
    assert (record["event"], record["exit_code"]) == ("error", done.exit_code)
    assert run("features", tmp_path, "list", "--config", config).exit_code == 7


@pytest.mark.parametrize(("in_file", "given"), [("quiet", "--verbose"), ("verbose", "--quiet")])
def test_the_volume_of_the_command_line_goes_before_that_of_the_file(
    catalog: Path, tmp_path: Path, in_file: str, given: str
) -> None:
    config = write(tmp_path, f"[general]\n{in_file} = true\n")
    fit = ("fit", catalog, "--target", "price", "--features", "1", "--config", config)
    done = run(*fit, "--out", tmp_path / "m", given)
    assert done.exit_code == 0, done.output
    assert ("step 0" in done.stderr) == (given == "--verbose")
    assert (done.stderr == "") == (given == "--quiet")
    # Of a command that has no use for it there is only the traceback of an error.
    done = run("report", tmp_path / "absent", "--config", config, given)
    assert done.exit_code == 7
    assert ("Traceback" in done.stderr) == (given == "--verbose")


def test_a_file_does_not_say_both_volumes(catalog: Path, tmp_path: Path) -> None:
    config = write(tmp_path, "[general]\nquiet = true\nverbose = true\n")
    done = run("report", tmp_path, "--config", config)
    assert done.exit_code == 2
    assert "--quiet and --verbose exclude each other" in done.stderr


def test_a_command_of_a_group(tmp_path: Path) -> None:
    config = write(tmp_path, '[store.stats]\nstore = "absent-here"\n')
    check_refusal(run("store", "stats", "--config", config), 7, "absent-here")


def test_what_is_required_may_stand_in_the_file(catalog: Path, tmp_path: Path) -> None:
    text = FILE + "\n[fit.x]\n"
    check_refusal(
        run("fit", catalog, "--config", write(tmp_path, text)), 2, "[fit] there is no option 'x'"
    )
    out = json.dumps(str(tmp_path / "m"))
    config = write(tmp_path, FILE.replace("[fit]", f"[fit]\nout = {out}"))
    done = run("fit", catalog, "--config", config)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "m" / "model.json").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[fit]\nfeature = 3\n", "[fit] there is no option 'feature'; the nearest is 'features'"),
        ("[model]\nfeatures = 3\n", "[model] there is no option 'features'"),
        ("[modell]\nrpm = 3\n", "there is no table 'modell'; the nearest is 'model'"),
        ("[store.prun]\nyes = true\n", "[store] there is no table 'prun'; the nearest is 'prune'"),
        ("[evaluate]\nfold = 2\n", "[evaluate] there is no option 'fold'; the nearest is 'folds'"),
        ("seed = 3\n", "'seed' stands in no table"),
        ("fit = 3\n", "'fit' is a whole number, wanted a table [fit]"),
        ("[fit]\nfeatures = '3'\n", "[fit] features is a string, wanted a whole number"),
        ("[fit]\nfeatures = true\n", "features is true or false, wanted a whole number"),
        ("[fit]\nfeatures = 3.0\n", "features is a number, wanted a whole number"),
        ("[fit]\nfeatures = [3]\n", "features is a list, wanted a whole number"),
        ("[model]\nmax-cost = '5'\n", "[model] max-cost is a string, wanted a number"),
        ("[fit]\nforce = 'yes'\n", "[fit] force is a string, wanted true or false"),
        ("[fit]\nout = 3\n", "[fit] out is a whole number, wanted a string"),
        ("[columns]\ntarget = [1]\n", "target is a whole number, wanted a string, or a list of"),
        ("[columns]\nid = 1979-05-27\n", "[columns] id is a date, wanted a string"),
        ("[fit]\nconfig = 'a'\n", "[fit] 'config' stands on the command line only"),
        ("[fit\n", "is not TOML"),
        ("[fit]\nfeatures = 1\nfeatures = 2\n", "is not TOML"),
    ],
)
def test_files_are_refused(catalog: Path, tmp_path: Path, text: str, said: str) -> None:
    done = run("plan", catalog, "--config", write(tmp_path, text))
    check_refusal(done, 2, said)
    assert str(tmp_path / "genz.toml") in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[fit]\nfeatures = 0\n", "Invalid value for '--features': 0 is not in the range x>=1"),
        ("[model]\nmax-unknown = nan\n", "'--max-unknown': nan is not a finite number"),
        ("[model]\ntimeout = '1 week'\n", "'1 week' is no duration"),
        ("[model]\nform = 'tiles'\n", "Invalid value for '--form'"),
        ("[columns]\ntable = 'area,,year'\n", "holds an empty name"),
    ],
)
def test_values_that_cannot_be_name_the_file(
    catalog: Path, tmp_path: Path, text: str, said: str
) -> None:
    config = write(tmp_path, text)
    done = run("fit", catalog, "--target", "price", "--out", tmp_path / "m", "--config", config)
    check_refusal(done, 2, said)
    assert done.stderr.startswith(f"genz: error: {config}: ")


def test_a_value_of_the_command_line_does_not_name_the_file(catalog: Path, tmp_path: Path) -> None:
    config = write(tmp_path, FILE)
    done = run("fit", catalog, "--features", "0", "--config", config, "--out", tmp_path / "m")
    check_refusal(done, 2, "error: Invalid value for '--features'")


SECRET = "sk-proj-0123456789abcdefghij"  # noqa: S105 - of nobody


@pytest.mark.parametrize(
    "table",
    [
        {"model": {"api-key": SECRET}},
        {"model": {"key": "whatever"}},
        {"model": {"OPENAI_API_KEY": SECRET}},
        {"fit": {"auth_token": SECRET}},
        {"api_key": SECRET},
        {"secrets": {"openai": SECRET}},
        {"model": {"model": SECRET}},
        {"columns": {"target": ["price", SECRET]}},
        {"model": {"base-url": "Bearer 0123"}},
    ],
)
def test_secrets_are_refused_and_not_repeated(tmp_path: Path, table: dict[str, Any]) -> None:
    lines = []
    for name, value in table.items():
        if isinstance(value, dict):
            lines += [f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in value.items())]
        else:
            lines.append(f"{name} = {json.dumps(value)}")
    done = run("doctor", "--config", write(tmp_path, "\n".join(lines)))
    assert done.exit_code == 2
    assert SECRET not in done.output
    assert "whatever" not in done.output
    assert "0123" not in done.output.replace(str(tmp_path), "")
    assert "key-file" in done.stderr


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    check_refusal(run("doctor", "--config", tmp_path / "no.toml"), 2, "no.toml does not exist")
    bad = tmp_path / "bad.toml"
    bad.write_bytes(b"\xff")
    check_refusal(run("doctor", "--config", bad), 2, "not UTF-8")
    check_refusal(run("doctor", "--config", tmp_path), 2, "cannot be read")

"""What is said, where it goes, in which colours, and with which exit code, in real processes."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

import planted
from commands import run
from genz import cli
from genz.cli.command import HEADINGS, Command, by_heading
from terminal import GENZ, PLAIN, on_terminal

posix = pytest.mark.skipif(os.name != "posix", reason="needs pipes and pseudo-terminals of POSIX")

OPTIONS = ("--target", "price", "--features", "1", "--table", "area,zipcode")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("terminal")
    houses = planted.rows(60)
    houses[3]["price"] = None
    catalog = planted.write_csv(folder / "houses.csv", houses)
    assert run("fit", catalog, *OPTIONS, "--out", folder / "m").exit_code == 0
    return folder


def test_quiet_leaves_the_result_and_errors(folder: Path, tmp_path: Path) -> None:
    fit = ("fit", folder / "houses.csv", "--target", "price", "--features", "1")
    said = run(*fit, "--out", tmp_path / "a")
    assert "rows have no target" in said.stderr
    quiet = run(*fit, "--out", tmp_path / "b", "--quiet")
    assert quiet.exit_code == 0
    assert quiet.stderr == ""
    assert quiet.stdout == said.stdout.replace(str(tmp_path / "a"), str(tmp_path / "b"))
    out = tmp_path / "p.csv"
    predict = ("predict", folder / "m", folder / "houses.csv", "--out", out)
    assert "predictions written" in run(*predict).stderr
    assert run(*predict, "--quiet").output == ""
    refused = run(*fit, "--out", tmp_path / "b", "--quiet")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("genz: error: ")
    for command in (["fit", folder / "houses.csv", "--target", "price"], ["report", folder / "m"]):
        both = run(*command, "--out", tmp_path / "c", "--quiet", "--verbose")
        assert both.exit_code == 2
        assert "--quiet and --verbose exclude each other" in both.stderr


def test_warnings_are_silent_when_quiet(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("has a sea view\n", encoding="utf-8")
    fit = ("fit", folder / "houses.csv", "--target", "price", "--features-file", own)
    assert "warning" in run(*fit, "--features", "1", "--out", tmp_path / "a").stderr
    assert run(*fit, "--features", "1", "--out", tmp_path / "b", "--quiet").stderr == ""


@posix
@pytest.mark.parametrize(
    ("variables", "is_coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_on_a_terminal(variables: dict[str, str], is_coloured: bool) -> None:
    code, written = on_terminal("fitt", **variables)
    assert code == 2
    assert "No such command" in written
    assert ("\x1b[" in written) == is_coloured


@pytest.mark.parametrize(("variables", "is_coloured"), [({}, False), ({"FORCE_COLOR": "1"}, True)])
def test_colours_of_a_file(variables: dict[str, str], is_coloured: bool) -> None:
    done = subprocess.run(  # noqa: S603
        [*GENZ, "fitt"], env={**PLAIN, **variables}, capture_output=True, check=False
    )
    assert (b"\x1b[" in done.stderr) == is_coloured


@posix
def test_a_live_line_on_a_terminal_alone(folder: Path, tmp_path: Path) -> None:
    fit = ("fit", folder / "houses.csv", *OPTIONS)
    code, written = on_terminal(*fit, "--out", tmp_path / "a")
    assert code == 0
    assert "features" in written
    assert "\x1b[2K" in written  # the line is written over
    for name, option, variables in (
        ("b", (), {"TERM": "dumb"}),
        ("c", ("--quiet",), {}),
    ):
        code, written = on_terminal(*fit, "--out", tmp_path / name, *option, **variables)
        assert code == 0
        assert "\x1b[2K" not in written
    done = subprocess.run(  # noqa: S603
        [*GENZ, *map(str, fit), "--out", str(tmp_path / "d")],
        env={**PLAIN, "FORCE_COLOR": "1"},
        capture_output=True,
        check=False,
    )
    assert b"\x1b[2K" not in done.stderr


@posix
def test_help_keeps_to_a_narrow_terminal() -> None:
    code, written = on_terminal("plan", "--help", COLUMNS="60")
    assert code == 0
    text = written.replace("\r", "").split("Examples:")[0]
    assert max(map(len, text.splitlines())) <= 60


@posix
@pytest.mark.parametrize("redirection", ["", "2>&1"])
@pytest.mark.parametrize("words", ["predict {m} {houses}", "fit --help", "fitt", "schema"])
def test_a_closed_pipe_is_silent(folder: Path, words: str, redirection: str) -> None:
    line = words.format(m=folder / "m", houses=folder / "houses.csv")
    script = (
        f"{sys.executable} -m genz {line} {redirection} | (exec <&-; sleep 0.1); "
        'echo "${PIPESTATUS[0]}"'
    )
    done = subprocess.run(  # noqa: S603
        ["bash", "-c", script],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if words == "fitt" and not redirection:
        assert done.stdout == "2\n"
        assert done.stderr.startswith("genz: error: No such command")
    else:
        assert (done.stdout, done.stderr) == ("141\n", "")


@posix
def test_ctrl_c_while_waiting_is_130(tmp_path: Path) -> None:
    """A catalog that is a pipe nobody writes to: the command waits, and ends at once."""
    catalog = tmp_path / "houses.csv"
    os.mkfifo(catalog)
    process = subprocess.Popen(  # noqa: S603
        [*GENZ, "fit", str(catalog), "--target", "price", "--out", str(tmp_path / "m")],
        stderr=subprocess.PIPE,
        text=True,
    )
    writer = os.open(catalog, os.O_WRONLY)  # waits until the command reads
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    os.close(writer)
    assert (process.returncode, said) == (130, "genz: interrupted\n")


def walk(command: object, path: tuple[str, ...] = ()) -> list[tuple[str, Command]]:
    found = []
    for name, each in command.commands.items():  # type: ignore[attr-defined]
        if hasattr(each, "commands"):
            found += walk(each, (*path, name))
        else:
            found.append((" ".join((*path, name)), each))
    return found


COMMANDS = dict(walk(cli.main))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_of_the_house(name: str) -> None:
    command = COMMANDS[name]
    assert isinstance(command, Command), "wanted @click.command(cls=Command, examples=...)"
    assert not command.get_short_help_str(60).endswith("...")
    with cli.main.make_context("genz", [], resilient_parsing=True) as ctx:
        shown = by_heading(command, ctx)
    assert list(shown) == [heading for heading in HEADINGS if heading in shown]
    for options in shown.values():
        for option, (_, text) in options:
            assert (option.help or "").endswith((".", "]")), option.opts
            assert text
    named = {option.opts[0] for options in shown.values() for option, _ in options}
    assert {"--config", "--quiet", "--verbose"} <= named


def test_an_option_means_the_same_in_every_command() -> None:
    texts: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for option in command.params:
            if getattr(option, "heading", None) is not None:
                texts.setdefault(option.opts[0], set()).add(option.help)  # type: ignore[attr-defined]
    assert {name for name, found in texts.items() if len(found) > 1} == set()
    for name in ("--json", "--verbose", "--store", "--model", "--patience"):
        holders = [c for c in COMMANDS.values() for p in c.params if name in p.opts]
        assert holders, name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_can_be_called(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line is a call of a command with arguments and options that it has."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "genz.toml").write_text('[columns]\ntarget = "price"\n')
    own = 0
    for purpose, text in COMMANDS[name].examples:
        assert purpose
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(re.split(" > | [|]{2} | && ", line)[0])
            words = words[1:] if words[0] == "genz" else words
            if words[0] == "features":
                del words[1]  # the directory, between the group and its command
            called = next(each for each in COMMANDS if words[: each.count(" ") + 1] == each.split())
            own += called == name
            ctx = click.Context(COMMANDS[called], info_name=called)
            COMMANDS[called].parse_args(ctx, words[called.count(" ") + 1 :])
    assert own

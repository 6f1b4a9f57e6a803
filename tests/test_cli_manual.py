"""docs/cli.md against the commands: what it says of them is what they say themselves."""

import re
import tomllib
from pathlib import Path

import pytest

from commands import run
from genz import errors
from genz.cli import manual
from genz.cli.foundation import FINISHED_WITH_UNKNOWNS
from genz.cli.main import INTERRUPTED, READER_LEFT

DOCS = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
TEXT = DOCS.read_text("utf-8")
USAGES = re.findall(r"^```text\n(genz .*)\n```$", TEXT, re.MULTILINE)


def squeezed(text: str) -> str:
    """Help is folded at blanks and hyphens."""
    return re.sub(r"\s", "", text)


def test_the_reference_is_that_of_the_commands() -> None:
    assert manual.written(TEXT) == TEXT, "run `python -m genz.cli.manual docs/cli.md`"


def test_a_file_without_the_mark_is_left_alone() -> None:
    with pytest.raises(ValueError, match="lacks the line"):
        manual.written("# A page\n")


@pytest.mark.parametrize("usage", USAGES)
def test_help_says_what_the_reference_says(usage: str) -> None:
    """From the side of the user: all that `--help` prints stands in the file, and the reverse."""
    before, _, after = usage.partition(" [OPTIONS]")
    words = before.split()[1:]
    done = run(*words, "--help")
    assert done.exit_code == 0
    shown = squeezed(done.stdout)
    part = TEXT.split(f"```text\n{usage}\n```\n")[1].split("\n##")[0]
    for names, text in re.findall(r"^\* `(.*)`: (.*)$", part, re.MULTILINE):
        assert squeezed(names + text) in shown
    for paragraph in part.split("\n\nOptions of")[0].strip().split("\n* `")[0].split("\n\n"):
        assert squeezed(paragraph) in shown
    for line in re.findall(r"^  +(?:-\w, )?(--[\w-]+)", done.stdout.split("Examples:")[0], re.M):
        assert f"`{line}" in TEXT or f", {line}`" in TEXT
    for line in done.stdout.partition("Examples:\n")[2].splitlines():
        assert line.strip() in part
    assert after in usage


def test_every_command_has_its_part() -> None:
    listed = re.findall(r"^  ([a-z]+)  ", run("--help").stdout, re.MULTILINE)
    assert len(listed) >= 12
    for name in listed:
        assert f"\n### genz {name}\n" in TEXT
    assert len(USAGES) == len(set(USAGES)) > 25


def test_exit_codes_are_those_there_are() -> None:
    known = {each.exit_code for each in vars(errors).values() if hasattr(each, "exit_code")}
    known |= {0, FINISHED_WITH_UNKNOWNS, INTERRUPTED, READER_LEFT}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)} == known
    shown = " ".join(run("--help").stdout.split())
    codes = re.search(r"Exit codes: (.*?gone)\.", shown)
    assert codes is not None
    assert {int(code) for code in re.findall(r"\b\d+\b", codes[1])} == known


def test_the_configuration_file_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert {"columns", "discovery", "model", "evaluate", "store"} <= tomllib.loads(text).keys()
    config = tmp_path / "genz.toml"
    config.write_text(text, encoding="utf-8")
    done = run("store", "stats", "--store", tmp_path / "absent", "--config", config)
    assert done.exit_code == 7, done.output
    assert "genz.toml" not in done.stderr

"""Running commands in this process."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from genz.cli import main
from genz.cli.records import SCHEMA


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def records(text: str) -> list[dict[str, Any]]:
    """Records without the version, which each has; ``event`` comes first."""
    found = [json.loads(line) for line in text.splitlines()]
    assert {record.pop("schema") for record in found} <= {SCHEMA}
    return found


def check_refusal(done: Result, exit_code: int, said: str) -> None:
    """One line on stderr, the exit code, nothing on stdout."""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("genz: error: ")
    assert said in done.stderr
    assert done.exit_code == exit_code
    assert done.stdout == ""

"""``genz doctor``: whether genz can work here, line by line, with what to do."""

import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.command import Command
from genz.cli.model_options import model_options
from genz.cli.options import json_option
from genz.cli.records import emit
from genz.cli.terminal import is_quiet, paint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genz.cli.checks import Check
    from genz.cli.foundation import ModelOptions


@click.command(
    cls=Command,
    short_help="Check the installation, the store, the endpoint.",
    examples=(
        ("this installation", "doctor"),
        (
            "and an endpoint, as a fit would ask it",
            "doctor --model openai:NAME --base-url http://127.0.0.1:8000/v1",
        ),
        ("in a script: only what is wrong", "doctor --quiet || exit"),
    ),
)
@model_options
@json_option
def doctor(as_json: bool, **options: Any) -> int:
    """Check the installation, the store, the disk and the terminal; with --model the endpoint.

    Asks the endpoint for its list of models, which costs nothing. Keys are looked for and never
    shown. A warning says what works less well, an error what will not work; the exit code is that
    of the first error: 5 key, 6 endpoint, 7 store or disk, 1 another, 0 none. With --quiet only
    warnings and errors are printed.
    """
    from genz.cli.foundation import ModelOptions

    about_model, _ = ModelOptions.split(options)
    counts: Counter[str] = Counter()
    code = 0
    for check in _checks(about_model):
        counts[check.status] += 1
        if check.status == "error":
            code = code or check.exit_code
        if as_json:
            emit("check", _record(check))
        elif check.status != "ok" or not is_quiet():
            _print(check)
    if as_json:
        emit("doctor", {name: counts[name] for name in ("ok", "warning", "error")})
    elif not is_quiet():
        click.echo(f"{counts['ok']} ok, {counts['warning']} warnings, {counts['error']} errors")
    return code


def _checks(about_model: "ModelOptions") -> "Iterator[Check]":
    from genz.cli.checks import check_disk, check_installation, check_store, check_terminal
    from genz.cli.endpoint_checks import check_endpoint, check_keys
    from genz.cli.foundation import remote

    # An option that cannot be is said before anything is checked.
    model = remote(about_model.make(image_root=Path.cwd()))
    yield from check_installation()
    yield from check_store(about_model.store)
    yield from check_disk(about_model.store)
    yield check_terminal()
    if model is None:
        yield check_keys()
    else:
        yield from check_endpoint(model)


def _record(check: "Check") -> dict[str, Any]:
    record = asdict(check)
    del record["exit_code"]
    return record


def _print(check: "Check") -> None:
    status = paint(check.status, f"{check.status:<7}", sys.stdout)
    advice = f"; {check.advice}" if check.advice else ""
    click.echo(f"{status}  {check.name}: {check.found}{advice}", color=True)

"""Where a command writes its result, and in which form."""

from collections.abc import Sequence
from pathlib import Path

import click

from genz.cli.command import is_given
from genz.errors import UsageError

CSV = ".csv"
JSON_LINES = ".jsonl"
NPZ = ".npz"

_SAME = {".ndjson": JSON_LINES}
"""Other endings of the same form."""


def check_parent(out: Path | None) -> None:
    """Raise UsageError unless there is a directory to write the file to, if one is named."""
    if out is not None and not out.parent.is_dir():
        raise UsageError(f"{out.parent} is no directory to write {out.name} to")


def form_of(out: Path | None, *, as_json: bool, forms: Sequence[str]) -> str | None:
    """The form to write: that of the file's ending, on stdout by ``--json`` or else None.

    ``json`` of a configuration file is for commands in general, so an ending goes before it.

    Raises
    ------
    UsageError
        The ending is of none of the forms, or contradicts ``--json``.
    """
    if out is None:
        return JSON_LINES if as_json else None
    ending = out.suffix.lower()
    form = _SAME.get(ending, ending)
    if form not in forms:
        raise UsageError(
            f"{out.name} ends on none of {', '.join(forms)}: it says the form to write"
        )
    if form != JSON_LINES and is_given(click.get_current_context(), "as_json"):
        raise UsageError(
            f"--json and {out.name} are two forms: leave --json out, or end it on {JSON_LINES}"
        )
    return form

"""What a command was called with, and what it turned out to do."""

import datetime as dt
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

_SOURCES = {
    ParameterSource.COMMANDLINE: "command line",
    ParameterSource.DEFAULT_MAP: "file",
    ParameterSource.DEFAULT: "default",
}


@dataclass
class Invocation:
    """One call of the command line.

    Attributes
    ----------
    arguments : list of str
    asks_an_endpoint : bool
        Whether a model behind an endpoint is asked, whose answers the store keeps.
    config : Path or None
        The file that values of options come from.
    is_offline_by_config : bool
        Whether this file says so, which no command line can take back.
    quiet, verbose, as_json : bool
        How much is said, and whether as records.
    """

    arguments: list[str]
    asks_an_endpoint: bool = False
    config: Path | None = None
    is_offline_by_config: bool = False
    quiet: bool = False
    verbose: bool = False
    as_json: bool = False

    @property
    def command(self) -> str:
        """The call as a shell takes it."""
        return shlex.join(["genz", *self.arguments])

    @property
    def resuming(self) -> str:
        """How to go on where this call ended, the call itself last."""
        call = shlex.join(["genz", *(word for word in self.arguments if word != "--offline")])
        first = f"take offline out of {self.config}, then " if self.is_offline_by_config else ""
        return first + call


def run_facts(ctx: click.Context) -> dict[str, Any]:
    """What a saved model remembers of the call that made it.

    ``settings`` has each option that has a value, with the value as it was used and where it came
    from: ``command line``, ``file`` or ``default``.
    """
    invocation = ctx.find_object(Invocation)
    settings = {}
    for parameter in ctx.command.params:
        value = ctx.params.get(parameter.name or "")
        source = ctx.get_parameter_source(parameter.name or "")
        # No `in (..., False)`: 0 is equal to False, and a value.
        has_value = value is not None and value is not False and value not in ([], ())
        if isinstance(parameter, click.Option) and has_value:
            given = _SOURCES.get(source, "default") if source else "default"
            settings[parameter.opts[0].lstrip("-")] = {"value": value, "from": given}
    return {
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "command": "" if invocation is None else invocation.command,
        "config": None
        if invocation is None or invocation.config is None
        else str(invocation.config),
        "settings": settings,
    }

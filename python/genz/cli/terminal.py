"""What a command says to people: notes on stderr, colours where a terminal shows them."""

import os
import sys
from typing import TextIO

import click

from genz.cli.invocation import Invocation

COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


def say(text: str) -> None:
    """Write a note to stderr, unless the command was told to be quiet."""
    if not is_quiet():
        click.echo(f"genz: {text}", err=True)


def warn(text: str) -> None:
    """Write a warning to stderr, unless the command was told to be quiet."""
    if not is_quiet():
        tell("warning", text)


def tell(level: str, text: str) -> None:
    """Write an error or a warning as one line to stderr, quiet or not."""
    label = paint(level, f"{level}:", sys.stderr)
    click.echo(f"genz: {label} {' '.join(text.split())}", err=True, color=True)


def is_quiet() -> bool:
    """Whether the running command was given ``--quiet``."""
    ctx = click.get_current_context(silent=True)
    invocation = None if ctx is None else ctx.find_object(Invocation)
    return invocation is not None and invocation.quiet


def is_live(stream: TextIO) -> bool:
    """Whether a line on the stream can be written over; no variable makes a file a terminal."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def is_coloured(stream: TextIO) -> bool:
    """Whether to colour: NO_COLOR forbids it, FORCE_COLOR demands it, else terminals have it."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_live(stream)


def paint(level: str, text: str, stream: TextIO) -> str:
    """The text in the colour of a level, where the stream shows colours."""
    return click.style(text, fg=COLOURS[level], bold=True) if is_coloured(stream) else text

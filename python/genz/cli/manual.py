"""The reference in ``docs/cli.md``, which ``python -m genz.cli.manual docs/cli.md`` writes."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from genz.cli.command import HEADINGS, OWN, Command, by_heading
from genz.cli.main import SECTIONS, main

MARK = (
    "<!-- written by `python -m genz.cli.manual docs/cli.md`: change the commands, not this -->\n"
)
"""Everything in the file below it is replaced."""

Shown = dict[str, str]
"""Text of each option by its names."""


def reference() -> str:
    """Every command with its text, options and examples; options that are shared stand once."""
    shared: dict[str, Shown] = {heading: {} for heading in HEADINGS}
    root = click.Context(main, info_name="genz", **main.context_settings)
    for command in main.commands.values():
        for ctx in _below(command, root):
            for heading, options in _options(ctx).items():
                shared[heading] |= options
    parts = ["## Options that commands share\n"]
    for heading in HEADINGS:
        if heading != OWN:
            parts += [f"### {heading}\n", _list(shared[heading])]
    for title, commands in SECTIONS.items():
        parts.append(f"## {title}\n")
        for command in commands:
            group = command if isinstance(command, click.Group) else None
            if group is not None:
                parts += [f"### genz {group.name}\n", _text(group)]
            level = "###" if group is None else "####"
            for ctx in _below(command, root):
                parts += [f"{level} {_name(ctx)}\n", *_command(ctx, shared)]
    return "\n".join(parts)


def written(text: str) -> str:
    """The file with a reference that is up to date."""
    prose, mark, _ = text.partition(MARK)
    if not mark:
        raise ValueError(
            f"the file lacks the line {MARK.strip()!r}, below which the reference goes"
        )
    return f"{prose}{mark}\n{reference()}"


def _below(command: click.Command, parent: click.Context) -> Iterator[click.Context]:
    ctx = click.Context(command, info_name=command.name, parent=parent)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from _below(each, ctx)
    else:
        yield ctx


def _command(ctx: click.Context, shared: dict[str, Shown]) -> Iterator[str]:
    usage = ctx.command.get_usage(ctx).removeprefix("Usage: ")
    yield f"```text\n{' '.join(usage.split())}\n```\n"
    yield _text(ctx.command)
    options = _options(ctx)
    if own := options.pop(OWN, None):
        yield _list(own)
    also = []
    for heading, some in options.items():
        names = ", ".join(
            f"`{name.split()[-1] if ', ' in name else name.split()[0]}`" for name in some
        )
        which = "all" if some.keys() == shared[heading].keys() else names
        also.append(f"[{heading}](#{heading.lower()}) ({which})")
    yield f"Options of {', '.join(also)}.\n"
    if isinstance(ctx.command, Command):
        lines = [f"# {purpose}\ngenz {line}" for purpose, line in ctx.command.examples]
        yield "```sh\n{}\n```\n".format("\n".join(lines).replace("\n  genz", "\ngenz"))


def _options(ctx: click.Context) -> dict[str, Shown]:
    return {
        heading: {names: text for _, (names, text) in options}
        for heading, options in by_heading(ctx.command, ctx).items()
    }


def _list(options: Shown) -> str:
    return "".join(f"* `{names}`: {text}\n" for names, text in options.items())


def _text(command: click.Command) -> str:
    return f"{inspect.cleandoc(command.help or '')}\n"


def _name(ctx: click.Context) -> str:
    """The command as it is called, without the arguments of its group."""
    above = "" if ctx.parent is None else f"{_name(ctx.parent)} "
    return f"{above}{ctx.info_name}"


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.write_text(written(place.read_text("utf-8")), encoding="utf-8")

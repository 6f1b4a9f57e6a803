"""What every command of genz has: headings of options, examples, a nearest name, `--config`."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from genz.cli.invocation import Invocation
from genz.errors import UsageError
from genz.spelling import nearest_name

VERBOSE = "Each decision, and where an error came from, on stderr."

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

OWN = "Options"
COLUMNS = "Columns"
DISCOVERY = "Discovery"
MODEL = "Model"
GENERAL = "General"
HEADINGS = (OWN, COLUMNS, DISCOVERY, MODEL, GENERAL)
"""Order of the headings in ``--help``; options of all but the first are shared by commands."""


class Option(click.Option):
    """An option that several commands share, under a heading of its own."""

    def __init__(self, *args: Any, heading: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heading = heading


def option_of(heading: str) -> Callable[..., Decorator]:
    """`click.option` for options under a heading."""
    return partial(click.option, cls=Option, heading=heading)


def heading_of(parameter: click.Parameter) -> str:
    """Where ``--help`` shows an option."""
    if isinstance(parameter, Option):
        return parameter.heading
    return GENERAL if "--help" in parameter.opts else OWN


def nearest(word: str, names: Iterable[str]) -> str:
    """The end of a message about an unknown name: the one that was meant, else all there are."""
    known = sorted(names)
    near = nearest_name(word, known, cutoff=0.5)
    return f"wanted one of {', '.join(known)}" if near is None else f"the nearest is {near!r}"


class Command(click.Command):
    """A command with examples; every one takes ``--config``, ``--quiet`` and ``--verbose``.

    Parameters
    ----------
    examples : sequence of (str, str)
        What for, and the command line without ``genz``.
    """

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        if not any(parameter.name == "verbose" for parameter in self.params):
            self.params.append(_verbose_option())
        self.params += [_config_option(), _quiet_option()]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, unless it is to say both more and less."""
        invocation = _invocation(ctx)
        if invocation.quiet and invocation.verbose:
            _choose_volume(ctx)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings."""
        for heading, parameters in by_heading(self, ctx).items():
            with formatter.section(heading):
                formatter.write_dl([shown for _, shown in parameters])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, line by line as a shell takes them."""
        del ctx
        with formatter.section("Examples"):
            for purpose, line in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}# {purpose}\n")
                formatter.write(f"{'':{formatter.current_indent}}genz {line}\n")


def by_heading(
    command: click.Command, ctx: click.Context
) -> dict[str, list[tuple[click.Option, tuple[str, str]]]]:
    """Options that ``--help`` shows, with their two columns there, by heading in its order."""
    found: dict[str, list[tuple[click.Option, tuple[str, str]]]] = {h: [] for h in HEADINGS}
    for parameter in command.get_params(ctx):
        # What an argument is stands in the text: click shows it without a word here.
        if not isinstance(parameter, click.Option):
            continue
        shown = parameter.get_help_record(ctx)
        if shown is not None:
            found[heading_of(parameter)].append((parameter, shown))
    return {heading: parameters for heading, parameters in found.items() if parameters}


class Group(click.Group):
    """A group whose commands are of this kind, and which knows the nearest to a wrong name."""

    command_class = Command
    group_class = type

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is named.

        Raises
        ------
        UsageError
            There is none of this name.
        """
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and name not in self.commands:
            raise UsageError(f"No such command {name!r}; {nearest(name, self.commands)}")
        return super().resolve_command(ctx, args)


def _config_option() -> click.Option:
    return Option(
        ["--config"],
        heading=GENERAL,
        type=click.Path(path_type=Path),
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        help="TOML file with values for options; the command line goes before it.",
    )


def _quiet_option() -> click.Option:
    return Option(
        ["--quiet"],
        heading=GENERAL,
        is_flag=True,
        expose_value=False,
        callback=_be_quiet,
        help="Nothing but the result and errors.",
    )


def _verbose_option() -> click.Option:
    return Option(
        ["--verbose"],
        heading=GENERAL,
        is_flag=True,
        expose_value=False,
        callback=note_verbose,
        help=VERBOSE,
    )


def _read_config(ctx: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Take the file's values as defaults of this command."""
    if path is None or ctx.resilient_parsing:
        return
    from genz.cli.config import read_config

    ctx.default_map = read_config(path, ctx)
    invocation = _invocation(ctx)
    invocation.config = path
    invocation.is_offline_by_config = bool(ctx.default_map.get("offline"))


def _choose_volume(ctx: click.Context) -> None:
    """Of ``--quiet`` and ``--verbose`` take the one of the command line, not the file's."""
    invocation = _invocation(ctx)
    quiet, verbose = is_given(ctx, "quiet"), is_given(ctx, "verbose")
    if quiet == verbose:
        raise UsageError("--quiet and --verbose exclude each other, wanted one of them")
    invocation.quiet, invocation.verbose = quiet, verbose
    if "verbose" in ctx.params:
        ctx.params["verbose"] = verbose


def is_given(ctx: click.Context, name: str) -> bool:
    """Whether an option stands on the command line itself, not in a file."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _be_quiet(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    _invocation(ctx).quiet = value


def note_json(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    """Remember that records are wanted, so that an error becomes one too."""
    _invocation(ctx).as_json = value
    return value


def note_verbose(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    """Remember that an error is to be told with its traceback."""
    _invocation(ctx).verbose = value
    return value


def _invocation(ctx: click.Context) -> Invocation:
    invocation = ctx.find_object(Invocation)
    return Invocation([]) if invocation is None else invocation

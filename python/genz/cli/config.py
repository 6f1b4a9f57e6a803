"""``--config FILE``: values for options, in TOML, checked as a whole before any is used.

A table is named as a command (``[fit]``, ``[store.prune]``) or as a heading of ``--help`` that
commands share (``[columns]``, ``[discovery]``, ``[model]``, ``[general]``).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from genz.cli.command import OWN, heading_of, nearest
from genz.errors import UsageError

Place = tuple[str, ...]
Options = dict[str, click.Option]

NOT_IN_A_FILE = frozenset({"config", "help", "version"})

_SECRET_NAME = re.compile(
    r"(^|[-_])(api|secrets?|token|password|passwd|key|credentials?|auth|authorization|bearer)($|[-_])",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(r"(?:(?:sk|pk|rk|gsk|xai|hf)[-_][\w-]{16,}|AIza[\w-]{30,}|Bearer\s.*)")
_NO_SECRETS = (
    "a key does not belong into a configuration file: set OPENAI_API_KEY or ANTHROPIC_API_KEY, or "
    "name a file that holds it by key-file"
)


def read_config(path: Path, ctx: click.Context) -> dict[str, Any]:
    """Values for the options of a command, by their names in Python.

    The table of the command itself goes before those of its headings.

    Raises
    ------
    UsageError
        No TOML, an unknown table or option, a value of the wrong type, a secret; of any command,
        whether or not it is the one that runs.
    """
    document = _parse(path)
    options = dict(_places((), ctx.find_root().command, ctx))
    shared: dict[Place, Options] = {}
    for each in list(options.values()):
        for name, option in each.items():
            if (heading := heading_of(option)) != OWN:
                shared.setdefault((heading.lower(),), {})[name] = option
    options |= shared
    _check(path, document, (), options)
    place = _place(ctx)
    values: dict[str, Any] = {}
    for name, option in options[place].items():
        tables = (_table(document, place), document.get(heading_of(option).lower(), {}))
        value = next((table[name] for table in tables if name in table), None)
        if value is not None and option.name is not None:
            is_single = option.multiple and not isinstance(value, list)
            values[option.name] = [value] if is_single else value
    return values


def name_of(option: click.Option) -> str:
    """An option's name in a file: as on the command line, without its dashes."""
    return max(option.opts, key=len).lstrip("-")


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"the configuration file {path} does not exist") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}") from None


def _places(
    place: Place, command: click.Command, ctx: click.Context
) -> Iterator[tuple[Place, Options]]:
    """Every command below a group with its options."""
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from _places((*place, name), each, ctx)
        return
    named = ((name_of(p), p) for p in command.params if isinstance(p, click.Option))
    yield place, {name: option for name, option in named if name not in NOT_IN_A_FILE}


def _place(ctx: click.Context) -> Place:
    """The names of the command, without that of the program."""
    if ctx.parent is None:
        return ()
    return (*_place(ctx.parent), ctx.info_name or "")


def _table(document: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
    for name in place:
        document = document.get(name, {})
    return document


def _check(
    path: Path, table: Mapping[str, Any], place: Place, options: Mapping[Place, Options]
) -> None:
    """Raise at the first name or value that cannot be."""
    below = {known[len(place)] for known in options if known[: len(place)] == place != known}
    where = f"{path}: [{'.'.join(place)}]" if place else f"{path}:"
    for name, value in table.items():
        if name in below:
            if not isinstance(value, dict):
                raise UsageError(f"{path}: {name!r} is {_kind(value)}, wanted a table [{name}]")
            _check(path, value, (*place, name), options)
        elif name in options.get(place, {}):
            _check_value(f"{where} {name}", value, options[place][name])
        elif _SECRET_NAME.search(name):
            raise UsageError(f"{where} {name!r} is refused: {_NO_SECRETS}")
        elif name in NOT_IN_A_FILE:
            raise UsageError(f"{where} {name!r} stands on the command line only")
        elif not place and not isinstance(value, dict):
            raise UsageError(
                f"{where} {name!r} stands in no table, wanted it below that of a command, such as "
                "[fit], or of a heading of --help, such as [model]"
            )
        elif below:
            raise UsageError(f"{where} there is no table {name!r}; {nearest(name, below)}")
        else:
            known = options[place]
            raise UsageError(f"{where} there is no option {name!r}; {nearest(name, known)}")


def _check_value(what: str, value: Any, option: click.Option) -> None:
    entries = value if option.multiple and isinstance(value, list) else [value]
    for entry in entries:
        if isinstance(entry, str) and _SECRET_VALUE.fullmatch(entry.strip()):
            raise UsageError(f"{what} looks like a key: {_NO_SECRETS}")
        if option.is_flag:
            wanted, fits = "true or false", isinstance(entry, bool)
        elif isinstance(option.type, click.types.IntParamType):
            wanted, fits = "a whole number", type(entry) is int
        elif isinstance(option.type, click.types.FloatParamType):
            wanted, fits = "a number", type(entry) in (int, float)
        else:
            wanted, fits = "a string", isinstance(entry, str)
        if not fits:
            more = ", or a list of them" if option.multiple else ""
            raise UsageError(f"{what} is {_kind(entry)}, wanted {wanted}{more}")


def _kind(value: Any) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
    names |= {list: "a list", dict: "a table"}
    return names.get(type(value), f"a {type(value).__name__}")

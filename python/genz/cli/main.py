"""The group of commands, and the one place where errors become exit codes."""

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

import click
from click.core import ParameterSource
from click.shell_completion import shell_complete

from genz import (
    BudgetError,
    ConvergenceWarning,
    DataWarning,
    GenZError,
    QuotaError,
    UnreachableError,
    __version__,
)
from genz.cli.audit import audit
from genz.cli.command import Group
from genz.cli.completion import VARIABLE, completion
from genz.cli.doctor import doctor
from genz.cli.evaluate import evaluate
from genz.cli.experiment import experiment
from genz.cli.explain import explain
from genz.cli.export import export
from genz.cli.features import features
from genz.cli.fit import fit
from genz.cli.invocation import Invocation
from genz.cli.plan import plan
from genz.cli.predict import predict
from genz.cli.probe import probe
from genz.cli.records import emit
from genz.cli.refit import refit
from genz.cli.report import report
from genz.cli.schema import schema
from genz.cli.store import store
from genz.cli.streams import speak_utf8
from genz.cli.terminal import tell

_RESUMABLE = (click.Abort, BudgetError, QuotaError, UnreachableError)

INTERRUPTED = 130
"""128 + SIGINT, what a shell reports of a program that Ctrl-C ended."""

READER_LEFT = 141
"""128 + SIGPIPE, what a shell reports of a program whose reader (`head`) has gone."""

SECTIONS = {
    "Fit and predict": (fit, predict, explain, evaluate, report),
    "Change a fitted model": (features, refit, audit, export),
    "Models behind an endpoint": (probe, plan, store),
    "Published experiments": (experiment,),
    "This installation": (doctor, completion, schema),
}
"""The commands as ``genz --help`` lists them."""


class _Root(Group):
    """Commands whose every failure is one line on stderr and an exit code."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> NoReturn:
        speak_utf8()
        arguments = list(sys.argv[1:] if args is None else args)
        if instruction := os.environ.get(VARIABLE):
            sys.exit(shell_complete(self, {}, "genz", VARIABLE, instruction))
        try:
            code = self._run(Invocation(arguments))
            sys.stdout.flush()
        except BrokenPipeError:
            # The interpreter must not try to flush again what nobody reads.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for stream in (sys.stdout, sys.stderr):
                os.dup2(nowhere, stream.fileno())
            code = READER_LEFT
        sys.exit(code)

    def _run(self, invocation: Invocation) -> int:
        """Run a command; return its exit code."""
        with warnings.catch_warnings():
            for category in (ConvergenceWarning, DataWarning):
                warnings.simplefilter("always", category)
            # Ctrl-C may come between the making of a question and its asking: no news to the user.
            warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)

            def show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
                if not invocation.quiet:
                    tell("warning", str(message))

            warnings.showwarning = show_warning
            try:
                with self.make_context("genz", list(invocation.arguments), obj=invocation) as ctx:
                    code = self.invoke(ctx)
            except click.exceptions.Exit as left:  # --help, --version
                code = left.exit_code
            except BrokenPipeError:
                raise
            except KeyboardInterrupt:
                if sys.stderr.isatty():
                    click.echo(err=True)  # after the ^C of the terminal
                code = _explain(click.Abort(), invocation)
            except Exception as error:
                code = _explain(error, invocation)
        return code if isinstance(code, int) else 0

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section."""
        del ctx
        width = formatter.width - 6 - max(map(len, self.commands))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(c.name or "", c.get_short_help_str(width)) for c in commands])


def _explain(error: Exception, invocation: Invocation) -> int:
    """Say what went wrong in one line, and how to go on; return the exit code."""
    # What is wrong with an option is known before the options that follow it.
    is_verbose = invocation.verbose or "--verbose" in invocation.arguments
    if is_verbose and not isinstance(error, click.ClickException | click.Abort):
        traceback.print_exc()
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return error.exit_code
        case click.Abort():
            text, code = "interrupted", INTERRUPTED
        case click.BadParameter():
            text, code = _of_config(error, invocation), error.exit_code
        case click.ClickException():
            text, code = error.format_message(), error.exit_code
        case GenZError():
            text, code = str(error), error.exit_code
        case OSError():
            text, code = f"{error.filename or 'output'}: {error.strerror or error}", 1
        case _:
            kind = type(error).__name__
            text, code = f"unexpected {kind}: {error} (--verbose shows where)", 1
    text = " ".join(text.split())
    if invocation.as_json or "--json" in invocation.arguments:
        emit("error", {"kind": type(error).__name__, "message": text, "exit_code": code})
    if isinstance(error, click.Abort):
        click.echo(f"genz: {text}", err=True)
    else:
        tell("error", text)
    if isinstance(error, _RESUMABLE) and invocation.asks_an_endpoint:
        click.echo(f"genz: what was answered is stored; to resume: {invocation.resuming}", err=True)
    return code


def _of_config(error: click.BadParameter, invocation: Invocation) -> str:
    """The message of a value that cannot be, with the file if it is from there."""
    name = None if error.param is None else error.param.name
    source = None if error.ctx is None or name is None else error.ctx.get_parameter_source(name)
    place = f"{invocation.config}: " if source is ParameterSource.DEFAULT_MAP else ""
    return f"{place}{error.format_message()}"


@click.group(cls=_Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="genz %(version)s")
def main() -> None:
    """Regression on features that a foundation model finds and judges.

    `genz COMMAND --help` shows the options of a command and examples. A run that asked an endpoint
    resumes by the same command.

    Exit codes: 0 finished, 1 other errors, 2 usage, 3 finished with more unknown judgments than
    allowed, 4 budget, 5 key or quota, 6 endpoint out of reach, 7 data or store, 130 interrupted,
    141 the reader of the output has gone.
    """


for section in SECTIONS.values():
    for command in section:
        main.add_command(command)

"""The group of commands, and the one place where errors become exit codes."""

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

import click

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
from genz.cli.evaluate import evaluate
from genz.cli.experiment import experiment
from genz.cli.features import features
from genz.cli.fit import fit
from genz.cli.invocation import Invocation
from genz.cli.plan import plan
from genz.cli.predict import predict
from genz.cli.probe import probe
from genz.cli.refit import refit
from genz.cli.report import report
from genz.cli.store import store

_RESUMABLE = (click.Abort, BudgetError, QuotaError, UnreachableError)

INTERRUPTED = 130
"""128 + SIGINT, what a shell reports of a program that Ctrl-C ended."""


class _Group(click.Group):
    """Commands whose every failure is one line on stderr and an exit code."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> NoReturn:
        arguments = list(sys.argv[1:] if args is None else args)
        invocation = Invocation(arguments)
        extra = {"prog_name": "genz", **extra, "standalone_mode": False}
        with warnings.catch_warnings():
            for category in (ConvergenceWarning, DataWarning):
                warnings.simplefilter("always", category)
            # Ctrl-C may come between the making of a question and its asking: no news to the user.
            warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
            warnings.showwarning = _show_warning
            try:
                # Click returns the code of what left early: --help, --version.
                code = super().main(arguments, obj=invocation, **extra)
                sys.stdout.flush()
            except Exception as error:
                if "--verbose" in arguments and not isinstance(
                    error, click.ClickException | click.Abort
                ):
                    traceback.print_exc()
                code = _explain(error)
                if isinstance(error, _RESUMABLE) and invocation.asks_an_endpoint:
                    click.echo(
                        f"genz: what was answered is stored; to resume: {invocation.resuming}",
                        err=True,
                    )
        sys.exit(code if isinstance(code, int) else 0)


def _explain(error: Exception) -> int:
    """Say what went wrong in one line; return the exit code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return error.exit_code
        case click.Abort():
            click.echo("genz: interrupted", err=True)
            return INTERRUPTED
        case click.ClickException():
            text, code = error.format_message(), error.exit_code
        case GenZError():
            text, code = str(error), error.exit_code
        case BrokenPipeError():
            # Whoever read our output has gone; the interpreter must not try to flush it again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        case OSError():
            text, code = f"{error.filename or 'output'}: {error.strerror or error}", 1
        case _:
            kind = type(error).__name__
            text, code = f"unexpected {kind}: {error} (--verbose shows where)", 1
    click.echo(f"genz: error: {_one_line(text)}", err=True)
    return code


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"genz: warning: {_one_line(str(message))}", err=True)


def _one_line(text: str) -> str:
    return " ".join(text.split())


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="genz %(version)s")
def main() -> None:
    """Regression on features that a foundation model finds and judges.

    Exit codes: 2 usage, 3 finished with more unknown judgments than allowed, 4 budget, 5 key or
    quota, 6 endpoint out of reach, 7 data, 130 interrupted. A run that asked an endpoint resumes by
    the same command.
    """


for command in (
    *(fit, predict, evaluate, experiment, report),
    *(features, refit, audit),
    *(probe, plan, store),
):
    main.add_command(command)

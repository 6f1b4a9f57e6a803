"""What a running command says on stderr: a live line on a terminal, each decision if asked."""

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape

Record = dict[str, Any]


class Progress:
    """Observer of a discovery's trace and of a cross-validation's folds.

    Use as a context; the live line is gone at its end.
    """

    def __init__(self, *, verbose: bool) -> None:
        self._console = Console(stderr=True, soft_wrap=True, highlight=False)
        self._verbose = verbose
        self._place = ""
        self._n_features = 0
        self._last = ""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._status = None
            if self._console.is_terminal:
                self._status = stack.enter_context(self._console.status("reading"))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def on_decision(self, record: Record) -> None:
        """Follow one record of a trace."""
        if self._verbose:
            self._console.print(f"{self._place}{describe(record)}", markup=False)
        if "n_features" in record:
            self._n_features = record["n_features"]
        if record["action"] == "accept":
            self._last = f"; last: {record['description']} ({record['gain']:+.1f} nats)"
        self._show()

    def on_fold(self, record: Record) -> None:
        """Follow one method of a cross-validation to the end of a fold."""
        if self._verbose:
            self._console.print(
                f"fold {record['fold']} of {record['n_folds']}: {record['method']} in "
                f"{record['seconds']:.1f} s",
                markup=False,
            )
        self._place = f"fold {record['fold']} of {record['n_folds']} done; "
        self._last = ""
        self._n_features = 0
        self._show()

    def _show(self) -> None:
        if self._status is not None:
            line = f"{self._place}{self._n_features} features{self._last}"
            self._status.update(escape(line[: max(20, self._console.width - 4)]))


def describe(record: Record) -> str:
    """One record of a trace as one line."""
    numbers = {k: v for k, v in record.items() if k not in ("step", "action", "description")}
    shown = ", ".join(
        f"{name.replace('_', ' ')} {f'{value:.4g}' if isinstance(value, float) else value}"
        for name, value in numbers.items()
        if value is not None
    )
    description = f" {record['description']}" if "description" in record else ""
    return f"step {record['step']}: {record['action']}{description} ({shown})"

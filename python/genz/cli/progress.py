"""What a running command says on stderr: a live line on a terminal, each decision if asked."""

import sys
import time
from collections import deque
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.markup import escape

from genz.cli.foundation import remote
from genz.cli.terminal import is_live, is_quiet

if TYPE_CHECKING:
    from genz.client.progress import Statistics
    from genz.foundation import FoundationModel

Record = dict[str, Any]


class Progress:
    """Observer of a discovery's trace and of a cross-validation's folds.

    Use as a context; the live line is gone at its end.
    """

    def __init__(self, *, verbose: bool, foundation_model: "FoundationModel") -> None:
        asked = remote(foundation_model)
        if asked is not None:
            asked.observer = self.on_questions
        # FORCE_COLOR makes a console think that a file is a terminal; a live line there is garbage.
        self._is_live = is_live(sys.stderr) and not is_quiet()
        self._console = Console(
            stderr=True, soft_wrap=True, highlight=False, force_terminal=self._is_live
        )
        self._verbose = verbose
        self._place = ""
        self._n_features = 0
        self._last = ""
        self._questions = ""
        self._rate = Rate()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._status = None
            if self._is_live:
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

    def on_null_run(self, record: Record) -> None:
        """Follow one discovery on permuted targets to its end."""
        place = f"null run {record['null_run']} of {record['n_null_runs']}"
        if self._verbose:
            n_features = len(record["features"])
            self._console.print(
                f"{place}: {n_features} features in {record['seconds']:.1f} s", markup=False
            )
        self._place = f"{place} done; "
        self._last = ""
        self._n_features = 0
        self._show()

    def on_questions(self, statistics: "Statistics") -> None:
        """Follow the questions that are put to an endpoint."""
        self._questions = f" | {self._rate.line(statistics)}"
        self._show()

    def _show(self) -> None:
        if self._status is not None:
            line = f"{self._place}{self._n_features} features{self._last}{self._questions}"
            self._status.update(escape(line[: max(1, self._console.width - 4)]))


class Rate:
    """Statistics of questions as a line, with a rate over the last seconds."""

    SECONDS = 10.0

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def line(self, statistics: "Statistics") -> str:
        """``1,204 of 5,000 answers (36/s, 40 known), 0:01:45 left, 9,120 tokens, ...``."""
        now = time.monotonic()
        self._seen.append((now, statistics.n_done))
        while now - self._seen[0][0] > self.SECONDS and len(self._seen) > 2:
            self._seen.popleft()
        (first, n_first), (last, n_last) = self._seen[0], self._seen[-1]
        rate = (n_last - n_first) / (last - first) if last > first else 0.0
        n_left = statistics.n_planned - statistics.n_done
        planned = f" of {statistics.n_planned:,}" if n_left > 0 else ""
        parts = [
            f"{statistics.n_done:,}{planned} answers ({rate:.3g}/s, {statistics.n_stored:,} known)",
            *([f"{_duration(n_left / rate)} left"] if n_left > 0 and rate else []),
            f"{statistics.usage.total:,} tokens",
            *([] if statistics.cost is None else [f"cost {statistics.cost:.4g}"]),
            f"{statistics.in_flight} of {statistics.limit} in flight",
            *([f"waiting: {statistics.waiting}"] if statistics.waiting else []),
        ]
        failed = statistics.n_failed.total()
        return ", ".join([*parts, *([f"{failed:,} failed"] if failed else [])])


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def describe(record: Record) -> str:
    """One record of a trace as one line."""
    hidden = ("step", "action", "description", "shown_high", "shown_low")
    numbers = {k: v for k, v in record.items() if k not in hidden}
    shown = ", ".join(
        f"{name.replace('_', ' ')} {f'{value:.4g}' if isinstance(value, float) else value}"
        for name, value in numbers.items()
        if value is not None
    )
    description = f" {record['description']}" if "description" in record else ""
    return f"step {record['step']}: {record['action']}{description} ({shown})"

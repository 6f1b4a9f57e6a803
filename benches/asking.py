"""The client against a fake server in another process: throughput, CPU, memory, rate limits."""

import asyncio
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benches.effort import Effort
from benches.markdown import number, per_cent, table
from benches.memory import MEBIBYTE, REPOSITORY, status
from genz import BudgetError
from genz.catalog import Catalog
from genz.foundation.remote import OpenAIModel
from genz.testing import FakeFoundationServer, Latency, Limits

HEADER = ("what", "calls", "seconds", "x ideal time", "client CPU a call, ms")
LIMITED_HEADER = ("the server allows a minute", "share of it used", "refused")
CONCURRENCY = 64
LATENCY = 0.1
QUEUE_SECONDS = 20.0
EXPLANATION = """\
*Ideal time*: calls / 64 x 100 ms, slow start of the client included. Client CPU is that of all
threads of the client's process: prompt, key, store, HTTP, reading, commit. The server runs in
another process of this machine."""
LIMITED = """\
A server with token buckets that hold two seconds of what it allows; the client is not told, it
reads the headers. Share used: requests or tokens answered, of those allowed in the time."""
# Requests and tokens a minute, and how many questions that are asked.
LIMITS = ((1_800, None, 2_400), (6_000, 400_000, 4_000))


@dataclass(frozen=True)
class Run:
    """A run in a process of its own; seconds and CPU are of the questions alone."""

    seconds: float
    cpu_seconds: float
    first_seconds: float
    growth: float
    n_requests: int
    n_limited: int
    n_tokens: int


def section(effort: Effort) -> str:
    """Tables of throughput and rate limits, and the queue in a sentence."""
    rows = []
    for form, n_items, n_features in (("tile", 20_000, 100), ("pair", 5_000, 2)):
        n = effort.n_items(n_items)
        run = _in_process("throughput", form, n, n_features)
        effort.say(f"asking, {form}: {run}")
        ideal = run.n_requests / CONCURRENCY * LATENCY
        rows.append(
            [
                f"`{form}`, {n * n_features:,} judgments",
                f"{run.n_requests:,}",
                number(run.seconds),
                number(run.seconds / ideal),
                number(1000 * run.cpu_seconds / run.n_requests),
            ]
        )
    n_queued = effort.n_items(500_000)
    queued = _in_process("queue", "pair", n_queued, 2)
    effort.say(f"asking, queue: {queued}")
    queue = (
        f"With {2 * n_queued:,} judgments queued as pairs the first request left after "
        f"{number(queued.first_seconds)} s, and memory grew by {number(queued.growth)} MiB in "
        f"{QUEUE_SECONDS:.0f} s, {queued.n_requests:,} answers included."
    )
    limited = []
    for rpm, tpm, n_questions in LIMITS:
        run = _in_process("limited", "pair", effort.n_items(n_questions), 1, rpm, tpm or 0)
        effort.say(f"asking, limited: {run}")
        shares = [(run.n_requests - run.n_limited) / (rpm * run.seconds / 60)]
        if tpm:
            shares.append(run.n_tokens / (tpm * run.seconds / 60))
        allowed = f"{rpm:,} requests" + (f", {tpm:,} tokens" if tpm else "")
        limited.append([allowed, per_cent(max(shares)), f"{run.n_limited / run.n_requests:.2%}"])
    parts = (table(HEADER, rows), EXPLANATION, queue, table(LIMITED_HEADER, limited), LIMITED)
    return "\n\n".join(parts)


def _in_process(what: str, form: str, *sizes: int) -> Run:
    command = [sys.executable, "-m", "benches.asking", what, form, *map(str, sizes)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY)  # noqa: S603
    return Run(**json.loads(ran.stdout))


def _items(n_items: int) -> Catalog:
    words = "a house with three rooms, a kitchen, a cellar and a garden behind it, near the station"
    return Catalog.from_items([f"{words}; number {n}" for n in range(n_items)])


async def _timed(model: OpenAIModel, ask: Callable[[], Awaitable[Any]]) -> tuple[float, float]:
    async with model:
        began, cpu = time.perf_counter(), time.process_time()
        await ask()
        return time.perf_counter() - began, time.process_time() - cpu


def _measure(
    what: str, form: str, n_items: int, n_features: int, rpm: int = 0, tpm: int = 0
) -> dict[str, float]:
    limits = Limits(
        requests_per_minute=rpm or None, tokens_per_minute=tpm or None, burst_seconds=2.0
    )
    items = _items(n_items)
    features = [f"the house has the property {n}" for n in range(n_features)]
    first: list[float] = []
    with (
        tempfile.TemporaryDirectory() as place,
        FakeFoundationServer(
            latency=Latency(seconds=LATENCY), limits=limits, separate_process=True
        ) as server,
    ):
        model = OpenAIModel(
            "fake",
            server.base_url,
            form=form,
            tile=(20, 10),
            store=Path(place) / "store.sqlite3",
            concurrency=CONCURRENCY,
            deadline=QUEUE_SECONDS if what == "queue" else None,
            audited=False,
        )
        before = status("VmRSS")
        began = time.perf_counter()

        def observe(statistics: Any) -> None:
            if statistics.n_asked and not first:
                first.append(time.perf_counter() - began)

        model.observer = observe
        try:
            seconds, cpu = asyncio.run(_timed(model, lambda: model.judge(items, features)))
        except BudgetError:
            # The queue is asked until the deadline.
            seconds, cpu = QUEUE_SECONDS, math.nan
        peak = status("VmHWM")
        asked = server.statistics
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "first_seconds": first[0] if first else float("nan"),
        "growth": (peak - before) / MEBIBYTE,
        "n_requests": asked.n_requests,
        "n_limited": asked.n_limited,
        "n_tokens": asked.prompt_tokens + asked.completion_tokens,
    }


if __name__ == "__main__":
    what, form, *sizes = sys.argv[1:]
    print(json.dumps(_measure(what, form, *map(int, sizes))))

"""Two threads against two processes of one thread each, at the same time on the same cores."""

import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from typing import Any

from benches.effort import Effort
from benches.markdown import number, table
from benches.peers import Genz
from benches.simulated import simulate

SIZES = ((8, 100_000), (12, 10_000), (16, 2_000))
N_TARGETS = 8
HEADER = ("K", "N", "two threads, items a second", "two processes, items a second", "ratio")
EXPLANATION = """\
Enumeration with pair moments, D = 8, wall-clock time. *Two processes*: each works on one thread
and on items of its own, both at the same time; their items over the time until the slower is
done. That is what the cores and the memory they share can give; the ratio says how much of it two
threads of one call reach. Best of {n_rounds} rounds, in which both take turns."""


def section(effort: Effort) -> str:
    if (os.cpu_count() or 1) < 2:
        return "Not measured: this machine has one core."
    rows = [_row(effort, k, effort.n_items(n_items)) for k, n_items in SIZES]
    return f"{table(HEADER, rows)}\n\n{EXPLANATION.format(n_rounds=effort.n_rounds)}"


def _row(effort: Effort, n_features: int, n_items: int) -> list[str]:
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for _ in range(2):
        pipe, far_end = context.Pipe()
        process = context.Process(target=_work, args=(far_end, n_items, n_features), daemon=True)
        process.start()
        pipes.append(pipe)
        processes.append(process)
    seconds_of_one = [pipe.recv() for pipe in pipes]
    n_calls = max(1, int(effort.seconds_a_round * 2 / max(seconds_of_one)))
    threads, both = 0.0, 0.0
    for _ in range(effort.n_rounds):
        threads = max(threads, n_items * n_calls / _seconds(pipes[:1], 2, n_calls))
        both = max(both, 2 * n_items * n_calls / _seconds(pipes, 1, n_calls))
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send(None)
        process.join()
    effort.say(f"threads, K = {n_features}: {threads / both:.3f}")
    sizes = (str(n_features), f"{n_items:,}")
    return [*sizes, *map(number, (threads, both, threads / both))]


def _seconds(pipes: list["Connection[Any, Any]"], n_threads: int, n_calls: int) -> float:
    """Wall-clock seconds until all processes have done so many calls."""
    start = time.perf_counter()
    for pipe in pipes:
        pipe.send((n_threads, n_calls))
    for pipe in pipes:
        pipe.recv()
    return time.perf_counter() - start


def _work(pipe: "Connection[Any, Any]", n_items: int, n_features: int) -> None:
    """Say how long one call takes, then do what is asked until nothing is."""
    problem = simulate(n_items, n_features, N_TARGETS)
    calls = {n_threads: Genz(n_threads=n_threads).run(problem) for n_threads in (1, 2)}
    calls[2]()
    start = time.perf_counter()
    calls[1]()
    pipe.send(time.perf_counter() - start)
    while (order := pipe.recv()) is not None:
        n_threads, n_calls = order
        for _ in range(n_calls):
            calls[n_threads]()
        pipe.send(None)

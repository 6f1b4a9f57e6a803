"""Memory of a fit beyond its inputs, each fit in a process of its own."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benches.effort import Effort
from benches.markdown import number, table
from benches.simulated import Floats, simulate
from genz import LatentFeatureRegression

REPOSITORY = Path(__file__).parents[1]
BLOCK = 10_000
MEBIBYTE = 2**20
# (N, K, D, iterations at most)
SHORT = ((1_000_000, 16, 8, 1),)
LONG = ((1_000_000, 16, 8, 1_000), (10_000_000, 12, 1, 1_000))
HEADER = ("N", "K", "D", "inputs, MiB", "beyond inputs, MiB", "iterations", "seconds")
EXPLANATION = """\
Fits on all cores, without standard errors; judgments of one byte and targets of eight are the
inputs. *Beyond inputs*: the peak of the resident set over what it was before the fit, with data
and libraries loaded. One iteration needs as much as all."""
NO_LONG = " Whole fits and 10 million items are measured by `make bench LONG=1`."


def section(effort: Effort) -> str:
    sizes = SHORT + (LONG if effort.long else ())
    rows = [_row(effort, effort.n_items(n), k, d, n_iter) for n, k, d, n_iter in sizes]
    return f"{table(HEADER, rows)}\n\n{EXPLANATION}{'' if effort.long else NO_LONG}"


def _row(effort: Effort, *size: int) -> list[str]:
    command = [sys.executable, "-m", "benches.memory", *map(str, size)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY)  # noqa: S603
    told = json.loads(ran.stdout)
    effort.say(f"memory, N = {size[0]}: {told['beyond']:.0f} MiB beyond inputs")
    cells = (number(told["inputs"]), number(told["beyond"]), str(told["n_iter"]))
    return [f"{size[0]:,}", str(size[1]), str(size[2]), *cells, number(told["seconds"])]


def _fit(n_items: int, n_features: int, n_targets: int, max_iter: int) -> dict[str, float]:
    judgments, targets = _data(n_items, n_features, n_targets)
    model = LatentFeatureRegression(max_iter=max_iter)

    def fit(n: int) -> None:
        # Without standard errors, and without the warning of fits that are stopped early.
        model._fit(judgments[:n], targets[:n], None, None, covariance=False)

    fit(200)
    before = status("VmRSS")
    start = time.perf_counter()
    fit(n_items)
    # Not `ru_maxrss`, which begins with the peak of the process that started this one.
    peak = status("VmHWM")
    return {
        "inputs": (judgments.nbytes + targets.nbytes) / MEBIBYTE,
        "beyond": (peak - before) / MEBIBYTE,
        "n_iter": model.n_iter_,
        "seconds": time.perf_counter() - start,
    }


def _data(n_items: int, n_features: int, n_targets: int) -> tuple[NDArray[np.uint8], Floats]:
    """A block of items over and over, so that no more than the data is ever in memory."""
    block = simulate(min(n_items, BLOCK), n_features, n_targets)
    judgments = np.empty((n_items, n_features), dtype=np.uint8)
    targets = np.empty((n_items, n_targets))
    for start in range(0, n_items, BLOCK):
        n_left = min(BLOCK, n_items - start)
        judgments[start : start + n_left] = block.judgments[:n_left]
        targets[start : start + n_left] = block.targets[:n_left]
    return judgments, targets


def status(name: str) -> int:
    """Bytes of an entry of this process's status."""
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    print(json.dumps(_fit(*map(int, sys.argv[1:]))))

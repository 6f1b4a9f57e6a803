"""CPU time, best of several rounds in which all that is compared takes its turn."""

import time
from collections.abc import Callable, Mapping

import numpy as np

Work = Callable[[], object]
Timer = Callable[[], float]

DGEMM_SIZE = 2048


def cpu_seconds(work: Work) -> float:
    """CPU seconds of all threads of this process, compiled code included."""
    start = time.process_time()
    work()
    return time.process_time() - start


def timer(work: Work) -> Timer:
    """A timer of `work`."""
    return lambda: cpu_seconds(work)


def best_of(n_rounds: int, timers: Mapping[str, Timer]) -> dict[str, float]:
    """Lowest seconds of each timer; in every round each has its turn, so noise hits all."""
    best = dict.fromkeys(timers, float("inf"))
    for _ in range(n_rounds):
        for name, measure in timers.items():
            best[name] = min(best[name], measure())
    return best


def n_items_within(seconds: float, work_on: Callable[[int], Work], n_probed: int) -> int:
    """How many items `work_on` answers in about `seconds`, beside what it does once a call."""
    one, many = work_on(1), work_on(n_probed)
    for work in (one, many):
        work()  # caches are filled, code is compiled
    more = max(cpu_seconds(many) - cpu_seconds(one), 1e-6)
    return max(n_probed, 1 + int(seconds * (n_probed - 1) / more))


def extrapolated(n_items: int, one: float, n_timed: int, seconds: float) -> float:
    """Seconds for `n_items` from those for one and for `n_timed`: a straight line.

    What a call does once, such as tables, is then not counted for each item.
    """
    return one + (n_items - 1) * (seconds - one) / (n_timed - 1)


def dgemm() -> Work:
    """The product of two square matrices of numpy; 2 n^3 floating-point operations."""
    rng = np.random.default_rng(0)
    left, right = rng.random((2, DGEMM_SIZE, DGEMM_SIZE))
    out = np.empty_like(left)
    return lambda: np.matmul(left, right, out=out)


def dgemm_rate(seconds: float) -> float:
    """Floating-point operations a second of :func:`dgemm`."""
    return float(2 * DGEMM_SIZE**3 / seconds)

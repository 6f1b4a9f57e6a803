"""Quadrature of scalar targets with many features."""

from collections.abc import Callable
from dataclasses import dataclass

from benches.effort import Effort
from benches.markdown import number, table
from benches.measure import Work, best_of, dgemm, dgemm_rate, extrapolated, n_items_within, timer
from benches.peers import Genz, Peer
from benches.peers.numpy_quadrature import NumpyQuadrature
from benches.simulated import Problem, simulate

SIZES = ((100, 100_000), (500, 100_000))
R2 = 0.8
PEERS: tuple[Peer, ...] = (
    Genz("quadrature", "none"),
    Genz("quadrature", "marginals"),
    Genz("quadrature", "pairs"),
    NumpyQuadrature(),
)
DGEMM = "dgemm"
N_CHECKED = 40
N_PROBED = 20
HEADER = ("K", "N", "log evidence", "+ marginals", "+ pair moments", "numpy, pair moments")
EXPLANATION = """\
CPU seconds for all N items, D = 1, R2 = .8, one thread; dgemm ran at {rate} GFLOP/s in these
rounds. `*`: timed on one and on as many items as stand in brackets, a straight line drawn to N.
The first {n} items were checked against the same integrals in numpy at half the step (1e-9).
*numpy* computes the same with complex arrays at the same step."""


@dataclass(frozen=True)
class Measured:
    """Seconds for all items by peer, and on how many they were timed."""

    n_items: int
    n_features: int
    dgemm_rate: float
    seconds: list[float]
    n_timed: list[int]

    def cells(self) -> list[str]:
        return [str(self.n_features), f"{self.n_items:,}", *map(self._cell, range(len(PEERS)))]

    def _cell(self, ix: int) -> str:
        n_timed = self.n_timed[ix]
        mark = f" * ({n_timed:,})" if n_timed < self.n_items else ""
        return number(self.seconds[ix]) + mark


def section(effort: Effort) -> str:
    sizes = [_measure(effort, k, effort.n_items(n_items)) for k, n_items in SIZES]
    rate = max(size.dgemm_rate for size in sizes)
    explanation = EXPLANATION.format(rate=number(rate / 1e9), n=N_CHECKED)
    worse = [size.n_features for size in sizes if size.seconds[-1] < size.seconds[-2]]
    verdict = f"slower than numpy at K = {worse}" if worse else "faster than numpy at every K"
    rows = [size.cells() for size in sizes]
    return f"{table(HEADER, rows)}\n\n{explanation} With pair moments genz is {verdict}."


def _measure(effort: Effort, n_features: int, n_items: int) -> Measured:
    problem = simulate(n_items, n_features, 1, r2=R2)
    _check(problem.head(N_CHECKED))
    timers = {DGEMM: timer(dgemm())}
    n_timed = []
    for ix, peer in enumerate(PEERS):
        work_on = _work_on(peer, problem)
        affordable = n_items_within(2 * effort.seconds_a_round, work_on, N_PROBED)
        n_timed.append(min(n_items, affordable))
        timers[f"{ix}"] = timer(work_on(n_timed[ix]))
        timers[f"{ix}, one item"] = timer(work_on(1))
    best = best_of(effort.n_rounds, timers)
    seconds = [
        extrapolated(n_items, best[f"{ix}, one item"], n, best[f"{ix}"])
        for ix, n in enumerate(n_timed)
    ]
    effort.say(f"quadrature, K = {n_features}: {', '.join(map(number, seconds))} s")
    return Measured(n_items, n_features, dgemm_rate(best[DGEMM]), seconds, n_timed)


def _work_on(peer: Peer, problem: Problem) -> Callable[[int], Work]:
    return lambda n: peer.run(problem.head(n))


def _check(problem: Problem) -> None:
    finer = NumpyQuadrature(refinement=2)
    finer.run(problem)().check(Genz("quadrature").run(problem)(), finer.name)

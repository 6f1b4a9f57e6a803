"""Quadrature of scalar targets with many features."""

from collections.abc import Callable

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
N_CHECKED = 40
N_PROBED = 20
HEADER = ("K", "N", "log evidence", "+ marginals", "+ pair moments", "numpy, pair moments")
EXPLANATION = """\
CPU seconds for all N items, D = 1, R2 = .8, one thread; dgemm ran at {rate} GFLOP/s in these
rounds. `*`: timed on one and on as many items as stand in brackets, a straight line drawn to N.
The first {n} items were checked against the same integrals in numpy at half the step (1e-9).
*numpy* computes the same with complex arrays at the same step."""


def section(effort: Effort) -> str:
    rates, rows = [], []
    for n_features, n_items in SIZES:
        rate, row = _row(effort, n_features, effort.n_items(n_items))
        rates.append(rate)
        rows.append(row)
    explanation = EXPLANATION.format(rate=number(max(rates) / 1e9), n=N_CHECKED)
    return f"{table(HEADER, rows)}\n\n{explanation}"


def _row(effort: Effort, n_features: int, n_items: int) -> tuple[float, list[str]]:
    problem = simulate(n_items, n_features, 1, r2=R2)
    _check(problem.head(N_CHECKED))
    runs: list[tuple[int, Callable[[int], Work]]] = []
    for peer in PEERS:
        work_on = _work_on(peer, problem)
        affordable = n_items_within(2 * effort.seconds_a_round, work_on, N_PROBED)
        runs.append((min(n_items, affordable), work_on))
    timers = {"dgemm": timer(dgemm())}
    for ix, (n_timed, work_on) in enumerate(runs):
        timers[f"all {ix}"] = timer(work_on(n_timed))
        timers[f"one {ix}"] = timer(work_on(1))
    best = best_of(effort.n_rounds, timers)
    cells = [str(n_features), f"{n_items:,}"]
    for ix, (n_timed, _) in enumerate(runs):
        seconds = best[f"all {ix}"]
        if n_timed < n_items:
            seconds = extrapolated(n_items, best[f"one {ix}"], n_timed, seconds)
        mark = f" * ({n_timed:,})" if n_timed < n_items else ""
        cells.append(number(seconds) + mark)
    effort.say(f"quadrature, K = {n_features}: {cells[2:]} s")
    return dgemm_rate(best["dgemm"]), cells


def _work_on(peer: Peer, problem: Problem) -> Callable[[int], Work]:
    return lambda n: peer.run(problem.head(n))


def _check(problem: Problem) -> None:
    finer = NumpyQuadrature(refinement=2)
    finer.run(problem)().check(Genz("quadrature").run(problem)(), finer.name)

"""Exact enumeration beside its peers: log evidence, marginals and pair moments on one thread."""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

from benches.effort import Effort
from benches.kernel import kernel_seconds
from benches.markdown import number, per_cent, table
from benches.measure import Timer, best_of, dgemm, dgemm_rate, extrapolated, n_items_within, timer
from benches.peers import C_GRAY, PEERS, SAME_PRODUCTS, Answer, Genz, Peer
from benches.simulated import Problem, simulate

SIZES = ((8, 100_000), (12, 10_000), (16, 2_000), (20, 500))
N_TARGETS = 8
N_PROBED = {8: 2_000, 12: 200, 16: 16, 20: 2}
GENZ = Genz()
KERNEL, DGEMM, ONE = "genz, core alone", "dgemm", ", one item"


@dataclass
class Measured:
    """Seconds an item of everybody at one size."""

    n_items: int
    n_features: int
    dgemm_rate: float
    seconds: dict[str, float]
    n_timed: dict[str, int]

    def times_slower(self, name: str) -> float:
        """Times as long as genz through Python."""
        return self.seconds.get(name, nan) / self.seconds[GENZ.name]

    def share_of_dgemm(self, name: str) -> float:
        """6 floating-point operations a state and item, over the time, over the rate of dgemm."""
        return float(6 * 2**self.n_features / self.seconds[name] / self.dgemm_rate)


def section(effort: Effort) -> str:
    return _report([_measure(effort, k, effort.n_items(n_items)) for k, n_items in SIZES])


def _measure(effort: Effort, n_features: int, n_items: int) -> Measured:
    problem = simulate(n_items, n_features, N_TARGETS)
    timers: dict[str, Timer] = {
        DGEMM: timer(dgemm()),
        KERNEL: lambda: kernel_seconds(n_items, n_features),
        GENZ.name: timer(GENZ.run(problem)),
    }
    n_timed = {}
    for peer in PEERS:
        if peer.missing(n_features) is None:
            n_timed[peer.name] = _add_peer(timers, peer, problem, effort)
    best = best_of(effort.n_rounds, timers)
    rate = dgemm_rate(best.pop(DGEMM))
    seconds = {name: best[name] / n_items for name in (KERNEL, GENZ.name)}
    for name, n in n_timed.items():
        whole = best[name]
        if n < n_items:
            whole = extrapolated(n_items, best[f"{name}{ONE}"], n, whole)
        seconds[name] = whole / n_items
    effort.say(f"enumeration, K = {n_features}: {seconds[GENZ.name] * 1e6:.3g} us an item")
    return Measured(n_items, n_features, rate, seconds, n_timed)


def _add_peer(timers: dict[str, Timer], peer: Peer, problem: Problem, effort: Effort) -> int:
    """Add a timer of as many items as the peer answers in a round; its answers are checked first.

    Where these are not all items, a timer of one item is added for the extrapolation.
    """

    def work_on(n: int) -> Callable[[], Answer]:
        return peer.run(problem.head(n))

    n_probed = min(N_PROBED[problem.n_features], problem.n_items)
    affordable = n_items_within(effort.seconds_a_round, work_on, n_probed)
    n_items = min(problem.n_items, affordable)
    work = work_on(n_items)
    work().check(GENZ.run(problem.head(n_items))(), peer.name)
    timers[peer.name] = timer(work)
    if n_items < problem.n_items:
        timers[f"{peer.name}{ONE}"] = timer(work_on(1))
    return n_items


def _report(sizes: list[Measured]) -> str:
    targets = table(
        HEADER,
        [_headline(size) for size in sizes],
    )
    names = [peer.name for peer in PEERS if any(peer.name in size.seconds for size in sizes)]
    everybody = table(
        ["peer", *(f"K = {size.n_features}" for size in sizes)],
        [[name, *(_beside(size, name) for size in sizes)] for name in names],
    )
    return f"{targets}\n\n{EXPLANATION}\n\n{everybody}\n\n{_who(sizes)}\n\n{_what_is_worse(sizes)}"


HEADER = (
    *("K", "N", "dgemm GFLOP/s", "core, ns a state", "core, share", "genz, ns a state"),
    *("genz, share", "genz / core", "core x C Gray code", "core x numpy, same products"),
)
EXPLANATION = """\
All compute log evidence, marginals and summed pair moments (numpyro less) of items with D = 8, in
float64 on one thread; their answers agreed with genz's to 1e-9 before any was timed. *Share*:
6 N 2^K floating-point operations (three products), over the whole time, over the rate of numpy's
2048 x 2048 dgemm in the same rounds. *Core*: `genz_core::posterior` called from Rust on items of
the same sizes; *genz*: `genz.posterior` from Python; *genz / core*: the rate of the one over that
of the other. Both start from targets and log odds and end at the normalised log evidence. Peers
are spared that: they start from the natural parameters of each item (numpyro from the model), and
what depends on the parameters alone (tables, the split of the features, compilation, the choice
of a tile) is outside their timers.

CPU time of a peer over that of `genz.posterior`; above 1 genz is faster. `*`: the peer was timed on
one and on as many items as stand in brackets, and a straight line was drawn to N."""


def _headline(size: Measured) -> list[str]:
    core, ours = size.seconds[KERNEL], size.seconds[GENZ.name]
    n_states = 2**size.n_features
    return [
        str(size.n_features),
        f"{size.n_items:,}",
        number(size.dgemm_rate / 1e9),
        number(core / n_states * 1e9),
        per_cent(size.share_of_dgemm(KERNEL)),
        number(ours / n_states * 1e9),
        per_cent(size.share_of_dgemm(GENZ.name)),
        number(core / ours, 2),
        *(_ratio(size, peer.name, core) for peer in (C_GRAY, SAME_PRODUCTS)),
    ]


def _ratio(size: Measured, name: str, seconds: float) -> str:
    return number(size.seconds[name] / seconds) if name in size.seconds else "-"


def _beside(size: Measured, name: str) -> str:
    if name not in size.seconds:
        return "-"
    n_timed = size.n_timed[name]
    extrapolated = f" * ({n_timed:,})" if n_timed < size.n_items else ""
    return number(size.times_slower(name)) + extrapolated


def _who(sizes: list[Measured]) -> str:
    lines = [f"* {GENZ.name}: {GENZ.what}"]
    for peer in PEERS:
        reasons = {size.n_features: peer.missing(size.n_features) for size in sizes}
        lines.append(f"* {peer.name}: {peer.what}")
        lines += [f"  * not at K = {k}: {reason}" for k, reason in reasons.items() if reason]
    lines.append("* tvo: not run, no package index has it, so no clean clone could repeat it")
    return "\n".join(lines)


def _what_is_worse(sizes: list[Measured]) -> str:
    worse = [
        f"K = {size.n_features}: {name} takes {per_cent(size.times_slower(name))} of genz's time"
        for size in sizes
        for name in size.n_timed
        if size.times_slower(name) < 1
    ]
    if not worse:
        return "No peer of this run is faster than `genz.posterior`."
    return "Worse than a peer:\n\n" + "\n".join(f"* {line}" for line in worse)

"""Time an item against N, K and D."""

from benches.effort import Effort
from benches.markdown import number, table
from benches.measure import best_of, timer
from benches.peers import Genz
from benches.simulated import simulate

MOMENTS = ("none", "marginals", "pairs")
# (N, K, D): one of them grows at a time, from the size in the middle.
ITEMS = [(n_items, 12, 8) for n_items in (10, 100, 1_000, 10_000, 100_000)]
FEATURES = [(2**25 >> k, k, 8) for k in (4, 8, 10, 12, 14, 16, 18, 20)]
TARGETS = [(10_000, 12, d) for d in (1, 2, 4, 8, 16, 32)]
MAX_N = 200_000
HEADER = ("N", "K", "D", "log evidence", "+ marginals", "+ pair moments", "ns a state")
EXPLANATION = "CPU microseconds an item, enumeration, one thread; *ns a state* with pair moments."


def section(effort: Effort) -> str:
    parts = [EXPLANATION]
    for what, sizes in (("N", ITEMS), ("K", FEATURES), ("D", TARGETS)):
        rows = [_row(effort, min(n, MAX_N), k, d) for n, k, d in sizes]
        effort.say(f"scaling with {what}: done")
        parts.append(f"With {what}:\n\n{table(HEADER, rows)}")
    return "\n\n".join(parts)


def _row(effort: Effort, n_items: int, n_features: int, n_targets: int) -> list[str]:
    n_items = n_items if n_items <= 10 else effort.n_items(n_items)
    problem = simulate(n_items, n_features, n_targets)
    timers = {moments: timer(Genz(moments=moments).run(problem)) for moments in MOMENTS}
    best = best_of(effort.n_rounds, timers)
    microseconds = [best[moments] / n_items * 1e6 for moments in MOMENTS]
    sizes = (f"{n_items:,}", str(n_features), str(n_targets))
    return [*sizes, *map(number, microseconds), number(microseconds[-1] / 2**n_features * 1e3)]

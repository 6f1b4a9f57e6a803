"""numpy with the three matrix products that genz uses."""

from collections.abc import Callable

import numpy as np

from benches.measure import cpu_seconds
from benches.peers.peer import Answer
from benches.peers.split import split
from benches.simulated import Floats, NaturalForm, Problem, all_states, natural_form

TILES = (64, 128, 256, 512, 1024, 2048)


class NumpyProducts:
    """The same algorithm, its products by numpy's BLAS; the fastest tile counts."""

    name = "numpy, same products"
    what = "the same three products, tiles of items chosen for speed outside the timer"

    def missing(self, n_features: int) -> str | None:
        return None

    def run(self, problem: Problem) -> Callable[[], Answer]:
        tables = Tables(natural_form(problem))

        def work_by(tile: int) -> Callable[[], Answer]:
            return lambda: tables.answer(tile)

        tiles = sorted({min(tile, problem.n_items) for tile in TILES})
        return min((work_by(tile) for tile in tiles), key=cpu_seconds)


class Tables:
    """What depends on the parameters: halves a and b, their states, and the coupling matrix M.

    Couplings between the halves are centred: a'Jb = (a - h)'J(b - h) + a'Jh + h'Jb - h'Jh, h = 1/2.
    """

    def __init__(self, natural: NaturalForm) -> None:
        self.natural = natural
        coupling = natural.coupling
        self.a, self.b = split(coupling)
        self.states_a, self.states_b = all_states(len(self.a)), all_states(len(self.b))
        between = coupling[np.ix_(self.a, self.b)]
        self.m = np.exp(-(self.states_a - 0.5) @ between @ (self.states_b - 0.5).T)
        within_a, within_b = (coupling[np.ix_(half, half)] for half in (self.a, self.b))
        self.energy_a = _quadratic(self.states_a, within_a) + self.states_a @ between.sum(1) / 2
        self.energy_b = _quadratic(self.states_b, within_b) + self.states_b @ between.sum(0) / 2
        self.shift = between.sum() / 4
        self.fields_a = np.ascontiguousarray(natural.fields[:, self.a])
        self.fields_b = np.ascontiguousarray(natural.fields[:, self.b])

    def answer(self, tile: int) -> Answer:
        n_items, n_features = self.natural.fields.shape
        log_z = np.empty(n_items)
        marginals = np.empty((n_items, n_features))
        mass = np.zeros_like(self.m)
        for start in range(0, n_items, tile):
            rows = slice(start, start + tile)
            u, top_a = _exponentials(self.fields_a[rows], self.states_a, self.energy_a)
            v, top_b = _exponentials(self.fields_b[rows], self.states_b, self.energy_b)
            joint_a = v @ self.m.T
            joint_a *= u
            z = joint_a.sum(axis=1, keepdims=True)
            log_z[rows] = (top_a + top_b + np.log(z))[:, 0] + self.shift
            joint_a /= z
            marginals[rows, self.a] = joint_a @ self.states_a
            u /= z
            joint_b = u @ self.m
            joint_b *= v
            marginals[rows, self.b] = joint_b @ self.states_b
            mass += u.T @ v
        return Answer(log_z + self.natural.constant, marginals, self._pairs(mass * self.m))

    def _pairs(self, mass: Floats) -> Floats:
        pairs = np.empty_like(self.natural.coupling)
        a, b, states_a, states_b = self.a, self.b, self.states_a, self.states_b
        pairs[np.ix_(a, a)] = (states_a * mass.sum(1)[:, None]).T @ states_a
        pairs[np.ix_(b, b)] = (states_b * mass.sum(0)[:, None]).T @ states_b
        pairs[np.ix_(a, b)] = states_a.T @ mass @ states_b
        pairs[np.ix_(b, a)] = pairs[np.ix_(a, b)].T
        return pairs


def _quadratic(states: Floats, coupling: Floats) -> Floats:
    return np.asarray(((states @ coupling) * states).sum(axis=1) / 2)


def _exponentials(fields: Floats, states: Floats, energy: Floats) -> tuple[Floats, Floats]:
    """Weights of the states of one half, the largest of an item 1, and the logarithm of that."""
    weights = fields @ states.T
    weights -= energy
    top = weights.max(axis=1, keepdims=True)
    weights -= top
    return np.exp(weights, out=weights), top

"""numpy with the table of all states, in the log domain: what one writes first."""

from collections.abc import Callable

import numpy as np

from benches.peers.peer import Answer
from benches.simulated import Problem, all_states, natural_form

N_ENTRIES = 2**22


class NumpyTable:
    """log q = fields S' - energy, block by block; S holds all states."""

    name = "numpy, log table"
    what = "a table of all states, log-sum-exp, blocks of 32 MiB"

    def missing(self, n_features: int) -> str | None:
        return None

    def run(self, problem: Problem) -> Callable[[], Answer]:
        natural = natural_form(problem)
        states = all_states(problem.n_features)
        energy = ((states @ natural.coupling) * states).sum(axis=1) / 2
        block = max(1, N_ENTRIES // len(states))

        def work() -> Answer:
            log_z, marginals, mass = [], [], np.zeros(len(states))
            for start in range(0, problem.n_items, block):
                q = natural.fields[start : start + block] @ states.T
                q -= energy
                top = q.max(axis=1, keepdims=True)
                q -= top
                np.exp(q, out=q)
                z = q.sum(axis=1, keepdims=True)
                q /= z
                log_z.append((top + np.log(z))[:, 0])
                marginals.append(q @ states)
                mass += q.sum(axis=0)
            pairs = (states * mass[:, None]).T @ states
            return Answer(np.concatenate(log_z) + natural.constant, np.vstack(marginals), pairs)

        return work

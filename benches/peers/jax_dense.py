"""jax, the table of all states as one compiled function."""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from benches.peers.peer import Answer
from benches.simulated import Problem, all_states, natural_form

N_ENTRIES = 2**21


class JaxDense:
    """float64, compiled by XLA for one thread of the CPU; a scan over blocks of items."""

    name = "jax, dense"
    what = "float64, jitted, all states of a block of items at once, compilation not timed"

    def missing(self, n_features: int) -> str | None:
        return None if find_spec("jax") else "not installed"

    def run(self, problem: Problem) -> Callable[[], Answer]:
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        natural = natural_form(problem)
        n_items, n_features = natural.fields.shape
        table = all_states(n_features)
        states = jnp.asarray(table)
        energy = jnp.asarray(((table @ natural.coupling) * table).sum(axis=1) / 2)
        block = min(n_items, max(1, N_ENTRIES // len(table)))
        n_blocks = -(-n_items // block)
        # Items that fill the last block up have the weight 0.
        fields = np.zeros((n_blocks * block, n_features))
        fields[:n_items] = natural.fields
        present = (np.arange(len(fields)) < n_items).astype(np.float64)

        def solve(fields: jax.Array, present: jax.Array) -> tuple[jax.Array, ...]:
            def step(mass: jax.Array, items: tuple[jax.Array, jax.Array]) -> tuple[object, ...]:
                log_q = items[0] @ states.T - energy
                log_z = jax.nn.logsumexp(log_q, axis=1, keepdims=True)
                p = jnp.exp(log_q - log_z)
                return mass + items[1] @ p, (log_z[:, 0], p @ states)

            blocks = (fields.reshape(n_blocks, block, -1), present.reshape(n_blocks, block))
            mass, (log_z, marginals) = jax.lax.scan(step, jnp.zeros(len(table)), blocks)
            return log_z, marginals, (states * mass[:, None]).T @ states

        compiled = jax.jit(solve)
        inputs = jnp.asarray(fields), jnp.asarray(present)

        def work() -> Answer:
            log_z, marginals, pairs = map(np.asarray, compiled(*inputs))
            log_evidence = log_z.reshape(-1)[:n_items] + natural.constant
            return Answer(log_evidence, marginals.reshape(-1, n_features)[:n_items], pairs)

        return work

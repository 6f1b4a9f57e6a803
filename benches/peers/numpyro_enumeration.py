"""numpyro, which sums discrete latent variables out by parallel enumeration."""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from benches.peers.peer import Answer
from benches.simulated import Problem

MAX_FEATURES = 12


class NumpyroEnumeration:
    """Marginals by the gradient of the log evidence in the log odds.

    Each item has its own log odds, so that d log p(y) / d log_odds = E[z] - P(z = 1).
    """

    name = "numpyro"
    what = (
        "the model as one writes it, float64, jitted; log evidence as a sum, marginals by its "
        "gradient, no pair moments"
    )

    def missing(self, n_features: int) -> str | None:
        absent = [name for name in ("numpyro", "funsor") if not find_spec(name)]
        if absent:
            return f"{' and '.join(absent)} not installed"
        return "too slow to wait for" if n_features > MAX_FEATURES else None

    def run(self, problem: Problem) -> Callable[[], Answer]:
        import jax
        import numpyro
        from numpyro import distributions
        from numpyro.contrib.funsor import config_enumerate, enum, log_density

        jax.config.update("jax_enable_x64", True)

        def model(log_odds: jax.Array) -> None:
            with numpyro.plate("items", problem.n_items, dim=-1):
                mean = problem.intercept
                for k in range(problem.n_features):
                    judged = distributions.Bernoulli(logits=log_odds[:, k])
                    z = numpyro.sample(f"z{k}", judged, infer={"enumerate": "parallel"})
                    mean = mean + z[..., None] * problem.weights[k]
                noise = distributions.Normal(mean, np.sqrt(problem.noise_variance))
                numpyro.sample("y", noise.to_event(1), obs=problem.targets)

        enumerated = enum(config_enumerate(model), first_available_dim=-2)

        def log_evidence(log_odds: jax.Array) -> jax.Array:
            return log_density(enumerated, (log_odds,), {}, {})[0]

        solve = jax.jit(jax.value_and_grad(log_evidence))
        prior = 1 / (1 + np.exp(-problem.log_odds))

        def work() -> Answer:
            total, gradient = solve(problem.log_odds)
            return Answer(np.asarray(total)[None], np.asarray(gradient) + prior, None)

        return work

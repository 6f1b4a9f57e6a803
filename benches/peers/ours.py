"""genz itself, from targets and log odds to the answer."""

from collections.abc import Callable

import genz
from benches.peers.peer import Answer
from benches.simulated import Problem


class Genz:
    """`genz.posterior` with nothing prepared outside the timer."""

    name = "genz"
    what = "`genz.posterior`, everything in the timer"

    def __init__(
        self, solver: str = "enumeration", moments: str = "pairs", n_threads: int = 1
    ) -> None:
        self.solver = solver
        self.moments = moments
        self.n_threads = n_threads

    def missing(self, n_features: int) -> str | None:
        return None

    def run(self, problem: Problem) -> Callable[[], Answer]:
        def work() -> Answer:
            posterior = genz.posterior(
                problem.targets,
                problem.weights,
                problem.intercept,
                problem.noise_variance,
                problem.log_odds,
                solver=self.solver,
                moments=self.moments,
                n_threads=self.n_threads,
            )
            return Answer(posterior.log_evidence, posterior.marginals, posterior.pair_moments)

        return work

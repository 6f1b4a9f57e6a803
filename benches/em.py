"""Whole fits: accelerated EM beside plain EM, counted in E steps."""

import time
import warnings
from dataclasses import dataclass

from benches.effort import Effort
from benches.markdown import number, table
from benches.measure import cpu_seconds
from benches.simulated import Problem, simulate
from genz import ConvergenceWarning, LatentFeatureRegression
from genz.statistics.parameters import Parameters

SIZES = ((16, 8, 100_000), (8, 8, 100_000))
TOLERANCE = 1e-8
MAX_ITER = 2_000
HEADER = (
    *("K", "D", "N", "E steps, accelerated", "E steps, plain", "CPU s an E step", "seconds"),
    "end of accelerated - plain, nats",
)
EXPLANATION = """\
Fits until the objective's relative change falls below 1e-8, R2 = .35, judgments wrong one time in
ten, all cores, without standard errors. An E step has all pair moments. Plain EM is the same code
made to stop after every iteration, where it has nothing to extrapolate from, and started anew from
there. *CPU s an E step* is the CPU time of the accelerated fit, M steps and log odds included,
over its E steps; *seconds* is its wall-clock time.{bound}"""
BOUND = """

The E steps of the accelerated fit are an upper bound: a fit says its iterations but not how many
extrapolations it threw away, so in every second iteration one is counted as thrown away."""


@dataclass(frozen=True)
class Compared:
    """One row of the table; `is_bound` where the fit does not say how many E steps it took."""

    cells: list[str]
    is_bound: bool


def section(effort: Effort) -> str:
    sizes = SIZES[-1:] if effort.quick else SIZES
    runs = [_compare(effort, k, d, effort.n_items(n)) for k, d, n in sizes]
    is_bound = any(run.is_bound for run in runs)
    explanation = EXPLANATION.format(bound=BOUND if is_bound else "")
    return f"{table(HEADER, [run.cells for run in runs])}\n\n{explanation}"


def _compare(effort: Effort, n_features: int, n_targets: int, n_items: int) -> Compared:
    problem = simulate(n_items, n_features, n_targets)
    model = LatentFeatureRegression(tol=TOLERANCE, max_iter=MAX_ITER)
    start = time.perf_counter()
    cpu = cpu_seconds(lambda: _fit(model, problem))
    wall = time.perf_counter() - start
    n_e_steps = _n_e_steps(model)
    effort.say(f"EM, K = {n_features}: {n_e_steps} E steps in {wall:.1f} s")
    n_plain, log_likelihood = _plain(problem)
    counts = (n_features, n_targets, n_items, n_e_steps, n_plain)
    difference = f"{model.log_likelihood_ - log_likelihood:.3f}"
    cells = [*(f"{n:,}" for n in counts), number(cpu / n_e_steps), number(wall), difference]
    return Compared(cells, is_bound=not hasattr(model, "n_e_steps_"))


def _fit(model: LatentFeatureRegression, problem: Problem, start: Parameters | None = None) -> None:
    """Fit from `start`, which the public method does not take, and without standard errors."""
    model._fit(problem.judgments, problem.targets, None, None, start=start, covariance=False)


def _n_e_steps(model: LatentFeatureRegression) -> int:
    """E steps of a fit; at most one extrapolation is thrown away in two iterations."""
    return int(getattr(model, "n_e_steps_", 1 + model.n_iter_ + model.n_iter_ // 2))


def _plain(problem: Problem) -> tuple[int, float]:
    """E steps and log likelihood of fits of one iteration, each from the end of the one before."""
    model = LatentFeatureRegression(tol=TOLERANCE, max_iter=1)
    start: Parameters | None = None
    for iteration in range(1, MAX_ITER + 1):
        _fit(model, problem, start)
        if model.converged_:
            return 1 + iteration, model.log_likelihood_
        start = model.parameters_
    warnings.warn("plain EM did not converge", ConvergenceWarning, stacklevel=2)
    return 1 + MAX_ITER, model.log_likelihood_

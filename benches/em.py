"""Whole fits: accelerated EM beside plain EM, counted in E steps."""

import time

from benches.effort import Effort
from benches.markdown import number, table
from benches.measure import cpu_seconds
from benches.simulated import Problem, simulate
from genz import LatentFeatureRegression

N_FEATURES, N_TARGETS, N_ITEMS = 16, 8, 100_000
R2S = (0.35, 0.8)
TOLERANCE = 1e-8
MAX_ITER = 2_000
HEADER = (
    *("K", "D", "N", "R2", "E steps, accelerated", "E steps, plain", "CPU s an E step", "seconds"),
    "end of accelerated - plain, nats",
)
EXPLANATION = """\
Fits until the objective's relative change falls below 1e-8, judgments wrong one time in ten, all
cores, without standard errors. An E step has all pair moments; those that the acceleration threw
away are counted. *CPU s an E step* is the CPU time of the accelerated fit, M steps and log odds
included, over its E steps; *seconds* is its wall-clock time."""


def section(effort: Effort) -> str:
    n_features = N_FEATURES // 2 if effort.quick else N_FEATURES
    rows = [_compare(effort, n_features, r2) for r2 in R2S]
    return f"{table(HEADER, rows)}\n\n{EXPLANATION}"


def _compare(effort: Effort, n_features: int, r2: float) -> list[str]:
    n_items = effort.n_items(N_ITEMS)
    problem = simulate(n_items, n_features, N_TARGETS, r2=r2)
    accelerated, plain = _model(acceleration=True), _model(acceleration=False)
    start = time.perf_counter()
    cpu = cpu_seconds(lambda: _fit(accelerated, problem))
    wall = time.perf_counter() - start
    n_e_steps = accelerated.n_e_steps_
    effort.say(f"EM, R2 = {r2}: {n_e_steps} E steps in {wall:.1f} s")
    _fit(plain, problem)
    counts = (n_features, N_TARGETS, n_items, r2, n_e_steps, plain.n_e_steps_)
    difference = f"{accelerated.log_likelihood_ - plain.log_likelihood_:.3f}"
    return [*(f"{n:,}" for n in counts), number(cpu / n_e_steps), number(wall), difference]


def _model(*, acceleration: bool) -> LatentFeatureRegression:
    return LatentFeatureRegression(tol=TOLERANCE, max_iter=MAX_ITER, acceleration=acceleration)


def _fit(model: LatentFeatureRegression, problem: Problem) -> None:
    """Fit without standard errors, which the public method always makes."""
    model._fit(problem.judgments, problem.targets, None, None, covariance=False)

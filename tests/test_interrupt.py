"""Ctrl-C in a real process: SIGINT to the main thread while the core computes."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest

# Each would run for minutes; the last is one item whose conditioning does not end soon.
LONG_RUNS = {
    "fit": """
        rng = np.random.default_rng(0)
        judgments = (rng.random((100_000, 18)) < 0.5).astype(np.uint8)
        model = genz.LatentFeatureRegression(max_iter=10**6, tol=0.0, solver="enumeration")
        work = lambda: model.fit(judgments, rng.normal(size=100_000))
    """,
    "fit of one process thread": """
        rng = np.random.default_rng(0)
        judgments = (rng.random((300_000, 30)) < 0.5).astype(np.uint8)
        model = genz.LatentFeatureRegression(max_iter=10**6, tol=0.0, n_threads=1)
        work = lambda: model.fit(judgments, rng.normal(size=300_000))
    """,
    "posterior": """
        rng = np.random.default_rng(0)
        log_odds = rng.normal(size=(100_000, 19))
        targets = rng.normal(size=(100_000, 2))
        work = lambda: genz.posterior(targets, np.ones((19, 2)), 0.0, 1.0, log_odds)
    """,
    "posterior by conditioning": """
        rng = np.random.default_rng(0)
        weights, log_odds = rng.normal(size=24), rng.normal(size=(3000, 24))
        targets = (log_odds > 0) @ weights
        work = lambda: genz.posterior(
            targets, weights, 0.0, 1e-10, log_odds, solver="quadrature", moments="none"
        )
    """,
}

SCRIPT = """
import sys, threading, time
import numpy as np
import genz
{run}
began = threading.Timer(0.7, lambda: print("computing", flush=True))
began.start()
try:
    work()
except KeyboardInterrupt:
    assert threading.current_thread() is threading.main_thread()
    print("interrupted", flush=True)
    sys.exit(130)
print("finished", flush=True)
"""


@pytest.mark.parametrize("name", LONG_RUNS)
def test_interrupt_ends_the_computation(name: str) -> None:
    script = SCRIPT.format(run=textwrap.dedent(LONG_RUNS[name]))
    with subprocess.Popen(  # noqa: S603 - our own text
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "computing\n"
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    seconds = time.monotonic() - sent
    print(f"{name}: interrupted after {seconds:.2f} s")
    assert (process.returncode, out) == (130, "interrupted\n"), err
    assert seconds < 3

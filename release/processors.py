"""An installed core on older processors than this machine's, by QEMU's user emulation.

One has no vectors that the core knows, one has AVX2: a wheel has to run on any x86-64 machine, take
the vectors that are there, and compute the same. (QEMU knows no AVX-512: where the machine has it,
everything else is run with it.)
"""

import json
import platform
import shutil
import subprocess
import sys

PROCESSORS = {"Nehalem": "none", "Haswell": "AVX2"}
"""Processors of QEMU and the instruction set that the core has to choose on each."""
QEMU = "qemu-x86_64"
MAX_DIFFERENCE = 1e-9
PROGRAM = """
import json
import numpy as np
import genz
from genz import _core

rng = np.random.default_rng(0)
results = []
for solver, n_features, n_dims in (("enumeration", 10, 3), ("quadrature", 24, 1)):
    found = genz.posterior(
        rng.normal(size=(40, n_dims)), rng.normal(size=(n_features, n_dims)), np.zeros(n_dims),
        np.ones(n_dims), rng.normal(size=(40, n_features)), solver=solver, n_threads=1,
    )
    results += [*found.log_evidence, *found.marginals.ravel()]
print(json.dumps([_core.instruction_set, results]))
"""


def compare(python: str) -> None:
    """Compare this machine with those that are emulated; a difference ends the process.

    `python` is a path of a Python that has genz.
    """
    if platform.machine() != "x86_64" or shutil.which(QEMU) is None:
        print(f"processors: skipped, there is no {QEMU} (Debian's package qemu-user), or no x86-64")
        return
    here, wanted = _results(python)
    print(f"{here} on this machine")
    for processor, instruction_set in PROCESSORS.items():
        chosen, got = _results(QEMU, "-cpu", processor, python)
        difference = max(abs(a - b) for a, b in zip(got, wanted, strict=True))
        print(f"{chosen} on {processor}, results differ by {difference:.1e}")
        if chosen != instruction_set:
            sys.exit(f"processors: {processor} was given {chosen}, wanted {instruction_set}")
        if not difference <= MAX_DIFFERENCE:
            sys.exit(f"processors: results differ by more than {MAX_DIFFERENCE}")


def _results(*python: str) -> tuple[str, list[float]]:
    """The instruction set that the core chose, and what it computed."""
    done = subprocess.run(
        (*python, "-c", PROGRAM), check=False, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        sys.exit(f"processors: {' '.join(python)} ended with {done.returncode}\n{done.stderr}")
    instruction_set, results = json.loads(done.stdout)
    return instruction_set, results

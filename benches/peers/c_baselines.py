"""Enumeration in C, compiled for this very processor: Gray code, a table with vector exponentials,
products without exponentials.

The source is a prototype that lies beside the repository and is no part of it.
"""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from benches.peers.peer import Answer
from benches.simulated import Floats, Problem, natural_form

SOURCE = Path(__file__).parents[2] / "../shared/prototypes/estep/enum_c.c"
FLAGS = ("-O3", "-march=native", "-ffast-math", "-fopenmp", "-shared", "-fPIC")


class CBaseline:
    """One function of the C source."""

    def __init__(self, name: str, what: str, function: str) -> None:
        self.name = name
        self.what = what
        self.function = function

    def missing(self, n_features: int) -> str | None:
        if not SOURCE.exists():
            return "its source does not lie beside the repository"
        return None if shutil.which("gcc") else "no gcc"

    def run(self, problem: Problem) -> Callable[[], Answer]:
        natural = natural_form(problem)
        n_items, n_features = natural.fields.shape
        log_z, marginals = np.empty(n_items), np.empty((n_items, n_features))
        pairs = np.empty((n_features, n_features))
        inputs = [np.ascontiguousarray(part) for part in (natural.coupling, natural.fields)]

        def work() -> Answer:
            getattr(_library(), self.function)(
                *map(_address, inputs),
                ctypes.c_long(n_items),
                ctypes.c_int(n_features),
                *map(_address, (log_z, marginals, pairs)),
                ctypes.c_int(1),  # thread
            )
            return Answer(log_z + natural.constant, marginals, pairs)

        return work


@cache
def _library() -> ctypes.CDLL:
    with tempfile.TemporaryDirectory() as directory:
        library = Path(directory) / "baselines.so"
        command = ["gcc", *FLAGS, str(SOURCE.resolve()), "-o", str(library), "-lm"]
        subprocess.run(command, check=True)  # noqa: S603 - constants
        return ctypes.CDLL(str(library))


def _address(array: Floats) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)

"""What the figures were measured on."""

import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

import genz
from benches.markdown import table
from genz import _core

PACKAGES = ("numpy", "scipy", "scikit-learn", "jax", "numpyro")


def report() -> str:
    facts = {
        "processor": _processor(),
        "instruction set": f"{platform.machine()}, {_core.instruction_set}",
        "cores": str(_n_cores()),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "Python": platform.python_version(),
        "genz": genz.__version__ + (", a debug build" if _core.is_debug_build else ""),
        **{name: _version(name) for name in PACKAGES},
        "BLAS of numpy": _blas(),
        "compilers": ", ".join(filter(None, (_says("rustc"), _says("gcc")))),
    }
    return table(("what", "which"), facts.items())


def _cpu_info() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def _processor() -> str:
    names = re.findall(r"model name\s*:\s*(.+)", _cpu_info())
    clocks = re.findall(r"cpu MHz\s*:\s*(\d+)", _cpu_info())
    return f"{names[0]}, {clocks[0]} MHz" if names and clocks else platform.processor()


def _n_cores() -> int:
    return len(re.findall(r"^processor\s*:", _cpu_info(), re.MULTILINE))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _blas() -> str:
    np.ones((2, 2)) @ np.ones((2, 2))
    # scipy may bring a BLAS of its own.
    libraries = [info for info in threadpool_info() if info["user_api"] == "blas"]
    info = min(libraries, key=lambda info: "numpy" not in info["filepath"])
    return f"{info['internal_api']} {info['version']} for {info.get('architecture', 'unknown')}"


def _says(command: str) -> str:
    """The first line of ``command --version``."""
    if not shutil.which(command):
        return ""
    said = subprocess.run([command, "--version"], check=True, capture_output=True, text=True)  # noqa: S603
    return said.stdout.splitlines()[0]

"""What ``genz doctor`` finds out on this machine: versions, core, extras, store, disk, terminal."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from genz.errors import StoreError

DEPENDENCIES = ("aiohttp", "click", "jinja2", "narwhals", "numpy", "rich", "scikit-learn", "scipy")
EXTRAS = {
    "parquet": ("pyarrow", "Parquet catalogs", "pip install 'genz[parquet]'"),
    "images": ("PIL", "photos", "pip install 'genz[images]'"),
}
"""Module, what it is for, how to get it."""

LITTLE_SPACE = 1e9
NO_SPACE = 5e7
NARROW = 80


@dataclass(frozen=True)
class Check:
    """One line of the doctor's.

    Attributes
    ----------
    name : str
    status : str
        ``ok``, ``warning`` (works, but) or ``error`` (will not work).
    found : str
    advice : str
        What to do; empty where nothing is to be done.
    exit_code : int
        Of the command, if this is its first error.
    """

    name: str
    status: str
    found: str
    advice: str = ""
    exit_code: int = 1


def check_installation() -> Iterator[Check]:
    """Versions, dependencies, the core, extras."""
    yield _version()
    yield from (_dependency(name) for name in DEPENDENCIES)
    yield from _core()
    for extra, (module, purpose, command) in EXTRAS.items():
        if find_spec(module) is None:
            found = f"not installed: {purpose} cannot be read"
            yield Check(extra, "warning", found, f"where they are needed, {command}")
        else:
            yield Check(extra, "ok", f"{purpose} can be read")


def _version() -> Check:
    import platform

    from genz import __version__

    name = f"{platform.python_implementation()} {platform.python_version()}"
    found = f"{__version__}, {name}, {platform.system()} {platform.machine()}"
    try:
        installed = metadata.version("genz")
    except metadata.PackageNotFoundError:
        return Check("genz", "warning", f"{found}, not installed as a package", "pip install genz")
    if installed != __version__:
        advice = "install genz again: pip install --force-reinstall genz"
        return Check("genz", "error", f"{found}, but the package is {installed}", advice)
    return Check("genz", "ok", found)


def _dependency(name: str) -> Check:
    try:
        return Check(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, "error", "not installed", "install genz again: pip install genz")


def _core() -> Iterator[Check]:
    """Whether the core computes what is known, how it was built, and by what it runs."""
    import numpy as np

    import genz
    from genz import _core

    one = genz.posterior([[1.0]], [[1.0]], [0.0], [1.0], [[0.0]])
    # Two normal densities of equal prior: their ratio is exp(1/2).
    marginals = one.marginals
    is_right = marginals is not None and np.isclose(marginals[0, 0], 1 / (1 + np.exp(-0.5)))
    if not is_right:
        advice = "install genz again, and tell us of this machine"
        yield Check("core", "error", "a posterior that is known comes out wrong", advice)
    elif _core.is_debug_build:
        yield Check(
            "core", "warning", "a debug build: slow", "build by `maturin develop --release`"
        )
    else:
        yield Check("core", "ok", "a posterior that is known comes out right")
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    names = [*simd.get("baseline", ()), *simd.get("found", ())]
    yield Check("processor", "ok", f"{_n_processors()} threads, {' '.join(names) or 'no SIMD'}")


def _n_processors() -> int:
    """Those that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_store(store: Path | None) -> Iterator[Check]:
    """Whether the answer store can be read and written, and what it holds."""
    from genz.store.database import locate
    from genz.store.statistics import store_statistics

    path = locate(store)
    if not path.exists():
        place = _first_existing(path.parent)
        if place.is_dir() and os.access(place, os.W_OK):
            yield Check("store", "ok", f"none yet; the first answer makes {path}")
        else:
            advice = "name another place by --store PATH"
            code = StoreError.exit_code
            yield Check("store", "error", f"{place} cannot be written to", advice, code)
        return
    try:
        found = store_statistics(store)
    except StoreError as error:
        yield Check("store", "error", str(error), "genz store verify", StoreError.exit_code)
        return
    n_answers = sum(group["answers"] for group in found.groups)
    text = f"{path}: {n_answers:,} answers, {found.size / 1e6:,.1f} MB"
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        yield Check("store", "ok", text)
    else:
        advice = "only --offline works with it: change its mode or name another by --store PATH"
        yield Check("store", "warning", f"{text}, read only", advice)


def check_disk(store: Path | None) -> Iterator[Check]:
    """Free space where answers and models are written."""
    from genz.store.database import locate

    places = {"disk of the store": _first_existing(locate(store).parent), "disk here": Path.cwd()}
    for name, place in places.items():
        free = shutil.disk_usage(place).free
        found, advice = f"{free / 1e9:,.1f} GB free at {place}", "make room"
        if free < NO_SPACE:
            yield Check(name, "error", found, advice, StoreError.exit_code)
        else:
            yield Check(
                name,
                "warning" if free < LITTLE_SPACE else "ok",
                found,
                advice * (free < LITTLE_SPACE),
            )


def check_terminal() -> Check:
    """Where the output goes, and whether it can hold every character."""
    from genz.cli.terminal import is_coloured

    encoding = (sys.stdout.encoding or "ascii").lower()
    width = shutil.get_terminal_size().columns
    kind = f"{width} columns" if sys.stdout.isatty() else "no terminal"
    colours = "colours" if is_coloured(sys.stdout) else "no colours"
    found = f"{kind}, {colours}, {encoding}"
    if encoding.replace("-", "") not in ("utf8", "utf8sig"):
        return Check(
            "terminal", "warning", found, "set PYTHONUTF8=1, else some texts cannot be shown"
        )
    if sys.stdout.isatty() and width < NARROW:
        return Check("terminal", "warning", found, f"tables want {NARROW} columns")
    return Check("terminal", "ok", found)


def _first_existing(path: Path) -> Path:
    """The path itself, or the first of its parents that is there."""
    return next((each for each in (path, *path.parents) if each.exists()), Path.cwd())

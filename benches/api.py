"""What users call, timed by pytest-benchmark."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benches.effort import Effort
from benches.markdown import number, table

HERE = Path(__file__).parent
HEADER = ("what", "rounds", "lowest, ms", "median, ms")
EXPLANATION = """\
`benches/test_api.py`: wall-clock time on all cores. In brackets N, K and D; solver and moments by
default; fits with standard errors. Predictions are of 10,000 items with K = 8, D = 1; discovery,
save and load have 500 items."""


def section(effort: Effort) -> str:
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "benchmark.json"
        options = ["--benchmark-max-time", str(effort.seconds_a_round), "--benchmark-warmup", "on"]
        command = [sys.executable, "-m", "pytest", str(HERE), *options]
        command += ["--benchmark-quiet", f"--benchmark-json={output}"]
        subprocess.run(command, check=True, cwd=HERE.parent, stdout=sys.stderr)  # noqa: S603
        benchmarks = json.loads(output.read_text())["benchmarks"]
    rows = [
        [
            f"`{benchmark['name'].removeprefix('test_')}`",
            str(benchmark["stats"]["rounds"]),
            *(number(benchmark["stats"][name] * 1e3) for name in ("min", "median")),
        ]
        for benchmark in benchmarks
    ]
    return f"{table(HEADER, rows)}\n\n{EXPLANATION}"

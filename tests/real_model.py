"""A real language model behind an endpoint on this machine, from weights that are fetched once."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"
SET_UP = SHARED / "models" / "setup_model.sh"
PLACE = REPOSITORY / ".llm"
WEIGHTS = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
PORT = 8377


@contextmanager
def serving() -> Iterator[str]:
    """Base URL of the model, while the context lasts."""
    if not (PLACE / WEIGHTS).exists():
        subprocess.run(["sh", str(SET_UP), str(PLACE), "1.5b"], check=True)  # noqa: S603, S607
    command = [
        *(str(PLACE / "venv" / "bin" / "python"), str(SHARED / "models" / "serve.py")),
        *(str(PLACE / WEIGHTS), str(PORT), "--alias", "local"),
        *("--ctx", "4096", "--parallel", "1", "--threads", str(os.cpu_count() or 1)),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        try:
            if not any(line.startswith("READY") for line in process.stdout):
                raise RuntimeError("the server of the language model did not start")
            yield f"http://127.0.0.1:{PORT}/v1"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)

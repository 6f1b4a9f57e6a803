"""A run that is killed at any moment goes on where it was: nothing lost, nothing paid twice."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from genz.testing import Latency
from remote import Planted

N_KILLS = 25
CONCURRENCY = 4

RUN = """
import json, sys
import genz
url, store, items, price, out = json.load(sys.stdin)
model = genz.OpenAIModel("fake", url, store=store, tile=(5, 2), concurrency={concurrency})
regressor = genz.GenZRegressor(model, n_features=4, patience=3)
print("asking", flush=True)
regressor.fit(items, price).save(out, force=True)
"""


def start(url: str, store: Path, planted: Planted, out: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(  # noqa: S603 - our own text
        [sys.executable, "-c", RUN.replace("{concurrency}", str(CONCURRENCY))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    json.dump([url, str(store), planted.items, planted.price.tolist(), str(out)], process.stdin)
    process.stdin.close()
    assert process.stdout is not None
    assert process.stdout.readline() == "asking\n"
    return process


def finish(process: "subprocess.Popen[str]") -> None:
    assert process.stderr is not None
    said = process.stderr.read()
    assert process.wait(60) == 0, said
    close(process)


def close(process: "subprocess.Popen[str]") -> None:
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()


def model_files(directory: Path) -> dict[str, bytes]:
    files = (*directory.glob("*.npz"), directory / "model.json")
    return {file.name: file.read_bytes() for file in files}


def test_killed_at_random_moments_it_ends_in_the_same_model(tmp_path: Path) -> None:
    planted = Planted(60)
    with planted.server(latency=Latency(seconds=0.02)) as server:
        process = start(server.base_url, tmp_path / "whole", planted, tmp_path / "want")
        began = time.monotonic()
        finish(process)
        seconds = time.monotonic() - began
        n_questions = server.reset_statistics().n_requests
        rng = random.Random(0)  # noqa: S311 - moments, no secrets
        n_killed = 0
        for _ in range(N_KILLS):
            process = start(server.base_url, tmp_path / "killed", planted, tmp_path / "got")
            try:
                process.wait(rng.uniform(0, 3 / N_KILLS) * seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                n_killed += 1
            process.wait()
            close(process)
        finish(start(server.base_url, tmp_path / "killed", planted, tmp_path / "got"))
        asked = server.statistics
    assert model_files(tmp_path / "got") == model_files(tmp_path / "want")
    # What was in flight when a process died was answered to nobody; nothing else comes again.
    assert asked.n_requests <= n_questions + n_killed * CONCURRENCY
    assert n_killed > N_KILLS / 2

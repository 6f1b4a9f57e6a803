"""What other systems do otherwise: code pages, signals, vectors, threads."""

import csv
import os
import platform
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import genz
from commands import run
from genz import _core


@pytest.fixture
def foreign_catalog(tmp_path: Path) -> Path:
    """Houses whose names no code page of the west has."""
    path = tmp_path / "houses.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "area", "price"))
        for house in range(60):
            rows.writerow((f"東京 {house}", 50 + house, 100 + 80 * (house > 30)))
    return path


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_output_is_utf8_whatever_the_code_page(foreign_catalog: Path, encoding: str) -> None:
    out = foreign_catalog.with_name("model")
    fitted = run(
        *("fit", foreign_catalog, "--target", "price", "--id", "id", "--features", "1"),
        *("--out", out),
    )
    assert fitted.exit_code == 0, fitted.stderr
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "genz", "predict", str(out), str(foreign_catalog)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(done.stdout.decode("utf-8").splitlines()))
    assert [row["id"] for row in rows] == [f"東京 {house}" for house in range(60)]


def test_an_error_names_a_file_that_no_code_page_has(tmp_path: Path) -> None:
    missing = tmp_path / "東京.csv"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "genz", "predict", str(missing), str(missing)],
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert "東京.csv" in done.stderr.decode("utf-8")


@pytest.mark.skipif(os.name != "posix", reason="sends signals to a process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_fake_server_ends_by_either_signal(tmp_path: Path, number: signal.Signals) -> None:
    table = tmp_path / "truth.csv"
    table.write_text("item,is odd\nitem 1,1\n")
    command = [sys.executable, "-m", "genz.testing", "--truth", str(table)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(number)
        assert process.wait(10) == 0


@pytest.mark.skipif(
    not Path("/proc/cpuinfo").exists() or platform.machine() != "x86_64",
    reason="reads what Linux says of an x86-64 processor",
)
def test_the_core_takes_the_vectors_of_this_processor() -> None:
    flags = set(Path("/proc/cpuinfo").read_text().split())
    avx512 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
    wanted = "AVX-512" if avx512 <= flags else "AVX2" if {"avx2", "fma"} <= flags else "none"
    assert _core.instruction_set == wanted


def test_threads_that_share_their_data_get_what_one_gets() -> None:
    # With the GIL they overlap in the core, which releases it; without it, everywhere.
    rng = np.random.default_rng(0)
    judgments = (rng.random((500, 6)) < 0.5).astype(float)
    targets = judgments @ np.arange(1.0, 7.0) + rng.normal(0, 0.5, 500)

    def predicted(n_features: int) -> np.ndarray:
        known = judgments[:, :n_features]
        return genz.LatentFeatureRegression(n_threads=1).fit(known, targets).predict(known)

    sizes = (1, 2, 3, 4, 5, 6, 5, 4)
    alone = [predicted(size) for size in sizes]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(predicted, sizes))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)

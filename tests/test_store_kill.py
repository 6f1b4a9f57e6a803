"""SIGKILL at random moments: what was acknowledged is there, and the store is whole."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from genz.store import AnswerStore
from genz.store.verification import verify_store
from store_samples import make_key

COMMIT = """
import asyncio, sys
from pathlib import Path
path, tests, name = sys.argv[1:]
sys.path.insert(0, tests)
from genz.store import AnswerStore
from store_samples import make_tile
async def main(store):
    numbers = iter(range(10**9))
    async def work():
        for ix in numbers:
            await store.commit(make_tile(f"{name} {ix}", (f"{ix}", f"{ix + 1}")))
            print(f"{name} {ix}", flush=True)
    await asyncio.gather(*(work() for _ in range(16)))
with AnswerStore.open(Path(path)) as store:
    asyncio.run(main(store))
"""

N_KILLS = 8


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    rng = random.Random(3)  # noqa: S311
    acknowledged = []
    for name in range(N_KILLS):
        with subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", COMMIT, str(path), str(Path(__file__).parent), str(name)],
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout
            lines = [process.stdout.readline() for _ in range(rng.randrange(1, 2000))]
            process.kill()
            lines += process.stdout.readlines()
        # The last line may be cut: its acknowledgement did not arrive.
        acknowledged += [line.decode().strip() for line in lines if line.endswith(b"\n")]
        found = verify_store(path)
        assert found.findings == []
        assert found.counts["answers"] >= len(acknowledged)
        with AnswerStore.open(path, read_only=True) as store:
            assert [name for name in acknowledged if store.find(make_key(name)) is None] == []
    assert len(acknowledged) > 2000

"""Stores that are locked, full, damaged, foreign, newer or read-only: a clear error, no loss."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from genz.client.request import FailureKind
from genz.errors import StoreError
from genz.store import AnswerStore, answers, schema
from genz.store.database import connect_writer
from store_samples import commit_all, fill, make_key, make_tile

HOLD = """
import sys, time
from pathlib import Path
from genz.store import AnswerStore
with AnswerStore.open(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.sqlite3"


@pytest.fixture
def holder(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has the store open."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(StoreError) as caught:
        AnswerStore.open(path, **options)
    return str(caught.value)


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_a_second_writer_hears_who_writes(path: Path, holder: "subprocess.Popen[str]") -> None:
    assert f"{path} is being written by process {holder.pid}:" in refusal(path)
    with AnswerStore.open(path, read_only=True) as store:
        assert store.find(make_key(1)) is None


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_the_lock_of_a_killed_process_blocks_nobody(
    path: Path, holder: "subprocess.Popen[str]"
) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert path.with_name("a.sqlite3.lock").read_text() == str(holder.pid)
    with AnswerStore.open(path) as store:
        commit_all(store, [make_tile(1)])


def test_two_stores_of_one_process_exclude_each_other_also_by_links(path: Path) -> None:
    link = path.with_name("link")
    with AnswerStore.open(path):
        link.symlink_to(path)
        assert f"by process {os.getpid()}:" in refusal(path)
        assert f"by process {os.getpid()}:" in refusal(link)
    with AnswerStore.open(link) as store:
        assert store.path == path


def test_a_lock_of_another_program_is_an_error_of_every_waiter(path: Path) -> None:
    async def main(store: AnswerStore) -> list[object]:
        commits = (store.commit(make_tile(ix)) for ix in range(5))
        return await asyncio.gather(*commits, return_exceptions=True)

    with (
        AnswerStore.open(path, busy_timeout=0.05) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        results = asyncio.run(main(store))
        assert len({id(error) for error in results}) == 5
        assert all("is locked by another program" in str(error) for error in results)
        assert all(isinstance(error, StoreError) for error in results)
        assert store.find(make_key(0)) is None
        other.execute("ROLLBACK")
        commit_all(store, [make_tile(0)])
        assert store.find(make_key(0))


def test_a_failure_that_cannot_be_written_is_not_kept_back(path: Path) -> None:
    store = AnswerStore.open(path, busy_timeout=0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.note_failure(make_key(1), FailureKind.LENGTH, "cut off")
        with pytest.raises(StoreError, match="is locked by another program"):
            store.record_plan(b"d", b"p")
        with pytest.raises(StoreError, match="is locked by another program"):
            store.note_failure(make_key(2), FailureKind.LENGTH, "cut off")
    with pytest.raises(StoreError, match="is locked by another program"):
        store.close()
    # It was closed nevertheless, and its lock released.
    AnswerStore.open(path).close()


def test_a_full_disk_takes_nothing_that_was_committed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limited(path: Path, busy_timeout: float) -> sqlite3.Connection:
        connection = connect_writer(path, busy_timeout)
        connection.execute("PRAGMA max_page_count = 60")
        return connection

    monkeypatch.setattr(answers, "connect_writer", limited)
    committed = []

    async def main(store: AnswerStore) -> None:
        for ix in range(10_000):
            await store.commit(make_tile(ix, features=(f"feature {ix}",)))
            committed.append(ix)

    with AnswerStore.open(path) as store:
        with pytest.raises(StoreError, match=r"its disk is full.*earlier answers are unharmed"):
            asyncio.run(main(store))
        assert len(committed) > 50
        assert all(store.find(make_key(ix)) for ix in committed)
        assert store.find(make_key(len(committed))) is None
    monkeypatch.undo()
    # The feature set that was rolled back is made anew, not remembered.
    with AnswerStore.open(path) as store:
        commit_all(store, [make_tile(len(committed), features=(f"feature {len(committed)}",))])
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


LIMITED = """
import asyncio, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from genz.errors import StoreError
from genz.store import AnswerStore
from store_samples import make_tile
async def main(store):
    for ix in range(10_000):
        try:
            await store.commit(make_tile(ix, text=str(hash(str(ix))) * 50))
        except StoreError as error:
            print(ix, error)
            return
with AnswerStore.open(Path(sys.argv[1])) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
    asyncio.run(main(store))
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_limit_of_the_file_size_takes_nothing_that_was_committed(path: Path) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", LIMITED, str(path), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    n, _, said = done.stdout.partition(" ")
    assert "a limit of size is reached" in said or "its disk is full" in said
    assert int(n) > 50
    with AnswerStore.open(path) as store:
        assert all(store.find(make_key(ix)) for ix in range(int(n)))
        assert store.find(make_key(int(n))) is None


def test_a_newer_version_is_named_and_left_alone(path: Path) -> None:
    fill(path, 1)
    execute(path, "PRAGMA user_version = 7")
    before = path.read_bytes()
    for options in ({}, {"read_only": True}):
        assert "is of version 7, this genz reads versions up to 1" in refusal(path, **options)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE theirs (x)", "PRAGMA application_id = 42", "PRAGMA user_version = 3"],
)
def test_another_applications_database_is_left_alone(path: Path, statement: str) -> None:
    execute(path, statement)
    before = path.read_bytes()
    assert "is a database of another application" in refusal(path)
    assert path.read_bytes() == before


def test_an_older_version_is_migrated_step_by_step(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = fill(path, 5)
    added = ("ALTER TABLE plans ADD COLUMN note TEXT",)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, added, ("nonsense",)))
    assert "is of version 1, wanted 3" in refusal(path, read_only=True)
    assert "syntax error" in refusal(path)
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
    with AnswerStore.open(path, read_only=True) as store:
        assert all(store.find(entry.key) for entry in entries)
    execute(path, "UPDATE plans SET note = ''")


def test_what_is_no_database_is_left_alone(path: Path) -> None:
    path.write_bytes(b"no database " * 1000)
    for options in ({}, {"read_only": True}):
        assert "is no database: name another file" in refusal(path, **options)
    assert path.read_bytes() == b"no database " * 1000


def test_a_missing_store_is_not_made_by_reading(path: Path) -> None:
    assert f"there is no answer store at {path}" in refusal(path, read_only=True)
    assert list(path.parent.iterdir()) == []


def test_a_directory_is_no_store(path: Path) -> None:
    path.mkdir()
    assert "cannot be written" in refusal(path)
    assert "wanted a file" in refusal(path, read_only=True)


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with AnswerStore.open(path) as store:
        commit_all(store, [make_tile(1)])


def test_a_truncated_store_is_damaged(path: Path) -> None:
    fill(path)
    os.truncate(path, path.stat().st_size // 2)
    for options in ({}, {"read_only": True}):
        assert "is damaged: `genz store verify`" in refusal(path, **options)


def test_a_damaged_page_is_an_error_not_a_wrong_answer(path: Path) -> None:
    entries = fill(path)
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        for page in range(2, size // 4096):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)
    with AnswerStore.open(path) as store:
        with pytest.raises(StoreError, match="is damaged: `genz store verify`"):
            any(store.find(entry.key) != entry.payload for entry in entries)
        with pytest.raises(StoreError, match="is damaged: `genz store verify`"):
            commit_all(store, [make_tile("new")])


def test_a_damaged_payload_is_an_error(path: Path) -> None:
    (entry, *_) = fill(path, 3)
    execute(path, "UPDATE answers SET payload = x'00' WHERE id = 1")
    execute(path, "INSERT INTO failures SELECT key, 'unheard of', '', 0 FROM answers WHERE id = 2")
    with AnswerStore.open(path) as store:
        with pytest.raises(StoreError, match=r"answer [0-9a-f]{64} .* is damaged"):
            store.find(entry.key)
        with pytest.raises(StoreError, match=r"an answer .* is damaged"):
            list(store.find_cells("some-model", "tile-1", entry.cells.items, ["is red"]))
        with pytest.raises(StoreError, match=r"failure [0-9a-f]{64} .* is damaged"):
            store.find_failure(make_key(1))


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A directory, and a user whose rights are checked: root may do everything."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    is_root = os.geteuid() == 0
    try:
        fill(directory / "a.sqlite3", 3)
        for file in directory.iterdir():
            file.chmod(0o444)
        directory.chmod(0o555)
        if is_root:
            os.seteuid(65534)
        yield directory / "a.sqlite3"
    finally:
        if is_root:
            os.seteuid(0)
        directory.chmod(0o755)
        shutil.rmtree(directory)


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_store_on_a_read_only_place_is_read(unprivileged: Path) -> None:
    with AnswerStore.open(unprivileged, read_only=True) as store:
        assert store.find(make_key(0)) == make_tile(0, ("0", "1")).payload
    said = refusal(unprivileged)
    assert "cannot be written" in said
    assert "--offline" in said

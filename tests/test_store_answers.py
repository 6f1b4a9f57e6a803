"""The answer store: what is committed is found, by key and by cell, and nothing else."""

import asyncio
import base64
import dataclasses
import os
import threading
from pathlib import Path

import pytest

from genz.client.prompt import Usage
from genz.client.request import Failure, FailureKind
from genz.errors import StoreError
from genz.store import AnswerStore, Entry, writer
from genz.store.location import default_path
from genz.store.statistics import store_statistics
from store_samples import commit_all, everything_in, make_key, make_tile, payloads_of
from test_lazy_import import modules_after


@pytest.mark.parametrize(
    "payload", ["{}", '{"a": "\\u0000 é 漢 \\ud800"}', "[" + "1," * 5000 + "1]"]
)
def test_an_answer_comes_back_as_it_was_sent(tmp_path: Path, payload: str) -> None:
    entry = Entry(make_key(1), "m", "pair-1", payload)
    with AnswerStore.open(tmp_path / "new" / "a.sqlite3") as store:
        assert store.find(entry.key) is None
        commit_all(store, [entry])
        assert store.find(entry.key) == payload
    with AnswerStore.open(tmp_path / "new" / "a.sqlite3", read_only=True) as store:
        assert store.find(entry.key) == payload
        assert store.find(make_key(2)) is None


def test_the_first_answer_of_a_key_stays(tmp_path: Path) -> None:
    first = make_tile(1)
    other = dataclasses.replace(make_tile(1, ("c",), ("is new",)), payload='{"other": 1}')
    with AnswerStore.open(tmp_path / "a.sqlite3") as store:
        commit_all(store, [first, other])
        assert store.find(first.key) == first.payload
        assert payloads_of(store, "a", ["is red"]) == [first.payload]
        assert payloads_of(store, "c", ["is new"]) == []


def test_every_commit_of_many_workers_is_found_and_groups_are_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    write = writer.Writer._write

    def count(self: writer.Writer, batch: list[object]) -> None:
        sizes.append(len(batch))
        write(self, batch)

    monkeypatch.setattr(writer.Writer, "_write", count)
    entries = [make_tile(ix) for ix in range(500)]
    with AnswerStore.open(tmp_path / "a.sqlite3") as store:
        commit_all(store, entries, 50)
        assert [store.find(entry.key) for entry in entries] == [e.payload for e in entries]
    assert sum(sizes) == 500
    assert len(sizes) < 250


def test_commits_come_from_the_loops_of_several_threads(tmp_path: Path) -> None:
    with AnswerStore.open(tmp_path / "a.sqlite3") as store:
        parts = [[make_tile(f"{part} {ix}") for ix in range(50)] for part in range(4)]
        threads = [threading.Thread(target=commit_all, args=(store, part, 8)) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(store.find(entry.key) for part in parts for entry in part)


def test_a_cancelled_commit_is_carried_out_and_harms_no_other(tmp_path: Path) -> None:
    async def main(store: AnswerStore) -> None:
        task = asyncio.ensure_future(store.commit(make_tile("cancelled")))
        await asyncio.sleep(0)
        task.cancel()
        await store.commit(make_tile("other"))
        assert task.cancelled() or task.cancelling()

    with AnswerStore.open(tmp_path / "a.sqlite3") as store:
        asyncio.run(main(store))
        assert store.find(make_key("cancelled"))
        assert store.find(make_key("other"))


def test_a_loop_that_ends_before_its_commit_does_not_stop_the_writer(tmp_path: Path) -> None:
    async def leave(store: AnswerStore) -> None:
        await asyncio.wait_for(store.commit(make_tile("left")), 0)

    with AnswerStore.open(tmp_path / "a.sqlite3") as store:
        with pytest.raises(TimeoutError):
            asyncio.run(leave(store))
        commit_all(store, [make_tile("after")])
        assert store.find(make_key("after"))


def test_failures_are_found_at_once_and_after_opening_again(tmp_path: Path) -> None:
    key = make_key(1)
    with AnswerStore.open(tmp_path / "a.sqlite3") as store:
        assert store.find_failure(key) is None
        store.note_failure(key, FailureKind.TRANSIENT, "503 five times")
        store.note_failure(key, FailureKind.LENGTH, "cut\ud800 off")
        expected = Failure(FailureKind.LENGTH, "cut\\ud800 off")
        assert store.find_failure(key) == expected
        assert store.find(key) is None
        commit_all(store, [make_tile("flush")])
        assert not store._noted
        assert store.find_failure(key) == expected
    with AnswerStore.open(tmp_path / "a.sqlite3") as store:
        assert store.find_failure(key) == expected
        commit_all(store, [make_tile(1)])
        assert store.find_failure(key) is None


def test_plans_and_endpoints(tmp_path: Path) -> None:
    with AnswerStore.open(tmp_path / "a.sqlite3") as store:
        assert store.find_plan(b"d") is None
        assert store.find_endpoint("http://x") is None
        store.record_plan(b"d", b"\x00first\xff")
        store.record_plan(b"d", b"second")
        store.record_endpoint("http://x", {"schema": False})
        store.record_endpoint("http://x", {"schema": True, "dropped": ["seed"]})
        assert store.find_plan(b"d") == b"\x00first\xff"
    with AnswerStore.open(tmp_path / "a.sqlite3", read_only=True) as store:
        assert store.find_plan(b"d") == b"\x00first\xff"
        assert store.find_endpoint("http://x") == {"schema": True, "dropped": ["seed"]}


def test_a_reader_sees_what_another_store_commits_meanwhile(tmp_path: Path) -> None:
    with (
        AnswerStore.open(tmp_path / "a.sqlite3") as writing,
        AnswerStore.open(tmp_path / "a.sqlite3", read_only=True) as reading,
    ):
        for name in range(20):
            assert reading.find(make_key(name)) is None
            commit_all(writing, [make_tile(name)])
            assert reading.find(make_key(name))
            assert len(payloads_of(reading, "a", ["is red"])) == name + 1
        for refused in (
            lambda: commit_all(reading, [make_tile("no")]),
            lambda: reading.record_plan(b"d", b"p"),
            lambda: reading.note_failure(make_key(1), FailureKind.LENGTH, ""),
        ):
            with pytest.raises(StoreError, match="open for reading only"):
                refused()
        assert reading.find_failure(make_key(1)) is None


def test_a_closed_store_refuses_and_is_closed_twice(tmp_path: Path) -> None:
    store = AnswerStore.open(tmp_path / "a.sqlite3")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        commit_all(store, [make_tile(1)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.sqlite3", "a.sqlite3.lock"]


def test_what_no_store_could_hold_is_refused_where_it_is_made() -> None:
    with pytest.raises(ValueError, match="3 bytes long, wanted 32"):
        Entry(b"key", "m", "pair-1", "{}")
    with pytest.raises(ValueError, match="surrogates"):
        Entry(make_key(1), "m", "pair-1", '"\ud800"')
    cells = dataclasses.replace(make_tile(1).cells, items=(b"short",))
    with pytest.raises(ValueError, match="5 bytes long, wanted 16"):
        dataclasses.replace(make_tile(1), cells=cells)


def test_what_cannot_be_stored_takes_nothing_else_with_it(tmp_path: Path) -> None:
    async def main(store: AnswerStore) -> list[object]:
        entries = [make_tile(ix) for ix in range(20)]
        bad = dataclasses.replace(entries[7].cells, form=object())
        entries[7] = dataclasses.replace(entries[7], cells=bad)
        commits = (store.commit(entry) for entry in entries)
        return await asyncio.gather(*commits, return_exceptions=True)

    with AnswerStore.open(tmp_path / "a.sqlite3") as store:
        results = asyncio.run(main(store))
        assert isinstance(results.pop(7), StoreError)
        assert results == [None] * 19
        assert [ix for ix in range(20) if store.find(make_key(ix)) is None] == [7]
        with pytest.raises(StoreError, match=r"cannot do this \(TypeError"):
            store.record_endpoint("e", {"facts": object()})


def test_nonsense_that_a_server_counts_is_no_error(tmp_path: Path) -> None:
    entry = dataclasses.replace(make_tile(1), usage=Usage(10**30, -5, 2**63))
    with AnswerStore.open(tmp_path / "a.sqlite3") as store:
        commit_all(store, [entry])
        assert store.find(entry.key)
    (group,) = store_statistics(tmp_path / "a.sqlite3").groups
    assert [group[f"{name}_tokens"] for name in ("prompt", "completion", "cached")] == [
        2**40,
        0,
        2**40,
    ]


def test_only_what_was_handed_over_is_in_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, image = "sk-planted-0123456789", base64.b64encode(b"\xff\xd8\xff\xe0 JFIF" * 9).decode()
    monkeypatch.setenv("OPENAI_API_KEY", key)
    path = tmp_path / "a.sqlite3"
    with AnswerStore.open(path) as store:
        commit_all(store, [make_tile(1, text="planted answer " * 99)])
        store.note_failure(make_key(2), FailureKind.REFUSED, "planted reason")
        store.record_endpoint("http://planted", {"images": True})
        during = everything_in(path)
    for contents in (during, everything_in(path)):
        assert b"planted answer" in contents, "the search finds nothing at all"
        assert key.encode() not in contents
        assert image.encode() not in contents
    assert b"planted reason" in contents
    # Nothing is searched for secrets: whoever hands one over finds it again.
    with AnswerStore.open(path) as store:
        commit_all(store, [make_tile(3, text=key + image)])
    assert key.encode() in everything_in(path)
    assert image.encode() in everything_in(path)


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_the_files_are_the_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.platform", "linux")
    assert default_path() == tmp_path / "cache" / "genz" / "answers.sqlite3"
    with AnswerStore.open() as store:
        assert store.path == default_path().resolve()
        commit_all(store, [make_tile(1)])
        modes = {path.name: path.stat().st_mode & 0o777 for path in store.path.parent.iterdir()}
        assert store.path.parent.stat().st_mode & 0o777 == 0o700
    assert len(modes) == 4
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "~/.cache/genz"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "~/.cache/genz"),
        ("darwin", {"XDG_CACHE_HOME": "/x"}, "~/Library/Caches/genz"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/genz"),
        ("win32", {}, "~/AppData/Local/genz"),
    ],
)
def test_the_default_place_is_the_platforms(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], expected: str
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert default_path().parent == Path(expected).expanduser()


def test_sqlite_is_imported_where_a_store_is() -> None:
    assert "sqlite3" not in modules_after("import genz, genz.cli.main, genz.client.request")
    assert "sqlite3" in modules_after("import genz.store")

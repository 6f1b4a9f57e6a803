"""Export and import: the round trip is the identity, and nothing damaged is half imported."""

import gzip
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genz.client.prompt import Usage
from genz.client.request import Cells, FailureKind
from genz.errors import DataError, StoreError, UsageError
from genz.store import AnswerStore, Entry
from genz.store.exchange import export_store, import_store
from genz.store.verification import verify_store
from store_samples import commit_all, fill, make_key, make_tile

_names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
# Descriptions come from models: unpaired surrogates and all.
_any_text = st.text(max_size=8) | st.just("\ud800 odd")
_counts = st.integers(0, 2**40)
_cells = st.builds(
    Cells,
    form=_names,
    items=st.lists(st.binary(min_size=16, max_size=16), max_size=4).map(tuple),
    features=st.lists(_any_text, max_size=3).map(tuple),
    ids=st.lists(_any_text, max_size=3).map(tuple),
)
_payloads = st.recursive(
    st.none() | st.integers() | st.text(max_size=300), lambda inner: st.lists(inner, max_size=3)
).map(json.dumps)
_entries = st.builds(
    Entry,
    key=st.binary(min_size=32, max_size=32),
    model=_names,
    version=_names,
    payload=_payloads,
    cells=st.none() | _cells,
    sample=_counts,
    usage=st.builds(Usage, _counts, _counts, _counts),
)
_failures = st.dictionaries(
    st.binary(min_size=32, max_size=32), st.tuples(st.sampled_from(FailureKind), _any_text)
)
_plans = st.dictionaries(st.binary(min_size=1, max_size=40), st.binary(max_size=50))
_facts = st.dictionaries(_any_text, st.none() | st.booleans() | _any_text, max_size=3)


@given(
    st.lists(_entries, max_size=6),
    _failures,
    _plans,
    st.dictionaries(_names, _facts, max_size=3),
    st.sampled_from(["jsonl", "jsonl.gz"]),
)
def test_the_round_trip_is_the_identity(
    tmp_path_factory: pytest.TempPathFactory,
    entries: list[Entry],
    failures: dict[bytes, tuple[FailureKind, str]],
    plans: dict[bytes, bytes],
    endpoints: dict[str, dict[str, object]],
    suffix: str,
) -> None:
    directory = tmp_path_factory.mktemp("stores")
    first, second = directory / "1.sqlite3", directory / "2.sqlite3"
    with AnswerStore.open(first) as store:
        commit_all(store, entries)
        for key, (kind, reason) in failures.items():
            store.note_failure(key, kind, reason)
        for digest, plan in plans.items():
            store.record_plan(digest, plan)
        for name, facts in endpoints.items():
            store.record_endpoint(name, facts)
    exported = export_store(first, directory / f"1.{suffix}")
    assert exported.lost == []
    done = import_store(second, directory / f"1.{suffix}")
    assert done.new == exported.counts
    export_store(second, directory / f"2.{suffix}")
    assert (directory / f"1.{suffix}").read_bytes() == (directory / f"2.{suffix}").read_bytes()
    assert verify_store(second).findings == []
    again = import_store(second, directory / f"1.{suffix}")
    assert (again.new.total(), again.known) == (0, exported.counts)
    with AnswerStore.open(first) as a, AnswerStore.open(second) as b:
        for entry in entries:
            assert a.find(entry.key) == b.find(entry.key) is not None
            if entry.cells and entry.cells.items and entry.cells.features:
                asked = (entry.model, entry.cells.form, entry.cells.items, entry.cells.features)
                tiles = list(b.find_cells(*asked, entry.sample))
                assert tiles == list(a.find_cells(*asked, entry.sample))
        for key, (kind, _) in failures.items():
            assert a.find_failure(key) == b.find_failure(key)
            assert b.find_failure(key).kind == kind
        assert {digest: b.find_plan(digest) for digest in plans} == plans
        assert {name: b.find_endpoint(name) for name in endpoints} == endpoints


def test_what_a_store_has_stays(tmp_path: Path) -> None:
    for name, payload in (("old", '"old"'), ("new", '"new"')):
        with AnswerStore.open(tmp_path / name) as store:
            commit_all(store, [Entry(make_key(1), "m", "v", payload), make_tile(name)])
            store.record_plan(b"d", payload.encode())
            store.record_endpoint("e", {"is": payload})
            store.note_failure(make_key(2), FailureKind.LENGTH, payload)
    export_store(tmp_path / "new", tmp_path / "new.jsonl")
    done = import_store(tmp_path / "old", tmp_path / "new.jsonl")
    assert done.new == {"answers": 1}
    assert done.known == {"answers": 1, "failures": 1, "plans": 1, "endpoints": 1}
    with AnswerStore.open(tmp_path / "old") as store:
        assert store.find(make_key(1)) == '"old"'
        assert store.find_plan(b"d") == b'"old"'
        assert store.find_endpoint("e") == {"is": '"old"'}
        assert store.find_failure(make_key(2)).reason == '"old"'
        assert store.find(make_key("new")) == make_tile("new").payload


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """Export of a store of 5 answers, a failure, a plan and an endpoint: 10 lines."""
    fill(tmp_path / "source", 5)
    with AnswerStore.open(tmp_path / "source") as store:
        store.note_failure(make_key(9), FailureKind.LENGTH, "cut off")
        store.record_plan(b"d", b"p")
        store.record_endpoint("e", {})
    export_store(tmp_path / "source", tmp_path / "x.jsonl")
    return tmp_path / "x.jsonl"


def edited(line: str, **fields: object) -> str:
    return json.dumps({**json.loads(line), **fields})


DAMAGE = {
    "line 3: no JSON": (3, lambda line: line[:50]),
    "line 4: no JSON": (4, lambda _: "[" * 100_000),
    "line 5: no record of an answer store": (5, lambda _: '{"record": ["answer"]}'),
    "line 6: no record of an answer store": (6, lambda _: "17"),
    "line 2: got the fields": (2, lambda line: edited(line, extra=1)),
    "line 2: key is not hexadecimal": (2, lambda line: edited(line, key="xyz")),
    "line 2: a key is 1 bytes long, wanted 32": (2, lambda line: edited(line, key="00")),
    "line 2: its payload is no JSON": (2, lambda line: edited(line, payload="{")),
    "line 2: payload is no text": (2, lambda line: edited(line, payload={})),
    "line 2: model is no text": (2, lambda line: edited(line, model=3)),
    "line 2: .*surrogates": (2, lambda line: edited(line, model="\ud800")),
    "line 2: sample is no number": (2, lambda line: edited(line, sample=True)),
    "line 2: created is no number": (2, lambda line: edited(line, created=2**39)),
    "line 2: usage is not three": (2, lambda line: edited(line, usage=[1])),
    "line 2: cells is no object": (2, lambda line: edited(line, cells=[])),
    "line 7: .*unheard of": (7, lambda line: edited(line, kind="unheard of")),
    "line 7: key is 1 bytes long, wanted 32": (7, lambda line: edited(line, key="00")),
    "line 8: .*base64": (8, lambda line: edited(line, plan="cA=")),
    "line 9: facts is no object": (9, lambda line: edited(line, facts=[])),
    "line 10: 8 records before it, wanted 7": (10, lambda line: edited(line, n_records=7)),
    "line 1: wanted the record of the store": (1, lambda _: '{"record": "end", "n_records": 0}'),
    "line 1: the format is 2, this genz reads 1": (1, lambda line: edited(line, format=2)),
}


@pytest.mark.parametrize("said", DAMAGE)
def test_a_damaged_line_is_named_and_nothing_is_imported(exported: Path, said: str) -> None:
    number, damage = DAMAGE[said]
    lines = exported.read_text().splitlines()
    lines[number - 1] = damage(lines[number - 1])
    exported.write_text("\n".join(lines) + "\n")
    target = exported.with_name("target")
    with AnswerStore.open(target) as store:
        commit_all(store, [make_tile("before")])
    with pytest.raises(DataError, match=said):
        import_store(target, exported)
    found = verify_store(target)
    assert (found.findings, found.counts["answers"]) == ([], 1)


@pytest.mark.parametrize("n_lines", [0, 1, 6, 9])
def test_an_export_that_was_cut_off_is_refused(exported: Path, n_lines: int) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)
    exported.write_bytes(b"".join(lines[:n_lines]))
    with pytest.raises(DataError, match=f"is cut off after line {n_lines}"):
        import_store(exported.with_name("target"), exported)
    exported.write_bytes(b"".join(lines) + lines[1])
    with pytest.raises(DataError, match="line 11: comes after the record of the end"):
        import_store(exported.with_name("target"), exported)


def test_a_gzip_file_that_is_none_or_cut_off_is_refused(exported: Path) -> None:
    packed = exported.with_name("x.jsonl.gz")
    whole = gzip.compress(exported.read_bytes())
    for content in (exported.read_bytes(), whole[:-20], whole[:100] + b"\xff" * 50 + whole[150:]):
        packed.write_bytes(content)
        with pytest.raises(DataError, match="is no whole gzip file"):
            import_store(exported.with_name("target"), packed)
    assert verify_store(exported.with_name("target")).counts.total() == 0
    with pytest.raises(DataError, match="cannot be read: No such file"):
        import_store(exported.with_name("target"), exported.with_name("missing.jsonl"))


def test_an_export_replaces_a_file_only_if_told_and_only_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "a", 3)
    out = tmp_path / "out" / "x.jsonl"
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        export_store(tmp_path / "a", out)
    out.parent.mkdir()
    out.write_text("precious")
    with pytest.raises(UsageError, match="exists: --force replaces it"):
        export_store(tmp_path / "a", out)
    with pytest.raises(StoreError, match="there is no answer store"):
        export_store(tmp_path / "missing", out, force=True)
    with monkeypatch.context() as broken:
        broken.setattr("genz.store.exchange.to_line", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            export_store(tmp_path / "a", out, force=True)
    assert [(file.name, file.read_text()) for file in out.parent.iterdir()] == [
        ("x.jsonl", "precious")
    ]
    export_store(tmp_path / "a", out, force=True)
    assert out.stat().st_mode & 0o077 == 0
    assert out.read_text().count("\n") == 5


def _pages(path: Path, name: str) -> list[int]:
    """Numbers (from 1) of the leaf pages of a table."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,))
        ((root,),) = rows.fetchall()
    content = path.read_bytes()
    page = content[(root - 1) * 4096 : root * 4096]
    assert page[0] == 5, "the root is no interior page of a table"
    n_cells = int.from_bytes(page[3:5])
    pointers = [int.from_bytes(page[12 + 2 * ix :][:2]) for ix in range(n_cells)]
    return [int.from_bytes(page[at : at + 4]) for at in pointers] + [int.from_bytes(page[8:12])]


@pytest.mark.parametrize("position", [0, 3, -1])
def test_of_a_damaged_store_all_else_is_exported(tmp_path: Path, position: int) -> None:
    entries = fill(tmp_path / "a")
    page = _pages(tmp_path / "a", "answers")[position]
    with (tmp_path / "a").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    found = verify_store(tmp_path / "a")
    assert any("malformed" in finding for finding in found.findings)
    done = export_store(tmp_path / "a", tmp_path / "saved.jsonl")
    assert 0 < len(done.lost) < 40
    assert done.counts["answers"] == len(entries) - len(done.lost)
    assert import_store(tmp_path / "b", tmp_path / "saved.jsonl").new == done.counts
    with AnswerStore.open(tmp_path / "b") as store:
        got = [store.find(entry.key) for entry in entries]
    assert sum(payload is not None for payload in got) == done.counts["answers"]
    assert all(
        payload in (None, entry.payload) for payload, entry in zip(got, entries, strict=True)
    )
    assert verify_store(tmp_path / "b").findings == []


def test_an_export_beside_a_writer_is_of_one_moment(tmp_path: Path) -> None:
    with AnswerStore.open(tmp_path / "a") as store:
        commit_all(store, [make_tile(1)])
        assert os.path.getsize(tmp_path / "a-wal") > 0
        done = export_store(tmp_path / "a", tmp_path / "x.jsonl")
        assert done.counts == {"answers": 1}
        commit_all(store, [make_tile(2)])
        assert store.find(make_key(2))

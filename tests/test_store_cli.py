"""``genz store``: its commands on a real store, in this process."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from commands import check_refusal, records, run
from genz.client.request import FailureKind
from genz.store import AnswerStore
from store_samples import commit_all, make_key, make_tile

DAY = 86400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store of 6 answers of two models, 3 of them 10 days old, 2 failures, plans, an endpoint."""
    path = tmp_path / "a.sqlite3"
    with AnswerStore.open(path) as store:
        commit_all(store, [make_tile(ix, model="old") for ix in range(2)])
        commit_all(store, [make_tile(2, "abc", ("is red",), model="new")])
        store.record_plan(b"old", b"p")
    execute(path, "UPDATE answers SET created = created - 864000")
    execute(path, "UPDATE plans SET created = created - 864000")
    with AnswerStore.open(path) as store:
        commit_all(store, [make_tile(ix, model="new") for ix in range(3, 5)])
        commit_all(store, [make_tile(5, model="new", form="pair-1")])
        store.record_plan(b"new", b"p")
        store.record_endpoint("http://x", {})
        store.note_failure(make_key(8), FailureKind.LENGTH, "cut off")
        store.note_failure(make_key(9), FailureKind.REFUSED, "no")
    return path


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def stats(path: Path) -> dict[str, object]:
    done = run("store", "stats", "--json", "--store", path)
    assert done.exit_code == 0, done.output
    (found,) = records(done.stdout)
    return found


def answers(path: Path) -> dict[str, int]:
    counts: dict[str, int] = {}
    for group in stats(path)["groups"]:
        counts[group["model"]] = counts.get(group["model"], 0) + group["answers"]
    return counts


def test_stats_count_by_model_and_version(path: Path) -> None:
    found = stats(path)
    groups = {(group["model"], group["version"]): group for group in found["groups"]}
    assert list(groups) == [("new", "pair-1"), ("new", "tile-1"), ("old", "tile-1")]
    new = groups["new", "tile-1"]
    assert [new[name] for name in ("answers", "cells")] == [3, 11]
    tokens = [new[f"{name}_tokens"] for name in ("prompt", "completion", "cached")]
    assert tokens == [300, 60, 90]
    assert new["newest"] - new["oldest"] >= 10 * DAY - 60
    assert found["failures"] == {"answer cut off": 1, "refused": 1}
    assert (found["plans"], found["endpoints"]) == (2, 1)
    assert found["size"] >= path.stat().st_size
    done = run("store", "stats", "--store", path)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{path}: ")
    assert lines[3].split()[:7] == ["new", "tile-1", "3", "11", "300", "60", "90"]
    assert lines[-1] == (
        "6 answers, 2 plans, 1 endpoints, 2 failures; answer cut off: 1; refused: 1"
    )


def test_a_store_without_answers_has_statistics(tmp_path: Path) -> None:
    AnswerStore.open(tmp_path / "a").close()
    assert stats(tmp_path / "a")["groups"] == []
    done = run("store", "stats", "--store", tmp_path / "a")
    assert "0 answers, 0 plans, 0 endpoints, 0 failures\n" in done.stdout


def test_verify_finds_nothing_in_a_whole_store(path: Path) -> None:
    done = run("store", "verify", "--store", path)
    assert done.exit_code == 0, done.output
    assert done.stdout == (
        f"{path}: 6 answers, 23 cells, 1 endpoints, 2 failures, 2 plans, 0 findings\n"
    )


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE answers SET payload = 'cut {' WHERE id = 1", "its payload is no JSON"),
        ("UPDATE answers SET payload = x'1234' WHERE id = 2", "answer 2: its payload cannot be"),
        ("UPDATE answers SET items = x'1234' WHERE id = 2", "is 2 bytes long, wanted 16"),
        ("UPDATE answers SET ids = '[' WHERE id = 2", "answer 2: "),
        ("UPDATE answers SET set_id = 99 WHERE id = 2", "its feature set 99 is missing"),
        ("DELETE FROM judged_items WHERE answer_id = 3", "has 10 rows, wanted 13"),
        ("DELETE FROM answers WHERE id = 3", "a row of judged_items refers to a missing one of"),
        ("UPDATE failures SET kind = 'unheard of'", "'unheard of' is not a valid FailureKind"),
        ("UPDATE endpoints SET facts = '{'", "one of the endpoints"),
        ("UPDATE plans SET digest = x'' WHERE digest = x'6f6c64'", "a plan has an empty digest"),
    ],
)
def test_verify_exits_with_7_and_says_what_is_damaged(
    path: Path, statement: str, said: str
) -> None:
    execute(path, statement)
    done = run("store", "verify", "--store", path)
    assert done.exit_code == 7
    assert said in done.stdout
    (found,) = records(run("store", "verify", "--json", "--store", path).stdout)
    assert any(said in finding for finding in found["findings"])


def test_many_findings_are_cut_on_the_screen_not_in_json(tmp_path: Path) -> None:
    with AnswerStore.open(tmp_path / "a") as store:
        commit_all(store, [make_tile(ix) for ix in range(30)])
    execute(tmp_path / "a", "UPDATE answers SET payload = x''")
    done = run("store", "verify", "--store", tmp_path / "a")
    assert "... and 11 more" in done.stdout
    (found,) = records(run("store", "verify", "--json", "--store", tmp_path / "a").stdout)
    # Their items are in the index and, for all that can be read, in no answer: one finding more.
    assert len(found["findings"]) == 31


def test_export_and_import(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl.gz"
    done = run("store", "export", out, "--store", path)
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith(": 6 answers, 1 endpoints, 2 failures, 2 plans\n")
    check_refusal(run("store", "export", out, "--store", path), 2, "--force replaces it")
    done = run("store", "import", out, "--store", tmp_path / "b", "--json")
    expected = {"answers": 6, "failures": 2, "plans": 2, "endpoints": 1}
    assert records(done.stdout) == [
        {"event": "store_import", "source": str(out), "new": expected, "known": {}}
    ]
    assert {**stats(tmp_path / "b"), "path": "", "size": 0} == {
        **stats(path),
        "path": "",
        "size": 0,
    }
    done = run("store", "import", out, "--store", tmp_path / "b")
    assert done.stdout.startswith("imported: nothing; there already: 6 answers")
    out.write_bytes(b"no gzip")
    check_refusal(run("store", "import", out, "--store", path), 7, "is no whole gzip file")


def test_an_export_that_lost_something_says_so(path: Path, tmp_path: Path) -> None:
    execute(path, "UPDATE answers SET payload = x'00' WHERE id = 3")
    done = run("store", "export", tmp_path / "x.jsonl", "--store", path)
    assert done.exit_code == 7
    assert "answer 3: its payload cannot be unpacked" in done.stdout
    assert "5 answers" in done.stdout
    assert done.stdout.endswith("; 1 could not be read\n")


def test_prune_counts_and_deletes_only_if_told(path: Path) -> None:
    done = run("store", "prune", "--older-than", "5", "--store", path)
    assert done.stdout == ("would delete 3 answers, 0 failures, 1 plans; --yes deletes them\n"), (
        done.output
    )
    assert answers(path) == {"new": 4, "old": 2}
    done = run("store", "prune", "--older-than", "5", "--yes", "--store", path)
    assert done.stdout.startswith("deleted 3 answers, 0 failures, 1 plans; ")
    assert answers(path) == {"new": 3}
    assert stats(path)["failures"] == {"answer cut off": 1, "refused": 1}
    assert run("store", "verify", "--store", path).exit_code == 0
    with AnswerStore.open(path) as store:
        assert store.find(make_key(0)) is None
        assert store.find(make_key(3))
        assert store.find_plan(b"old") is None
        assert store.find_plan(b"new") == b"p"
        # What was deleted is asked and stored again.
        commit_all(store, [make_tile(0, model="old")])
        assert store.find(make_key(0))
    assert run("store", "verify", "--store", path).exit_code == 0


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        (("--model", "new"), {"old": 2}),
        (("--model", "new", "--older-than", "5"), {"new": 3, "old": 2}),
        (("--model", "neither"), {"new": 4, "old": 2}),
        (("--older-than", "0.5"), {"new": 3}),
    ],
)
def test_prune_deletes_what_meets_all_conditions(
    path: Path, conditions: tuple[str, ...], left: dict[str, int]
) -> None:
    done = run("store", "prune", *conditions, "--yes", "--json", "--store", path)
    (found,) = records(done.stdout)
    assert found["deleted"] is True
    assert found["answers"] == 6 - sum(left.values())
    assert answers(path) == left
    assert run("store", "verify", "--store", path).exit_code == 0
    with closing(sqlite3.connect(path)) as connection:
        unused = "SELECT count(*) FROM feature_sets WHERE id NOT IN (SELECT set_id FROM answers)"
        assert connection.execute(unused).fetchone() == (0,)


def test_prune_of_failures_leaves_answers(path: Path) -> None:
    done = run("store", "prune", "--failures", "--older-than", "1", "--store", path, "--json")
    assert json.loads(done.stdout)["failures"] == 0
    assert run("store", "prune", "--failures", "--yes", "--store", path).exit_code == 0
    assert stats(path)["failures"] == {}
    assert answers(path) == {"new": 4, "old": 2}


def test_prune_gives_space_back(tmp_path: Path) -> None:
    with AnswerStore.open(tmp_path / "a") as store:
        commit_all(store, [make_tile(ix) for ix in range(500)], 20)
    size = (tmp_path / "a").stat().st_size
    run("store", "prune", "--model", "some-model", "--yes", "--store", tmp_path / "a")
    assert (tmp_path / "a").stat().st_size < size / 3


def test_what_cannot_work_is_refused(path: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    for command in (("stats",), ("verify",), ("prune", "--failures"), ("export", tmp_path / "x")):
        check_refusal(run("store", *command, "--store", missing), 7, "there is no answer store")
    prune = ("store", "prune", "--store", path)
    check_refusal(run(*prune), 2, "wanted --older-than, --model or --failures")
    check_refusal(run(*prune, "--failures", "--model", "m"), 2, "failures are of no model")
    check_refusal(run(*prune[:-1], missing, "--failures", "--yes"), 7, "there is no answer store")
    assert not missing.exists()
    with AnswerStore.open(path):
        check_refusal(run(*prune, "--failures", "--yes"), 7, "is being written by process")
        assert run("store", "stats", "--store", path).exit_code == 0
        assert run("store", "verify", "--store", path).exit_code == 0


def test_the_default_place_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genz.store.database.default_path", lambda: tmp_path / "default")
    with AnswerStore.open() as store:
        commit_all(store, [make_tile(1)])
    done = run("store", "stats")
    assert done.stdout.startswith(f"{tmp_path / 'default'}: ")

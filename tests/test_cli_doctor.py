"""`genz doctor` on whole and broken installations, stores and endpoints."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from commands import check_refusal, records, run
from genz.cli import checks
from genz.store import AnswerStore
from genz.testing import Endpoint, FakeFoundationServer, TruthTable
from store_samples import commit_all, make_tile
from terminal import on_terminal

KEY = "sk-0123456789abcdefghijklmnop"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def diagnose(*options: str | Path, exit_code: int = 0) -> dict[str, dict[str, Any]]:
    """The checks by name."""
    done = run("doctor", "--json", *options)
    assert done.exit_code == exit_code, done.output
    assert KEY not in done.output
    *found, last = records(done.stdout)
    for status in ("ok", "warning", "error"):
        assert last[status] == sum(check["status"] == status for check in found)
    for check in found:
        assert bool(check["advice"]) == (check["status"] != "ok"), check
    return {check["name"]: check for check in found}


@contextmanager
def answering(status: int, body: str, seen: list[dict[str, str]] | None = None) -> Iterator[str]:
    """Base URL of a server that answers every GET alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if seen is not None:
                seen.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_whole_installation(tmp_path: Path) -> None:
    found = diagnose("--store", tmp_path / "a.sqlite3")
    assert {check["status"] for check in found.values()} == {"ok"}
    for name in ("genz", "core", "processor", "numpy", "store", "disk here", "terminal", "key"):
        assert name in found
    assert "threads" in found["processor"]["found"]
    assert "none yet" in found["store"]["found"]
    assert not (tmp_path / "a.sqlite3").exists()


def test_lines_for_people(tmp_path: Path) -> None:
    done = run("doctor", "--store", tmp_path / "a.sqlite3")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ok       genz: ")
    assert lines[-1] == f"{len(lines) - 1} ok, 0 warnings, 0 errors"
    assert run("doctor", "--store", tmp_path / "a.sqlite3", "--quiet").output == ""


def test_the_store_is_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    with AnswerStore.open(path) as store:
        commit_all(store, [make_tile(ix) for ix in range(3)])
    store = diagnose("--store", path)["store"]
    assert (store["status"], "3 answers" in store["found"]) == ("ok", True)
    damaged = tmp_path / "b.sqlite3"
    damaged.write_text("no database at all, but long enough to be looked at\n" * 50)
    store = diagnose("--store", damaged, exit_code=7)["store"]
    assert store["status"] == "error"
    below_a_file = diagnose("--store", path / "c.sqlite3", exit_code=7)["store"]
    assert "cannot be written" in below_a_file["found"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="a superuser may write it all")
def test_a_store_that_can_only_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    with AnswerStore.open(path) as store:
        commit_all(store, [make_tile(0)])
    path.chmod(0o400)
    found = diagnose("--store", path)["store"]
    assert (found["status"], "read only" in found["found"]) == ("warning", True)


@pytest.mark.parametrize(
    ("little", "none", "status", "exit_code"),
    [(1e30, 1e29, "error", 7), (1e30, 0.0, "warning", 0), (0.0, 0.0, "ok", 0)],
)
def test_space(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    little: float,
    none: float,
    status: str,
    exit_code: int,
) -> None:
    monkeypatch.setattr(checks, "LITTLE_SPACE", little)
    monkeypatch.setattr(checks, "NO_SPACE", none)
    found = diagnose("--store", tmp_path / "a.sqlite3", exit_code=exit_code)
    assert found["disk here"]["status"] == status
    assert found["disk of the store"]["status"] == status


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """In a process where pyarrow cannot be found."""
    program = (
        "import sys\n"
        "class Nowhere:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'pyarrow': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Nowhere())\n"
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *a: None if name == 'pyarrow' else find(name, *a)\n"
        "from genz.cli import main\n"
        f"main(['doctor', '--store', {str(tmp_path / 'a')!r}])\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("warning")]
    assert line.startswith("warning  parquet: not installed")
    assert "pip install 'genz[parquet]'" in line


@pytest.mark.skipif(os.name != "posix", reason="needs pseudo-terminals of POSIX")
def test_a_terminal_that_is_narrow_or_lacks_characters(tmp_path: Path) -> None:
    doctor = ("doctor", "--store", tmp_path / "a")
    code, written = on_terminal(*doctor, NO_COLOR="1")
    assert code == 0
    assert "warning  terminal: 60 columns, no colours, utf-8; tables want 80 columns" in written
    code, written = on_terminal(*doctor, PYTHONIOENCODING="latin-1", COLUMNS="100")
    assert code == 0
    assert "terminal: 100 columns, colours, iso8859-1; set PYTHONUTF8=1" in written


def test_an_endpoint_and_its_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    store = ("--store", tmp_path / "a.sqlite3")
    truth = TruthTable(features=["x"], judge=lambda *_: True)
    with FakeFoundationServer(truth, endpoint=Endpoint(models=("qwen-7b", "glm"))) as server:
        where = ("--base-url", server.base_url, *store)
        found = diagnose("--model", "openai:glm", *where)
        assert found["endpoint"]["status"] == found["model"]["status"] == "ok"
        assert "lists 2 models" in found["endpoint"]["found"]
        assert found["key"]["found"] == "in the variable OPENAI_API_KEY"
        found = diagnose("--model", "openai:qwen", *where)
        assert found["model"]["status"] == "warning"
        assert "'qwen-7b'" in found["model"]["advice"]
        offline = diagnose("--model", "openai:qwen", *where, "--offline")
        assert "not asked" in offline["endpoint"]["found"]


@pytest.mark.parametrize(
    ("status", "body", "exit_code", "level", "said"),
    [
        (401, KEY, 5, "error", "refuses the key (HTTP 401)"),
        (403, "", 5, "error", "refuses the key (HTTP 403)"),
        (404, "", 0, "ok", "lists no models"),
        (500, "", 6, "error", "answers HTTP 500"),
        (302, "", 6, "error", "answers HTTP 302"),
        (200, "<html>", 6, "error", "not as an endpoint of openai does"),
        (200, '{"data": 3}', 6, "error", "not as an endpoint of openai does"),
        (200, '{"data": [{"id": "m"}]}', 0, "ok", "lists 1 models"),
        (200, json.dumps({"data": []}), 0, "ok", "lists 0 models"),
    ],
)
def test_answers_of_an_endpoint(
    tmp_path: Path, status: int, body: str, exit_code: int, level: str, said: str
) -> None:
    key_file = tmp_path / "key.txt"
    key_file.write_text(KEY)
    key_file.chmod(0o600)
    seen: list[dict[str, str]] = []
    with answering(status, body, seen) as url:
        found = diagnose(
            *("--model", "openai:m", "--base-url", url, "--key-file", key_file),
            *("--store", tmp_path / "a"),
            exit_code=exit_code,
        )
    assert found["endpoint"]["status"] == level
    assert said in found["endpoint"]["found"]
    assert found["key"]["found"] == f"in {key_file}"
    assert [request["path"] for request in seen] == ["/v1/models"]
    assert seen[0]["authorization"] == f"Bearer {KEY}"


def test_the_messages_of_anthropic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    seen: list[dict[str, str]] = []
    with answering(200, '{"data": [{"id": "m"}]}', seen) as url:
        options = ("--base-url", url.removesuffix("/v1"), "--store", tmp_path / "a")
        found = diagnose("--model", "anthropic:m", *options)
    assert found["model"]["status"] == "ok"
    assert (seen[0]["path"], seen[0]["x-api-key"]) == ("/v1/models", KEY)


def test_nobody_answers(tmp_path: Path) -> None:
    where = ("--base-url", "http://127.0.0.1:9/v1", "--store", tmp_path / "a")
    found = diagnose("--model", "openai:m", *where, exit_code=6)
    assert "127.0.0.1:9" in found["endpoint"]["found"]
    assert "start the server" in found["endpoint"]["advice"]
    assert "servers of one's own seldom want one" in found["key"]["found"]


def test_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ("--store", tmp_path / "a")
    assert diagnose("--model", "openai:m", *store, exit_code=5)["key"]["status"] == "error"
    absent = ("--key-file", tmp_path / "absent", "--model", "openai:m")
    assert "cannot be read" in diagnose(*absent, *store, exit_code=5)["key"]["found"]
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    assert diagnose(*store)["key"]["found"] == "ANTHROPIC_API_KEY set"


@pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")
def test_a_key_that_others_may_read(tmp_path: Path) -> None:
    key_file = tmp_path / "key.txt"
    key_file.write_text(KEY)
    key_file.chmod(0o644)
    with answering(404, "") as url:
        options = ("--model", "openai:m", "--base-url", url, "--key-file", key_file)
        found = diagnose(*options, "--store", tmp_path / "a")
    assert found["key"]["status"] == "warning"
    assert "chmod 600" in found["key"]["advice"]


def test_a_key_does_not_travel_unencrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    options = ("--model", "openai:m", "--base-url", "http://model.invalid/v1", "--offline")
    found = diagnose(*options, "--store", tmp_path / "a")
    assert found["key"]["status"] == "warning"
    assert "unencrypted" in found["key"]["found"]


def test_wrong_options_are_said_before_anything_is_checked(tmp_path: Path) -> None:
    check_refusal(run("doctor", "--model", "oracle"), 2, "wanted builtin, openai:NAME")
    check_refusal(run("doctor", "--base-url", "http://127.0.0.1:9"), 2, "the built-in model")

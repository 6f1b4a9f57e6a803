"""The fake server starts, counts, keeps its key to itself and ends, in a thread and a process."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import pytest

from fake_client import ask, judge, message, openai_body
from genz.prompts.cells import ask_cells
from genz.prompts.items import Item
from genz.testing import ErrorRates, FakeFoundationServer, Faults, Latency, TruthTable

ITEMS = [f"item {ix}" for ix in range(8)]
TRUTH = TruthTable(ITEMS, ["is odd"], [[ix % 2] for ix in range(8)])
BODY = openai_body(ask_cells("pair", [Item(ITEMS[1])], ["is odd"])[0])
KEY = "sk-planted-0123456789"


def is_open(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as connection:
        return connection.connect_ex((str(parts.hostname), int(parts.port or 0))) == 0


def test_a_thread_ends_with_its_connections() -> None:
    before = threading.active_count()
    with FakeFoundationServer(TRUTH, latency=Latency(seconds=30)) as server:
        url = server.url
        assert is_open(url)
        assert urlsplit(url).hostname == "127.0.0.1"
        with pytest.raises(RuntimeError, match="runs already"):
            server.start()

        async def leave_open() -> None:
            async with aiohttp.ClientSession() as session:
                asked = asyncio.create_task(
                    session.post(server.base_url + "/chat/completions", json=BODY)
                )
                while not server.statistics.n_requests:
                    await asyncio.sleep(0.01)
                await asyncio.to_thread(server.stop)
                with pytest.raises(aiohttp.ClientError):
                    await asked

        asyncio.run(leave_open())
        assert not is_open(url)
    assert threading.active_count() == before
    with pytest.raises(RuntimeError, match="does not run"):
        _ = server.base_url


def test_a_server_starts_again_and_two_run_at_once() -> None:
    first, second = FakeFoundationServer(TRUTH), FakeFoundationServer(TRUTH)
    with first, second:
        assert first.url != second.url
        texts = [ask(server, BODY)[0].text for server in (first, second)]
    with first:
        assert ask(first, BODY)[0].text == texts[0] == texts[1]
        assert first.statistics.n_requests == 2


def test_statistics_count_and_are_reset_and_bodies_kept() -> None:
    with FakeFoundationServer(TRUTH, keep_bodies=True) as server:
        judge(server, "tile", ITEMS, ["is odd"])
        ask(server, BODY, BODY)
        counted = server.reset_statistics()
        assert [json.loads(body) for body in server.bodies] == []
        ask(server, BODY)
        assert [json.loads(body) for body in server.bodies] == [BODY]
        later = server.statistics
    assert (counted.n_requests, counted.n_repeated, counted.n_paid_again) == (3, 1, 1)
    assert counted.by_form == {"tile": 1, "pair": 2}
    assert counted.n_judgments == 10
    assert (later.n_requests, later.n_repeated, later.n_paid_again) == (1, 1, 1)
    assert server.statistics == later


def test_the_statistics_are_there_over_http() -> None:
    with FakeFoundationServer(TRUTH) as server:
        ask(server, BODY)
        with urllib.request.urlopen(server.url + "/_statistics", timeout=5) as response:  # noqa: S310
            assert json.load(response)["by_status"] == {"200": 1}
        with urllib.request.urlopen(server.base_url + "/models", timeout=5) as response:  # noqa: S310
            assert json.load(response)["data"][0]["id"] == "fake"
        lost = ask(server, BODY, path="/completions")[0]
    assert lost.status == 404
    assert "wanted POST /v1/chat/completions" in lost.payload["error"]["message"]


def test_only_the_key_is_admitted_and_it_is_shown_nowhere() -> None:
    with FakeFoundationServer(TRUTH, key=KEY, keep_bodies=True) as server:
        statuses = [
            ask(server, BODY, **headers)[0].status
            for headers in (
                {"Authorization": f"Bearer {KEY}"},
                {"Authorization": "Bearer sk-other"},
                {"Authorization": KEY},
                {},
            )
        ]
        theirs = message(server, BODY, **{"x-api-key": KEY}).status
        shown = f"{server!r} {server._options!r} {server.statistics!r} {server.bodies!r}"
    assert statuses == [200, 401, 401, 401]
    assert theirs == 400, "a system role in the messages, but admitted"
    assert KEY not in shown


def test_a_separate_process_answers_alike_and_ends() -> None:
    options = {"errors": ErrorRates(0.3, 0.3), "faults": Faults(gzip=0.5), "key": None, "seed": 4}
    with FakeFoundationServer(TRUTH, **options) as here:
        wanted = judge(here, "pair", ITEMS, ["is odd"])
    with FakeFoundationServer(TRUTH, **options, keep_bodies=True, separate_process=True) as server:
        np.testing.assert_array_equal(judge(server, "pair", ITEMS, ["is odd"]), wanted)
        url, counted = server.url, server.statistics
        assert len(server.bodies) == counted.n_requests == 8
        assert server.reset_statistics() == counted
        assert server.statistics.n_requests == 0
    assert counted.by_fault == here.statistics.by_fault
    assert not is_open(url)


def test_the_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, time\n"
        "from genz.testing import FakeFoundationServer\n"
        "if __name__ == '__main__':\n"
        "    server = FakeFoundationServer(separate_process=True)\n"
        "    server.start()\n"
        "    print(server.url, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as run:  # noqa: S603
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        assert is_open(url)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    for _ in range(100):
        if not is_open(url):
            break
        threading.Event().wait(0.05)
    assert not is_open(url)


def test_the_command_serves_a_table_until_it_is_ended(tmp_path: Path) -> None:
    table = tmp_path / "truth.csv"
    table.write_text('item,is odd,"is large, too"\nitem 1,1,0\nitem 2,0,\n')
    (tmp_path / "options.json").write_text(
        '{"faults": {"server_error": 1, "n_faulty_attempts": 1}}'
    )
    (tmp_path / "key").write_text(KEY + "\n")
    command = [sys.executable, "-m", "genz.testing", "--truth", str(table)]
    command += ["--options", str(tmp_path / "options.json"), "--key-file", str(tmp_path / "key")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:  # noqa: S603
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        request = urllib.request.Request(  # noqa: S310
            url + "/chat/completions",
            json.dumps(BODY).encode(),
            {"Authorization": f"Bearer {KEY}"},
        )
        with pytest.raises(urllib.error.HTTPError, match="500"):
            urllib.request.urlopen(request, timeout=5)  # noqa: S310
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
            assert json.load(response)["choices"][0]["message"]["content"] == "Yes"
        run.send_signal(signal.SIGTERM)
        assert run.wait(10) == 0


@pytest.mark.parametrize(
    ("table", "options", "text"),
    [
        ("item,f\na,2\n", "{}", "outside of"),
        ("item,f\na,x\n", "{}", "row 2"),
        ("item,f\na\n", "{}", "has 1 cells, wanted 2"),
        ("", "{}", "no column of a feature"),
        ("item,f\na,1\n", "[", "is no JSON"),
        ("item,f\na,1\n", '{"weather": {}}', "'weather' is no section"),
        ("item,f\na,1\n", '{"limits": {"speed": 1}}', "has no field 'speed'"),
    ],
)
def test_the_command_says_what_is_wrong(
    tmp_path: Path, table: str, options: str, text: str
) -> None:
    from click.testing import CliRunner

    from genz.testing.__main__ import main

    (tmp_path / "t.csv").write_text(table)
    (tmp_path / "o.json").write_text(options)
    arguments = ["--truth", str(tmp_path / "t.csv"), "--options", str(tmp_path / "o.json")]
    got = CliRunner().invoke(main, arguments)
    assert got.exit_code in {2, 7}
    assert text in got.output


def test_the_example_of_the_documentation_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[1] / "docs" / "testing.md").read_text("utf-8")
    example = page.partition("```python\n")[2].partition("```")[0]
    exec(compile(example, "docs/testing.md", "exec"), {})  # noqa: S102
    answer, count = capsys.readouterr().out.strip().split("\n")
    assert sorted(row[2:] for row in json.loads(answer)["rows"]) == [" A0B1", " A1B0"]
    assert count == "4 judgments"

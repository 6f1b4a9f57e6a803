"""One attempt: what a server or a network may do to it."""

import asyncio
import contextlib
import gzip

import pytest
from aiohttp import web

from genz.client.transport import Attempt, Fault, Transport
from loopback import serve

KEY = "sk-planted-0123456789"


def post(url: str, body: bytes = b"{}", **options) -> Attempt:
    async def once() -> Attempt:
        options.setdefault("timeout", 5.0)
        async with Transport(url, {"Authorization": f"Bearer {KEY}"}, **options) as transport:
            return await transport.post(body)

    return asyncio.run(once())


def served(handler, body: bytes = b"{}", **options) -> Attempt:
    async def once() -> Attempt:
        options.setdefault("timeout", 5.0)
        async with (
            serve(handler) as url,
            Transport(url, {"Authorization": f"Bearer {KEY}"}, **options) as transport,
        ):
            return await transport.post(body)

    return asyncio.run(once())


@contextlib.asynccontextmanager
async def raw(answer: bytes):
    """A server that reads something and then sends these bytes, whatever was asked."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def answered(answer: bytes) -> Attempt:
    async def once() -> Attempt:
        async with (
            raw(answer) as url,
            Transport(url, {"Authorization": f"Bearer {KEY}"}, timeout=5.0) as transport,
        ):
            return await transport.post(b"{}")

    return asyncio.run(once())


def test_the_body_goes_out_once_and_whole():
    seen = []

    async def echo(request, body):
        seen.append((dict(request.headers), body))
        return web.json_response({"ok": True}, headers={"X-Limit": "5"})

    attempt = served(echo, b'{"a":1}')
    assert (attempt.status, attempt.payload, attempt.fault) == (200, b'{"ok": true}', None)
    assert attempt.headers["x-limit"] == "5"
    headers, body = seen[0]
    assert body == {"a": 1}
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["Content-Type"] == "application/json"


def test_a_body_of_many_megabytes():
    async def size(_, body):
        return web.json_response(len(body["image"]))

    assert served(size, b'{"image":"%s"}' % (b"x" * 3_000_000)).payload == b"3000000"


def test_a_redirect_is_not_followed():
    calls = []

    async def redirect(request, _):
        calls.append(request.path)
        raise web.HTTPTemporaryRedirect("http://127.0.0.1:9/elsewhere")

    attempt = served(redirect)
    assert (attempt.status, len(calls)) == (307, 1)
    assert attempt.headers["location"].endswith("/elsewhere")


def test_nobody_listens():
    attempt = post("http://127.0.0.1:9/v1")
    assert (attempt.status, attempt.fault) == (0, Fault.UNREACHABLE)
    assert "127.0.0.1:9" in attempt.detail


def test_a_name_that_does_not_exist():
    assert post("http://no-such-host.invalid/v1").fault is Fault.UNREACHABLE


def test_a_server_that_never_ends():
    async def slow(_, __):
        await asyncio.sleep(60)

    assert served(slow, timeout=0.2).fault is Fault.TIMEOUT


def test_a_server_that_starts_and_then_stalls():
    async def stall(request, _):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"choices": [')
        await asyncio.sleep(60)

    assert served(stall, timeout=0.3).fault is Fault.TIMEOUT


def test_a_payload_that_is_cut_off():
    attempt = answered(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"choices"')
    assert (attempt.status, attempt.fault) == (0, Fault.TRUNCATED)


def test_a_connection_that_is_dropped():
    assert answered(b"").fault is Fault.DROPPED


def test_a_server_that_speaks_no_http():
    attempt = answered(b"SSH-2.0-OpenSSH_9.6\r\n")
    assert attempt.fault is Fault.NO_HTTP


def test_https_asked_of_a_server_without():
    async def once() -> Attempt:
        async with raw(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
            https = url.replace("http:", "https:")
            async with Transport(https, {}, timeout=5.0) as transport:
                return await transport.post(b"{}")

    assert asyncio.run(once()).fault is Fault.UNREACHABLE


def test_a_response_of_any_size_is_not_kept():
    async def endless(request, _):
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                await response.write(b"x" * 10_000)
        return response

    assert served(endless, max_bytes=50_000).fault is Fault.TOO_LARGE


def test_a_bomb_that_was_not_asked_for():
    bomb = gzip.compress(bytes(20_000_000))

    async def explode(_, __):
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    assert served(explode, max_bytes=1 << 20).fault is Fault.TOO_LARGE


@pytest.mark.parametrize(
    "answer",
    [b"", b"junk\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", b"HTTP/9 x\r\n\r\n"],
)
def test_no_fault_shows_the_key(answer):
    assert KEY not in repr(answered(answer))


def test_a_proxy_only_if_asked(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    async def fine(_, __):
        return web.json_response(1)

    assert served(fine).status == 200
    assert served(fine, trust_env=True).fault is Fault.UNREACHABLE


def test_it_must_be_open():
    with pytest.raises(RuntimeError, match="not open"):
        asyncio.run(Transport("http://h/", {}, timeout=1.0).post(b""))

"""Sending an answer, whole or as a broken connection or proxy would."""

import asyncio
import gzip
import json
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from genz.testing.faults import Faults

_N_PIECES: Final = 8
_CHUNK: Final = b" " * (1 << 20)
HTML_PAGE: Final = (
    b"<!DOCTYPE html><html><head><title>Gateway</title></head>"
    b"<body><h1>Please log in</h1></body></html>"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is sent, and how: `fault` is one of the connection or of the body's transport."""

    status: int
    body: bytes
    fault: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


async def deliver(
    request: web.BaseRequest, delivery: Delivery, faults: Faults, sending: Callable[[], None]
) -> web.StreamResponse:
    """Send an answer.

    `sending` is called right before the last of it leaves, so that whoever has an answer finds it
    counted.

    Returns
    -------
    StreamResponse
        Prepared or not; aiohttp finishes it, and finds a cut connection closed.
    """
    body, fault = delivery.body, delivery.fault
    headers = {**delivery.headers, "Content-Type": delivery.content_type}
    if fault == "hang":
        await asyncio.sleep(faults.hang_seconds)
        fault = "reset"
    if fault == "reset":
        sending()
        _reset(request)
        return web.Response(status=delivery.status)
    if fault in {"reset_body", "truncated_body"}:
        return await _break_off(request, delivery, headers, sending)
    if fault == "trickle":
        pieces = _pieces(body)
        return await _stream(request, delivery, headers, pieces, faults.trickle_seconds, sending)
    if fault == "huge_body":
        n_chunks = max(1, faults.huge_bytes // len(_CHUNK))
        return await _stream(request, delivery, headers, [*[_CHUNK] * n_chunks, body], 0.0, sending)
    if fault == "gzip":
        body = gzip.compress(body, mtime=0)
        headers["Content-Encoding"] = "gzip"
    sending()
    return web.Response(status=delivery.status, body=body, headers=headers)


def json_bytes(value: object) -> bytes:
    """Write JSON as endpoints do: UTF-8, no spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


async def _break_off(
    request: web.BaseRequest,
    delivery: Delivery,
    headers: Mapping[str, str],
    sending: Callable[[], None],
) -> web.StreamResponse:
    response = web.StreamResponse(status=delivery.status, headers=headers)
    response.content_length = len(delivery.body)
    await response.prepare(request)
    await response.write(delivery.body[: len(delivery.body) // 2])
    sending()
    if delivery.fault == "reset_body":
        # A reset discards what the client has not read: it is to have seen the headers.
        await asyncio.sleep(0.01)
        _reset(request)
    elif request.transport is not None:
        request.transport.close()
    return response


async def _stream(
    request: web.BaseRequest,
    delivery: Delivery,
    headers: Mapping[str, str],
    pieces: list[bytes],
    seconds: float,
    sending: Callable[[], None],
) -> web.StreamResponse:
    response = web.StreamResponse(status=delivery.status, headers=headers)
    response.content_length = sum(map(len, pieces))
    await response.prepare(request)
    for piece in pieces[:-1]:
        await response.write(piece)
        await asyncio.sleep(seconds / (len(pieces) - 1))
    sending()
    await response.write(pieces[-1])
    return response


def _pieces(body: bytes) -> list[bytes]:
    size = max(1, -(-len(body) // _N_PIECES))
    return [body[start : start + size] for start in range(0, len(body), size)]


def _reset(request: web.BaseRequest) -> None:
    """Close the connection with a TCP reset: lingering for no time discards what is unsent."""
    if request.transport is None:
        return
    connection = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()

"""One attempt over HTTP: bytes out, bytes or a named fault back."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

import aiohttp
from yarl import URL

# aiohttp writes larger bytes in one piece and warns that this blocks the loop.
_STREAMED = 1 << 20


class Fault(StrEnum):
    """Why an attempt brought no response."""

    UNREACHABLE = "cannot connect"
    DROPPED = "connection lost"
    TIMEOUT = "timed out"
    TRUNCATED = "response cut off"
    TOO_LARGE = "response too large"
    NO_HTTP = "no HTTP response"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came back: a response, or a fault and status 0.

    Attributes
    ----------
    status : int
    headers : mapping
        Of the response; names in any case.
    payload : bytes
    fault : Fault, optional
    detail : str
        What the operating system or aiohttp said of the fault, without headers.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    payload: bytes = b""
    fault: Fault | None = None
    detail: str = ""


class Transport:
    """One HTTP session on the running loop.

    Parameters
    ----------
    url : str
    headers : mapping
        Of every request; they hold the key, so nothing here is ever shown.
    timeout : float
        Seconds of one attempt, from the moment it is admitted to the last byte.
    trust_env : bool
        Take proxies from the environment.
    max_bytes : int
        Largest response.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        timeout: float,
        trust_env: bool = False,
        max_bytes: int = 32 << 20,
    ) -> None:
        self._url = URL(url)
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "genz",
            **headers,
        }
        self._timeout = timeout
        self._trust_env = trust_env
        self._max_bytes = max_bytes
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # No limit of connections: the limiter bounds the attempts, and waiting for a pooled
        # connection would count as time of the server (aiohttp#10313).
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=min(30.0, self._timeout)),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=self._trust_env,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def post(self, body: bytes) -> Attempt:
        """Send one request; never raises for what the network or the server does."""
        return await self._attempt("POST", body if len(body) < _STREAMED else io.BytesIO(body))

    async def get(self) -> Attempt:
        """Read what lies at the URL; never raises for what the network or the server does."""
        return await self._attempt("GET", None)

    async def _attempt(self, method: str, data: bytes | io.BytesIO | None) -> Attempt:
        if self._session is None:
            raise RuntimeError("the transport is not open")
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._session.request(
                    method, self._url, data=data, allow_redirects=False
                ) as response,
            ):
                payload = await self._read(response)
                if payload is None:
                    return Attempt(fault=Fault.TOO_LARGE, detail=f"more than {self._max_bytes} B")
                return Attempt(response.status, response.headers, payload)
        except TimeoutError:
            return Attempt(fault=Fault.TIMEOUT, detail=f"no answer within {self._timeout:g} s")
        except aiohttp.ClientConnectorError as error:
            return Attempt(fault=Fault.UNREACHABLE, detail=_reason(error))
        except aiohttp.ClientPayloadError:
            return Attempt(fault=Fault.TRUNCATED, detail="the response ended early")
        except (aiohttp.ClientResponseError, aiohttp.InvalidURL) as error:
            # Its repr would show the request's headers.
            detail = f"{type(error).__name__} at {self._url.host}"
            return Attempt(fault=Fault.NO_HTTP, detail=detail)
        except (aiohttp.ClientError, OSError) as error:
            return Attempt(fault=Fault.DROPPED, detail=type(error).__name__)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | None:
        """Read the whole payload, or None if it is too large."""
        chunks = []
        size = 0
        while chunk := await response.content.readany():
            size += len(chunk)
            if size > self._max_bytes:
                response.close()
                return None
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _reason(error: aiohttp.ClientConnectorError) -> str:
    cause = error.os_error
    return f"{error.host}:{error.port}: {cause.strerror or type(cause).__name__}"

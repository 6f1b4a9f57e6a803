"""Where a server runs: on a loop, in a thread with a loop, or in a process of its own."""

import asyncio
import multiprocessing
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Final

from aiohttp import web

from genz.testing.handler import Handler
from genz.testing.options import Options
from genz.testing.statistics import Recorder

HOST: Final = "127.0.0.1"
_MOST_BYTES: Final = 256 * 1024**2
_START_SECONDS: Final = 60.0


@asynccontextmanager
async def serving(options: Options, recorder: Recorder, port: int = 0) -> AsyncIterator[str]:
    """Serve on the running loop; the value is the base URL, without a slash at the end."""
    make_request = partial(
        web.BaseRequest, loop=asyncio.get_running_loop(), client_max_size=_MOST_BYTES
    )

    server = web.Server(
        Handler(options, recorder),
        request_factory=make_request,
        handler_cancellation=True,
        access_log=None,
    )
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    try:
        listener = socket.create_server((HOST, port), backlog=1024)
        await web.SockSite(runner, listener).start()
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        await runner.cleanup()


class ServerThread:
    """A server in a background thread."""

    def __init__(self, options: Options, recorder: Recorder) -> None:
        self._options = options
        self._recorder = recorder
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._error: Exception | None = None
        self._url = ""
        self._thread = threading.Thread(target=self._run, name="fake-server", daemon=True)

    def start(self) -> str:
        """Start; return the URL once connections are accepted."""
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error
        return self._url

    def stop(self) -> None:
        """Stop: connections are closed, and the thread ends."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        async with serving(self._options, self._recorder) as self._url:
            self._ready.set()
            await self._stopping.wait()


class ServerProcess:
    """A server in a process of its own, which ends with the one that started it."""

    def __init__(self, options: Options) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve_until_closed, args=(options, theirs), name="fake-server", daemon=True
        )
        self._theirs = theirs

    def start(self) -> str:
        """Start; return the URL once connections are accepted."""
        self._process.start()
        # Only the child holds this end now: if it dies, waiting ends.
        self._theirs.close()
        try:
            if self._pipe.poll(_START_SECONDS):
                return str(self._pipe.recv())
        except EOFError:
            pass
        self.stop()
        raise RuntimeError(f"the server's process ended with code {self._process.exitcode}")

    def stop(self) -> None:
        """Stop, and wait for the process to end."""
        self._pipe.close()
        self._process.join(5.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _serve_until_closed(options: Options, pipe: Connection) -> None:
    """Serve until the other end of a pipe is closed, be it because its process was killed."""

    async def serve() -> None:
        closed = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe.fileno(), closed.set)
        async with serving(options, Recorder(keep_bodies=options.keep_bodies)) as url:
            pipe.send(url)
            await closed.wait()

    asyncio.run(serve())

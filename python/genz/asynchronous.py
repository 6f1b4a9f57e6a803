"""Foundation models are asked asynchronously; estimators are called synchronously."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class LoopThread:
    """An event loop on a thread of its own, for as long as a fit or a prediction asks questions.

    The caller's thread waits for each answer, so Ctrl-C reaches it, statistics run on it, and a
    loop that runs there already (a notebook) is not in the way. One loop serves all questions:
    what a foundation model opens on it (a session) stays open between them. Leaving cancels the
    questions that are still open and waits until they have cleaned up behind themselves.

    Parameters
    ----------
    resource : object, optional
        What answers the questions. An asynchronous context manager is entered on the loop before
        the first question and left after the last one, which is its time to finish what is in
        flight; an interrupt in that time ends it at once.
    """

    def __init__(self, resource: object = None) -> None:
        self._resource = resource if isinstance(resource, AbstractAsyncContextManager) else None

    def __enter__(self) -> Self:
        # With a factory the runner leaves the caller's own event loop policy alone.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        # A daemon: a second Ctrl-C ends the process though a clean-up hangs.
        self._thread = threading.Thread(target=self._serve, name="genz-loop", daemon=True)
        self._thread.start()
        if self._resource is not None:
            try:
                self.run(self._resource.__aenter__())
            except BaseException:
                self._stop()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._resource is not None:
                self.run(self._resource.__aexit__(kind, error, traceback))
        finally:
            self._stop()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for the answer; an interrupted wait cancels the question."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        # The runner cancels and closes here, not in `__exit__`: a thread whose own loop runs
        # (a notebook's) may run no second one.
        with self._runner:
            self._loop.run_forever()
            self._loop.run_until_complete(_cancel_others())


async def _cancel_others() -> None:
    """Let open questions clean up; a second cancellation would interrupt one that does already."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        if not task.cancelling():
            task.cancel()
    await asyncio.gather(*others, return_exceptions=True)

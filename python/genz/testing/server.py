"""A foundation model that is not one, behind a real HTTP server."""

import json
import urllib.request
from types import TracebackType
from typing import Self

from genz.testing.endpoint import Endpoint
from genz.testing.faults import Faults
from genz.testing.limits import Latency, Limits
from genz.testing.options import Options, Predict, Respond
from genz.testing.proposals import Proposals
from genz.testing.running import ServerProcess, ServerThread
from genz.testing.statistics import Recorder, Statistics
from genz.testing.truth import ErrorRates, TruthTable


class FakeFoundationServer:
    """A server on 127.0.0.1 that answers genz's questions from a table, with chosen faults.

    It speaks OpenAI's chat completions (``/v1/chat/completions``, ``/v1/models``) and Anthropic's
    messages (``/v1/messages``). An answer depends on the item, the feature and `seed` only, never
    on order, time or what else was asked: judgments of a cell agree in all forms.

    Parameters
    ----------
    truth : TruthTable, optional
        Which feature holds in which item; without it answers are drawn.
    errors : ErrorRates
        How the model errs.
    proposals : Proposals
        What it proposes besides features of the table.
    faults : Faults
        What goes wrong, by rate.
    limits : Limits
        Requests and tokens per minute, places.
    latency : Latency
    endpoint : Endpoint
        What the endpoint can do, and whose words it uses.
    predict : callable, optional
        ``item_text -> target`` (or targets); without it the answer is the examples' mean.
    prediction_noise : float
        Standard deviation of what is added to a prediction.
    respond : callable, optional
        ``(system, user) -> answer or None`` for prompts that are not genz's, asked first.
    key : str, optional
        The only key that is admitted; it is in no log, statistics or repr.
    seed : int
    keep_bodies : bool
        Whether `bodies` keeps the bodies of all requests.
    separate_process : bool
        Run in a process of its own, so that the client's CPU can be measured. Callables must
        then be importable, and ``if __name__ == "__main__":`` must guard a script.

    Examples
    --------
    >>> from genz.testing import FakeFoundationServer, TruthTable
    >>> truth = TruthTable(["a red house"], ["the house is red"], [[True]])
    >>> with FakeFoundationServer(truth) as server:
    ...     server.base_url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self,
        truth: TruthTable | None = None,
        *,
        errors: ErrorRates | None = None,
        proposals: Proposals | None = None,
        faults: Faults | None = None,
        limits: Limits | None = None,
        latency: Latency | None = None,
        endpoint: Endpoint | None = None,
        predict: Predict | None = None,
        prediction_noise: float = 0.0,
        respond: Respond | None = None,
        key: str | None = None,
        seed: int = 0,
        keep_bodies: bool = False,
        separate_process: bool = False,
    ) -> None:
        self._options = Options(
            truth=truth or TruthTable(),
            errors=errors or ErrorRates(),
            proposals=proposals or Proposals(),
            faults=faults or Faults(),
            limits=limits or Limits(),
            latency=latency or Latency(),
            endpoint=endpoint or Endpoint(),
            predict=predict,
            prediction_noise=prediction_noise,
            respond=respond,
            key=key,
            seed=seed,
            keep_bodies=keep_bodies,
        )
        self._separate = separate_process
        self._recorder = Recorder(keep_bodies=keep_bodies)
        self._running: ServerThread | ServerProcess | None = None
        self._url = ""

    def start(self) -> None:
        """Start; when it returns connections are accepted."""
        if self._running is not None:
            raise RuntimeError("the server runs already")
        if self._separate:
            self._running = ServerProcess(self._options)
        else:
            self._running = ServerThread(self._options, self._recorder)
        self._url = self._running.start()

    def stop(self) -> None:
        """Close all connections and end the thread or process; statistics of a thread remain."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = self._url if self._running is not None else "not running"
        return f"FakeFoundationServer({where})"

    @property
    def url(self) -> str:
        """Root of the server, without a slash at the end."""
        if self._running is None:
            raise RuntimeError("the server does not run: use it as a context manager")
        return self._url

    @property
    def base_url(self) -> str:
        """What clients of either protocol take as base URL: the root and ``/v1``."""
        return f"{self.url}/v1"

    @property
    def statistics(self) -> Statistics:
        """Counters up to now; a copy."""
        if not self._separate:
            return self._recorder.read()
        return Statistics.from_json(json.loads(self._fetch("/_statistics")))

    @property
    def bodies(self) -> list[str]:
        """Bodies of all requests in order of arrival, if `keep_bodies`."""
        if not self._separate:
            return [body.decode("utf-8", "replace") for body in self._recorder.bodies]
        return list(json.loads(self._fetch("/_bodies")))

    def reset_statistics(self) -> Statistics:
        """Set all counters to 0 and return what they were."""
        if not self._separate:
            return self._recorder.reset()
        return Statistics.from_json(json.loads(self._fetch("/_statistics", "DELETE")))

    def _fetch(self, path: str, method: str = "GET") -> bytes:
        request = urllib.request.Request(self.url + path, method=method)  # noqa: S310
        # Proxies of the environment are not for loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as response:
            return bytes(response.read())

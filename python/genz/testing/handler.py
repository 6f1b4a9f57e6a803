"""The HTTP side of the server: paths, counting, sending."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from genz.testing.delivery import Delivery, deliver, json_bytes
from genz.testing.draws import digest
from genz.testing.limits import Gate
from genz.testing.options import Options
from genz.testing.service import ELSEWHERE, Decision, Service
from genz.testing.statistics import Recorder
from genz.testing.wire import Protocol

QUESTIONS: "dict[str, Protocol]" = {
    "/v1/chat/completions": "openai",
    "/v1/messages": "anthropic",
}


class Handler:
    """Answers requests; made on the loop that runs it."""

    def __init__(self, options: Options, recorder: Recorder) -> None:
        self._options = options
        self._recorder = recorder
        self._gate = Gate(options.limits)
        self._service = Service(options, self._gate)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = urlsplit(request.path).path
        if request.method == "POST" and path in QUESTIONS:
            return await self._ask(request, QUESTIONS[path])
        if request.method == "GET" and path == "/v1/models":
            return _json(self._models())
        if path == "/_statistics" and request.method in {"GET", "DELETE"}:
            resets = request.method == "DELETE"
            statistics = self._recorder.reset() if resets else self._recorder.read()
            return _json(statistics.to_json())
        if path == "/_bodies" and request.method == "GET":
            return _json([body.decode("utf-8", "replace") for body in self._recorder.bodies])
        if path == ELSEWHERE:
            self._recorder.count("n_redirects_followed")
        wanted = ", ".join(f"POST {name}" for name in QUESTIONS)
        message = f"there is nothing at {request.method} {path}, wanted {wanted} or GET /v1/models"
        return _json({"error": {"message": message, "type": "invalid_request_error"}}, 404)

    async def _ask(self, request: web.BaseRequest, protocol: Protocol) -> web.StreamResponse:
        raw = await request.read()
        body = digest(raw)
        attempt = self._recorder.arrive(body, raw)
        visit = _Visit(self._recorder, body)
        try:
            version = request.headers.get("anthropic-version")
            decision = self._service.decide(
                raw, _key_of(request, protocol), version, protocol, attempt
            )
            visit.decision = decision
            if decision.limited:
                self._recorder.count("n_limited")
            if decision.seconds is not None:
                await self._gate.work(decision.seconds)
            delivery = Delivery(
                decision.status,
                decision.body,
                decision.fault,
                decision.headers,
                decision.content_type,
            )
            return await deliver(request, delivery, self._options.faults, visit.count_answer)
        except (asyncio.CancelledError, ConnectionError):
            if not visit.counted:
                self._recorder.count("n_aborted")
            raise
        finally:
            visit.count_end(0)

    def _models(self) -> dict[str, object]:
        names = self._options.endpoint.models or ("fake",)
        data = [{"id": name, "object": "model", "owned_by": "genz"} for name in names]
        return {"object": "list", "data": data}


@dataclass(slots=True)
class _Visit:
    """The counting of one request, once."""

    recorder: Recorder
    body: int
    decision: Decision | None = None
    counted: bool = False

    def count_answer(self) -> None:
        """Count the request with all that it is answered."""
        decision = self.decision
        if decision is None:
            return
        if decision.usage is not None:
            usage = decision.usage
            self.recorder.count_tokens(usage.prompt, usage.completion, usage.cached)
        if decision.whole:
            self.recorder.answer(self.body, decision.n_judgments)
        self.count_end(0 if decision.fault in {"hang", "reset"} else decision.status)

    def count_end(self, status: int) -> None:
        """Count the end of the request, unless it was counted already."""
        if not self.counted:
            self.counted = True
            decision = self.decision
            form, fault = (decision.form, decision.fault) if decision else (None, None)
            self.recorder.leave(status, form, fault)


def _key_of(request: web.BaseRequest, protocol: Protocol) -> str | None:
    if protocol == "anthropic":
        return request.headers.get("x-api-key")
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" and key else None


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=json_bytes(value), content_type="application/json")

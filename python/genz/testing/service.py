"""From a request to what is sent back: what is checked, charged, answered and spoilt."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from genz.client.prompt import Usage
from genz.testing.answers import Answer, Author
from genz.testing.delivery import HTML_PAGE, json_bytes
from genz.testing.draws import digest
from genz.testing.endpoint import TOKENS_PER_IMAGE, PrefixCache, count_tokens
from genz.testing.faults import ANSWER, HARMLESS, STATUSES, UNTOLD, FaultDraw
from genz.testing.limits import Gate, RetryAfter
from genz.testing.options import Options
from genz.testing.vendors import (
    context_error,
    error_of,
    image_error,
    key_error,
    quota_error,
    rate_headers,
    refusal_of,
    retry_after,
    status_error,
    unsupported_error,
)
from genz.testing.wire import (
    Completion,
    Json,
    MalformedError,
    Protocol,
    Question,
    payload_of,
    read_question,
)

ELSEWHERE: Final = "/_elsewhere"
_RETRY_AFTER: Final[dict[str, RetryAfter]] = {
    "rate_limit_date": "date",
    "rate_limit_ms": "ms",
    "rate_limit_seconds": "seconds",
    "unavailable": "seconds",
}


@dataclass(slots=True)
class Decision:
    """What to send, when, and what to count.

    Attributes
    ----------
    status : int
    body : bytes
    headers : mapping
    content_type : str
    form : str, optional
        What was asked; None where it was not even read.
    fault : str, optional
        The fault that this request meets.
    seconds : float, optional
        Time of work at a place of the gate; None for an error that needs none.
    n_judgments : int
    usage : Usage, optional
        What the client is told; None for errors.
    whole : bool
        Whether a careful client has its answer with this.
    limited : bool
        Whether a limit refused the request.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    form: str | None = None
    fault: str | None = None
    seconds: float | None = None
    n_judgments: int = 0
    usage: Usage | None = None
    whole: bool = False
    limited: bool = False


class Service:
    """Decides what becomes of a request. Pure but for the gate and the prefix cache."""

    def __init__(self, options: Options, gate: Gate) -> None:
        self._options = options
        self._gate = gate
        self._author = Author(options)
        self._faults = FaultDraw(options.faults, options.seed)
        self._prefixes = PrefixCache() if options.endpoint.prefix_cache else None

    def decide(
        self, raw: bytes, key: str | None, version: str | None, protocol: Protocol, attempt: int
    ) -> Decision:
        """Decide on one request.

        Parameters
        ----------
        raw : bytes
            The body.
        key : str, optional
            The key that was sent.
        version : str, optional
            Value of ``anthropic-version``.
        protocol : "openai" or "anthropic"
        attempt : int
            How often this body came before.
        """
        endpoint = self._options.endpoint
        if not self._admits(key):
            return _refused(401, key_error(key, protocol, endpoint))
        try:
            if protocol == "anthropic" and version is None:
                raise MalformedError("anthropic-version: header is required")
            body = json.loads(raw)
            question = read_question(body, protocol, endpoint.ignored)
        except (ValueError, TypeError, MalformedError) as error:
            return _refused(400, error_of(400, str(error), protocol, endpoint))
        if endpoint.models and question.model not in endpoint.models:
            return _refused(404, status_error(404, question.model, protocol, endpoint))
        task = self._author.read(question)
        key_of_body = digest(raw)
        shown = [*(text for _, text in task.items), *(text for text, _ in task.examples)]
        fault = self._faults.draw(key_of_body, attempt, shown)
        decision = self._special(body, question, protocol)
        if decision is None:
            answer = self._author.answer(task, question, fault if fault in ANSWER else None)
            decision = self._limited(question, answer, protocol)
            if decision is None and fault in STATUSES:
                decision = self._status_fault(fault, key, question, protocol)
            if decision is None:
                decision = self._answer(question, answer, fault, protocol, key_of_body)
            decision.headers = {**rate_headers(self._gate, protocol), **decision.headers}
        decision.form = task.form
        return decision

    def _admits(self, key: str | None) -> bool:
        wanted = self._options.key
        if wanted is None:
            return True
        return key is not None and hmac.compare_digest(key.encode(), wanted.encode())

    def _special(self, body: Json, question: Question, protocol: Protocol) -> Decision | None:
        """Refuse what the endpoint cannot do, whenever it is asked."""
        endpoint = self._options.endpoint
        for name in body:
            if name in endpoint.unsupported:
                return _refused(400, unsupported_error(name, protocol, endpoint))
        if not endpoint.system_role and question.system and protocol == "openai":
            text = "System role not supported"
            return _refused(400, error_of(400, text, protocol, endpoint, param="messages"))
        if question.n_images and not endpoint.images:
            return _refused(*image_error(question.model, protocol, endpoint))
        most, n_prompt = endpoint.context_tokens, _prompt_tokens(question)
        if most is not None and n_prompt + (question.max_tokens or 0) > most:
            error = context_error(n_prompt, question.max_tokens or 0, protocol, endpoint)
            return _refused(400, error)
        return None

    def _limited(self, question: Question, answer: Answer, protocol: Protocol) -> Decision | None:
        limits = self._options.limits
        n_answer = count_tokens(answer.text)
        if limits.charge_max_tokens:
            n_answer = question.max_tokens or n_answer
        refusal = self._gate.admit(_prompt_tokens(question) + n_answer)
        if refusal is None:
            return None
        error = refusal_of(refusal, question.model, protocol, self._options.endpoint)
        decision = _refused(429, error)
        decision.limited = True
        if refusal.seconds is not None:
            decision.headers = retry_after(refusal.seconds, limits.retry_after)
        return decision

    def _status_fault(
        self, fault: str, key: str | None, question: Question, protocol: Protocol
    ) -> Decision:
        endpoint, status = self._options.endpoint, STATUSES[fault]
        decision = _refused(status, status_error(status, question.model, protocol, endpoint))
        if fault == "quota":
            decision = _refused(*quota_error(protocol, endpoint))
        elif fault == "unauthorized":
            decision.body = json_bytes(key_error(key, protocol, endpoint))
        elif fault == "context_length":
            n_prompt = _prompt_tokens(question)
            error = context_error(n_prompt, question.max_tokens or 0, protocol, endpoint)
            decision.body = json_bytes(error)
        elif fault == "bad_gateway":
            decision.body, decision.content_type = HTML_PAGE, "text/html"
        elif fault == "redirect":
            decision.headers = {"Location": ELSEWHERE}
        if fault in _RETRY_AFTER:
            decision.headers = retry_after(
                self._options.faults.retry_after, _RETRY_AFTER[fault], exact=True
            )
        decision.fault = fault
        return decision

    def _answer(
        self,
        question: Question,
        answer: Answer,
        fault: str | None,
        protocol: Protocol,
        key_of_body: int,
    ) -> Decision:
        completion = self._completion(question, answer, fault)
        payload = payload_of(question, completion, protocol, f"{key_of_body:016x}")
        body, content_type = spoil(payload, fault, protocol, self._options)
        usage = completion.usage
        return Decision(
            status=200,
            body=body,
            content_type=content_type,
            fault=fault,
            seconds=self._options.latency.draw(key_of_body, usage.completion, self._options.seed),
            n_judgments=answer.n_judgments,
            usage=None if fault in UNTOLD else usage,
            whole=completion.finish == "stop"
            and answer.readable
            and (fault is None or fault in HARMLESS),
        )

    def _completion(self, question: Question, answer: Answer, fault: str | None) -> Completion:
        text, finish = answer.text, answer.finish
        n_answer = count_tokens(text)
        if question.max_tokens is not None and n_answer > question.max_tokens:
            text, finish = text[: 4 * question.max_tokens], "length"
            n_answer = question.max_tokens
        prompt = _prompt_tokens(question)
        cached = 0
        if self._prefixes is not None:
            cached = self._prefixes.count_cached(f"{question.system}\n{question.user}")
        usage = Usage(prompt, n_answer, cached)
        if fault == "refusal_field":
            return Completion("I can't help with that.", "refusal", usage)
        return Completion(text, finish, usage, answer.logprobs)


def spoil(
    payload: Json, fault: str | None, protocol: Protocol, options: Options
) -> tuple[bytes, str]:
    """Write a payload, with the fault of a body if it is one; return it and its content type."""
    kind = "application/json"
    if fault == "html_page":
        return HTML_PAGE, "text/html"
    if fault == "error_in_body":
        error = status_error(503, str(payload["model"]), protocol, options.endpoint)
        return json_bytes(error), kind
    if fault == "empty_choices":
        payload["choices" if protocol == "openai" else "content"] = []
    elif fault == "null_content":
        if protocol == "openai":
            payload["choices"][0]["message"]["content"] = None
        else:
            payload["content"] = None
    elif fault == "no_usage":
        del payload["usage"]
    elif fault == "invalid_json":
        return repr(payload).encode("utf-8", "surrogatepass"), kind
    body = json_bytes(payload)
    return (body[: len(body) // 2] if fault == "cut_json" else body), kind


def _prompt_tokens(question: Question) -> int:
    images = TOKENS_PER_IMAGE * question.n_images
    return count_tokens(question.system) + count_tokens(question.user) + images


def _refused(status: int, error: Json) -> Decision:
    return Decision(status, json_bytes(error))

"""From an attempt to an answer, or to what its failure means."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from genz.client.capabilities import Capabilities
from genz.client.dialects import BadBodyError, Dialect
from genz.client.failures import FailureClass, classify
from genz.client.headers import retry_after
from genz.client.prompt import Prompt, Reply, Usage
from genz.client.request import InvalidAnswerError, Request
from genz.client.secret import Secret
from genz.client.transport import Attempt

_MAX_REASON = 300
_ALIASES = {"response_format": ("json_schema",), "output_config": ("json_schema", "output_format")}


@dataclass(frozen=True, slots=True)
class Sent:
    """What an attempt's body was made of."""

    dialect: Dialect
    prompt: Prompt
    capabilities: Capabilities

    def names(self) -> set[str]:
        """Names of the parameters that the body holds, and what servers call them."""
        names = set(self.dialect.body(self.prompt, self.capabilities))
        for name in tuple(names):
            names.update(_ALIASES.get(name, ()))
        if self.prompt.system and self.capabilities.system:
            names.add("system")
        return names


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer with the text it was read from."""

    value: Any
    reply: Reply
    text: str
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the failure of an attempt means.

    Attributes
    ----------
    meaning : FailureClass
    reason : str
        For the user: one line, no key in it.
    parameter : str
        The refused parameter of `FailureClass.UNSUPPORTED`.
    retry_after : float, optional
        Seconds that the server asks to wait.
    usage : Usage, optional
        What the server says the attempt used.
    """

    meaning: FailureClass
    reason: str
    parameter: str = ""
    retry_after: float | None = None
    usage: Usage | None = None


def read_attempt(
    attempt: Attempt,
    request: Request,
    sent: Sent,
    secret: Secret | None,
) -> Reading | Verdict:
    """Read the answer of an attempt, or say why it has none."""
    dialect = sent.dialect
    if attempt.fault is not None:
        return Verdict(FailureClass.TRANSIENT, f"{attempt.fault}: {attempt.detail}")
    try:
        text = attempt.payload.decode("utf-8")
    except UnicodeDecodeError:
        text = attempt.payload.decode("utf-8", "replace")
    if secret is not None:
        text = secret.redact(text)
    if not 200 <= attempt.status < 300:
        return _refusal(attempt.status, attempt.headers, _error_text(text), sent)
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        kind = attempt.headers.get("content-type", "none")
        reason = f"got no JSON (content type {kind}): {text[:80]!r}"
        return Verdict(FailureClass.BAD_BODY, one_line(reason))
    try:
        reply = dialect.read(payload)
    except BadBodyError as error:
        if error.status:
            return _refusal(error.status, attempt.headers, str(error), sent)
        return Verdict(FailureClass.BAD_BODY, one_line(str(error)), usage=dialect.usage(payload))
    return _check(request, reply, text, dialect.usage(payload))


def read_stored(text: str, request: Request, dialect: Dialect) -> Reading | None:
    """Read a stored payload; None where it is no answer by today's reading."""
    try:
        reply = dialect.read(json.loads(text))
    except (ValueError, RecursionError, BadBodyError):
        return None
    reading = _check(request, reply, text, None)
    return reading if isinstance(reading, Reading) else None


def one_line(text: str) -> str:
    """A server's text as part of a message: one line, printable, short."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text[:2000]).split())
    return text if len(text) <= _MAX_REASON else text[: _MAX_REASON - 1] + "…"


def _check(request: Request, reply: Reply, text: str, usage: Usage | None) -> Reading | Verdict:
    if reply.finish == "refusal":
        reason = one_line(f"the model refused: {reply.text or 'it says not why'}")
        return Verdict(FailureClass.REFUSED, reason, usage=usage)
    prompt = request.prompt
    is_cut = reply.finish == "length"
    cut = f"no end within {reply.usage.completion or prompt.max_tokens} tokens"
    # An answer that is all in its first token is whole, although it was cut off after that.
    if is_cut and (prompt.schema is not None or not prompt.n_logprobs or not reply.logprobs):
        return Verdict(FailureClass.LENGTH, cut, usage=usage)
    try:
        return Reading(request.read(reply), reply, text, usage)
    except InvalidAnswerError as error:
        # The first token of a model that thinks before it answers is no answer.
        meaning = FailureClass.LENGTH if is_cut else FailureClass.INVALID
        return Verdict(meaning, one_line(f"{cut}; {error}" if is_cut else str(error)), usage=usage)


def _refusal(status: int, headers: Mapping[str, str], text: str, sent: Sent) -> Verdict:
    wait = retry_after(headers)
    meaning, parameter = classify(status, text, sent=sent.names(), must_wait=wait is not None)
    reason = f"HTTP {status}: {text or 'without a text'}"
    if meaning is FailureClass.REDIRECT:
        host = urlsplit(headers.get("location", "")).netloc.rpartition("@")[2]
        reason = f"HTTP {status} to {host or 'another path'}"
    return Verdict(meaning, one_line(reason), parameter, wait)


def _error_text(text: str) -> str:
    """Message, type, code and parameter of an error in any of the usual shapes."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return text[:2000]
    if isinstance(tree, list) and tree:
        tree = tree[0]
    error = tree.get("error", tree) if isinstance(tree, dict) else tree
    if not isinstance(error, dict):
        return str(error)
    if isinstance(error.get("error"), dict):
        error = error["error"]
    names = ("message", "detail", "error_description", "type", "code", "status", "param")
    parts = (error.get(name) for name in names)
    return " ".join(p if isinstance(p, str) else json.dumps(p) for p in parts if p) or text[:2000]

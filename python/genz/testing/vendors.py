"""How vendors word their errors and name their rate headers."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from math import ceil
from typing import Any, Final

from genz.testing.endpoint import Endpoint
from genz.testing.limits import Bucket, Gate, Refusal, RetryAfter
from genz.testing.wire import Json, Protocol

_ANTHROPIC_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_OPENAI_TYPES: Final = {429: "requests", 402: "billing_error", 403: "permission_error"}
_TEXTS: Final = {
    402: "Payment required: this account has no credit left.",
    403: "This key is not allowed to use this model.",
    404: "The model `{model}` does not exist or you do not have access to it.",
    408: "The request timed out.",
    409: "The request conflicts with another one.",
    425: "Too early.",
    429: "Rate limit reached for {model}: please slow down.",
    500: "The server had an error while processing your request. Sorry about that!",
    503: "The engine is currently overloaded, please try again later.",
    529: "Overloaded",
}


def error_of(
    status: int,
    message: str,
    protocol: Protocol,
    endpoint: Endpoint,
    *,
    code: str | None = None,
    param: str | None = None,
    **facts: Any,
) -> Json:
    """Write an error as the vendor does."""
    if protocol == "anthropic":
        kind = _ANTHROPIC_TYPES.get(status, "api_error")
        error = {"type": kind, "message": message}
        return {"type": "error", "error": error, "request_id": "req_fake"}
    fallback = "invalid_request_error" if status < 500 else "server_error"
    kind = _OPENAI_TYPES.get(status, fallback)
    if endpoint.vendor == "vllm":
        kind = "BadRequestError" if status < 500 else "InternalServerError"
        return {"error": {"message": message, "type": kind, "param": param, "code": status}}
    if endpoint.vendor == "llama.cpp":
        if code == "context_length_exceeded":
            kind = "exceed_context_size_error"
        return {"error": {"code": status, "message": message, "type": kind, **facts}}
    if code == "insufficient_quota":
        kind = code
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def status_error(status: int, model: str, protocol: Protocol, endpoint: Endpoint) -> Json:
    """Write the error that belongs to a status and to nothing more special."""
    text = _TEXTS.get(status, "The request could not be understood.").format(model=model)
    code = {404: "model_not_found", 429: "rate_limit_exceeded"}.get(status)
    return error_of(status, text, protocol, endpoint, code=code)


def quota_error(protocol: Protocol, endpoint: Endpoint) -> tuple[int, Json]:
    """Return the status and error of an account whose credit is used up."""
    if protocol == "anthropic":
        text = (
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & "
            "Billing to upgrade or purchase credits."
        )
        return 400, error_of(400, text, protocol, endpoint)
    text = "You exceeded your current quota, please check your plan and billing details."
    return 429, error_of(429, text, protocol, endpoint, code="insufficient_quota")


def key_error(sent: str | None, protocol: Protocol, endpoint: Endpoint) -> Json:
    """Write the error of a key that is missing or wrong; it repeats the key, as gateways do."""
    if protocol == "anthropic":
        text = "invalid x-api-key" if sent is None else f"invalid x-api-key: {sent}"
        return error_of(401, text, protocol, endpoint)
    text = "You didn't provide an API key." if sent is None else f"Incorrect API key: {sent}."
    return error_of(401, text, protocol, endpoint, code="invalid_api_key")


def context_error(n_prompt: int, max_tokens: int, protocol: Protocol, endpoint: Endpoint) -> Json:
    """Write the error of a prompt that is too long, in the vendor's words."""
    most = endpoint.context_tokens or max(1, n_prompt - 1)
    total = n_prompt + max_tokens
    if protocol == "anthropic":
        return error_of(
            400, f"prompt is too long: {n_prompt} tokens > {most} maximum", protocol, endpoint
        )
    text = {
        "vllm": f"This model's maximum context length is {most} tokens. However, you requested "
        f"{total} tokens ({n_prompt} in the messages, {max_tokens} in the completion). Please "
        "reduce the length of the messages or completion.",
        "llama.cpp": f"request ({total} tokens) exceeds the available context size ({most} "
        "tokens), try increasing it",
    }.get(
        endpoint.vendor,
        f"This model's maximum context length is {most} tokens. However, your messages resulted "
        f"in {total} tokens. Please reduce the length of the messages.",
    )
    return error_of(
        400,
        text,
        protocol,
        endpoint,
        code="context_length_exceeded",
        param="messages",
        n_prompt_tokens=n_prompt,
        n_ctx=most,
    )


def unsupported_error(field: str, protocol: Protocol, endpoint: Endpoint) -> Json:
    """Write the error of a field that the endpoint does not know, in the vendor's words."""
    if protocol == "anthropic":
        return error_of(400, f"{field}: Extra inputs are not permitted", protocol, endpoint)
    text = {
        "vllm": f"[{{'type': 'extra_forbidden', 'loc': ('body', '{field}'), 'msg': 'Extra inputs "
        "are not permitted'}]",
        "llama.cpp": f"Unsupported param: {field}",
    }.get(
        endpoint.vendor,
        f"Unsupported parameter: '{field}' is not supported with this model."
        + (" Use 'max_completion_tokens' instead." if field == "max_tokens" else ""),
    )
    return error_of(400, text, protocol, endpoint, code="unsupported_parameter", param=field)


def image_error(model: str, protocol: Protocol, endpoint: Endpoint) -> tuple[int, Json]:
    """Return the status and error of a model without images that was given some."""
    status, text = {
        "vllm": (400, f"{model} is not a multimodal model"),
        "llama.cpp": (500, "image input is not supported - hint: you may need to provide mmproj"),
    }.get(
        "anthropic" if protocol == "anthropic" else endpoint.vendor,
        (400, "Invalid content type. image_url is only supported by certain models."),
    )
    return status, error_of(status, text, protocol, endpoint, param="messages")


def refusal_of(refusal: Refusal, model: str, protocol: Protocol, endpoint: Endpoint) -> Json:
    """Write the error of a request above a limit."""
    if refusal.seconds is None:
        text = (
            f"Request too large for {model} on {refusal.resource} per min: Limit "
            f"{refusal.limit:.0f}, Requested {refusal.requested:.0f}."
        )
    elif refusal.resource == "concurrency":
        text = f"Number of concurrent requests has exceeded the limit of {refusal.limit:.0f}."
    else:
        text = (
            f"Rate limit reached for {model} on {refusal.resource} per min: Limit "
            f"{refusal.limit:.0f}, Requested {refusal.requested:.0f}. Please try again in "
            f"{refusal.seconds:.3f}s."
        )
    return error_of(429, text, protocol, endpoint, code="rate_limit_exceeded")


def retry_after(seconds: float, how: RetryAfter, *, exact: bool = False) -> dict[str, str]:
    """Write the header that says how long to wait: never less than `seconds`.

    With `exact` seconds have decimals and a date is rounded down, as some gateways do.
    """
    if how == "absent":
        return {}
    if how == "ms":
        return {"retry-after-ms": str(ceil(seconds * 1000))}
    if how == "date":
        moment = time.time() + seconds
        return {"Retry-After": formatdate(moment if exact else ceil(moment), usegmt=True)}
    return {"Retry-After": f"{seconds:g}" if exact else str(ceil(seconds))}


def rate_headers(gate: Gate, protocol: Protocol) -> Mapping[str, str]:
    """Write what is left of the rates."""
    headers: dict[str, str] = {}
    for name, bucket in (("requests", gate.requests), ("tokens", gate.tokens)):
        if bucket is None:
            continue
        left, full = str(int(bucket.level())), bucket.seconds_until(bucket.capacity)
        if protocol == "anthropic":
            reset = datetime.now(UTC) + timedelta(seconds=full)
            prefix = f"anthropic-ratelimit-{name}"
            headers[f"{prefix}-limit"] = _limit(bucket)
            headers[f"{prefix}-remaining"] = left
            headers[f"{prefix}-reset"] = reset.strftime("%Y-%m-%dT%H:%M:%SZ")
        else:
            headers[f"x-ratelimit-limit-{name}"] = _limit(bucket)
            headers[f"x-ratelimit-remaining-{name}"] = left
            headers[f"x-ratelimit-reset-{name}"] = _duration(full)
    return headers


def _limit(bucket: Bucket) -> str:
    return f"{bucket.per_minute:.0f}"


def _duration(seconds: float) -> str:
    """A duration as OpenAI writes it: ``12ms``, ``7.5s``, ``6m0s``."""
    if seconds < 1:
        return f"{ceil(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}m{rest:.0f}s" if minutes else f"{rest:.3f}".rstrip("0").rstrip(".") + "s"

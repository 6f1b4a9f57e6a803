"""OpenAI's chat completions: the format that nearly every server speaks."""

import math
from typing import Any, Literal

from genz.client.address import request_url
from genz.client.capabilities import Capabilities
from genz.client.dialects.content import check_payload, count, nested_error, user_content
from genz.client.dialects.protocol import BadBodyError
from genz.client.prompt import Prompt, Reply, Usage
from genz.client.secret import Secret


def _image_part(media_type: str, data: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{data}"}}


class OpenAIDialect:
    """Chat completions of OpenAI, vLLM, llama.cpp, Ollama, LM Studio and gateways.

    The length is limited by ``max_tokens``, which all of them know, until an endpoint asks for
    ``max_completion_tokens``; Ollama, for one, ignores the latter and would not stop.
    """

    name = "openai"
    default_url = "https://api.openai.com/v1"
    full = Capabilities()

    def url(self, base_url: str) -> str:
        """See `Dialect.url`."""
        return request_url(base_url, "/chat/completions", version="/v1")

    def headers(self, secret: Secret | None) -> dict[str, str]:
        """See `Dialect.headers`."""
        return {} if secret is None else {"Authorization": f"Bearer {secret.reveal()}"}

    def body(self, prompt: Prompt, capabilities: Capabilities) -> dict[str, Any]:
        """See `Dialect.body`."""
        preamble = "" if capabilities.system else prompt.system
        messages: list[dict[str, Any]] = []
        if prompt.system and capabilities.system:
            messages.append({"role": "system", "content": prompt.system})
        content = user_content(prompt, _image_part, preamble)
        messages.append({"role": "user", "content": content})
        body: dict[str, Any] = {"messages": messages}
        if capabilities.token_field:
            body[capabilities.token_field] = prompt.max_tokens
        if capabilities.temperature:
            body["temperature"] = prompt.temperature
        if prompt.seed is not None and capabilities.seed:
            body["seed"] = prompt.seed
        if prompt.schema is not None and capabilities.schema:
            schema = {"name": prompt.schema_name, "strict": True, "schema": prompt.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if prompt.n_logprobs and capabilities.logprobs:
            body["logprobs"] = True
            body["top_logprobs"] = min(prompt.n_logprobs, capabilities.max_logprobs)
        return body

    def read(self, payload: Any) -> Reply:
        """See `Dialect.read`."""
        payload = check_payload(payload)
        choices = payload.get("choices")
        if not isinstance(choices, list) or not choices:
            raise BadBodyError("got no choices, wanted one")
        choice = choices[0]
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(message, dict):
            raise BadBodyError("got a choice without a message")
        if error := choice.get("error"):
            raise nested_error(error)
        finish = choice.get("finish_reason")
        if finish == "error":
            raise BadBodyError("the server reports an error while it wrote the answer")
        refusal = message.get("refusal")
        reason: Literal["stop", "length", "refusal"] = "stop"
        if refusal or finish == "content_filter":
            reason = "refusal"
        elif finish == "length":
            reason = "length"
        return Reply(
            text=str(refusal) if refusal else _text(message.get("content")),
            finish=reason,
            logprobs=_logprobs(choice.get("logprobs")),
            usage=self.usage(payload) or Usage(),
        )

    def usage(self, payload: Any) -> Usage | None:
        """See `Dialect.usage`."""
        counts = payload.get("usage") if isinstance(payload, dict) else None
        if not isinstance(counts, dict):
            return None
        prompt = count(counts, "prompt_tokens")
        cached = min(count(counts.get("prompt_tokens_details"), "cached_tokens"), prompt)
        return Usage(prompt, count(counts, "completion_tokens"), cached)


def _text(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    raise BadBodyError(f"got a message whose content is a {type(content).__name__}")


def _logprobs(logprobs: Any) -> tuple[tuple[str, float], ...]:
    """Candidates of the first token; empty where the server sent none that can be read."""
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(tokens, list) or not tokens or not isinstance(tokens[0], dict):
        return ()
    first = tokens[0]
    candidates = first.get("top_logprobs")
    found: dict[str, float] = {}
    # The sampled token need not be among the most likely ones.
    for entry in (*(candidates if isinstance(candidates, list) else ()), first):
        token = entry.get("token") if isinstance(entry, dict) else None
        value = entry.get("logprob") if isinstance(entry, dict) else None
        if isinstance(token, str) and isinstance(value, int | float) and math.isfinite(value):
            found.setdefault(token, float(value))
    return tuple(sorted(found.items(), key=lambda pair: -pair[1]))

"""Anthropic's messages."""

from collections.abc import Mapping
from typing import Any, Literal

from genz.client.address import request_url
from genz.client.capabilities import Capabilities
from genz.client.dialects.content import check_payload, count, user_content
from genz.client.dialects.protocol import BadBodyError
from genz.client.prompt import Prompt, Reply, Usage
from genz.client.secret import Secret

_FINISH: dict[Any, Literal["stop", "length", "refusal"]] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}


def _image_part(media_type: str, data: str) -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


class AnthropicDialect:
    """Messages of Anthropic: no log-probabilities, no seed."""

    name = "anthropic"
    default_url = "https://api.anthropic.com"
    full = Capabilities(logprobs=False, seed=False)

    def url(self, base_url: str) -> str:
        """See `Dialect.url`."""
        return request_url(base_url, "/messages", version="/v1", always=True)

    def headers(self, secret: Secret | None) -> dict[str, str]:
        """See `Dialect.headers`."""
        version = {"anthropic-version": "2023-06-01"}
        return version if secret is None else {"x-api-key": secret.reveal(), **version}

    def body(self, prompt: Prompt, capabilities: Capabilities) -> dict[str, Any]:
        """See `Dialect.body`."""
        # The length's limit is required here, whatever another dialect's capabilities say.
        body: dict[str, Any] = {"max_tokens": prompt.max_tokens}
        if prompt.system and capabilities.system:
            body["system"] = prompt.system
        preamble = "" if capabilities.system else prompt.system
        content = user_content(prompt, _image_part, preamble)
        body["messages"] = [{"role": "user", "content": content}]
        if capabilities.temperature:
            body["temperature"] = min(prompt.temperature, 1.0)
        if prompt.schema is not None and capabilities.schema:
            schema = _supported(prompt.schema)
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        return body

    def read(self, payload: Any) -> Reply:
        """See `Dialect.read`."""
        payload = check_payload(payload)
        blocks = payload.get("content")
        if not isinstance(blocks, list):
            raise BadBodyError("got a message without content, wanted a list of blocks")
        texts = (
            block.get("text")
            for block in blocks
            if isinstance(block, dict) and block.get("type") == "text"
        )
        stop_reason = payload.get("stop_reason")
        return Reply(
            text="".join(text for text in texts if isinstance(text, str)),
            finish=_FINISH.get(stop_reason, "stop") if isinstance(stop_reason, str) else "stop",
            usage=self.usage(payload) or Usage(),
        )

    def usage(self, payload: Any) -> Usage | None:
        """See `Dialect.usage`; tokens read from and written to the cache are of the prompt."""
        counts = payload.get("usage") if isinstance(payload, dict) else None
        if not isinstance(counts, dict):
            return None
        cached = count(counts, "cache_read_input_tokens")
        written = count(counts, "cache_creation_input_tokens")
        prompt = count(counts, "input_tokens") + cached + written
        return Usage(prompt, count(counts, "output_tokens"), cached)


def _supported(schema: Any) -> Any:
    """The schema without counts of entries, which Anthropic refuses; our side checks them."""
    if isinstance(schema, Mapping):
        return {
            name: _supported(value)
            for name, value in schema.items()
            if name not in ("minItems", "maxItems")
        }
    return schema

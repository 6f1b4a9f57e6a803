"""The probe against servers that do, refuse or only pretend to do what they are asked."""

import asyncio
import json
import re

import pytest
from aiohttp import web

from client_runs import KEY, QUICK
from genz.client import canaries
from genz.client.capabilities import Capabilities
from genz.client.dialects import AnthropicDialect, OpenAIDialect
from genz.client.endpoint import endpoint_name, known_capabilities
from genz.client.probe import probe
from genz.client.secret import Secret
from genz.errors import AuthenticationError, FoundationModelError, UnreachableError
from genz.store import AnswerStore
from loopback import chat_payload, completion, error, serve


class Endpoint:
    """An endpoint that can all, except what is switched off or refused."""

    def __init__(self, *, refused=(), ignored=(), sees=True, limit="max_tokens") -> None:
        self.refused, self.ignored = set(refused), set(ignored)
        self.sees, self.limit = sees, limit
        self.shown = ""
        self.keys: set[str] = set()

    async def __call__(self, _, body):
        self.keys |= set(body)
        roles = {message["role"]: message["content"] for message in body["messages"]}
        for name in self.refused & set(body):
            return error(400, f"Unsupported parameter: '{name}' is not supported.")
        if "system" in self.refused and "system" in roles:
            return error(400, "System role not supported")
        if isinstance(roles["user"], list):
            if not self.sees:
                return error(500, "image input is not supported")
            return completion(f"It is {self.shown}.")
        known = roles["user"] + ("" if "system" in self.ignored else roles.get("system", ""))
        if "response_format" in body and "response_format" not in self.ignored:
            schema = body["response_format"]["json_schema"]["schema"]
            return completion(
                json.dumps({name: each["enum"][0] for name, each in schema["properties"].items()})
            )
        if "numbers" in known:
            limit = body.get(self.limit, 10**6)
            numbers = [str(n) for n in range(1, 61)][:limit]
            finish = "length" if len(numbers) < 60 else "stop"
            return completion(" ".join(numbers), finish, completion_tokens=len(numbers))
        if "logprobs" in body and "logprobs" not in self.ignored:
            payload = chat_payload("Yes")
            top = [{"token": f"Yes{n}", "logprob": -1.0 - n} for n in range(body["top_logprobs"])]
            payload["choices"][0]["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
            return web.json_response(payload)
        word = re.search(r"(?:else:|code word is) (\w+)", known)
        return completion(word[1] if word else "I do not know.")


def probed(endpoint, path=None, monkeypatch=None, dialect=None):
    async def main():
        async with serve(endpoint) as url:
            options = {"timeout": 5.0, "policy": QUICK}
            dialect_ = dialect or OpenAIDialect()
            if path is None:
                return await probe(dialect_, "m", url, Secret(KEY), **options)
            with AnswerStore.open(path) as store:
                found = await probe(dialect_, "m", url, Secret(KEY), store=store, **options)
                name = endpoint_name(dialect_.name, dialect_.url(url), "m")
                return found, known_capabilities(store, name, dialect_.full)

    if monkeypatch is not None:
        digits = canaries.digits()
        endpoint.shown = digits
        monkeypatch.setattr(canaries, "digits", lambda: digits)
    return asyncio.run(main())


def supported(found) -> dict[str, str]:
    return {finding.name: finding.supported for finding in found.findings}


def test_an_endpoint_that_can_all(tmp_path, monkeypatch):
    found, kept = probed(Endpoint(), tmp_path / "s.sqlite", monkeypatch)
    assert set(supported(found).values()) == {"yes"}
    assert found.capabilities == kept == Capabilities()
    assert found.usage.total > 0
    assert KEY not in repr(found)


def test_one_that_refuses_what_it_cannot(tmp_path):
    names = ("response_format", "logprobs", "temperature", "seed", "system", "max_tokens")
    endpoint = Endpoint(refused=names, sees=False, limit="max_completion_tokens")
    found, kept = probed(endpoint, tmp_path / "s.sqlite")
    assert found.capabilities == kept
    facts = found.capabilities.to_facts()
    assert facts.pop("token_field") == "max_completion_tokens"
    facts.pop("max_logprobs")
    assert set(facts.values()) == {False}
    assert supported(found) == {
        "answers": "yes",
        "limit of length": "yes",
        "system role": "no",
        "schema": "no",
        "log-probabilities": "no",
        "images": "no",
        "temperature": "no",
        "seed": "no",
    }
    evidence = {finding.name: finding.evidence for finding in found.findings}
    assert "response_format" in evidence["schema"]
    assert "image input" in evidence["images"]


def test_one_that_takes_all_and_does_nothing(monkeypatch):
    endpoint = Endpoint(ignored=("response_format", "logprobs", "system"), limit="never")
    endpoint.shown = "123"
    found = probed(endpoint)
    assert found.capabilities == Capabilities(
        schema=False, logprobs=False, system=False, images=False, max_logprobs=5
    )
    results = supported(found)
    assert results["limit of length"] == "no"
    assert results["schema"] == results["log-probabilities"] == results["system role"] == "no"
    evidence = {finding.name: finding.evidence for finding in found.findings}
    assert "not enforced" in evidence["schema"]


def test_a_limit_under_its_other_name():
    found = probed(Endpoint(limit="max_completion_tokens"))
    assert found.capabilities.to_facts()["token_field"].startswith("max_completion")


def test_a_smaller_limit_of_candidates():
    class Few(Endpoint):
        async def __call__(self, request, body):
            if body.get("top_logprobs", 0) > 5:
                return error(400, "top_logprobs must be at most 5")
            return await super().__call__(request, body)

    found = probed(Few())
    assert (found.capabilities.logprobs, found.capabilities.max_logprobs) == (True, 5)


def test_anthropic(monkeypatch):
    async def messages(_, body):
        canary = re.search(r"else: (\w+)|code word is (\w+)", json.dumps(body))
        text = (canary[1] or canary[2]) if canary else "no"
        if "output_config" in body:
            properties = body["output_config"]["format"]["schema"]["properties"]
            text = json.dumps({name: each["enum"][0] for name, each in properties.items()})
        finish = "max_tokens" if body["max_tokens"] == 16 else "end_turn"
        block = {"type": "text", "text": text}
        return web.json_response({"content": [block], "stop_reason": finish})

    found = probed(messages, dialect=AnthropicDialect())
    results = supported(found)
    assert results["log-probabilities"] == results["images"] == "no"
    assert results["schema"] == results["system role"] == results["limit of length"] == "yes"


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (lambda: error(401, KEY), AuthenticationError),
        (lambda: error(400, "not a chat model"), FoundationModelError),
        (lambda: web.Response(text="<html>"), UnreachableError),
        (lambda: error(503, "loading"), UnreachableError),
    ],
)
def test_an_endpoint_that_does_not_answer(answer, raised):
    async def handler(_, __):
        return answer()

    with pytest.raises(raised) as caught:
        probed(handler)
    assert type(caught.value) is raised
    assert KEY not in str(caught.value)


def test_canaries_are_never_the_same():
    assert len({canaries.word() for _ in range(100)}) == 100
    image = canaries.shown_digits("123456").images[0]
    assert image.data.startswith(b"\x89PNG")
    assert (image.width, image.height) == (528, 192)

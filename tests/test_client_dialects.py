"""What goes on the wire, and what is read from it."""

import base64
import json
from dataclasses import replace

import pytest

from genz.client.address import request_url
from genz.client.capabilities import Capabilities
from genz.client.dialects import AnthropicDialect, BadBodyError, OpenAIDialect
from genz.client.key import question
from genz.client.prompt import Image, Prompt, Usage
from genz.client.request import Request
from genz.client.secret import Secret
from genz.errors import UsageError
from loopback import ask, chat_payload

OPENAI, ANTHROPIC = OpenAIDialect(), AnthropicDialect()
SCHEMA = {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "string"}}}
IMAGE = Image("image/png", b"\x89PNG data", "ab" * 32, 2, 2)
PROMPT = Prompt(
    "Judge.",
    ("item ", "one"),
    40,
    schema=SCHEMA,
    schema_name="cells",
    n_logprobs=30,
    temperature=0.5,
    seed=7,
)


def test_openai_body():
    assert OPENAI.body(PROMPT, OPENAI.full) == {
        "messages": [
            {"role": "system", "content": "Judge."},
            {"role": "user", "content": "item one"},
        ],
        "max_tokens": 40,
        "temperature": 0.5,
        "seed": 7,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "cells", "strict": True, "schema": SCHEMA},
        },
        "logprobs": True,
        "top_logprobs": 20,
    }


def test_anthropic_body():
    assert ANTHROPIC.body(PROMPT, ANTHROPIC.full) == {
        "system": "Judge.",
        "messages": [{"role": "user", "content": "item one"}],
        "max_tokens": 40,
        "temperature": 0.5,
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    }


def test_nothing_is_sent_that_the_endpoint_cannot():
    none = Capabilities(
        schema=False, logprobs=False, system=False, seed=False, temperature=False, token_field=""
    )
    assert OPENAI.body(PROMPT, none) == {
        "messages": [{"role": "user", "content": "Judge.\n\nitem one"}]
    }
    assert ANTHROPIC.body(PROMPT, none) == {
        "messages": [{"role": "user", "content": "Judge.\n\nitem one"}],
        "max_tokens": 40,
    }


@pytest.mark.parametrize("dialect", [OPENAI, ANTHROPIC])
def test_images_stand_between_the_texts(dialect):
    prompt = Prompt("", ("a", "b", IMAGE, "", "c"), 4)
    content = dialect.body(prompt, dialect.full)["messages"][-1]["content"]
    assert [part["type"] for part in content[::2]] == ["text", "text"]
    assert [content[0]["text"], content[2]["text"]] == ["ab", "c"]
    data = base64.b64encode(IMAGE.data).decode()
    if dialect is OPENAI:
        assert content[1]["image_url"] == {"url": f"data:image/png;base64,{data}"}
    else:
        assert content[1]["source"] == {"type": "base64", "media_type": "image/png", "data": data}


def test_headers():
    secret = Secret("sk-planted")
    assert OPENAI.headers(secret) == {"Authorization": "Bearer sk-planted"}
    assert OPENAI.headers(None) == {}
    assert ANTHROPIC.headers(secret)["x-api-key"] == "sk-planted"
    assert "anthropic-version" in ANTHROPIC.headers(None)


def test_openai_reply():
    payload = chat_payload("Yes", "length", prompt_tokens=9, completion_tokens=1)
    payload["usage"]["prompt_tokens_details"] = {"cached_tokens": 4}
    top = [{"token": "Yes", "logprob": -0.1}, {"token": "No", "logprob": -2}, {"token": 3}]
    first = {"token": "yes", "logprob": -1.5, "top_logprobs": top}
    payload["choices"][0]["logprobs"] = {"content": [first, {"token": "!"}]}
    reply = OPENAI.read(payload)
    assert (reply.text, reply.finish, reply.usage) == ("Yes", "length", Usage(9, 1, 4))
    assert reply.logprobs == (("Yes", -0.1), ("yes", -1.5), ("No", -2.0))


def test_openai_refusals():
    payload = chat_payload(None)
    payload["choices"][0]["message"]["refusal"] = "I cannot"
    assert OPENAI.read(payload).finish == "refusal"
    assert OPENAI.read(payload).text == "I cannot"
    assert OPENAI.read(chat_payload("", "content_filter")).finish == "refusal"


@pytest.mark.parametrize("usage", [None, [], {"prompt_tokens": "9", "completion_tokens": -1}])
def test_nonsense_in_the_usage_counts_as_nothing(usage):
    assert OPENAI.read(chat_payload("A") | {"usage": usage}).usage == Usage()


def test_anthropic_reply():
    payload = {
        "content": [{"type": "thinking", "thinking": "x"}, {"type": "text", "text": "A"}, 3],
        "stop_reason": "max_tokens",
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 90, "output_tokens": 3},
    }
    reply = ANTHROPIC.read(payload)
    assert (reply.text, reply.finish, reply.usage) == ("A", "length", Usage(95, 3, 90))
    assert ANTHROPIC.read(payload | {"stop_reason": "refusal"}).finish == "refusal"
    assert ANTHROPIC.read(payload | {"stop_reason": ["odd"]}).finish == "stop"


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ([], "list"),
        (None, "NoneType"),
        ({"error": {"message": "CUDA out of memory", "code": 500}}, "CUDA"),
        ({"error": "plain"}, "plain"),
        ({"choices": []}, "no choices"),
        ({"choices": {"0": 1}}, "no choices"),
        ({"choices": ["text"]}, "without a message"),
        ({"choices": [{"message": "text"}]}, "without a message"),
        ({"choices": [{"message": {"content": 5}}]}, "int"),
        ({"choices": [{"message": {}, "error": {"message": "cut"}}]}, "cut"),
        ({"choices": [{"message": {}, "finish_reason": "error"}]}, "while it wrote"),
    ],
)
def test_a_body_that_is_no_answer(payload, text):
    with pytest.raises(BadBodyError, match=text):
        OPENAI.read(payload)


def test_an_error_inside_keeps_its_status():
    with pytest.raises(BadBodyError) as caught:
        OPENAI.read({"error": {"message": "slow down", "code": "429"}})
    assert caught.value.status == 429
    with pytest.raises(BadBodyError, match="overloaded") as caught:
        ANTHROPIC.read({"type": "error", "error": {"type": "overloaded_error"}})
    assert caught.value.status == 0
    with pytest.raises(BadBodyError, match="content"):
        ANTHROPIC.read({"content": "text"})


@pytest.mark.parametrize(
    ("dialect", "base", "url"),
    [
        (OPENAI, "http://localhost:8000", "http://localhost:8000/v1/chat/completions"),
        (OPENAI, "http://localhost:8000/v1/", "http://localhost:8000/v1/chat/completions"),
        (OPENAI, " http://h/v1/chat/completions ", "http://h/v1/chat/completions"),
        (OPENAI, "https://h/v1beta/openai/", "https://h/v1beta/openai/chat/completions"),
        (OPENAI, "https://h/d?api-version=1", "https://h/d/chat/completions?api-version=1"),
        (ANTHROPIC, "https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        (ANTHROPIC, "https://api.anthropic.com/v1", "https://api.anthropic.com/v1/messages"),
        (ANTHROPIC, "https://gw/anthropic/", "https://gw/anthropic/v1/messages"),
        (ANTHROPIC, "https://gw/v1/messages", "https://gw/v1/messages"),
    ],
)
def test_base_urls_as_people_write_them(dialect, base, url):
    assert dialect.url(base) == url


@pytest.mark.parametrize(
    ("base", "text"),
    [
        ("localhost:8000/v1", "no http"),
        ("ftp://host/v1", "scheme ftp"),
        ("http://", "no host"),
        ("http://host:port", "none"),
        ("http://[::1", "none"),
        ("http://a b/v1", "no host"),
        ("http://user:sk-planted@host/v1", "user name or password"),
        ("http://host/v1#x", "fragment"),
    ],
)
def test_base_urls_that_cannot_be(base, text):
    with pytest.raises(UsageError, match=text) as caught:
        request_url(base, "/chat/completions", version="/v1")
    assert "sk-planted" not in str(caught.value)


def test_a_capability_is_dropped_once():
    narrow = Capabilities().without("temperature")
    assert narrow == Capabilities(temperature=False)
    assert narrow.without("temperature") is None
    assert Capabilities().without("messages") is None
    assert Capabilities().without("top_logprobs") == Capabilities(logprobs=False)
    second = Capabilities().without("max_tokens")
    assert "max_completion_tokens" in second.to_facts().values()
    assert second.without("max_tokens") is None
    assert second.without("max_completion_tokens").token_field == ""


def test_capabilities_survive_json():
    some = replace(Capabilities(schema=False, max_logprobs=5).without("max_tokens"), images=False)
    assert Capabilities.from_facts(json.loads(json.dumps(some.to_facts()))) == some
    damaged = {"schema": "no", "images": False, "other": 1, "max_logprobs": True}
    assert Capabilities.from_facts(damaged) == Capabilities(images=False)


def key(request: Request, dialect=OPENAI, model="m") -> bytes:
    return question(dialect, model, request).key


def with_prompt(request: Request, **changes) -> Request:
    return replace(request, prompt=replace(request.prompt, **changes))


def test_the_key_changes_with_all_that_changes_the_answer():
    base = Request(replace(PROMPT, parts=("a", IMAGE)), "v-1", str)
    other_image = replace(IMAGE, digest="cd" * 32)
    properties = {"type": "object", "properties": dict(reversed(SCHEMA["properties"].items()))}
    variants = [
        base,
        replace(base, version="v-2"),
        replace(base, sample=1),
        with_prompt(base, parts=("a", other_image)),
        with_prompt(base, parts=(IMAGE, "a")),
        with_prompt(base, system="Other."),
        with_prompt(base, schema=properties),
        with_prompt(base, temperature=0.0),
        with_prompt(base, seed=None),
        with_prompt(base, max_tokens=41),
    ]
    keys = {key(variant) for variant in variants}
    keys |= {key(base, ANTHROPIC), key(base, model="other")}
    assert len(keys) == len(variants) + 2
    assert all(len(each) == 32 for each in keys)


def test_the_key_holds_nothing_else():
    base = Request(replace(PROMPT, parts=("a", IMAGE)), "v-1", str)
    # The digest stands for the bytes, which another release of Pillow may encode otherwise.
    same = with_prompt(base, parts=("a", replace(IMAGE, data=b"other", width=3)))
    assert key(same) == key(base)
    assert key(replace(base, divisible=True, tag="t", read=repr)) == key(base)
    assert key(with_prompt(base, parts=("a", "", IMAGE))) == key(base)


def test_the_body_of_the_key_is_sent_as_it_is():
    made = question(OPENAI, "m", ask("lone \ud800 surrogate"))
    assert json.loads(made.body)["messages"][-1]["content"] == "lone \ud800 surrogate"
    assert "häuser".encode() in question(OPENAI, "m", ask("häuser")).body
    assert question(OPENAI, "m", Request(Prompt("", (IMAGE,), 4), "v", str)).body is None


def test_anthropic_gets_no_counts_of_entries_which_it_refuses() -> None:
    array = {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}
    schema = {"type": "object", "properties": {"rows": array}}
    prompt = Prompt(system="", parts=("q",), max_tokens=5, schema=schema)
    sent = AnthropicDialect().body(prompt, AnthropicDialect.full)["output_config"]["format"]
    assert sent["schema"]["properties"]["rows"] == {"type": "array", "items": {"type": "string"}}
    assert array["maxItems"] == 2

"""What failed attempts mean, and how long is waited after them."""

import pytest

from genz.client.failures import FailureClass, classify
from genz.client.reading import one_line
from genz.client.retry import RetryPolicy

SENT = ("messages", "max_tokens", "temperature", "response_format", "json_schema", "top_logprobs")
CASES = [
    (307, "", "REDIRECT"),
    (401, "Incorrect API key provided", "AUTH"),
    (403, "Country not supported", "AUTH"),
    (400, "API key not valid. Please pass a valid API key.", "AUTH"),
    (402, "Insufficient Balance", "QUOTA"),
    (429, "You exceeded your current quota, please check your plan insufficient_quota", "QUOTA"),
    (429, "You exceeded your current quota. Please retry in 12.5s.", "RATE_LIMIT"),
    (400, "Your credit balance is too low to access the Anthropic API.", "QUOTA"),
    (429, "Rate limit reached for gpt-4o", "RATE_LIMIT"),
    (429, "Request too large for gpt-4o on tokens per min (TPM): Limit 30000", "CONTEXT"),
    (529, "overloaded_error", "RATE_LIMIT"),
    (404, "The model `x` does not exist model_not_found", "NOT_FOUND"),
    (404, "<html>404 page not found</html>", "NOT_FOUND"),
    (405, "Method Not Allowed", "NOT_FOUND"),
    (400, "Invalid model: mistral-9", "NOT_FOUND"),
    (400, "foo/bar is not a valid model ID", "NOT_FOUND"),
    (413, "request_too_large", "CONTEXT"),
    (400, "This model's maximum context length is 8192 tokens. context_length_exceeded", "CONTEXT"),
    (
        400,
        "'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum "
        "context length is 4096 tokens and your request has 2104 input tokens",
        "CONTEXT",
    ),
    (
        400,
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        "CONTEXT",
    ),
    (
        400,
        "request (3050 tokens) exceeds the available context size (2048 tokens) "
        "exceed_context_size_error",
        "CONTEXT",
    ),
    (400, "the input length exceeds the context length", "CONTEXT"),
    (400, "prompt is too long: 209384 tokens > 200000 maximum", "CONTEXT"),
    (
        400,
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
        "CONTEXT",
    ),
    (
        400,
        "The number of tokens to keep from the initial prompt is greater than the context length",
        "CONTEXT",
    ),
    (400, "The response was filtered content_filter", "REFUSED"),
    (400, "Output blocked by content filtering policy", "REFUSED"),
    (403, "Requires moderation on provider and your input was flagged", "REFUSED"),
    (400, "Unsupported parameter: 'max_tokens' is not supported with this model.", "max_tokens"),
    (
        400,
        "Unsupported value: 'temperature' does not support 0.0 with this model. "
        "Only the default (1) value is supported.",
        "temperature",
    ),
    (400, "`temperature` is deprecated for this model.", "temperature"),
    (400, "response_format.json_schema is not supported", "response_format"),
    (422, '[{"type": "extra_forbidden", "loc": ["body", "top_logprobs"]}]', "top_logprobs"),
    (500, "top_logprobs not implemented", "top_logprobs"),
    (400, "System role not supported", "system"),
    # Not sent, so dropping it would change nothing.
    (400, "Unsupported parameter: 'seed'", "BAD_REQUEST"),
    (500, "image input is not supported - hint: provide the mmproj", "BAD_REQUEST"),
    (400, "max_tokens is too large: 50000. This model supports at most 16384", "BAD_REQUEST"),
    (400, "messages: field required", "BAD_REQUEST"),
    (418, "", "BAD_REQUEST"),
    (408, "", "TRANSIENT"),
    (409, "", "TRANSIENT"),
    (425, "", "TRANSIENT"),
    (500, "Internal server error", "TRANSIENT"),
    (503, "", "TRANSIENT"),
    (599, "", "TRANSIENT"),
    (200, "", "BAD_BODY"),
    (101, "", "BAD_BODY"),
]


@pytest.mark.parametrize(("status", "text", "meaning"), CASES)
def test_classes(status, text, meaning):
    got, parameter = classify(status, text, sent=(*SENT, "system"))
    if meaning.islower():
        assert (got, parameter) == (FailureClass.UNSUPPORTED, meaning)
    else:
        assert (got, parameter) == (FailureClass[meaning], "")


def test_every_class_of_a_response_is_reached():
    found = {classify(status, text, sent=(*SENT, "system"))[0] for status, text, _ in CASES}
    assert set(FailureClass) - found == {FailureClass.LENGTH, FailureClass.INVALID}


def test_a_503_with_a_time_to_wait_is_a_rate_limit():
    assert classify(503, "", must_wait=True)[0] is FailureClass.RATE_LIMIT


def test_waits_double_up_to_their_bound():
    policy = RetryPolicy(first=0.5, longest=60.0)
    waits = [policy.wait(n, None, lambda: 0.0) for n in (1, 2, 3, 8, 10_000)]
    assert waits == [0.5, 1.0, 2.0, 60.0, 60.0]
    assert policy.wait(1, None, lambda: 1.0) == 0.625


def test_an_order_to_wait_is_obeyed_within_reason():
    policy = RetryPolicy(longest_order=900.0)
    assert policy.wait(1, 7.0, lambda: 0.0) == 7.0
    assert policy.wait(1, 1e9, lambda: 0.0) == 900.0
    assert policy.wait(3, 0.0, lambda: 0.0) == 2.0


def test_a_servers_text_becomes_one_short_line():
    assert one_line("a\n\tb\x1b[31m\u202e c") == "a b [31m c"
    assert len(one_line("x" * 10_000)) == 300

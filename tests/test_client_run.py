"""Logical requests end to end: store, retries, failure kinds, what is asked again."""

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web

from client_runs import KEY, QUICK, make_client, run, text_of
from genz.client.capabilities import Capabilities
from genz.client.dialects import OpenAIDialect
from genz.client.key import question
from genz.client.limiter import Slot
from genz.client.request import Answer, Failure, FailureKind
from genz.errors import AuthenticationError, QuotaError, UnreachableError
from genz.store import AnswerStore
from loopback import ask, chat_payload, completion, error, said, serve

WORDS = [f"word {n}" for n in range(40)]


async def shout(_, body):
    return completion(said(body).upper())


def go(path, handler, requests, *args, **options):
    return asyncio.run(run(path, handler, requests, *args, **options))


@pytest.fixture
def store(tmp_path):
    return tmp_path / "answers.sqlite"


def test_every_question_is_paid_once(store):
    first = go(store, shout, [ask(word) for word in WORDS + WORDS])
    assert first.values == {word: word.upper() for word in WORDS}
    assert len(first.bodies) == len(WORDS)
    assert (first.statistics.n_done, first.statistics.n_stored) == (80, 40)
    assert first.statistics.usage.total == 12 * 40
    second = go(store, shout, [ask(word) for word in WORDS])
    assert second.values == first.values
    assert not second.bodies
    assert all(outcome.stored for outcome in second.outcomes.values())


def test_samples_of_one_question_are_asked_apart(store):
    done = go(store, shout, [ask("one", sample=n) for n in range(3)])
    assert len(done.bodies) == 3


def test_an_answer_is_committed_before_it_is_used(store):
    async def main():
        seen = []

        def look(request, _):
            seen.append(opened.find(question(OpenAIDialect(), "m", request).key))
            return ()

        async with serve(shout) as url:
            with AnswerStore.open(store) as opened:
                async with make_client(opened, url) as client:
                    await client.run([ask(word) for word in WORDS], look)
        return seen

    payloads = asyncio.run(main())
    assert len(payloads) == len(WORDS)
    assert all(payloads)


def test_follow_ups_come_before_further_requests(store):
    order = []

    async def handler(_, body):
        order.append(said(body))
        return error(400, "prompt is too long") if "+" in said(body) else await shout(_, body)

    def split(request, outcome):
        if isinstance(outcome, Failure):
            return [ask(part) for part in text_of(request).split("+")]
        return ()

    done = go(store, handler, [ask("a+b"), ask("c+d"), ask("e")], split, n_workers=1)
    assert order == ["a+b", "a", "b", "c+d", "c", "d", "e"]
    assert done.outcomes["a+b"].kind is FailureKind.CONTEXT
    assert done.values["d"] == "D"


def test_follow_ups_of_the_last_request_are_asked_by_idle_workers(store):
    def split(request, _):
        return (
            [ask(f"{text_of(request)} {n}") for n in range(5)] if text_of(request) == "more" else ()
        )

    assert len(go(store, shout, [ask("more")], split, n_workers=8).values) == 6


def test_requests_are_pulled_as_they_are_needed(store):
    pulled = []

    def requests():
        for word in WORDS:
            pulled.append(word)
            yield ask(word)

    async def handler(_, body):
        assert len(pulled) <= len(handled) + 4
        return await shout(_, body)

    handled = []
    done = go(store, handler, requests(), lambda r, _: handled.append(r) or (), n_workers=4)
    assert len(done.values) == len(WORDS)


FAULTS = {
    "dropped": lambda request: request.transport.abort(),
    "500": lambda _: web.Response(status=500, text="<html>oops</html>"),
    "409": lambda _: error(409, "conflict"),
    "html": lambda _: web.Response(text="<html>welcome</html>", content_type="text/html"),
    "empty": lambda _: web.Response(status=204),
    "no choices": lambda _: web.json_response({"choices": []}),
    "error inside": lambda _: web.json_response({"error": {"message": "worker died"}}),
    "429": lambda _: error(429, "slow down", {"retry-after-ms": "10"}),
    "429 inside": lambda _: web.json_response({"error": {"message": "slow", "code": 429}}),
    "503": lambda _: error(503, "loading", {"retry-after": "0"}),
    "529": lambda _: error(529, "overloaded"),
    "not utf-8": lambda _: web.Response(body=b"\xff\xfe{", content_type="application/json"),
    "deep": lambda _: web.Response(body=b"[" * 100_000, content_type="application/json"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_passes_is_tried_again(store, fault):
    failed = set()

    async def handler(request, body):
        if said(body) not in failed and len(failed) < 5:
            failed.add(said(body))
            return FAULTS[fault](request) or web.Response()
        return await shout(request, body)

    done = go(store, handler, [ask(word) for word in WORDS[:12]])
    assert done.error is None
    assert done.values == {word: word.upper() for word in WORDS[:12]}
    assert len(done.bodies) == 17
    assert sum(done.statistics.n_retries.values()) == 5


def test_a_rate_limit_uses_up_no_attempts(store):
    refusals = iter(range(4))

    async def handler(_, body):
        if next(refusals, None) is not None:
            return error(429, "slow down", {"retry-after-ms": "5"})
        return await shout(_, body)

    done = go(store, handler, [ask("one")], policy=replace(QUICK, max_attempts=2))
    assert done.values == {"one": "ONE"}
    assert done.statistics.n_retries == {"rate limit": 4}


def one_bad(answer):
    """A server that answers all but the item `bad`."""

    async def handler(request, body):
        return answer(body) if said(body) == "bad" else await shout(request, body)

    return handler


@pytest.mark.parametrize(("status", "n_refused"), [(529, 0), (429, 6)])
def test_an_overloaded_server_is_not_paced_as_a_rate_limit(store, monkeypatch, status, n_refused):
    refused = []
    monkeypatch.setattr(Slot, "refused", lambda _, seconds: refused.append(seconds))
    overloads = iter(range(6))

    async def handler(_, body):
        if next(overloads, None) is not None:
            return error(status, "overloaded_error")
        return await shout(_, body)

    done = go(store, handler, [ask(word) for word in WORDS])
    assert done.values == {word: word.upper() for word in WORDS}
    assert done.statistics.n_retries == {"rate limit": 6}
    assert len(refused) == n_refused


PERMANENT = [
    (lambda _: error(400, "prompt is too long: 9 > 8"), FailureKind.CONTEXT, 1),
    (lambda _: error(400, "content_filter"), FailureKind.REFUSED, 1),
    (lambda _: completion("", "content_filter"), FailureKind.REFUSED, 1),
    (lambda _: error(400, "messages: bad"), FailureKind.BAD_REQUEST, 1),
    (lambda _: completion("CUT", "length"), FailureKind.LENGTH, 2),
    (lambda _: completion("lower"), FailureKind.INVALID, 2),
    (lambda _: error(500, "oops"), FailureKind.TRANSIENT, 4),
    (lambda _: web.json_response({"choices": []}), FailureKind.BAD_BODY, 4),
]


@pytest.mark.parametrize(("answer", "kind", "n"), PERMANENT)
def test_one_bad_item_costs_no_other(store, answer, kind, n):
    requests = [ask(word) for word in (*WORDS[:5], "bad", *WORDS[5:10])]
    done = go(store, one_bad(answer), requests, n_workers=2)
    assert done.error is None
    assert done.values == {word: word.upper() for word in WORDS[:10]} | {"bad": kind}
    assert sum(said(body) == "bad" for body in done.bodies) == n
    assert done.statistics.n_failed == {kind: 1}
    # Noted, it replays offline as it was, and is no answer.
    replay = go(store, shout, [ask("bad")], offline=True)
    assert replay.outcomes["bad"] == done.outcomes["bad"]
    again = go(store, shout, [ask("bad")])
    assert again.values == {"bad": "BAD"}


def test_a_noted_failure_is_taken_where_the_asker_can_split(store):
    go(store, one_bad(PERMANENT[0][0]), [ask("fine"), ask("bad")])
    done = go(store, shout, [ask("bad", divisible=True)])
    assert (done.values, done.bodies) == ({"bad": FailureKind.CONTEXT}, [])


def test_a_noted_transient_failure_is_asked_again_unless_it_was_split(store):
    go(store, one_bad(lambda _: error(500, "oops")), [ask("fine"), ask("bad")], n_workers=1)
    done = go(store, shout, [ask("bad", divisible=True)])
    assert done.values == {"bad": FailureKind.TRANSIENT}
    assert not done.bodies
    assert go(store, shout, [ask("bad")]).values == {"bad": "BAD"}


def test_a_cut_off_answer_gets_more_tokens_once(store):
    async def handler(_, body):
        return completion("LONG", "length" if body["max_tokens"] < 256 else "stop")

    done = go(store, handler, [ask("one")])
    assert done.values == {"one": "LONG"}
    assert [body["max_tokens"] for body in done.bodies] == [5, 256]
    # Stored under the question as it was asked first.
    assert not go(store, handler, [ask("one")]).bodies


def test_a_limit_that_cannot_grow_is_no_bad_request(store):
    def answer(body):
        if body["max_tokens"] > 5:
            return error(400, "max_tokens is too large, at most 16 output tokens")
        return completion("CUT", "length")

    assert go(store, one_bad(answer), [ask("a"), ask("bad")]).values["bad"] is FailureKind.LENGTH


def test_a_judgment_by_its_first_token_is_never_cut_off(store):
    payload = chat_payload("YES", "length")
    payload["choices"][0]["logprobs"] = {"content": [{"token": "YES", "logprob": -0.1}]}

    async def handler(_, __):
        return web.json_response(payload)

    done = go(store, handler, [ask("one", n_logprobs=5, max_tokens=1)])
    assert (done.values, len(done.bodies)) == ({"one": "YES"}, 1)
    assert done.outcomes["one"].reply.logprobs == (("YES", -0.1),)


def test_a_first_token_that_is_no_answer_gets_more_tokens(store):
    async def handler(_, body):
        is_short = body["max_tokens"] == 1
        payload = chat_payload("think" if is_short else "YES", "length" if is_short else "stop")
        payload["choices"][0]["logprobs"] = {"content": [{"token": "think", "logprob": -0.1}]}
        return web.json_response(payload)

    done = go(store, handler, [ask("one", n_logprobs=5, max_tokens=1)])
    assert done.values == {"one": "YES"}
    assert [body["max_tokens"] for body in done.bodies] == [1, 256]


def test_an_invalid_answer_is_asked_once_more_otherwise(store):
    async def handler(_, body):
        return completion("lower" if body.get("seed") == 3 else "UPPER")

    done = go(store, handler, [ask("one", seed=3)])
    assert done.values == {"one": "UPPER"}
    assert [(b["seed"], b["temperature"]) for b in done.bodies] == [(3, 0.0), (4, 0.3)]


def test_a_refused_parameter_is_dropped_for_good(store):
    async def handler(_, body):
        if "temperature" in body:
            return error(400, "Unsupported value: 'temperature' does not support 0.0")
        if "max_tokens" in body:
            return error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.")
        return await shout(_, body)

    done = go(store, handler, [ask(word) for word in WORDS[:20]])
    assert len(done.values) == 20
    assert done.error is None
    assert set(done.bodies[-1]) == {"model", "messages", "max_completion_tokens"}
    # What one endpoint refuses is not part of the question.
    assert not go(store, shout, [ask(word) for word in WORDS[:20]]).bodies


def test_what_was_dropped_is_known_to_the_next_client(store):
    async def handler(_, body):
        if "temperature" in body:
            return error(400, "`temperature` is deprecated for this model.")
        return await shout(_, body)

    async def main():
        async with serve(handler) as url:
            with AnswerStore.open(store) as opened:
                async with make_client(opened, url) as client:
                    assert isinstance(await client.ask(ask("one")), Answer)
                    assert client.capabilities == Capabilities(temperature=False)
                async with make_client(opened, url) as client:
                    assert client.capabilities == Capabilities(temperature=False)
                    assert (await client.ask(ask("one"))).stored
                    await client.ask(ask("two"))
                    assert client.statistics.n_asked == 1

    asyncio.run(main())


def test_a_parameter_that_was_taken_before_is_not_dropped_for_one_item(store):
    def answer(_):
        return error(400, "cannot parse: 'the temperature is not supported'")

    requests = [ask(word) for word in ("a", "bad", "c")]
    done = go(store, one_bad(answer), requests, n_workers=1)
    assert done.values == {"a": "A", "bad": FailureKind.BAD_REQUEST, "c": "C"}
    assert all("temperature" in body for body in done.bodies)


def test_a_model_that_thinks_first_is_not_asked_everything_twice(store):
    async def handler(_, body):
        return completion("LONG", "length" if body["max_tokens"] < 256 else "stop")

    done = go(store, handler, [ask(word) for word in WORDS], n_workers=1)
    assert len(done.values) == len(WORDS)
    assert len(done.bodies) == len(WORDS) + 3


def test_a_parameter_that_cannot_be_dropped_is_a_bad_request(store):
    def answer(_):
        return error(400, "max_completion_tokens is not supported")

    capabilities = Capabilities().without("max_tokens")
    done = go(store, one_bad(answer), [ask("a"), ask("bad")], capabilities=capabilities)
    # It was dropped, and is refused all the same.
    assert done.values["bad"] is FailureKind.BAD_REQUEST


def test_a_stored_payload_that_is_no_answer_is_asked_again(store):
    go(store, shout, [ask("one")])
    strict = replace(ask("one"), read=lambda reply: ask("x").read(replace(reply, text="lower")))
    done = go(store, shout, [strict])
    assert len(done.bodies) == 2
    assert done.values == {"one": FailureKind.INVALID}


@pytest.mark.parametrize(
    ("answer", "raised", "text"),
    [
        (lambda: error(401, f"Incorrect API key: {KEY}"), AuthenticationError, "key"),
        (lambda: error(429, "x", code="insufficient_quota"), QuotaError, "quota or credit"),
        (lambda: error(402, "pay"), QuotaError, "goes on"),
        (lambda: error(404, "no such model"), UnreachableError, "base URL"),
        (lambda: web.Response(status=404, text="<html>"), UnreachableError, "/v1"),
        (
            lambda: web.Response(status=308, headers={"Location": "https://u:p@there/v1?k=1"}),
            UnreachableError,
            "to there",
        ),
    ],
)
def test_what_stops_a_run(store, answer, raised, text):
    async def handler(_, body):
        return await shout(_, body) if said(body) == "fine" else answer()

    done = go(store, handler, [ask("fine"), *(ask(word) for word in WORDS)], n_workers=4)
    assert type(done.error) is raised
    assert text in str(done.error)
    assert KEY not in str(done.error)
    assert len(done.bodies) <= 5


def test_one_question_that_is_forbidden_stops_nothing_and_all_that_are_do(store):
    bad = one_bad(lambda _: error(403, "filtered: insufficient funds, invalid api key"))
    done = go(store, bad, [ask("fine"), ask("bad"), ask("good")], n_workers=1)
    assert done.values == {"fine": "FINE", "bad": FailureKind.BAD_REQUEST, "good": "GOOD"}

    async def handler(_, body):
        if said(body) == "first":
            return await shout(_, body)
        return error(403, "no access to model m")

    words = [ask(f"word {n}") for n in range(60)]
    done = go(store, handler, [ask("first"), *words], n_workers=1)
    assert type(done.error) is AuthenticationError
    assert len(done.bodies) < 30


def test_no_key_reaches_the_store(store):
    async def echo(request, body):
        if said(body) == "bad":
            return error(400, f"bad header {request.headers['Authorization']}")
        return completion(f"THE {request.headers['Authorization']}".upper())

    async def parrot(request, body):
        payload = chat_payload("FINE") | {"echo": request.headers["Authorization"]}
        return web.json_response(payload) if said(body) == "fine" else await echo(request, body)

    done = go(store, parrot, [ask("fine"), ask("bad")], n_workers=1)
    assert done.values == {"fine": "FINE", "bad": FailureKind.BAD_REQUEST}
    assert KEY not in repr(done.outcomes)
    assert all(KEY.encode() not in file.read_bytes() for file in store.parent.iterdir())


def test_offline_needs_every_answer(store):
    go(store, shout, [ask("one")])
    done = go(store, shout, [ask("one"), ask("two")], offline=True, n_workers=1)
    assert done.values == {"one": "ONE"}
    assert isinstance(done.error, UnreachableError)
    assert "not in the store, 1 before it were" in str(done.error)
    assert not done.bodies


def test_the_observer_sees_the_end(store):
    seen = []
    done = go(store, shout, [ask(word) for word in WORDS], observer=lambda s: seen.append(s.n_done))
    assert seen[-1] == done.statistics.n_done == len(WORDS)

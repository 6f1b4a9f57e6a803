"""Headers of rate limits as servers write them, and as no server should."""

import datetime as dt
import email.utils
import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from genz.client.headers import Limits, read_duration, read_limits
from genz.client.limiter import Limiter, retry_after
from virtual_time import now, run


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1s", 1.0),
        ("1h2m3.5s", 3723.5),
        ("2m59.56s", 179.56),
        ("1d", 86400.0),
        ("1m30s500ms", 90.5),
        ("7", 7.0),
        (" 0.25 ", 0.25),
        ("", None),
        ("soon", None),
        ("-3s", None),
        ("1x", None),
        ("nan", None),
        ("inf", None),
        ("1_000", None),
        ("٣s", None),
        (None, None),
        ("9" * 400, None),
    ],
)
def test_durations(text: str | None, seconds: float | None) -> None:
    found = read_duration(text)
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_moments_are_read_as_durations() -> None:
    in_a_minute = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    assert read_duration(in_a_minute.isoformat()) == pytest.approx(60, abs=2)
    assert read_duration(f"{in_a_minute:%Y-%m-%dT%H:%M:%SZ}") == pytest.approx(60, abs=2)
    assert read_duration(str(int(time.time()) + 60)) == pytest.approx(60, abs=2)
    assert read_duration(str(int(1000 * (time.time() + 60)))) == pytest.approx(60, abs=2)
    assert read_duration("2001-01-01T00:00:00Z") == 0.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "junk", "retry-after": "1"}, 1.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "later"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
    ],
)
def test_retry_after(headers: Mapping[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds
    assert retry_after(CIMultiDict(headers)) == seconds


def test_retry_after_by_a_date() -> None:
    date = email.utils.format_datetime(
        dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30), usegmt=True
    )
    assert retry_after({"Retry-After": date}) == pytest.approx(30, abs=2)


def test_openai_headers() -> None:
    headers = {
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-reset-requests": "6ms",
        "X-RateLimit-Limit-Tokens": "2000000",
        "X-RateLimit-Remaining-Tokens": "1999000",
        "X-RateLimit-Reset-Tokens": "30ms",
    }
    assert read_limits(headers) == (
        Limits(10_000, 9999, pytest.approx(0.006)),
        Limits(2_000_000, 1_999_000, pytest.approx(0.03)),
    )


def test_anthropic_headers() -> None:
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2001-01-01T00:00:00Z",
        "anthropic-ratelimit-input-tokens-limit": "50000",
        "anthropic-ratelimit-input-tokens-remaining": "40000",
        "anthropic-ratelimit-output-tokens-limit": "10000",
        "anthropic-ratelimit-output-tokens-remaining": "900",
    }
    found = read_limits(headers)
    assert found == (Limits(50, 49, 0.0), Limits(60_000, 900, None)), "the scarcest counts"
    found = read_limits({**headers, "anthropic-ratelimit-tokens-limit": "55000"})
    assert found is not None
    assert found[1].limit == 55_000


@pytest.mark.parametrize("value", ["0", "-1", "unlimited", "500, 500;w=60", "1e9", "", "\u00b2"])
def test_a_limit_that_is_none_is_ignored(value: str) -> None:
    found = read_limits({"x-ratelimit-limit-requests": value})
    assert found is not None
    assert found[0].limit is None


@given(
    headers=st.dictionaries(
        st.sampled_from(
            [
                f"{prefix}{name}"
                for prefix in ("x-ratelimit-", "anthropic-ratelimit-", "X-RateLimit-")
                for name in (
                    "limit-requests",
                    "remaining-tokens",
                    "reset-tokens",
                    "requests-limit",
                    "tokens-remaining",
                    "tokens-reset",
                    "",
                    "limit",
                )
            ]
        ),
        st.text(max_size=30)
        | st.sampled_from(["0", "1", "0.001", "999999999999999", "NaN", "2001-01-01", "1s"]),
    )
)
def test_no_headers_break_or_stop_a_run(headers: dict[str, str]) -> None:
    async def main() -> None:
        limiter = Limiter(clock=now)
        for _ in range(3):
            async with limiter.admit(10) as slot:
                slot.learn(headers)
                retry_after(headers)
                slot.succeeded(0.1)
        assert limiter.in_flight == 0

    run(main())


def test_looking_for_headers_that_are_not_there_costs_little() -> None:
    names = ["Date", "Content-Type", "Content-Length", "Connection", "Server", "Vary", "CF-Ray"]
    names += ["X-Request-Id", "OpenAI-Version", "OpenAI-Processing-Ms", "Alt-Svc", "Set-Cookie"]
    headers = CIMultiDict(dict.fromkeys(names, "some value"))

    async def main() -> float:
        limiter = Limiter()
        async with limiter.admit(1) as slot:
            best = 1.0
            for _ in range(20):
                begin = time.perf_counter()
                for _ in range(100):
                    slot.learn(headers)
                best = min(best, (time.perf_counter() - begin) / 100)
        return best

    assert run(main()) < 20e-6

"""What a reply's headers say about rates: limits, what is left of them, when to come again."""

import datetime as dt
import email.utils
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?", re.A)
_PART = r"(?:(\d{{1,9}}(?:\.\d{{1,9}})?){})?"
_DURATION = re.compile(
    "".join(_PART.format(unit) for unit in ("d", "h", "m(?!s)", "s", "ms")), re.A
)
_UNIT_SECONDS = (86400.0, 3600.0, 60.0, 1.0, 0.001)
_EPOCH = 1e9
"""A plain number above is a moment of the Unix clock, one below a duration in seconds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """One resource (requests or tokens): its limit a minute, what is left, seconds to its reset."""

    limit: float | None = None
    remaining: float | None = None
    reset: float | None = None


def read_limits(headers: Mapping[str, str]) -> tuple[Limits, Limits] | None:
    """Read the limits of requests and tokens; None if the headers say nothing of either.

    Understood are ``x-ratelimit-{limit,remaining,reset}-{requests,tokens}`` and
    ``anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}``;
    a value that cannot be read counts as absent.
    """
    found: dict[tuple[str, str], str] = {}
    for name, value in headers.items():
        # Most replies have none of these: nothing is to be paid for looking.
        lowered = name.lower()
        if "ratelimit" not in lowered:
            continue
        words = lowered.split("-", 2)
        if words[:2] == ["x", "ratelimit"] and len(words) == 3:
            aspect, _, resource = words[2].partition("-")
        elif words[:2] == ["anthropic", "ratelimit"] and len(words) == 3:
            resource, _, aspect = words[2].rpartition("-")
        else:
            continue
        found[resource, aspect] = value
    if not found:
        return None
    requests = _limits(found, "requests")
    return requests, _token_limits(found)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait that ``retry-after-ms`` or ``Retry-After`` (seconds or a date) asks for.

    None if there is neither, or none that can be read; 0 for a date that is over.
    """
    found = {
        name.lower(): value.strip()
        for name, value in headers.items()
        if name.lower() in ("retry-after", "retry-after-ms")
    }
    milliseconds = _number(found.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = found.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return _until(moment)


def read_duration(text: str | None) -> float | None:
    """Read ``6m0s``, ``20ms``, ``1.5`` (seconds), a Unix time or an RFC 3339 date as seconds."""
    text = (text or "").strip()
    number = _number(text)
    if number is not None:
        if number < _EPOCH:
            return number
        return max(0.0, (number if number < 1000 * _EPOCH else number / 1000) - time.time())
    match = _DURATION.fullmatch(text)
    if match is not None and text:
        parts = zip(match.groups(), _UNIT_SECONDS, strict=True)
        return sum(float(count) * seconds for count, seconds in parts if count)
    try:
        return _until(dt.datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _limits(found: Mapping[tuple[str, str], str], resource: str) -> Limits:
    return Limits(
        # A limit of nothing is how some gateways write that there is none.
        _number(found.get((resource, "limit"))) or None,
        _number(found.get((resource, "remaining"))),
        read_duration(found.get((resource, "reset"))),
    )


def _token_limits(found: Mapping[tuple[str, str], str]) -> Limits:
    """Limits of tokens; of separate ones for input and output, what holds for their sum."""
    both = _limits(found, "tokens")
    parts = [_limits(found, "input-tokens"), _limits(found, "output-tokens")]
    limits = [part.limit for part in parts if part.limit is not None]
    left = [part for part in (both, *parts) if part.remaining is not None]
    scarcest = min(left, key=lambda part: part.remaining or 0.0, default=both)
    limit = both.limit if both.limit is not None else sum(limits) or None
    return Limits(limit, scarcest.remaining, scarcest.reset)


def _number(text: str | None) -> float | None:
    text = (text or "").strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _until(moment: dt.datetime) -> float | None:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    seconds = moment.timestamp() - time.time()
    return max(0.0, seconds) if math.isfinite(seconds) else None

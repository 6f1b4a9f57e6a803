"""What a failed attempt means: one table, first match wins."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from genz.client.capabilities import PARAMETERS


class FailureClass(StrEnum):
    """What is to be done about an attempt that brought no answer."""

    AUTH = "authentication"
    QUOTA = "quota"
    NOT_FOUND = "not found"
    REDIRECT = "redirect"
    CONTEXT = "context length"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported parameter"
    BAD_REQUEST = "bad request"
    RATE_LIMIT = "rate limit"
    TRANSIENT = "transient failure"
    BAD_BODY = "bad body"
    LENGTH = "answer cut off"
    INVALID = "invalid answer"


@dataclass(frozen=True, slots=True)
class Rule:
    """Statuses and, where the status alone does not tell, words of the error's text."""

    statuses: range | frozenset[int]
    words: re.Pattern[str] | None
    meaning: FailureClass


def _rule(statuses: str, meaning: FailureClass, *words: str) -> Rule:
    """Read ``"400 422"`` or ``"500-599"``."""
    first, dash, last = statuses.partition("-")
    among = range(int(first), int(last) + 1) if dash else frozenset(map(int, statuses.split()))
    pattern = re.compile("|".join(words), re.IGNORECASE | re.DOTALL) if words else None
    return Rule(among, pattern, meaning)


RULES: tuple[Rule, ...] = (
    _rule("300-399", FailureClass.REDIRECT),
    _rule("402", FailureClass.QUOTA),
    # Gemini says "exceeded your current quota" of its limits per minute too, with a time to wait.
    _rule(
        "400 403 429",
        FailureClass.QUOTA,
        "insufficient_(user_)?quota",
        "exceeded your current quota(?!.*(retry in|retrydelay|per ?minute))",
        "credit balance is too low",
        "billing_(hard_limit|error|not_active)",
        "billing hard limit",
        "insufficient (credit|balance|funds)",
        "out of credits",
    ),
    # A request above the limit per minute itself never passes, however long one waits.
    _rule("429", FailureClass.CONTEXT, "request too large for", "rate_limit.*reduce the length"),
    _rule(
        "400 403 422 451",
        FailureClass.REFUSED,
        "content[_ ](filter|policy|management)",
        "responsibleaipolicy",
        "content filtering policy",
        "flagged",
        "requires moderation",
        "safety system",
    ),
    _rule("401 403 407", FailureClass.AUTH),
    _rule(
        "400", FailureClass.AUTH, "api[_ ]key (is )?(not valid|invalid)", "invalid[_ ]api[_ ]key"
    ),
    _rule("413", FailureClass.CONTEXT),
    _rule(
        "400 422 500",
        FailureClass.CONTEXT,
        "context_length_exceeded",
        "exceed_context_size",
        "(exceeds?|larger than|greater than|longer than) (the )?(available |maximum |model'?s )*"
        "(context|model length)",
        "maximum (context|model) length",
        "context (length|window|limit) (is )?exceeded",
        "exceeds? (the )?context",
        "exceed context limit",
        "prompt is too long",
        "input is too long",
        "input token count .*exceeds",
        "string_above_max_length",
        "reduce the length of the (messages|prompt|input)",
    ),
    _rule("404 405 410", FailureClass.NOT_FOUND),
    _rule(
        "400",
        FailureClass.NOT_FOUND,
        "model_not_found",
        "invalid model( name|:)",
        "not a valid model",
        "model \\S+ (not found|does not exist)",
    ),
    _rule(
        "400 415 422 500 501",
        FailureClass.UNSUPPORTED,
        "unsupported",
        "(not|n't) (currently )?(be )?(support|permit|allow|implement)",
        "deprecated",
        "only (the default|1)",
        "extra (inputs|fields)",
        "(unknown|unrecognized|unexpected|invalid) (name|field|parameter|keyword|request argument)",
        "extra_forbidden",
    ),
    _rule("429 529", FailureClass.RATE_LIMIT),
    _rule("408 409 425", FailureClass.TRANSIENT),
    _rule("500-599", FailureClass.TRANSIENT),
    _rule("400-499", FailureClass.BAD_REQUEST),
)

_IMAGES = re.compile(r"\bimages?(_url| input)?\b|multi-?modal|vision", re.IGNORECASE)


def classify(
    status: int, text: str, *, sent: Iterable[str] = (), must_wait: bool = False
) -> tuple[FailureClass, str]:
    """Say what a response that is no answer means, and which parameter it refuses.

    Parameters
    ----------
    status : int
        Of the response, or of the error inside of a payload; 200 for any other bad body.
    text : str
        What the server said: message, type and code.
    sent : iterable of str
        Names of the parameters of the request's body; only one that was sent can be refused.
    must_wait : bool
        The response has a Retry-After: a 503 with one is a rate limit.

    Returns
    -------
    FailureClass
    str
        The refused parameter, for `FailureClass.UNSUPPORTED` only.
    """
    if status == 503 and must_wait:
        return FailureClass.RATE_LIMIT, ""
    for rule in RULES:
        if status not in rule.statuses or (rule.words and not rule.words.search(text)):
            continue
        if rule.meaning is not FailureClass.UNSUPPORTED:
            return rule.meaning, ""
        if parameter := _parameter(text, sent):
            return FailureClass.UNSUPPORTED, parameter
        if _IMAGES.search(text):
            return FailureClass.BAD_REQUEST, ""
    return FailureClass.BAD_BODY, ""


def _parameter(text: str, sent: Iterable[str]) -> str:
    """The sent parameter that the text names first; its advice names others after it."""
    names = sorted(PARAMETERS.intersection(sent), key=len, reverse=True)
    if "system" in names and re.search(
        r"system (role|message|prompt)|role.{0,12}system", text, re.I
    ):
        return "system"
    names = [name for name in names if name != "system"]
    found = re.search(rf"\b({'|'.join(names)})\b", text) if names else None
    return found[1] if found else ""

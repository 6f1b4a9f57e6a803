"""Everything that can go wrong between a client and an endpoint, by rate."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Final

from genz.errors import UsageError
from genz.testing.draws import digest, stream, uniform

STATUSES: Final = {
    "bad_gateway": 502,
    "bad_request": 400,
    "conflict": 409,
    "context_length": 400,
    "forbidden": 403,
    "not_found": 404,
    "overloaded": 529,
    "payment_required": 402,
    "quota": 429,
    "rate_limit": 429,
    "rate_limit_date": 429,
    "rate_limit_ms": 429,
    "rate_limit_seconds": 429,
    "redirect": 307,
    "request_timeout": 408,
    "server_error": 500,
    "too_early": 425,
    "unauthorized": 401,
    "unavailable": 503,
}
CONNECTION: Final = ("hang", "reset", "reset_body", "trickle", "truncated_body")
BODY: Final = (
    "cut_json",
    "empty_choices",
    "error_in_body",
    "gzip",
    "html_page",
    "huge_body",
    "invalid_json",
    "no_usage",
    "null_content",
    "refusal_field",
)
ANSWER: Final = (
    "cut_answer",
    "duplicated_ids",
    "foreign_ids",
    "markdown_fence",
    "missing_items",
    "prose",
    "refusal_text",
    "wrong_labels",
)
HARMLESS: Final = frozenset({"gzip", "markdown_fence", "no_usage", "prose", "trickle"})
"""Faults whose answer is whole: a careful client reads it and pays nothing more."""

UNTOLD: Final = frozenset(
    {
        "cut_json",
        "error_in_body",
        "hang",
        "html_page",
        "huge_body",
        "invalid_json",
        "no_usage",
        "reset",
        "reset_body",
        "truncated_body",
    }
)
"""Faults whose answer does not tell a client of its usage."""

ENDING: Final = frozenset({"unauthorized", "forbidden", "not_found", "payment_required", "quota"})
"""Faults that no repetition mends: a client should end the run."""


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Rates of faults; a request meets at most one, so that the rates sum to at most 1.

    Which fault a request meets depends on the server's seed, the body and how often that body
    came before. From its `n_faulty_attempts`-th repetition on a body meets none, so that a client
    that tries once more often always succeeds.

    Attributes
    ----------
    server_error, bad_gateway, unavailable, overloaded : float
        500, 502 (an HTML page, as gateways send), 503 with Retry-After, 529 (Anthropic's).
    request_timeout, conflict, too_early : float
        408, 409, 425.
    rate_limit, rate_limit_seconds, rate_limit_date, rate_limit_ms : float
        429 without Retry-After, with it in seconds, as a date, and as ``retry-after-ms``.
    quota, payment_required : float
        429 with the code ``insufficient_quota``; 402.
    unauthorized, forbidden, not_found : float
        401 whose text repeats the whole key that was sent, as some gateways do; 403; 404.
    bad_request, context_length : float
        400: a request that the endpoint does not understand; one that is too long for it, in the
        words of the vendor.
    redirect : float
        307 to another path of the server, which answers 404 and counts
        (`Statistics.n_redirects_followed`).
    reset, reset_body : float
        The connection is reset before the headers; after them, within the body.
    truncated_body : float
        The connection is closed before the announced length of the body was sent.
    hang : float
        Nothing comes for `hang_seconds`, then the connection is closed.
    trickle : float
        The body comes byte groups at a time over `trickle_seconds`; it is whole.
    error_in_body, empty_choices, null_content : float
        200 with an error object, with no choice (no content block), with null as content.
    html_page, invalid_json, cut_json : float
        200 with an HTML page, with JSON that Python writes and no standard allows (NaN, single
        quotes), with JSON that ends in the middle though the body has its announced length.
    gzip, huge_body, no_usage : float
        A compressed body; `huge_bytes` of white space before the answer; no usage object.
    cut_answer : float
        The answer ends in the middle: ``finish_reason: length`` (``stop_reason: max_tokens``).
    missing_items, duplicated_ids, foreign_ids, wrong_labels : float
        An item is left out, comes twice, has an id that was not asked for, or labels for one
        feature too few or too many.
    prose, markdown_fence : float
        The answer stands between sentences, or in a code fence.
    refusal_text, refusal_field : float
        The model declines, in words; in the ``refusal`` field (``stop_reason: refusal``).
    poison : mapping or callable, optional
        What always fails: from a part of an item's text to the name of a fault (mapping), or
        from an item's text to the name of a fault or None (callable). Every request that shows
        such an item meets that fault, however often it comes.
    n_faulty_attempts : int
        So many attempts of one body can meet a fault.
    retry_after, hang_seconds, trickle_seconds : float
        Seconds.
    huge_bytes : int
    """

    server_error: float = 0.0
    bad_gateway: float = 0.0
    unavailable: float = 0.0
    overloaded: float = 0.0
    request_timeout: float = 0.0
    conflict: float = 0.0
    too_early: float = 0.0
    rate_limit: float = 0.0
    rate_limit_seconds: float = 0.0
    rate_limit_date: float = 0.0
    rate_limit_ms: float = 0.0
    quota: float = 0.0
    payment_required: float = 0.0
    unauthorized: float = 0.0
    forbidden: float = 0.0
    not_found: float = 0.0
    bad_request: float = 0.0
    context_length: float = 0.0
    redirect: float = 0.0
    reset: float = 0.0
    reset_body: float = 0.0
    truncated_body: float = 0.0
    hang: float = 0.0
    trickle: float = 0.0
    error_in_body: float = 0.0
    empty_choices: float = 0.0
    null_content: float = 0.0
    html_page: float = 0.0
    invalid_json: float = 0.0
    cut_json: float = 0.0
    gzip: float = 0.0
    huge_body: float = 0.0
    no_usage: float = 0.0
    cut_answer: float = 0.0
    missing_items: float = 0.0
    duplicated_ids: float = 0.0
    foreign_ids: float = 0.0
    wrong_labels: float = 0.0
    prose: float = 0.0
    markdown_fence: float = 0.0
    refusal_text: float = 0.0
    refusal_field: float = 0.0
    poison: "Mapping[str, str] | Callable[[str], str | None] | None" = None
    n_faulty_attempts: int = 2
    retry_after: float = 0.05
    hang_seconds: float = 30.0
    trickle_seconds: float = 0.2
    huge_bytes: int = 64_000_000

    def __post_init__(self) -> None:
        rates = [getattr(self, name) for name in FAULT_NAMES]
        if min(rates) < 0 or sum(rates) > 1 + 1e-9:
            raise UsageError(
                f"the rates of faults sum to {sum(rates):.3g} and the least is {min(rates):.3g}, "
                "wanted rates of at least 0 that sum to at most 1"
            )
        for fault in self.poison.values() if isinstance(self.poison, Mapping) else ():
            _check_name(fault)

    @classmethod
    def spread(
        cls, rate: float, names: "Iterable[str] | None" = None, **options: object
    ) -> "Faults":
        """Share one rate among faults, by default all that a client can mend by asking again.

        Parameters
        ----------
        rate : float
            Share of the attempts that meet a fault, whichever.
        names : iterable of str, optional
            Names of faults.
        **options
            Other attributes.
        """
        chosen = MENDABLE if names is None else tuple(names)
        for name in chosen:
            _check_name(name)
        return cls(**{name: rate / len(chosen) for name in chosen}, **options)  # type: ignore[arg-type]


RATE_SETTINGS: Final = (
    "poison",
    "n_faulty_attempts",
    "retry_after",
    "hang_seconds",
    "trickle_seconds",
    "huge_bytes",
)
FAULT_NAMES: Final = tuple(f.name for f in fields(Faults) if f.name not in RATE_SETTINGS)
# Who is refused should rather ask another question than the same one again.
_LASTING: Final = ENDING | {
    "bad_request",
    "context_length",
    "redirect",
    "refusal_field",
    "refusal_text",
}
MENDABLE: Final = tuple(name for name in FAULT_NAMES if name not in _LASTING)


class FaultDraw:
    """Draws the fault of each request."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self._faults = faults
        self._stream = stream(seed, "fault")
        self._names = [name for name in FAULT_NAMES if getattr(faults, name) > 0]
        self._bounds = list(accumulate(getattr(faults, name) for name in self._names))

    def draw(self, body: int, attempt: int, items: Iterable[str]) -> str | None:
        """Return the name of the fault that this attempt (from 0) at a body meets, if any."""
        if self._faults.poison is not None:
            for item in items:
                if (fault := self._poison_of(item)) is not None:
                    return fault
        if not self._names or attempt >= self._faults.n_faulty_attempts:
            return None
        ix = bisect_right(self._bounds, uniform(body ^ digest(str(attempt)), self._stream))
        return self._names[ix] if ix < len(self._names) else None

    def _poison_of(self, item: str) -> str | None:
        poison = self._faults.poison
        if isinstance(poison, Mapping):
            return next((fault for part, fault in poison.items() if part in item), None)
        fault = None if poison is None else poison(item)
        return fault if fault is None else _check_name(fault)


def _check_name(fault: str) -> str:
    if fault not in FAULT_NAMES:
        raise UsageError(f"{fault!r} is no fault, wanted one of {', '.join(FAULT_NAMES)}")
    return fault

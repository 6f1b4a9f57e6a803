"""All limits of rate on one endpoint: the user's, those that headers tell, those measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from genz.client.bucket import Bucket
from genz.client.headers import Limits, read_limits
from genz.client.pacing import Pacing

_TRUST_AFTER = 60.0
"""Seconds after a refusal in which no header is believed that there is room for a burst."""


@dataclass(slots=True)
class Charge:
    """What one admitted request took.

    Attributes
    ----------
    estimated : int
        Tokens that were announced.
    tokens : float
        Tokens that were taken: those expected, from how estimates fared so far.
    serial : int
        The how-manieth admitted request it is, from 1.
    tokens_before : float
        Tokens taken in all up to and with it.
    at : float
        When it was admitted.
    settled : int or None
        Tokens it really used.
    """

    estimated: int
    tokens: float = 0.0
    serial: int = 0
    tokens_before: float = 0.0
    at: float = 0.0
    settled: int | None = None


class Rates:
    """Buckets of requests and of tokens; `rpm` and `tpm` as in `Limiter`."""

    def __init__(self, rpm: int | None, tpm: int | None, now: float) -> None:
        self._given = rpm, tpm
        self._requests = Bucket(rpm, now) if rpm else None
        self._tokens = Bucket(tpm, now) if tpm else None
        self.pacing = Pacing(now)
        self.n_admitted = 0
        self._tokens_admitted = 0.0
        self._used_share = 1.0
        self._n_settled = 0
        self._trusted_from = now

    def delay(self, charge: Charge, now: float) -> tuple[float, Literal["requests", "tokens"]]:
        """Seconds until a request may go, and for which of its limits."""
        delay = 0.0
        for bucket in (self._requests, self.pacing.bucket):
            if bucket is not None:
                delay = max(delay, bucket.delay(1.0, now))
        if self._tokens is not None:
            wait = self._tokens.delay(charge.estimated * self._used_share, now)
            if wait > delay:
                return wait, "tokens"
        return delay, "requests"

    def take(self, charge: Charge, now: float) -> None:
        """Charge an admitted request."""
        self.n_admitted += 1
        charge.tokens = charge.estimated * self._used_share
        self._tokens_admitted += charge.tokens
        charge.serial, charge.tokens_before = self.n_admitted, self._tokens_admitted
        charge.at = now
        for bucket in (self._requests, self.pacing.bucket):
            if bucket is not None:
                bucket.take(1.0)
        if self._tokens is not None:
            self._tokens.take(charge.tokens)

    def settle(self, charge: Charge, used: int) -> None:
        """Charge what was really used, once; and expect of later requests accordingly."""
        if charge.settled is not None:
            return
        charge.settled = used
        self._correct(used - charge.tokens)
        if charge.estimated > 0:
            self._n_settled += 1
            share = min(used / charge.estimated, 4.0)
            self._used_share += (share - self._used_share) * max(0.02, 1 / (self._n_settled + 1))

    def give_back(self, charge: Charge) -> None:
        """Undo the charge of a request that was never sent."""
        for bucket in (self._requests, self.pacing.bucket):
            if bucket is not None:
                bucket.take(-1.0)
        self._correct(-charge.tokens)

    def _correct(self, tokens: float) -> None:
        self._tokens_admitted += tokens
        if self._tokens is not None:
            self._tokens.take(tokens)

    def learn(self, charge: Charge, headers: Mapping[str, str], now: float) -> float | None:
        """Follow the headers of the reply to a request.

        Returns
        -------
        float or None
            Seconds until what is used up is there again, if the headers say so.
        """
        limits = read_limits(headers)
        if limits is None:
            return None
        requests, tokens = limits
        has_room = now >= self._trusted_from
        self._requests = _adjusted(self._requests, self._given[0], requests, now)
        self._tokens = _adjusted(self._tokens, self._given[1], tokens, now)
        # The headers may date from the moment at which the server received the request: all that
        # was admitted since may be missing in them.
        if self._requests is not None and requests.remaining is not None:
            unseen = float(self.n_admitted - charge.serial)
            # The server may allow a burst, but a user who gave a limit for a minute means it.
            trusted = has_room and self._given[0] is None
            self._requests.see(requests.remaining, unseen, trusted=trusted)
        if self._tokens is not None and tokens.remaining is not None:
            unseen = self._tokens_admitted - charge.tokens_before + charge.tokens
            trusted = has_room and self._given[1] is None
            self._tokens.see(tokens.remaining, unseen, trusted=trusted)
        resets = [each.reset for each in limits if each.reset and each.remaining == 0]
        return min(resets, default=None)

    def refused(self, charge: Charge, now: float, *, is_first: bool) -> None:
        """Take the server's word, at the first refusal of an episode, that nothing is left."""
        self.pacing.refused(charge.serial, charge.at, now, is_first=is_first)
        if is_first:
            self._trusted_from = now + _TRUST_AFTER
            for bucket in (self._requests, self._tokens):
                if bucket is not None:
                    bucket.refill(now)
                    bucket.level = min(bucket.level, 0.0)


def _adjusted(bucket: Bucket | None, given: int | None, told: Limits, now: float) -> Bucket | None:
    """Take over the limit that headers tell, unless the user's is smaller."""
    if told.limit is None:
        return bucket
    limit = min(told.limit, given) if given else told.limit
    if bucket is None:
        return Bucket(limit, now)
    if bucket.per_minute != limit:
        bucket.set_limit(limit, now)
    return bucket

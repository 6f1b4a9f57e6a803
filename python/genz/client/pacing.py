"""A rate limit that nobody told, measured by what a server refuses."""

import math

from genz.client.bucket import SHARE, Bucket

_FIRST_CUT = 0.5
_CUT = 0.95
_STEP_REQUESTS = 100
_OUTGROWN = 1.5
_FIRST_STEP, _LAST_STEP = 0.05, 0.4
_IDLE_SECONDS = 5.0
_SURPRISES = 3
_MOST_REFUSED = 0.2
_FEW = 9
"""Fewer requests between two refusals tell a rate poorly, and not that it was kept."""
_RANDOM_REQUESTS, _MOST_RANDOM_REQUESTS = 1000, 64000
_LEAST_PER_MINUTE = 1.0


class Pacing:
    """The rate at which a server accepts requests, from one refusal to the next.

    When a server's bucket refuses it is empty; so what it accepts until it refuses again is what
    its limit adds in that time. From there the rate rises by steps that grow, each after 100
    requests, so that fewer than 1 % of all are refused. Refusals that come again and again though
    the measured rate is kept do not depend on the rate (an overloaded server refuses so): then
    there is nothing to be paced, until one in five requests is refused.

    Attributes
    ----------
    bucket : Bucket or None
        The measured limit; None while there is none.
    """

    def __init__(self, now: float) -> None:
        self.bucket: Bucket | None = None
        self._mark = 0
        self._mark_time = now
        self._is_measured = False
        self._measured_rate = 0.0
        self._step = _FIRST_STEP
        self._step_accepted = 0
        self._step_requests = _STEP_REQUESTS
        self._surprises = 0
        self._n_random = 0
        self._random_refusals = 0
        self._random_requests = _RANDOM_REQUESTS

    @property
    def is_random(self) -> bool:
        """Whether refusals were found not to depend on what is sent."""
        return self._n_random > 0

    def restart(self, serial: int, now: float, idle_since: float) -> None:
        """Begin to measure anew after a time with nothing to send: the server's bucket filled."""
        if now - idle_since > _IDLE_SECONDS:
            self._mark, self._mark_time, self._is_measured = serial, now, False

    def accepted(self, now: float) -> None:
        """Count a request that the server accepted."""
        if self._n_random:
            self._n_random -= 1
            if not self._n_random:
                self._random_requests = min(_MOST_RANDOM_REQUESTS, 4 * self._random_requests)
        if self.bucket is None:
            return
        self._step_accepted += 1
        if self._step_accepted >= self._step_requests:
            self._set_rate(self.bucket.rate * (1 + self._step), now)
            self._step = min(_LAST_STEP, 2 * self._step)
            self._step_accepted = 0

    def refused(self, serial: int, sent: float, now: float, *, is_first: bool) -> None:
        """Measure the limit by the first refusal of an episode.

        Parameters
        ----------
        serial : int
            Of the refused request, as they were admitted.
        sent, now : float
            When it was admitted, and the time.
        is_first : bool
            Whether it was admitted after the last episode had begun.
        """
        if self._n_random:
            self._random_refusals += 1
            n_asked = self._random_requests - self._n_random + self._random_refusals
            if self._random_refusals > 10 + _MOST_REFUSED * n_asked:
                self._n_random, self._random_requests = 0, _RANDOM_REQUESTS
        elif is_first:
            self._measure(serial - self._mark - 1, max(sent - self._mark_time, 1e-3), now)
        if serial > self._mark:
            self._mark, self._mark_time, self._is_measured = serial, sent, True

    def begin_at(self, moment: float, now: float) -> None:
        """Have nothing ready at the end of a pause: the first measured rate may be far too high."""
        if self.bucket is not None:
            self.bucket.refill(now)
            self.bucket.level = -self.bucket.rate * (moment - now)

    def _measure(self, n_accepted: int, seconds: float, now: float) -> None:
        rate = max(n_accepted, 0.5) / seconds
        is_reliable = n_accepted >= _FEW
        if self.bucket is not None and self._is_measured:
            if not is_reliable:
                rate = max(rate, 0.5 * min(self._measured_rate, self.bucket.rate))
            elif self.bucket.rate > _OUTGROWN * rate:
                # The server's bucket was full for a time in which it was asked for less.
                rate = math.sqrt(rate * self.bucket.rate)
        was_kept = self.bucket is not None and self.bucket.rate <= SHARE * self._measured_rate
        if not (self._is_measured and was_kept):
            self._surprises = 0
        elif is_reliable:
            self._surprises += 1
        if self._surprises >= _SURPRISES:
            self.bucket = None
            self._surprises = self._random_refusals = 0
            self._n_random = self._random_requests
        else:
            self._set_rate(rate * (_CUT if self._is_measured else _FIRST_CUT), now)
            self._measured_rate = rate
        self._step, self._step_accepted = _FIRST_STEP, 0
        self._step_requests = _STEP_REQUESTS if is_reliable else _STEP_REQUESTS // 2

    def _set_rate(self, rate: float, now: float) -> None:
        """Set the rate, in requests per second, that is really asked for."""
        per_minute = max(_LEAST_PER_MINUTE, 60 * rate / SHARE)
        if self.bucket is None:
            self.bucket = Bucket(per_minute, now)
        else:
            self.bucket.set_limit(per_minute, now)

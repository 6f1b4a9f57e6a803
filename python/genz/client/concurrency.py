"""How many requests may be in flight: found by what refusals and latencies say."""

import math

from genz.client.throughput import Sample, Throughput

_START = 8
_LEAST_GAIN = 0.12
"""Share of proportional growth of the throughput that more concurrency must bring."""
_KEPT = 0.93
"""Share of the throughput that must remain for less concurrency to be as good."""
_GROWN, _SHRUNK = 1.4, 0.75
_DECREASE = 0.7
_LEAST_PLATEAU = 2
"""Latency alone never shrinks below: a local server always has the next request at hand."""
_HOLD, _MAX_HOLD = 20, 320
_MOST_ERROR = 0.08
"""Squared error of a throughput that later ones may be compared with."""
_DOUBT = 0.4
"""Where noise hides the gain for long, so much of a proportional one (by logarithms) decides."""


class Concurrency:
    """Slow start, then additive growth and multiplicative decrease.

    It is judged in epochs: half as many requests, admitted and completed within the epoch, as may
    be in flight; more where their sizes differ. The limit grows after an epoch in which it was
    used. After it has grown by 40 % the throughput by Little's law (requests in flight over mean
    latency; of requests or of their tokens, whichever gained more, so that larger requests do not
    look like a slower server) must have grown as well; else the limit goes back, and further down
    for as long as nothing is lost. What was found is tried anew after 20 epochs, then 40, up to
    320: upwards, and from the maximum downwards.

    Attributes
    ----------
    limit : int
        Requests that may be in flight, from 1 to `maximum`.
    epoch : int
        Number of the present epoch, to be handed back with the outcome of what it admitted.
    """

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.limit = self._peak = min(_START, maximum)
        self.epoch = 0
        self._is_open = False
        self._sample = Sample()
        self._n_failed = 0
        self._slow_start_until = maximum
        self._reference: tuple[int, Throughput] | None = None
        self._descends = False
        self._hold = self._next_hold = _HOLD

    def succeeded(self, latency: float, tokens: float, epoch: int, in_flight: int) -> None:
        """Count a success: its latency in seconds, tokens and the requests then in flight."""
        if self._counts(epoch):
            self._sample.add(latency, tokens, in_flight, is_full=in_flight >= self.limit)
            self._judge()

    def failed(self, epoch: int) -> None:
        """Count a failure that was no refusal; where most requests fail, shrink."""
        if self._counts(epoch):
            self._n_failed += 1
            if self._n_failed > max(self._sample.n, self.limit, _START):
                self.refused()

    def refused(self) -> None:
        """Shrink, once for an episode of refusals."""
        self._peak = max(self._peak, self.limit)
        self.limit = self._slow_start_until = max(1, int(_DECREASE * self.limit))
        self._forget()

    def recover(self) -> None:
        """Return to where it was and may start: the refusals did not depend on concurrency."""
        self.limit = max(self._peak, self.limit)
        self._slow_start_until = self.maximum
        self._forget()

    def _forget(self) -> None:
        self._reference, self._descends, self._hold = None, False, 0
        self._next_epoch()

    def _next_epoch(self) -> None:
        self.epoch += 1
        self._is_open = False
        self._sample = Sample()
        self._n_failed = 0

    def _counts(self, epoch: int) -> bool:
        """Whether an outcome belongs to the present epoch, which the first one of all opens.

        What was admitted at once when the limit grew found the server's queue shorter than it will
        be: its latencies would promise a gain.
        """
        if not self._is_open:
            self.epoch += 1
            self._is_open = True
        return epoch == self.epoch

    def _judge(self) -> None:
        """Choose the next limit, at the end of an epoch."""
        sample = self._sample
        if sample.n < max(self.limit // 2, _START):
            return
        if 2 * sample.n_full >= sample.n:
            must_tell = sample.n >= 8 * max(self.limit, 8)
            now = sample.throughput()
            if self._reference is None:
                if now.error > _MOST_ERROR and not must_tell:
                    return
                self._reference = self.limit, now
                self._grow()
            elif not self._compare(now, *self._reference, must_tell=must_tell):
                return
        self._next_epoch()

    def _compare(
        self, now: Throughput, before_limit: int, before: Throughput, *, must_tell: bool
    ) -> bool:
        """Choose the next limit by comparison; False if more requests are needed to tell."""
        ratio = self.limit / before_limit
        if _SHRUNK < ratio < _GROWN:
            return self._stand(now, must_tell=must_tell)
        smaller, larger, error = now.gains(before)
        if ratio > 1:
            excess = larger - math.log1p(_LEAST_GAIN * (ratio - 1))
        else:
            excess = smaller - math.log(_KEPT)
        if abs(excess) > error:
            is_good = excess > 0
        elif must_tell:
            is_good = (larger if ratio > 1 else smaller) >= _DOUBT * math.log(ratio)
        else:
            return False
        if is_good:
            self._reference = self.limit, now
        else:
            self.limit = self._slow_start_until = before_limit
        if self._descends:
            self._descend() if is_good else self._stay()
        elif is_good:
            self._next_hold = _HOLD
            self._grow()
        else:
            self._descends = True
        return True

    def _stand(self, now: Throughput, *, must_tell: bool) -> bool:
        """Go on from a limit about as high as the one last compared with."""
        is_to_descend = self._descends or (not self._hold and self.limit == self.maximum)
        if is_to_descend:
            if now.error > _MOST_ERROR and not must_tell:
                return False
            self._reference = self.limit, now
            self._descend()
        elif self._hold:
            self._hold -= 1
        else:
            self._grow()
        return True

    def _grow(self) -> None:
        wanted = 2 * self.limit if self.limit < self._slow_start_until else self.limit + 1
        self.limit = min(wanted, self.maximum)
        if self.limit == self.maximum:
            self._hold = self._next_hold

    def _descend(self) -> None:
        lower = max(_LEAST_PLATEAU, int(_DECREASE * self.limit))
        if lower < self.limit:
            self.limit = lower
            self._descends = True
        else:
            self._stay()

    def _stay(self) -> None:
        self._descends = False
        self._hold = self._next_hold
        self._next_hold = min(_MAX_HOLD, 2 * self._next_hold)

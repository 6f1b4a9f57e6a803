"""A token bucket that stays below the one of the server."""

SHARE = 0.97
"""Share of a limit that is used: what arrives bunched by the network is not refused."""

BURST_SECONDS = 0.5
"""What may come at once. Servers that enforce a limit of a minute by the second accept it, and in
no minute more than the limit is taken."""

_TOLERANCE = 1e-6


class Bucket:
    """A limit per minute, refilled continuously.

    Attributes
    ----------
    level : float
        What may be taken now; below zero after one request of more than the whole bucket.
    """

    __slots__ = ("_largest", "_time", "capacity", "level", "per_minute", "rate")

    def __init__(self, per_minute: float, now: float) -> None:
        self._time = now
        self._largest = 0.0
        self.set_limit(per_minute, now)
        self.level = self.capacity

    def set_limit(self, per_minute: float, now: float) -> None:
        """Change the limit; what is in the bucket stays, up to what it holds now."""
        if hasattr(self, "level"):
            self.refill(now)
        self.per_minute = per_minute
        self.rate = SHARE * per_minute / 60
        self.capacity = max(1.0, BURST_SECONDS * self.rate)
        if hasattr(self, "level"):
            self.level = min(self.level, max(self.capacity, per_minute))

    def refill(self, now: float) -> None:
        """Add what time brought; time never adds beyond the capacity."""
        if now > self._time:
            if self.level < self.capacity:
                self.level = min(self.capacity, self.level + self.rate * (now - self._time))
            self._time = now

    def delay(self, amount: float, now: float) -> float:
        """Seconds until `amount` may be taken: all that a full bucket has, if it is more."""
        self.refill(now)
        missing = min(amount, self.capacity) - self.level
        return missing / self.rate if missing > _TOLERANCE * self.capacity else 0.0

    def take(self, amount: float) -> None:
        """Take `amount`, or give it back if it is negative: up to the limit of a minute."""
        self._largest = max(amount, 0.99 * self._largest)
        level = self.level - amount
        self.level = level if amount > 0 else min(level, max(self.level, self.per_minute))

    def see(self, remaining: float, unseen: float, *, trusted: bool) -> None:
        """Follow the server's own count of what is left.

        Parameters
        ----------
        remaining : float
            What the server said.
        unseen : float
            What was taken since the request went out whose reply said it: the server may not have
            counted that yet.
        trusted : bool
            Whether the server may be believed that more is left than is known here.
        """
        # A request of more than our bucket goes when ours is full; the server must have it all.
        left = min(remaining, SHARE * self.per_minute) - max(0.0, self._largest - self.capacity)
        self.level = min(self.level, left)
        if trusted:
            self.level = max(self.level, left - unseen)

"""The budget of request weight: how long to wait before a request may be sent. Pure; time is passed in.

The exchange counts weight per calendar minute and address (documentation of the REST API, "Limits"): the minute begins at
second zero, it does not slide. Every reply tells what has been used; that may include other programs behind our address.
`now_ms` is the time by which the exchange counts its minutes.
"""

from collections.abc import Iterable

from engine.binance.messages import RateLimit

MINUTE_MS = 60_000
#: Weight a minute before `exchangeInfo` has told it: the lowest the exchange ever had.
LIMIT_UNTIL_KNOWN = 1_200
#: Wait a little beyond the turn of the minute, for clocks that differ, in ms.
TURN_MARGIN_MS = 250


class Budget:
    """What may still be sent in this minute, and whether the exchange asked for a pause."""

    def __init__(self, percent: int = 80, limit: int = LIMIT_UNTIL_KNOWN) -> None:
        self._percent = percent
        self.limit = limit
        self._minute = -1
        self._used = 0
        self._paused_until_ms = 0.0
        self._banned = False

    def learn(self, limits: Iterable[RateLimit]) -> None:
        """Take the weight a minute from the exchange's own list; a list without it changes nothing."""
        for limit in limits:
            if limit.rate_limit_type == "REQUEST_WEIGHT" and limit.interval == "MINUTE" and limit.interval_num >= 1:
                self.limit = max(1, limit.limit // limit.interval_num)

    @property
    def allowance(self) -> int:
        """Weight a minute that we allow ourselves."""
        return max(1, self.limit * self._percent // 100)

    @property
    def used(self) -> int:
        """Weight used in the minute last looked at."""
        return self._used

    def acquire(self, weight: int, now_ms: float) -> float:
        """Take `weight` and return 0.0, or take nothing and return the seconds to wait before asking again.

        A single request heavier than the whole allowance is let through in a fresh minute, or it could never be sent.
        """
        pause_s = self.pause_s(now_ms)
        if pause_s > 0:
            return pause_s
        self._turn(now_ms)
        if self._used and self._used + weight > self.allowance:
            return (MINUTE_MS - now_ms % MINUTE_MS + TURN_MARGIN_MS) / 1e3
        self._used += weight
        return 0.0

    def seen(self, used: int, sent_ms: float, now_ms: float) -> None:
        """A reply to a request sent at `sent_ms` told the weight used; one from another minute says nothing of this one."""
        self._turn(now_ms)
        if sent_ms // MINUTE_MS == now_ms // MINUTE_MS:
            self._used = max(self._used, used)

    def pause(self, seconds: float, now_ms: float, *, banned: bool = False) -> None:
        """Send nothing for so long: the exchange asked for it."""
        self._paused_until_ms = max(self._paused_until_ms, now_ms + seconds * 1e3)
        self._banned = banned

    def pause_s(self, now_ms: float) -> float:
        """Seconds left of a pause that the exchange asked for; 0.0 when there is none."""
        return max(0.0, (self._paused_until_ms - now_ms) / 1e3)

    def banned(self, now_ms: float) -> bool:
        """Whether the pause that runs is a ban of our address."""
        return self._banned and self.pause_s(now_ms) > 0

    def _turn(self, now_ms: float) -> None:
        minute = int(now_ms // MINUTE_MS)
        if minute != self._minute:
            self._minute, self._used = minute, 0

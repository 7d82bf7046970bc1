"""Time, passed in: the wall of the exchange and the monotonic clock of this machine.

The engine lives on the exchange's time, which may be off by seconds from ours and, against a simulator, may also run
faster. `ExchangeClock` maps one to the other from a measured anchor and rate; nothing else in the product reads a clock
for decisions.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: First and last instant that a calendar of four-digit years can write, in ms since the epoch.
CALENDAR_MIN_MS = -62_135_596_800_000
CALENDAR_MAX_MS = 253_402_300_799_999


def iso_utc(time_ms: int) -> str:
    """The instant as ISO 8601 in UTC with milliseconds, as every JSON of the product writes it.

    What lies beyond the calendar, as a clock that is set to nonsense does, is written as its first or last instant.
    """
    time_ms = min(max(time_ms, CALENDAR_MIN_MS), CALENDAR_MAX_MS)
    return (_EPOCH + timedelta(milliseconds=time_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Clock(Protocol):
    """What decisions may ask of time."""

    def now_ms(self) -> int:
        """Exchange time in ms since the epoch, UTC."""

    def monotonic_s(self) -> float:
        """Monotonic seconds of this machine; only differences mean anything."""


class ExchangeClock:
    """Exchange time as a line through an anchor: `exchange_ms = anchor_ms + rate * elapsed real ms`."""

    def __init__(self) -> None:
        self._anchor_exchange_ms = time.time() * 1e3
        self._anchor_monotonic_s = time.monotonic()
        self.rate = 1.0

    def set(self, exchange_ms: float, monotonic_s: float, rate: float = 1.0) -> None:
        """Move the line: at `monotonic_s` the exchange's clock showed `exchange_ms` and ran `rate` times as fast."""
        self._anchor_exchange_ms = exchange_ms
        self._anchor_monotonic_s = monotonic_s
        self.rate = rate

    def now_ms(self) -> int:
        return int(self._anchor_exchange_ms + (time.monotonic() - self._anchor_monotonic_s) * 1e3 * self.rate)

    def monotonic_s(self) -> float:
        return time.monotonic()

    @property
    def offset_ms(self) -> float:
        """How far the exchange is ahead of this machine's wall clock."""
        return self.now_ms() - time.time() * 1e3


class VirtualClock:
    """A clock that stands still until it is told to move; for simulations and tests in virtual time."""

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = now_ms
        self._monotonic_s = 0.0

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def advance(self, ms: int) -> None:
        """Let `ms` milliseconds pass on both clocks."""
        self._now_ms += ms
        self._monotonic_s += ms / 1e3

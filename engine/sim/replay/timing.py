"""The exchange's time at each record, from the times that events carry and that the exchange told. Pure.

The exchange's clock runs evenly (a simulator's perhaps many times as fast), and what it tells arrives some time after it was
sent, never before. So its clock, seen over the recorder's steady clock, is the line that lies above all samples and as close to
them as it can: the edge of their upper hull that spans their mean (Moon, Skelly and Towsley, "Estimation and Removal of Clock
Skew from Network Delay Measurements", 1999).
"""

import math
from itertools import pairwise
from typing import NamedTuple

#: Samples closer together than this tell no rate, in microseconds.
SPAN_MIN_US = 1_000_000
#: While samples agree so well, in ms and as a share of their span, that the exchange's clock runs like ours, it does.
DOUBT_MS = 3_000.0
DOUBT_SHARE = 0.001
#: A simulator is not believed to be faster, nor slower than one over this.
RATE_MAX = 1e7


class Line(NamedTuple):
    """The exchange's time is `at_ms + (monotonic_us - origin_us) * rate / 1000`."""

    origin_us: int
    at_ms: float
    rate: float

    def exchange_ms(self, monotonic_us: int) -> float:
        """The exchange's time at an instant of the recorder's steady clock."""
        return self.at_ms + (monotonic_us - self.origin_us) * self.rate / 1e3


class Fit:
    """Takes samples of one run and gives its line; little memory, however many there are."""

    def __init__(self) -> None:
        self.count = 0
        self.first_us = self.last_us = 0
        self._first_ms = self._sum_us = 0.0
        self._least_ahead_ms, self._most_ahead_ms = math.inf, -math.inf
        #: The upper hull of all samples; whichever the slope, the highest line touches one of these.
        self._hull: list[tuple[int, float]] = []

    def sample(self, monotonic_us: int, exchange_ms: float) -> None:
        """The exchange's clock had passed `exchange_ms` at this instant."""
        if not self.count:
            self.first_us, self._first_ms = monotonic_us, exchange_ms
        self.count += 1
        self.last_us = monotonic_us
        self._sum_us += monotonic_us - self.first_us
        ahead_ms = exchange_ms - self._first_ms - (monotonic_us - self.first_us) / 1e3
        self._least_ahead_ms = min(self._least_ahead_ms, ahead_ms)
        self._most_ahead_ms = max(self._most_ahead_ms, ahead_ms)
        self._extend(monotonic_us, exchange_ms)

    def _extend(self, monotonic_us: int, exchange_ms: float) -> None:
        """Add the newest sample to the hull, and drop those that it overshadows (Andrew's monotone chain)."""
        hull = self._hull
        while len(hull) >= 2:
            (before_us, before_ms), (last_us, last_ms) = hull[-2:]
            if (last_ms - before_ms) * (monotonic_us - before_us) > (exchange_ms - before_ms) * (last_us - before_us):
                break
            hull.pop()
        hull.append((monotonic_us, exchange_ms))

    @property
    def rate(self) -> float | None:
        """How fast the exchange's clock runs; None while the samples do not tell."""
        span_us = self.last_us - self.first_us
        if span_us < SPAN_MIN_US:
            return None
        if self._most_ahead_ms - self._least_ahead_ms <= DOUBT_MS + DOUBT_SHARE * span_us / 1e3:
            return 1.0
        mean_us = self.first_us + self._sum_us / self.count
        for (before_us, before_ms), (after_us, after_ms) in pairwise(self._hull):
            if after_us >= mean_us > before_us:
                rate = (after_ms - before_ms) / (after_us - before_us) * 1e3
                return rate if 1 / RATE_MAX <= rate <= RATE_MAX else None
        return None

    def line(self, otherwise: float = 1.0) -> Line | None:
        """The line over all samples, with the rate `otherwise` when they do not tell one; None without samples."""
        if not self.count:
            return None
        rate = self.rate or otherwise
        at_ms = max(ms - (us - self.first_us) * rate / 1e3 for us, ms in self._hull)
        return Line(self.first_us, at_ms, rate)

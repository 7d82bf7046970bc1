"""Where the exchange's clock is and how fast it runs, from samples of its `time` endpoint. Pure.

A sample says: somewhere between our sending and our receiving, the exchange's clock showed `server_ms`. So two samples bound
the rate from both sides, and the bounds narrow with their distance. A real exchange runs at exactly 1; a simulator may
run 60 or 3,000 times as fast, or stand still. The rate is the roundest number within the bounds.
"""

from typing import NamedTuple

#: Rate of a clock that stands still: as good as nothing, but safe to divide by.
STILL = 1e-3
#: Resolution of the exchange's clock in ms.
TICK_MS = 1.0
#: Bounds wider than this, relative to the rate, deserve another sample soon.
WIDTH_MAX = 0.05
#: Samples further apart than this, in seconds, are not compared.
BASELINE_MAX_S = 300.0
#: Two machines' crystals differ by at most this share; a rate so close to a round number is that number.
CRYSTAL = 1e-4


class Sample(NamedTuple):
    """One answer of the exchange's clock, with our monotonic seconds around it."""

    server_ms: float
    sent_s: float
    received_s: float

    @property
    def middle_s(self) -> float:
        """The likeliest moment of the answer."""
        return (self.sent_s + self.received_s) / 2


class Line(NamedTuple):
    """At `monotonic_s` the exchange's clock shows `exchange_ms` and runs `rate` times as fast as ours."""

    exchange_ms: float
    monotonic_s: float
    rate: float

    def at(self, monotonic_s: float) -> float:
        """What the exchange's clock shows then, in ms."""
        return self.exchange_ms + (monotonic_s - self.monotonic_s) * 1e3 * self.rate


class Pace:
    """Follows the exchange's clock through samples; `line` is None until two samples have been seen."""

    def __init__(self) -> None:
        self._first: Sample | None = None
        self._low = 0.0
        self._high = float("inf")
        self.line: Line | None = None

    def sample(self, sample: Sample) -> Line | None:
        """Take in one more sample and return the line as it is now; None while there is only one sample."""
        if self._first is None:
            self._first = sample
            return None
        low, high = _bounds(self._first, sample)
        if self.line is not None and (low > self._high or high < self._low):
            # The clock was set, stopped or started: nothing from before holds any more.
            self._restart(sample)
            return None
        self._low, self._high = max(low, self._low), min(high, self._high)
        rate = _roundest(self._low * (1 - CRYSTAL), self._high * (1 + CRYSTAL))
        if sample.sent_s - self._first.received_s > BASELINE_MAX_S:
            self._first, self._low, self._high = sample, 0.0, float("inf")
        line = self.line
        if line is None or line.rate != rate or not _passes(line, sample):
            line = Line(sample.server_ms, sample.middle_s, rate)
        self.line = line
        return line

    @property
    def is_certain(self) -> bool:
        """Whether the rate is known well enough; if not, another sample soon is worth its price."""
        return self.line is not None and (self.line.rate in (1.0, STILL) or self._high - self._low <= WIDTH_MAX * self.line.rate)

    def nudge(self, event_ms: float, monotonic_s: float) -> Line | None:
        """An event carries a time that the line says has not come yet: the line is behind. Returns it moved, or None."""
        if self.line is None or event_ms <= self.line.at(monotonic_s):
            return None
        self.line = Line(event_ms, monotonic_s, self.line.rate)
        return self.line

    def _restart(self, sample: Sample) -> None:
        self._first = sample
        self._low, self._high = 0.0, float("inf")
        self.line = None


def _bounds(first: Sample, last: Sample) -> tuple[float, float]:
    shown_ms = last.server_ms - first.server_ms
    longest_ms = (last.received_s - first.sent_s) * 1e3
    shortest_ms = (last.sent_s - first.received_s) * 1e3
    low = max(0.0, (shown_ms - TICK_MS) / longest_ms) if longest_ms > 0 else 0.0
    high = max(0.0, (shown_ms + TICK_MS) / shortest_ms) if shortest_ms > 0 else float("inf")
    return low, high


def _roundest(low: float, high: float) -> float:
    """1 when the bounds allow it; still when they do; else the number of fewest digits between them."""
    if low <= 1.0 <= high:
        return 1.0
    if low == 0.0:
        return STILL
    if high == float("inf"):
        return low
    middle = (low + high) / 2
    for digits in range(-6, 7):
        rounded = round(middle, digits)
        if low <= rounded <= high and rounded > 0:
            return rounded
    return middle


def _passes(line: Line, sample: Sample) -> bool:
    """Whether the line shows the sample's time at some moment between its sending and receiving."""
    slack_ms = TICK_MS * max(1.0, line.rate)
    return line.at(sample.sent_s) - slack_ms <= sample.server_ms <= line.at(sample.received_s) + slack_ms

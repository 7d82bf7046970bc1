"""How far two clocks are apart, and how fast they part, from samples over an hour. Pure.

Each sample bounds the offset from both sides by the time the question took, so quick answers count and slow ones hardly. The
drift is told only when the samples are far enough apart for their bounds.
"""

from collections import deque
from typing import NamedTuple

from engine.feeds.pace import Sample

#: So many samples are kept, and no two closer than so many seconds: an hour of them.
SAMPLES = 60
SPACING_S = 60.0
#: A drift is told when it is known to this many parts per million; crystals differ by less than 100.
CERTAIN_PPM = 50.0


class Point(NamedTuple):
    """At `monotonic_s` the exchange was ahead by `offset_ms`, give or take `error_ms`."""

    monotonic_s: float
    offset_ms: float
    error_ms: float


class Drift:
    """The best sample of each minute, of the last hour."""

    def __init__(self) -> None:
        self._points: deque[Point] = deque(maxlen=SAMPLES)

    def sample(self, sample: Sample) -> None:
        """Take in one answer of the exchange's clock; within a minute the quickest counts."""
        offset_ms = sample.server_ms - sample.middle_s * 1e3
        point = Point(sample.middle_s, offset_ms, max(0.0, sample.received_s - sample.sent_s) * 500 + 1.0)
        if not self._points or point.monotonic_s - self._points[-1].monotonic_s >= SPACING_S:
            self._points.append(point)
        elif point.error_ms < self._points[-1].error_ms:
            self._points[-1] = point

    def restart(self) -> None:
        """The exchange's clock was set: nothing from before can be compared."""
        self._points.clear()

    @property
    def error_ms(self) -> float:
        """What the newest sample's offset may be wrong by."""
        return self._points[-1].error_ms if self._points else 0.0

    @property
    def ppm(self) -> float | None:
        """How much faster the exchange's clock runs, in parts per million; None while that is not certain."""
        if len(self._points) < 2:
            return None
        first, last = self._points[0], self._points[-1]
        span_s = last.monotonic_s - first.monotonic_s
        if (first.error_ms + last.error_ms) / span_s * 1e3 > CERTAIN_PPM:
            return None
        return (last.offset_ms - first.offset_ms) / span_s * 1e3

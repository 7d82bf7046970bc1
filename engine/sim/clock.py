"""The simulator's time: runs faster or slower than ours, may be held until somebody listens, and may have an end."""

import math
import time


class SimulatedClock:
    """Exchange time as a line through an anchor on this machine's monotonic clock; implements `engine.base.clock.Clock`."""

    def __init__(self, start_ms: int, *, speed: float = 1.0, until_ms: int | None = None, held: bool = False) -> None:
        self.start_ms = start_ms
        self.speed = speed
        self.until_ms = until_ms
        self._anchor_s: float | None = None if held else time.monotonic()

    @property
    def held(self) -> bool:
        """Whether time stands still at the start."""
        return self._anchor_s is None

    @property
    def ended(self) -> bool:
        """Whether time stands still at the end."""
        return self.until_ms is not None and self.now_ms() >= self.until_ms

    def release(self) -> None:
        """Let time begin to run; does nothing when it runs."""
        if self._anchor_s is None:
            self._anchor_s = time.monotonic()

    def now_ms(self) -> int:
        if self._anchor_s is None:
            return self.start_ms
        now_ms = self.start_ms + int((time.monotonic() - self._anchor_s) * 1e3 * self.speed)
        return now_ms if self.until_ms is None else min(now_ms, self.until_ms)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def real_s_until(self, time_ms: float) -> float:
        """Seconds on this machine until the exchange's clock shows `time_ms`; infinite while held or beyond the end."""
        if self._anchor_s is None or (self.until_ms is not None and time_ms > self.until_ms):
            return math.inf
        return max(0.0, self._anchor_s + (time_ms - self.start_ms) / 1e3 / self.speed - time.monotonic())

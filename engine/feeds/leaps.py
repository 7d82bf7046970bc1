"""What is certain when the exchange's clock is set: a leap forward is not believed at once. Pure.

Bars are closed by time only where nothing else tells; a clock that leaps forward by mistake, and back again a little later,
must not close one early. So the time by which things have certainly passed follows a leap only when it has lasted.
"""

#: A leap forward that lasts for so long, in real seconds, is a clock that was set right.
LASTING_S = 600.0


class Leaps:
    """By how much the exchange's clock has leapt ahead of what is certain."""

    def __init__(self) -> None:
        self._ahead_ms = 0.0
        self._since_s = 0.0

    def leapt(self, step_ms: float, now_s: float) -> None:
        """The clock was set forward, or back (negative)."""
        self._ahead_ms = max(0.0, self.ahead_ms(now_s) + step_ms)
        self._since_s = now_s

    def ahead_ms(self, now_s: float) -> float:
        """What to take off the time for it to be certain."""
        return self._ahead_ms if now_s - self._since_s < LASTING_S else 0.0

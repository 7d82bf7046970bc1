"""The soft limit: CPU time after which a filter is interrupted in its own code, by an exception it cannot catch.

CPU time, so that a busy machine punishes nobody. The timer fires again and again until it is disarmed, for a `finally` of
the filter may loop as well. Loops inside C functions are not interrupted; against those stands the wall-time limit of the
supervisor, who kills the process.
"""

import signal
from types import FrameType
from typing import Final

#: Pause between two firings, in seconds of CPU time.
_AGAIN_S: Final = 0.02


class DeadlinePassed(BaseException):
    """A filter used up its CPU time. Not an `Exception`, so that no `except` of a filter catches it."""


class Deadline:
    """The one timer of a worker; only for the main thread."""

    def __init__(self) -> None:
        self._armed = False
        signal.signal(signal.SIGPROF, self._passed)

    def arm(self, limit_ms: int) -> None:
        """From now on, `limit_ms` of CPU time may be used."""
        self._armed = True
        signal.setitimer(signal.ITIMER_PROF, limit_ms / 1e3, _AGAIN_S)

    def disarm(self) -> None:
        """Nothing will be interrupted any more."""
        self._armed = False
        signal.setitimer(signal.ITIMER_PROF, 0.0)

    def _passed(self, _number: int, _frame: FrameType | None) -> None:
        if self._armed:
            raise DeadlinePassed

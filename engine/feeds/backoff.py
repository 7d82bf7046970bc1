"""How long to wait before the next attempt, and how many attempts are allowed at all. Pure; time and chance are passed in."""

from collections import deque
from collections.abc import Callable, Iterable

#: Connection attempts per five minutes that the exchange allows one address is 300; some are left for other programs.
ATTEMPTS_MAX = 270
ATTEMPTS_WINDOW_S = 300.0
RECONNECT_FIRST_S = 0.5
RECONNECT_MAX_S = 60.0


def full_jitter_s(failures: int, chance: Callable[[], float], first_s: float, max_s: float) -> float:
    """A pause drawn evenly from 0 to `first_s` doubled with each failure, at most `max_s`.

    Full jitter spreads the clients of a server that comes back better than any fixed schedule (Brooker, "Exponential
    Backoff And Jitter", 2015). `chance` gives numbers in [0, 1).
    """
    ceiling_s = min(max_s, first_s * 2.0 ** min(failures, 30))
    return ceiling_s * chance()


class Attempts:
    """Counts attempts in a sliding window, over all connections of this engine.

    `note` is called with each attempt that is allowed, before it is made; it may write it down.
    """

    def __init__(
        self, most: int = ATTEMPTS_MAX, window_s: float = ATTEMPTS_WINDOW_S, note: Callable[[], None] | None = None
    ) -> None:
        self._most = most
        self._window_s = window_s
        self._note = note
        self._made: deque[float] = deque()

    def recall(self, ages_s: Iterable[float], now_s: float) -> None:
        """Count attempts that were made so many seconds ago, by a process before this one."""
        self._made = deque(sorted([*self._made, *(now_s - age_s for age_s in ages_s)]))

    def acquire(self, now_s: float) -> float:
        """Count an attempt and return 0.0, or count nothing and return the seconds until one is allowed."""
        if self.made(now_s) >= self._most:
            # More than allowed may be remembered: those that were made when the window was not known to be full.
            return self._made[-self._most] + self._window_s - now_s
        self._made.append(now_s)
        if self._note is not None:
            self._note()
        return 0.0

    def made(self, now_s: float) -> int:
        """How many attempts there were within the window."""
        while self._made and self._made[0] <= now_s - self._window_s:
            self._made.popleft()
        return len(self._made)

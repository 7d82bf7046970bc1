"""How long to wait before the next attempt, and how many attempts are allowed at all. Pure; time and chance are passed in."""

from collections import deque
from collections.abc import Callable

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
    """Counts attempts in a sliding window, over all connections of this engine."""

    def __init__(self, most: int = ATTEMPTS_MAX, window_s: float = ATTEMPTS_WINDOW_S) -> None:
        self._most = most
        self._window_s = window_s
        self._made: deque[float] = deque()

    def acquire(self, now_s: float) -> float:
        """Count an attempt and return 0.0, or count nothing and return the seconds until one is allowed."""
        while self._made and self._made[0] <= now_s - self._window_s:
            self._made.popleft()
        if len(self._made) >= self._most:
            return self._made[0] + self._window_s - now_s
        self._made.append(now_s)
        return 0.0

"""Which of several addresses of the same service to use: the preferred one while it works, else the next. Pure.

Knows nothing of requests and sockets. `now_s` is monotonic time.
"""

from collections.abc import Sequence

#: Failures in a row after which a host is left.
FAILURES_MAX = 3
#: After so long a host that was left is tried again, in seconds; each time in vain doubles it up to the most.
REST_S = 60.0
REST_MAX_S = 960.0


class Hosts:
    """Addresses in order of preference; at least one."""

    def __init__(self, urls: Sequence[str], failures_max: int = FAILURES_MAX) -> None:
        self.urls = tuple(dict.fromkeys(urls))
        if not self.urls:
            raise ValueError("no address is given")
        self._failures_max = failures_max
        self._failures = dict.fromkeys(self.urls, 0)
        self._rest_s = dict.fromkeys(self.urls, 0.0)
        self._left_until_s = dict.fromkeys(self.urls, float("-inf"))

    def current(self, now_s: float) -> str:
        """The first address that was not left; when all were, the one that was left longest ago."""
        for url in self.urls:
            if self._left_until_s[url] <= now_s:
                return url
        return min(self.urls, key=lambda url: self._left_until_s[url])

    def failed(self, url: str, now_s: float, *, leave: bool = False) -> None:
        """A use of this address failed; with `leave` it is of no use at all, and needs no second failure to be left.

        Failures of one that was left already (they were in flight) count no more.
        """
        if self._left_until_s[url] > now_s:
            return
        self._failures[url] += 1
        # One that was given another chance and fails again need not fail three times.
        if leave or self._failures[url] >= self._failures_max or self._rest_s[url]:
            self._failures[url] = 0
            self._rest_s[url] = min(REST_MAX_S, self._rest_s[url] * 2 or REST_S)
            self._left_until_s[url] = now_s + self._rest_s[url]

    def worked(self, url: str) -> None:
        """A use of this address succeeded."""
        self._failures[url] = 0
        self._rest_s[url] = 0.0
        self._left_until_s[url] = float("-inf")

"""What clients did, counted: by this the manners of a client are judged afterwards. Pure: times are passed in.

Only counts; what is allowed and what follows from too much is `limits`.
"""

from collections import Counter, deque
from typing import Final

FIVE_MINUTES_S: Final = 300.0
MINUTE_S: Final = 60
#: Requests that were under way when a pause was asked for are not held against the client.
UNDER_WAY_S: Final = 0.5


class Audit:
    """The counts of one simulator since it began."""

    def __init__(self) -> None:
        self.attempts = 0
        self.attempts_peak_5m = 0
        self.accepted = 0
        self.control_frames = 0
        self.control_frames_peak_1s = 0
        self.control_frame_largest_bytes = 0
        self.streams_peak = 0
        self.requests = 0
        self.requests_in_pause = 0
        self.klines_requests = 0
        self.klines_rows = 0
        self.weight_peak_1m = 0
        self.events_sent = 0
        self._weight = 0
        self._weight_minute = -1
        self._pause = (0.0, 0.0)
        self._replies: Counter[int] = Counter()
        self._attempt_times_s: deque[float] = deque()

    def attempt(self, now_s: float) -> None:
        """A socket was asked for, be it accepted or not."""
        self.attempts += 1
        times = self._attempt_times_s
        times.append(now_s)
        while times[0] <= now_s - FIVE_MINUTES_S:
            times.popleft()
        self.attempts_peak_5m = max(self.attempts_peak_5m, len(times))

    def control_frame(self, size_bytes: int, within_1s: int) -> None:
        """A client's message on a socket, the `within_1s`-th within a second there; pings and pongs count as well."""
        self.control_frames += 1
        self.control_frames_peak_1s = max(self.control_frames_peak_1s, within_1s)
        self.control_frame_largest_bytes = max(self.control_frame_largest_bytes, size_bytes)

    def request(self, used_weight: int, wall_s: float) -> None:
        """A request was weighed."""
        self.requests += 1
        self._weight, self._weight_minute = used_weight, int(wall_s // MINUTE_S)
        self.weight_peak_1m = max(self.weight_peak_1m, used_weight)
        begins_s, ends_s = self._pause
        if begins_s <= wall_s < ends_s:
            self.requests_in_pause += 1

    def reply(self, status: int, wall_s: float, retry_after_s: int = 0) -> None:
        """A request was answered; a client should be quiet for `retry_after_s` from here on."""
        self._replies[status] += 1
        if retry_after_s and wall_s >= self._pause[1]:
            self._pause = (wall_s + UNDER_WAY_S, wall_s + retry_after_s)

    def klines(self, rows: int) -> None:
        """A page of candles was served."""
        self.klines_requests += 1
        self.klines_rows += rows

    def told(self, wall_s: float, streams_by_socket: list[int]) -> dict[str, object]:
        """All counts; `streams_by_socket` are those of the sockets that are open."""
        return {
            "connections": {
                "open": len(streams_by_socket),
                "accepted": self.accepted,
                "attempts": self.attempts,
                "attempts_peak_5m": self.attempts_peak_5m,
            },
            "control_frames": {
                "total": self.control_frames,
                "peak_1s": self.control_frames_peak_1s,
                "largest_bytes": self.control_frame_largest_bytes,
            },
            "streams_peak": max([self.streams_peak, *streams_by_socket]),
            "subscriptions": sum(streams_by_socket),
            "events_sent": self.events_sent,
            "weight": {
                "used_1m": self._weight if self._weight_minute == int(wall_s // MINUTE_S) else 0,
                "peak_1m": self.weight_peak_1m,
            },
            "requests": {"total": self.requests, "in_pause": self.requests_in_pause},
            "replies": {str(status): count for status, count in sorted(self._replies.items())},
            "klines": {"requests": self.klines_requests, "rows": self.klines_rows},
        }

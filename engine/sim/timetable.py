"""What is due on which stream: pure, in simulated time.

Every close of a subscribed kline stream is due exactly once, in order, a little after the bar is over, as on the exchange;
updates of forming bars are due as often as the exchange sends them, but no more than twice in a real second.
"""

import heapq
import zlib
from collections import deque
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from engine.sim.streams import Stream

#: Measured on the exchange: final events came 69 to 2,395 ms after the bar was over.
LAG_MIN_MS: Final = 70
LAG_MAX_MS: Final = 2_400
#: A quarter of a bar at most, so that the shortest bars do not run into one another.
LAG_SHARE: Final = 4
#: Real time between two updates of one stream, whatever the speed.
UPDATE_REAL_MIN_MS: Final = 500


class Pace(NamedTuple):
    """How soon after a bar is over its close is told, at the latest, and how often forming bars are; 0: as the exchange does."""

    close_lag_ms: int = LAG_MAX_MS
    update_ms: int = 0


class Due(NamedTuple):
    """Something to be sent now: the close of the bar that opened at `open_ms`, or an update."""

    stream: Stream
    kind: Literal["close", "update"]
    open_ms: int = 0


@dataclass(slots=True)
class _Course:
    """One stream on the timetable; entries of an earlier course of the same name are void."""

    stream: Stream
    number: int
    open_ms: int = 0
    over_ms: int = 0


class Timetable:
    """Streams and their next events, in a heap."""

    def __init__(self, *, speed: float, seed: int, until_ms: int | None = None, pace: Pace | None = None) -> None:
        self._speed = speed
        self._pace = pace or Pace()
        self._seed = seed
        self._until_ms = until_ms
        self._courses: dict[str, _Course] = {}
        self._heap: list[tuple[int, int, str, str]] = []
        self._numbers = 0
        self._opened: deque[tuple[str, int, int]] = deque()

    def add(self, stream: Stream, now_ms: int) -> None:
        """Begin with the bar that forms now; the first update comes within one period."""
        self._numbers += 1
        course = self._courses[stream.name] = _Course(stream, self._numbers)
        period_ms = self.period_ms(stream)
        heapq.heappush(self._heap, (now_ms + 1 + self._random(stream.name) % period_ms, course.number, "update", stream.name))
        if stream.grid is not None:
            self._open(course, stream.grid.open_of(now_ms), now_ms)

    def remove(self, name: str) -> None:
        """Nothing more is due on this stream."""
        self._courses.pop(name, None)

    def next_ms(self) -> int | None:
        """When something is due next."""
        return self._heap[0][0] if self._heap else None

    def take(self, now_ms: int, at_most: int) -> list[Due]:
        """What is due by now, oldest first; call again when as much as asked for was returned."""
        due: list[Due] = []
        while self._heap and self._heap[0][0] <= now_ms and len(due) < at_most:
            due_ms, number, kind, name = heapq.heappop(self._heap)
            course = self._courses.get(name)
            if course is None or course.number != number:
                continue
            if kind == "close":
                due.append(Due(course.stream, "close", course.open_ms))
                self._open(course, course.over_ms, due_ms)
                continue
            # Between the end of a bar and its close nothing is sent, or the next bar would overtake it.
            if course.stream.grid is None or now_ms < course.over_ms:
                due.append(Due(course.stream, "update"))
            heapq.heappush(self._heap, (now_ms + self.period_ms(course.stream), number, "update", name))
        return due

    def opened(self) -> tuple[Stream, int] | None:
        """A stream and the bar it has turned to, each told once and oldest first, so that its close can be prepared."""
        while self._opened:
            name, number, open_ms = self._opened.popleft()
            course = self._courses.get(name)
            if course is not None and (course.number, course.open_ms) == (number, open_ms):
                return course.stream, open_ms
        return None

    def period_ms(self, stream: Stream) -> int:
        """Simulated time between updates: the exchange's, in real time when the simulator is slower than that."""
        update_ms = self._pace.update_ms if self._pace.update_ms and stream.kind == "kline" else stream.update_ms
        slowed_ms = update_ms * min(1.0, self._speed)
        return max(1, int(max(slowed_ms, UPDATE_REAL_MIN_MS * self._speed)))

    def _open(self, course: _Course, open_ms: int, not_before_ms: int) -> None:
        """Turn to the bar that opens at `open_ms`, and plan its close."""
        grid = course.stream.grid
        assert grid is not None
        course.open_ms, course.over_ms = open_ms, grid.next_open(open_ms)
        self._opened.append((course.stream.name, course.number, open_ms))
        lag_ms = self._lag_ms(course.stream.name, open_ms)
        close_ms = max(not_before_ms, course.over_ms + min(lag_ms, (course.over_ms - open_ms) // LAG_SHARE))
        if self._until_ms is not None and course.over_ms <= self._until_ms:
            # Time stops there; what is over by then is still told.
            close_ms = min(close_ms, self._until_ms)
        heapq.heappush(self._heap, (close_ms, course.number, "close", course.stream.name))

    def _lag_ms(self, name: str, open_ms: int) -> int:
        """Mostly short, seldom long; the same in every run."""
        chance = self._random(f"{name} {open_ms}") / 2**32
        least_ms = min(LAG_MIN_MS, self._pace.close_lag_ms)
        return int(least_ms * (self._pace.close_lag_ms / max(1, least_ms)) ** chance)

    def _random(self, text: str) -> int:
        return zlib.crc32(f"{self._seed} {text}".encode())

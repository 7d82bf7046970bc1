"""What has to be fetched: parts of history in the order of urgency, how much of it is left, and who waits for what. Pure.

Time is passed in. Not here: the requests themselves and when a part that failed is tried again.
"""

import heapq
import itertools
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from engine.binance.rest import KLINES_MAX
from engine.feeds.asks import Ask
from engine.feeds.needs import Slot

#: Rows asked for beyond those that are missing: a later row proves that the one before it has closed.
PROOF_ROWS = 1
#: So many newest pages tell how fast history comes.
PACE_PAGES = 64
REASON_LENGTH_MAX = 300


class Waiting(NamedTuple):
    """A series whose bars have failed to come."""

    symbol: str
    interval: str
    reason: str
    #: When they were asked for, in ms of the exchange's clock.
    since_ms: int


class Progress(NamedTuple):
    """How far history is: series that have theirs, of how many; rows received; weight used in this minute."""

    done: int
    total: int
    rows: int
    weight_used: int
    #: None when nothing can be said yet.
    seconds_left: float | None


@dataclass(slots=True, eq=False)
class Part:
    """One ask of one slot; `failures` counts the requests for it that failed in a row."""

    slot: Slot
    ask: Ask
    since_ms: int
    failures: int = 0
    #: Why the last request failed, and whether nothing but the way to the exchange was at fault.
    reason: str = ""
    is_away: bool = False
    hurried_s: float = float("-inf")

    @property
    def urgency(self) -> tuple[int, int]:
        """Repairs before history, history before what is older; short intervals first."""
        kind = 1 if self.ask.first else 2 if self.ask.older else 0
        return kind, self.slot.series.length_ms

    @property
    def is_history(self) -> bool:
        """Whether it is history that nobody has seen yet, not a repair."""
        return self.ask.first or self.ask.older

    @property
    def bars(self) -> int:
        """How many bars it is about."""
        return max(1, (self.ask.until_ms - self.ask.start_ms) // self.slot.series.length_ms + 1)

    @property
    def limit(self) -> int:
        """Rows of its next page: what is missing and one for proof; a first history goes on to the present, which moves."""
        return KLINES_MAX if self.ask.first else min(KLINES_MAX, self.bars + PROOF_ROWS)

    @property
    def pages(self) -> int:
        """How many pages it takes."""
        return -(-self.bars // KLINES_MAX)


class Pace:
    """How fast pages came lately."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque(maxlen=PACE_PAGES)

    def page(self, now_s: float) -> None:
        """A page has come."""
        self._times_s.append(now_s)

    def seconds_for(self, pages: int) -> float | None:
        """How long so many pages take at that pace; None before it is known."""
        if len(self._times_s) < 2:
            return None
        return pages * (self._times_s[-1] - self._times_s[0]) / (len(self._times_s) - 1)


class Parts:
    """All parts that are not done: queued, in flight, or put back."""

    def __init__(self) -> None:
        self._queue: list[tuple[tuple[int, int], int, Part]] = []
        self._order = itertools.count()
        self._open: set[Part] = set()
        #: Parts that have failed, in the order in which they did so first.
        self._failing: dict[Part, None] = {}
        self.pace = Pace()

    def add(self, slot: Slot, ask: Ask, now_ms: int) -> Part:
        """A new part; `push` it to have its turn."""
        part = Part(slot, ask, now_ms)
        self._open.add(part)
        return part

    def push(self, part: Part) -> None:
        """Queue it behind those that are as urgent."""
        heapq.heappush(self._queue, (part.urgency, next(self._order), part))

    def pop(self) -> Part | None:
        """The most urgent part, or None; parts of series that nobody needs any more are dropped."""
        while self._queue:
            part = heapq.heappop(self._queue)[2]
            if not part.slot.released:
                return part
            self.done(part, None)
        return None

    def done(self, part: Part, rest: Ask | None) -> None:
        """A page of it came, which leaves `rest` to ask for."""
        self._failing.pop(part, None)
        part.failures, part.reason = 0, ""
        if rest is None:
            self._open.discard(part)
        else:
            part.ask = rest

    def failed(self, part: Part, reason: str) -> None:
        """A request for it failed."""
        part.failures += 1
        part.reason = reason[:REASON_LENGTH_MAX]
        self._failing[part] = None

    def waiting(self, most: int, reason: str) -> list[Waiting]:
        """Up to `most` parts that wait because of a failure; for all that are not done, when `reason` holds everything up."""
        parts = self._open if reason else self._failing
        found = heapq.nsmallest(most, (part for part in parts if not part.slot.released), key=lambda part: part.since_ms)
        return [Waiting(part.slot.symbol, part.slot.interval, reason or part.reason, part.since_ms) for part in found]

    @property
    def failing(self) -> int:
        """How many parts wait because of a failure."""
        return len(self._failing)

    @property
    def pages_left(self) -> int:
        """Pages of history, not of repairs, that are still to come."""
        return sum(part.pages for part in self._open if part.is_history and not part.slot.released)

    @property
    def is_loading(self) -> bool:
        """Whether history is coming in; parts that fail do not count, as that may last for ever."""
        return any(part.is_history and part not in self._failing and not part.slot.released for part in self._open)

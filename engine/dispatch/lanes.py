"""Heavy filters: each in a lane of its own, given out in slices, when nothing light waits. Pure.

What many filters are asked together lasts as long as all of them; one that takes 50 ms a symbol would make every other wait
for 500 symbols of it. So a filter is measured, and from a certain cost on it is asked apart from the others, a slice at a
time: whoever is due meanwhile waits for the slices in hand and for nothing more. A filter that nobody has measured yet is
tried on one symbol, then on a few.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

from engine.dispatch.queue import Queue

#: Expected CPU time of one slice. One question always fits, so a filter slower than this has slices of one symbol.
SLICE_US: Final = 20_000.0
#: CPU time of one question from which a filter is heavy, and below which it is light again: 500 symbols of one that stays
#: just light take 50 ms of each of two workers.
HEAVY_FROM_US: Final = 200.0
LIGHT_BELOW_US: Final = 100.0
#: Symbols that a filter must have been asked about before its cost is trusted: the first ones find nothing in memory.
TRIAL_SYMBOLS: Final = 8
#: Beyond this nothing about the first symbols excuses it.
HEAVY_AT_ONCE_US: Final = 5_000.0
#: While it is on trial it is expected to take so much more.
TRIAL_FACTOR: Final = 10.0
#: Light work goes first, but a lane that was not served for so long gets one slice: it is late, never forgotten.
PATIENCE_S: Final = 1.0
#: Questions that may wait in one lane, and the CPU time they may be expected to take: a filter beyond both cannot keep up with
#: the market. A quick one only has much to catch up with.
WAITING_MAX: Final = 50_000
WAITING_CPU_US: Final = 300e6
#: For the sake of memory, however quick.
WAITING_EVER_MAX: Final = 1_000_000


def is_heavy(cost_us: float, asked: int, *, was_heavy: bool) -> bool:
    """Whether a filter of that cost, measured on so many symbols, is asked apart."""
    if cost_us >= HEAVY_AT_ONCE_US:
        return True
    if was_heavy:
        return cost_us >= LIGHT_BELOW_US
    return asked >= TRIAL_SYMBOLS and cost_us >= HEAVY_FROM_US


def is_too_much(waiting: int, cost_us: float) -> bool:
    """Whether a filter of that cost cannot be expected to answer so many questions."""
    return waiting > WAITING_EVER_MAX or (waiting > WAITING_MAX and waiting * cost_us > WAITING_CPU_US)


class Turn(NamedTuple):
    """A lane that may be served now, and with which symbols."""

    filter_id: int
    lane: Queue
    symbols: list[int]


class Lanes:
    """The queues of all heavy filters, served in turn; `busy` is shared by all queues of one dispatcher."""

    def __init__(self, busy: set[int]) -> None:
        self._busy = busy
        #: By filter id; the one that waits longest for its turn stands first.
        self._lanes: dict[int, Queue] = {}
        #: When a lane was served last, or when nothing waited.
        self._served_at = 0.0

    def __contains__(self, filter_id: int) -> bool:
        return filter_id in self._lanes

    def __len__(self) -> int:
        return len(self._lanes)

    def open(self, filter_id: int) -> Queue:
        """From now on this filter is asked apart."""
        return self._lanes.setdefault(filter_id, Queue(self._busy))

    def get(self, filter_id: int) -> Queue | None:
        """The lane of a heavy filter."""
        return self._lanes.get(filter_id)

    def close(self, filter_id: int) -> Queue | None:
        """It is not asked apart any more; returns its lane, if it had one."""
        return self._lanes.pop(filter_id, None)

    def ready(self, without: Collection[int], light: Queue | None) -> Turn | None:
        """Whose turn it is: the first lane in turn with a symbol that may be asked about now.

        Symbols that wait in the `light` queue as well are left to it: in the hands of a heavy filter they would be late.
        """
        for filter_id, lane in self._lanes.items():
            if not lane.size or filter_id in without:
                continue
            symbols = [symbol for symbol in lane.free() if light is None or not light.awaits(symbol)]
            if symbols:
                return Turn(filter_id, lane, symbols)
        return None

    def is_overdue(self, now: float) -> bool:
        """Whether lanes have waited for too long behind light work."""
        if not any(lane.size for lane in self._lanes.values()):
            self._served_at = now
        return now - self._served_at >= PATIENCE_S

    def served(self, filter_id: int, now: float) -> None:
        """It got its slice: the others come first."""
        self._served_at = now
        self._lanes[filter_id] = self._lanes.pop(filter_id)

"""What is worth a person's look although nothing stops for it: closed bars that were corrected, and prices that leapt. Pure.

All are counted; the last hundred of each kind are kept with their numbers, for whoever shows them. Not here: deciding that a
bar is corrected (`closes`), and writing log lines (`feed`), for which `news` hands each bar over once.
"""

from collections import deque
from typing import NamedTuple

from engine.base.types import Kline

#: How many of each kind are kept.
KEPT = 100


class Revision(NamedTuple):
    """One closed bar as it was stored and as the exchange has it now: the first price that differs, or else an amount."""

    symbol: str
    interval: str
    open_ms: int
    field: str
    old: float
    new: float
    #: How many of the nine numbers differ.
    fields: int

    def __str__(self) -> str:
        others = f" and {self.fields - 1} more" if self.fields > 1 else ""
        return f"{self.field}{others}: {self.old:.15g}, now {self.new:.15g}"


class Jump(NamedTuple):
    """A bar that closed much higher or lower than the one before it; both were stored as they came."""

    symbol: str
    interval: str
    open_ms: int
    before: float
    close: float

    def __str__(self) -> str:
        return f"close {self.before:.15g}, then {self.close:.15g} ({(self.close / self.before - 1) * 100:+.0f} %)"


#: Prices first: they are what people look at.
_LOOK_AT = ("close", "high", "low", "open", *Kline._fields[5:])


class Incidents:
    """The last revisions and jumps, oldest first, and how many there were."""

    def __init__(self) -> None:
        self.revisions: deque[Revision] = deque(maxlen=KEPT)
        self.jumps: deque[Jump] = deque(maxlen=KEPT)
        self.revised = 0
        self.jumped = 0
        self._news: deque[Revision | Jump] = deque(maxlen=KEPT)
        self._told: dict[tuple[str, str, int], None] = {}
        self._untold = 0

    def revise(self, symbol: str, interval: str, old: Kline, new: Kline) -> None:
        """A bar that was stored as closed has other numbers now."""
        self.revised += 1
        differ = [name for name in _LOOK_AT if getattr(old, name) != getattr(new, name)]
        field = differ[0]
        found = Revision(symbol, interval, new.open_time, field, getattr(old, field), getattr(new, field), len(differ))
        self.revisions.append(found)
        bar = found[:3]
        if bar not in self._told:
            self._told[bar] = None
            if len(self._told) > KEPT:
                del self._told[next(iter(self._told))]
            self._tell(found)

    def jump(self, symbol: str, interval: str, open_ms: int, before: float, close: float) -> None:
        """A close lies beyond the bound from the one before it."""
        self.jumped += 1
        found = Jump(symbol, interval, open_ms, before, close)
        self.jumps.append(found)
        self._tell(found)

    def _tell(self, found: Revision | Jump) -> None:
        if len(self._news) == KEPT:
            self._untold += 1
        self._news.append(found)

    def news(self, most: int) -> tuple[list[Revision | Jump], int]:
        """What happened since this was asked last, each bar once: at most so many, the newest, and how many more there were."""
        found = list(self._news)[-most:]
        more = self._untold + len(self._news) - len(found)
        self._news.clear()
        self._untold = 0
        return found, more

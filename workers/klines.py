"""What a filter sees of the market: `klines["5m"].close`, `.closed`, `.forming`, and the ticker. Read-only, made on first use.

Objects here are shared by all filters of a step, so nothing in them can be changed: arrays are read-only, the mapping of
intervals is a proxy, and the policy refuses assignment to attributes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from engine.base.types import DAY_MS
from workers.memory import Memory
from workers.picture import Picture
from workers.vocabulary import BAR_FIELDS


class Bars:
    """Bars of one symbol and interval, oldest first: one read-only array for each of `BAR_FIELDS`, all of `len(bars)`.

    `forming` tells whether the last bar is still forming; `closed` is the same bars without a forming one.
    """

    __slots__ = ("_closed_rows", "_lane", "_memory", "_picture", "_rows", "closed", "forming", *BAR_FIELDS)

    def __init__(self, memory: Memory, picture: Picture, lane: int, rows: int, closed_rows: int) -> None:
        self._memory = memory
        self._picture = picture
        self._lane = lane
        self._rows = rows
        self._closed_rows = closed_rows
        self.forming = rows != closed_rows

    def __len__(self) -> int:
        return self._rows

    def __repr__(self) -> str:
        return f"<{self._rows} bars>"

    def __getattr__(self, name: str) -> Any:
        """Called once a field, when its slot is still empty."""
        made: Any
        if name == "closed":
            if not self.forming:
                # Not kept: an object that holds itself would outlive its step until the next collection.
                return self
            made = Bars(self._memory, self._picture, self._lane, self._closed_rows, self._closed_rows)
        elif name == "open_time":
            made = self._picture.open_times[: self._rows, self._lane]
            made.flags.writeable = False
        elif name in self._picture.columns:
            made = self._memory.field(self._picture, name, self._lane, self._rows)
        else:
            raise AttributeError(f"bars have no {name}: they have {', '.join(BAR_FIELDS)}, closed and forming")
        setattr(self, name, made)
        return made


class _Intervals(dict[str, Bars]):
    """By interval; one that was not read as a constant was not known beforehand, so its bars are not there."""

    __slots__ = ()

    def __missing__(self, interval: object) -> Bars:
        raise LookupError(f'bars of {interval!r:.40} are not there: write the interval as a constant, klines["5m"]')


def intervals(bars: Mapping[str, Bars]) -> Mapping[str, Bars]:
    """The argument `klines` of a filter that reads these intervals."""
    return MappingProxyType(_Intervals(bars))


#: Fields of bars that a ticker is made of.
TICKER_FIELDS: Final = frozenset({"open", "high", "low", "close", "volume", "quote_volume"})


class Ticker:
    """The last 24 hours of one symbol, as of the instant asked about, from the bars of the shortest interval the filter reads.

    The bars are those that opened at or after `time - 24 h`, as far as the window of that interval reaches back, the
    forming bar included where there is one; at least the last bar there is. `last` is the close of the last one,
    `change_percent` the way from the first one's open to it, `high` and `low` their extremes, `volume` and `quote_volume`
    their sums. `time` is the instant asked about, ms since the epoch, UTC.
    """

    __slots__ = ("_bars", "change_percent", "high", "last", "low", "quote_volume", "symbol", "time", "volume")

    def __init__(self, symbol: str, time_ms: int, bars: Bars) -> None:
        self.symbol = symbol
        self.time = time_ms
        self._bars = bars

    def __repr__(self) -> str:
        return f"<ticker of {self.symbol}>"

    def __getattr__(self, name: str) -> Any:
        """Called when a number is asked for the first time; all are made then."""
        if name not in ("last", "change_percent", "high", "low", "volume", "quote_volume"):
            raise AttributeError(f"ticker has no {name}")
        bars = self._bars
        first = int(np.searchsorted(bars.open_time, self.time - DAY_MS))
        first = min(first, len(bars) - 1)
        opened = float(bars.open[first])
        self.last = float(bars.close[-1])
        self.change_percent = (self.last - opened) / opened * 100
        self.high = float(bars.high[first:].max())
        self.low = float(bars.low[first:].min())
        # Copied, so that the sum is added up in the order of a plain array, bit for bit.
        self.volume = float(bars.volume[first:].copy().sum())
        self.quote_volume = float(bars.quote_volume[first:].copy().sum())
        return getattr(self, name)

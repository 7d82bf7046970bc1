"""Closed bars that the exchange changed afterwards: an overlay over the market, by symbol, grid and open time.

Only the one bar changes: neither longer bars that contain it nor tickers are computed anew, as when the exchange corrects a
series. Pure.
"""

from typing import NamedTuple

import numpy as np

from engine.base.types import Kline
from engine.sim import bars
from engine.sim.bars import Bars
from engine.sim.grid import Grid
from engine.sim.market import Listing


class Revision(NamedTuple):
    """One change, and when the exchange made it (its own time)."""

    symbol: str
    interval: str
    open_ms: int
    made_ms: int


class Revisions:
    """All changes of one simulator."""

    def __init__(self) -> None:
        self.made: list[Revision] = []
        self._bars: dict[tuple[str, Grid], dict[int, Kline]] = {}

    def add(self, symbol: str, grid: Grid, bar: Kline, made_ms: int) -> None:
        """From now on this is the bar."""
        self.made.append(Revision(symbol, grid.interval, bar.open_time, made_ms))
        self._bars.setdefault((symbol, grid), {})[bar.open_time] = bar

    def of(self, symbol: str, grid: Grid, open_ms: int) -> Kline | None:
        """The bar as changed; None when it never was."""
        return self._bars.get((symbol, grid), {}).get(open_ms)

    def applied(self, symbol: str, grid: Grid, table: Bars) -> Bars:
        """The bars with what was changed among them."""
        changed = self._bars.get((symbol, grid))
        if not changed or not table.shape[1]:
            return table
        table = table.copy()
        opens = table[bars.OPEN_TIME]
        for open_ms in sorted(changed):
            place = int(np.searchsorted(opens, open_ms))
            if place < opens.size and opens[place] == open_ms:
                table[:, place] = changed[open_ms]
        return table


def revised(bar: Kline, listing: Listing) -> Kline:
    """A bar with one more lot traded, a tick away from its close: other numbers, and still a candle."""
    tick, lot = 10.0**-listing.price_decimals, 10.0**-listing.quantity_decimals
    step = -tick if bar.low < bar.close >= bar.high else tick
    close = round(bar.close + step, listing.price_decimals)
    silent = bar.volume == 0
    return Kline(
        bar.open_time,
        close if silent else bar.open,
        close if silent else max(bar.high, close),
        close if silent else min(bar.low, close),
        close,
        round(bar.volume + lot, bars.DECIMALS),
        round(bar.quote_volume + lot * close, bars.DECIMALS),
        max(1.0, bar.trades),
        bar.taker_buy_volume,
        bar.taker_buy_quote_volume,
    )

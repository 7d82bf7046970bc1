"""What can be seen of a market at an instant: closed bars up to now, and the forming one.

A market knows its future; everything that leaves the simulator comes through here, with `now_ms`. Time must not run
backwards between calls.
"""

from typing import Final

import numpy as np

from engine.base.types import SECOND_MS, Kline
from engine.sim import bars
from engine.sim.bars import Bars
from engine.sim.grid import Grid, grid_of
from engine.sim.market import Listing, Market
from engine.sim.revisions import Revisions, revised
from engine.sim.split import PARTS, running

#: Beyond any time that is meant; open ends of ranges.
FOREVER_MS: Final = 1 << 53
#: Forming bars remembered; time zones asked for multiply them.
FOLDED_MAX: Final = 65_536


class Tape:
    """The market as of now."""

    def __init__(self, market: Market, revisions: Revisions | None = None) -> None:
        self.market = market
        self.revisions = revisions or Revisions()
        self._grids: dict[tuple[str, str], Grid] = {}
        self._running: dict[str, tuple[int, list[Kline]]] = {}
        self._folded: dict[tuple[str, Grid], tuple[int, int, Kline | None]] = {}

    def grid(self, symbol: str, interval: str) -> Grid:
        """The grid of an interval in UTC."""
        key = (symbol, interval)
        if key not in self._grids:
            self._grids[key] = grid_of(interval, first_day_ms=self.market.listings[symbol].first_ms)
        return self._grids[key]

    def history(self, symbol: str, grid: Grid, now_ms: int, *, start_ms: int | None, end_ms: int | None, limit: int) -> Bars:
        """Bars that open at `start_ms <= t <= end_ms`, ascending, the forming one included.

        At most `limit`: the oldest from the start when there is a start, else the most recent.
        """
        listing = self.market.listings[symbol]
        low_ms = max(listing.first_ms - grid.longest_ms, start_ms or 0)
        high_ms = min(FOREVER_MS if end_ms is None else end_ms, now_ms)
        if low_ms > high_ms or now_ms < listing.first_ms:
            return bars.empty()
        oldest_first = start_ms is not None
        closed = self._closed(listing, grid, low_ms, high_ms, now_ms, limit, oldest_first=oldest_first)
        closed = self.revisions.applied(symbol, grid, closed)
        forming = self.forming(symbol, grid, now_ms)
        if forming is None or not low_ms <= forming.open_time <= high_ms or (oldest_first and closed.shape[1] >= limit):
            return closed
        kept = closed if closed.shape[1] < limit else closed[:, 1:]
        return np.concatenate((kept, np.array(forming)[:, None]), axis=1)

    def forming(self, symbol: str, grid: Grid, now_ms: int) -> Kline | None:
        """The bar that holds `now_ms`, as far as it has come; None when the symbol does not trade."""
        open_ms = grid.open_of(now_ms)
        if 0 < grid.length_ms < self.market.base_ms:
            price = self.last_price(symbol, now_ms)
            return None if price is None else bars.flat(open_ms, price)
        base_open_ms = now_ms - now_ms % self.market.base_ms
        folded = self._fold(symbol, grid, open_ms, base_open_ms)
        partial = self._partial(symbol, base_open_ms, now_ms)
        if folded is None:
            return None if partial is None else partial._replace(open_time=open_ms)
        return folded if partial is None else bars.merge(folded, partial)

    def final(self, symbol: str, grid: Grid, open_ms: int) -> Kline | None:
        """The closed bar that opens at `open_ms`; None when there is none. The caller knows that it is over."""
        if (changed := self.revisions.of(symbol, grid, open_ms)) is not None:
            return changed
        if grid.is_regular:
            found = self.market.closed(symbol, grid.length_ms, open_ms, open_ms + 1)
        else:
            found = self._coarse(self.market.listings[symbol], grid, open_ms, grid.next_open(open_ms))
        return bars.klines(found)[0] if found.shape[1] else None

    def revise(self, symbol: str, grid: Grid, open_ms: int, now_ms: int) -> Kline | None:
        """Change the closed bar that opens at `open_ms`; None when there is none."""
        bar = self.final(symbol, grid, open_ms)
        if bar is None:
            return None
        bar = revised(bar, self.market.listings[symbol])
        self.revisions.add(symbol, grid, bar, now_ms)
        return bar

    def forget(self, symbol: str) -> None:
        """The market has changed about a symbol: what was remembered of its present bars may be wrong."""
        self._running.pop(symbol, None)
        for key in [key for key in self._folded if key[0] == symbol]:
            del self._folded[key]

    def last_price(self, symbol: str, now_ms: int) -> float | None:
        """Price of the last trade; None before the first."""
        base_open_ms = now_ms - now_ms % self.market.base_ms
        partial = self._partial(symbol, base_open_ms, now_ms)
        if partial is not None:
            return partial.close
        before = self.market.closed(symbol, self.market.base_ms, 0, base_open_ms, last=1)
        return float(before[bars.CLOSE, -1]) if before.shape[1] else None

    def partial(self, symbol: str, now_ms: int) -> Kline | None:
        """The base bar that holds `now_ms`, as far as it has come."""
        return self._partial(symbol, now_ms - now_ms % self.market.base_ms, now_ms)

    def first_trade(self, symbol: str, open_ms: int) -> int:
        """Id of the first trade at or after `open_ms`, the open time of a bar."""
        base_open_ms = open_ms - open_ms % self.market.base_ms
        trade = self.market.trades_before(symbol, base_open_ms)
        if base_open_ms == open_ms:
            return trade
        totals = self._totals(symbol, base_open_ms)
        return trade + (int(totals[(open_ms - base_open_ms) // SECOND_MS - 1].trades) if totals else 0)

    def _closed(
        self, listing: Listing, grid: Grid, low_ms: int, high_ms: int, now_ms: int, limit: int, *, oldest_first: bool
    ) -> Bars:
        """Bars that are over by `now_ms`."""
        first, last = (limit, 0) if oldest_first else (0, limit)
        if grid.is_regular:
            end_ms = min(high_ms + 1, now_ms - grid.length_ms + 1)
            return self.market.closed(listing.symbol, grid.length_ms, low_ms, end_ms, first=first, last=last)
        low_ms = max(low_ms, grid.open_of(listing.first_ms))
        low_open_ms = grid.open_of(low_ms)
        low_open_ms = low_open_ms if low_open_ms >= low_ms else grid.next_open(low_open_ms)
        span_ms = limit * grid.longest_ms
        if oldest_first:
            high_ms = min(high_ms, low_open_ms + span_ms)
        else:
            low_open_ms = max(low_open_ms, grid.open_of(high_ms - span_ms))
        joined = self._coarse(listing, grid, low_open_ms, grid.next_open(grid.open_of(high_ms)))
        over = [grid.next_open(int(open_ms)) <= now_ms for open_ms in joined[bars.OPEN_TIME, -2:]]
        joined = joined[:, : joined.shape[1] - over.count(False)]
        return joined[:, :limit] if oldest_first else joined[:, -limit:]

    def _coarse(self, listing: Listing, grid: Grid, low_open_ms: int, end_ms: int) -> Bars:
        """Bars of an irregular grid, or of another time zone, whole between two open times."""
        granule_ms = max(grid.granule_ms, self.market.base_ms)
        granules = self.market.closed(listing.symbol, granule_ms, low_open_ms, end_ms)
        opens = grid.opens_of(granules[bars.OPEN_TIME].astype(np.int64))
        return bars.aggregate(granules, opens, listing.quantity_decimals)

    def _fold(self, symbol: str, grid: Grid, open_ms: int, base_open_ms: int) -> Kline | None:
        """Base bars of the forming bar that are over, joined; only the new ones are added to what is known."""
        key = (symbol, grid)
        known_open_ms, until_ms, known = self._folded.get(key, (open_ms, open_ms, None))
        if known_open_ms != open_ms or until_ms > base_open_ms:
            until_ms, known = open_ms, None
        if until_ms < base_open_ms:
            decimals = self.market.listings[symbol].quantity_decimals
            added = bars.join(self.market.closed(symbol, self.market.base_ms, until_ms, base_open_ms), decimals)
            if added is not None:
                known = added._replace(open_time=open_ms) if known is None else bars.merge(known, added)
            until_ms = base_open_ms
        if len(self._folded) > FOLDED_MAX:
            self._folded.clear()
        self._folded[key] = (open_ms, until_ms, known)
        return known

    def _partial(self, symbol: str, base_open_ms: int, now_ms: int) -> Kline | None:
        totals = self._totals(symbol, base_open_ms)
        if not totals:
            return None
        done = (now_ms - base_open_ms) * PARTS // self.market.base_ms
        return totals[done - 1] if done else bars.flat(base_open_ms, self._price_before(symbol, base_open_ms, totals[0].open))

    def _price_before(self, symbol: str, base_open_ms: int, otherwise: float) -> float:
        before = self.market.closed(symbol, self.market.base_ms, base_open_ms - self.market.base_ms, base_open_ms)
        return float(before[bars.CLOSE, -1]) if before.shape[1] else otherwise

    def _totals(self, symbol: str, base_open_ms: int) -> list[Kline]:
        """How the base bar that opens at `base_open_ms` builds up; the last one of each symbol is kept."""
        kept = self._running.get(symbol)
        if kept is None or kept[0] != base_open_ms:
            parts = self.market.parts(symbol, base_open_ms)
            kept = self._running[symbol] = (base_open_ms, [] if parts is None else running(parts))
        return kept[1]

"""The candles of a recording as a market: what is known of them, seen as of an instant.

Intervals that were recorded are told as they were; longer ones that were not are made of them, as far as they go. Closed bars
are seen once they are over, be it that they were recorded later; the forming bar is the last event that was played.
"""

from collections import deque
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.base.errors import BadReply
from engine.base.types import INTERVAL_MS, MINUTE_MS, Kline
from engine.binance import messages
from engine.sim import bars
from engine.sim.bars import DECIMALS, Bars
from engine.sim.grid import Grid
from engine.sim.market import Listing, Market
from engine.sim.recorded import QUOTE_ASSETS
from engine.sim.replay.knowledge import EXCHANGE_INFO, Key, Knowledge, stream_key
from engine.sim.revisions import Revisions
from engine.sim.tape import Tape

_NAMES = {length_ms: name for name, length_ms in INTERVAL_MS.items()}


class ReplayMarket:
    """Implements `market.Market`; `advance` before asking about a later instant."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._closed = dict(knowledge.closed)
        self._revisions = deque(knowledge.revisions)
        self._made: dict[Key, Bars] = {}
        kinds = {*self._closed, *(key for stream in knowledge.streams if (key := stream_key(stream)) is not None)}
        lengths = [INTERVAL_MS[interval] for _, interval in kinds] or [MINUTE_MS]
        self.base_ms = self.shortest_ms = min(lengths)
        self.end_ms: int | None = int(knowledge.end_ms) + 1
        self.listings: Mapping[str, Listing] = _listings(knowledge, self._closed)

    def advance(self, now_ms: float) -> None:
        """Let later words on closed bars count as soon as they were said."""
        while self._revisions and self._revisions[0].known_ms <= now_ms:
            _, key, bar = self._revisions.popleft()
            series = self._closed[key]
            series[:, int(np.searchsorted(series[bars.OPEN_TIME], bar.open_time))] = bar
            self._made.clear()

    def knows(self, symbol: str, interval: str) -> bool:
        """Whether that series was recorded."""
        return (symbol, interval) in self._closed

    def closed(self, symbol: str, length_ms: int, start_ms: int, end_ms: int, *, first: int = 0, last: int = 0) -> Bars:
        series = self._series(symbol, length_ms)
        low, high = np.searchsorted(series[bars.OPEN_TIME], (start_ms, end_ms))
        if first:
            high = min(high, low + first)
        if last:
            low = max(low, high - last)
        return series[:, low:high]

    def parts(self, symbol: str, open_ms: int) -> Bars | None:  # noqa: ARG002
        """Nothing: how a bar came about is told by the frames."""
        return None

    def trades_before(self, symbol: str, time_ms: int) -> int:  # noqa: ARG002
        """Ids of trades are not known."""
        return 0

    def _series(self, symbol: str, length_ms: int) -> Bars:
        key = (symbol, _NAMES[length_ms])
        if key in self._closed:
            return self._closed[key]
        if key not in self._made:
            self._made[key] = self._make(symbol, length_ms)
        return self._made[key]

    def _make(self, symbol: str, length_ms: int) -> Bars:
        """Bars of an interval that was not recorded, of the longest that divides it; the last may be half of one."""
        divisors = (length for length in INTERVAL_MS.values() if length < length_ms and length_ms % length == 0)
        part_ms = max((length for length in divisors if self.knows(symbol, _NAMES[length])), default=None)
        if part_ms is None:
            return bars.empty()
        parts = self._closed[symbol, _NAMES[part_ms]]
        opens: NDArray[np.int64] = parts[bars.OPEN_TIME].astype(np.int64)
        # The first bar is left out unless it is whole: how it began was not recorded.
        whole = opens >= -(-opens[0] // length_ms) * length_ms if opens.size else np.zeros(0, dtype=bool)
        return bars.aggregate(parts[:, whole], opens[whole] - opens[whole] % length_ms)


class ReplayTape(Tape):
    """A tape whose forming bars are those that the exchange told last; `market` may be `replayed` with alterations."""

    def __init__(self, market: Market, replayed: ReplayMarket, open_bars: Mapping[Key, Kline], revisions: Revisions) -> None:
        super().__init__(market, revisions)
        self._replayed = replayed
        self._latest = dict(open_bars)

    def tell(self, key: Key, bar: Kline) -> None:
        """An event of an open bar was played."""
        self._latest[key] = bar

    def history(self, symbol: str, grid: Grid, now_ms: int, *, start_ms: int | None, end_ms: int | None, limit: int) -> Bars:
        self._replayed.advance(now_ms)
        return super().history(symbol, grid, now_ms, start_ms=start_ms, end_ms=end_ms, limit=limit)

    def forming(self, symbol: str, grid: Grid, now_ms: int) -> Kline | None:
        """The last event of the bar that holds `now_ms`; before the first one the bar is flat at the last close."""
        open_ms = grid.open_of(now_ms)
        latest = self._latest.get((symbol, grid.interval)) if grid.is_regular else None
        if latest is not None and latest.open_time == open_ms:
            return latest
        if not grid.is_regular or not self._replayed.knows(symbol, grid.interval):
            return super().forming(symbol, grid, now_ms)
        before = self._replayed.closed(symbol, grid.length_ms, open_ms - grid.length_ms, open_ms)
        return bars.flat(open_ms, float(before[bars.CLOSE, -1])) if before.shape[1] else None


def _listings(knowledge: Knowledge, closed: Mapping[Key, Bars]) -> dict[str, Listing]:
    """Symbols of the first exchangeInfo, and those that have streams or bars."""
    first_ms = int(knowledge.first_ms)
    begins = {stream.partition("@")[0].upper(): first_ms for stream in knowledge.streams if not stream.startswith("!")}
    for (symbol, _), series in closed.items():
        begins[symbol] = min(begins.get(symbol, int(series[bars.OPEN_TIME, 0])), int(series[bars.OPEN_TIME, 0]))
    assets = {symbol: _assets(symbol) for symbol in begins}
    for (path, _), told in knowledge.replies.items():
        if path == EXCHANGE_INFO:
            try:
                info = messages.decode_body(told[0][1], messages.decode_exchange_info)
            except BadReply:
                continue
            assets.update((one.symbol, (one.base_asset, one.quote_asset)) for one in info.symbols)
    return {
        symbol: Listing(symbol, *pair, DECIMALS, DECIMALS, begins.get(symbol, first_ms))
        for symbol, pair in sorted(assets.items())
    }


def _assets(symbol: str) -> tuple[str, str]:
    quote = next((name for name in QUOTE_ASSETS if symbol.endswith(name) and len(symbol) > len(name)), symbol[-3:])
    return symbol.removesuffix(quote), quote

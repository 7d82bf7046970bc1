"""The last 24 hours of each symbol, as the exchange's tickers tell them.

The window begins at a base bar (a minute, or what was recorded), so it may be up to one base bar shorter than 24 hours.
Not the UTC day.
"""

from collections.abc import Mapping
from typing import NamedTuple

from engine.base.types import DAY_MS, Kline
from engine.sim import bars
from engine.sim.tape import Tape


class Ticker(NamedTuple):
    """24 hours of one symbol; `trades` 0 and ids -1 when nothing was traded."""

    symbol: str
    open: float
    high: float
    low: float
    last: float
    volume: float
    quote_volume: float
    trades: int
    first_id: int
    previous_close: float
    last_quantity: float
    bid: float
    ask: float
    open_time: int
    close_time: int

    @property
    def last_id(self) -> int:
        """Id of the last trade."""
        return self.first_id + self.trades - 1 if self.trades else -1

    @property
    def change(self) -> float:
        """Last price minus open."""
        return self.last - self.open

    @property
    def change_percent(self) -> float:
        """Change as a percentage of the open."""
        return self.change / self.open * 100 if self.open else 0.0

    @property
    def weighted_average(self) -> float:
        """Quote volume by volume."""
        return self.quote_volume / self.volume if self.volume else 0.0


class Window(NamedTuple):
    """The base bars of 24 hours that are closed, as one, with the last close before them and the id of their first trade."""

    base_open_ms: int
    joined: Kline | None
    previous_close: float
    first_id: int


class Rolling:
    """Tickers of all symbols, each recomputed when a base bar closes."""

    def __init__(self, tape: Tape, volumes: Mapping[str, float] | None = None) -> None:
        self._tape = tape
        #: Quote volumes told instead of the market's own.
        self._volumes = {} if volumes is None else volumes
        self._windows: dict[str, Window] = {}

    def ticker(self, symbol: str, now_ms: int) -> Ticker:
        """The 24 hours up to `now_ms`; a symbol that does not trade shows zeros and its last price."""
        market = self._tape.market
        listing = market.listings[symbol]
        base_open_ms = now_ms - now_ms % market.base_ms
        window, previous_close, first_id = self._window(symbol, base_open_ms)[1:]
        partial = self._tape.partial(symbol, now_ms)
        if window is None or partial is None:
            total = window or partial or bars.flat(base_open_ms, previous_close)
        else:
            total = bars.merge(window, partial)
        if not listing.trades_at(now_ms):
            total = bars.flat(base_open_ms, total.close)
        if (told := self._volumes.get(symbol)) is not None:
            total = total._replace(quote_volume=told, volume=told / total.close if total.close else 0.0)
        unit, tick = 10.0**listing.quantity_decimals, 10.0**-listing.price_decimals
        latest = partial if partial is not None and partial.volume else total
        return Ticker(
            symbol,
            *total[1:6],
            quote_volume=total.quote_volume,
            trades=int(total.trades),
            first_id=first_id if total.trades else -1,
            previous_close=previous_close or total.open,
            last_quantity=max(1.0, latest.volume / max(latest.trades, 1) * unit // 1) / unit if total.trades else 0.0,
            bid=total.close - tick if total.close > tick else total.close,
            ask=total.close + (tick if total.close <= tick else 0.0),
            open_time=now_ms - DAY_MS + 1,
            close_time=now_ms,
        )

    def _window(self, symbol: str, base_open_ms: int) -> Window:
        """The window as far as it is closed."""
        kept = self._windows.get(symbol)
        if kept is not None and kept.base_open_ms == base_open_ms:
            return kept
        market = self._tape.market
        listing = market.listings[symbol]
        start_ms = base_open_ms - DAY_MS + market.base_ms
        closed = market.closed(symbol, market.base_ms, start_ms - market.base_ms, base_open_ms)
        begins_before = closed.shape[1] > 0 and closed[bars.OPEN_TIME, 0] < start_ms
        joined = bars.join(closed[:, int(begins_before) :], listing.quantity_decimals)
        if begins_before:
            previous_close = float(closed[bars.CLOSE, 0])
        else:
            previous_close = (self._tape.last_price(symbol, base_open_ms) or 0.0) if joined is None else 0.0
        first_id = market.trades_before(symbol, max(start_ms, listing.first_ms))
        window = self._windows[symbol] = Window(base_open_ms, joined, previous_close, first_id)
        return window

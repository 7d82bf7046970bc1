"""Names of streams, and what they mean: `btcusdt@kline_1m`, `btcusdt@kline_1d@+08:00`, `btcusdt@miniTicker`, `!miniTicker@arr`.

Streams the exchange has and the simulator has not (trades, order books) are names like any other: they may be subscribed
to and stay silent, as a name with a typing mistake does on the exchange.
"""

import re
from typing import Final, Literal, NamedTuple

from engine.base.types import INTERVAL_MS, MINUTE_MS
from engine.sim.grid import INTERVALS, Grid, grid_of
from engine.sim.market import Market

#: The update speed behind it is older than the documentation, and clients still send it.
ALL_MINI_TICKERS: Final = re.compile(r"!miniTicker@arr(?:@(?P<update_ms>1000|3000)ms)?")
KLINE: Final = re.compile(r"kline_(?P<interval>[0-9]+[smhdwM])(?:@(?P<sign>[+-])(?P<hours>[0-9]{2}):(?P<minutes>[0-9]{2}))?")
#: What a name must look like to be listed as a subscription.
NAME: Final = re.compile(r"![^@\s]+@\S+|[^@\s]+@\S+")

Kind = Literal["kline", "mini_ticker", "ticker", "all_mini_tickers"]


class Stream(NamedTuple):
    """One stream the simulator can fill; `symbol`, `interval` and `grid` as far as its kind has them."""

    name: str
    kind: Kind
    symbol: str = ""
    interval: str = ""
    grid: Grid | None = None
    #: Time between updates.
    update_ms: int = 1_000


def parse(name: str, market: Market) -> Stream | None:
    """The stream of a name; None when nothing will ever come on it."""
    if (everything := ALL_MINI_TICKERS.fullmatch(name)) is not None:
        return Stream(name, "all_mini_tickers", update_ms=int(everything["update_ms"] or 1_000))
    lower, _, what = name.partition("@")
    listing = market.listings.get(lower.upper())
    if listing is None or lower != lower.lower():
        return None
    if what == "miniTicker":
        return Stream(name, "mini_ticker", listing.symbol)
    if what == "ticker":
        return Stream(name, "ticker", listing.symbol)
    found = KLINE.fullmatch(what)
    if found is None or found["interval"] not in INTERVALS:
        return None
    interval = found["interval"]
    if INTERVAL_MS.get(interval, market.shortest_ms) < market.shortest_ms:
        return None
    offset_ms = 0
    if found["sign"]:
        offset_ms = (int(found["hours"]) * 60 + int(found["minutes"])) * MINUTE_MS * (-1 if found["sign"] == "-" else 1)
    grid = grid_of(interval, first_day_ms=listing.first_ms, offset_ms=offset_ms)
    return Stream(name, "kline", listing.symbol, interval, grid, update_ms=1_000 if interval == "1s" else 2_000)


def looks_like_stream(name: str) -> bool:
    """Whether a name has the form of a stream, be it one or not."""
    return NAME.fullmatch(name) is not None

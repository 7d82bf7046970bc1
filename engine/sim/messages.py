"""The JSON of events and tickers, written by hand into the exchange's shapes: the order of keys is the exchange's too.

Only text is made here; what it says comes from `tape` and `rolling`.
"""

from engine.base.types import Kline
from engine.sim.rolling import Ticker


def kline_event(
    symbol: str, interval: str, bar: Kline, *, close_time_ms: int, event_ms: int, closed: bool, first_trade: int, unit: int = 1
) -> str:
    """A kline event; `unit` 1000 makes times microseconds. A bar without a trade has the trade ids -1."""
    traded = bar.trades > 0
    first, last = (first_trade, first_trade + int(bar.trades) - 1) if traded else (-1, -1)
    close_time = close_time_ms * unit + unit - 1
    return (
        f'{{"e":"kline","E":{event_ms * unit},"s":"{symbol}","k":{{"t":{bar.open_time * unit},"T":{close_time},"s":"{symbol}",'
        f'"i":"{interval}","f":{first},"L":{last},"o":"{bar.open:.8f}","c":"{bar.close:.8f}","h":"{bar.high:.8f}",'
        f'"l":"{bar.low:.8f}","v":"{bar.volume:.8f}","n":{int(bar.trades)},"x":{"true" if closed else "false"},'
        f'"q":"{bar.quote_volume:.8f}","V":"{bar.taker_buy_volume:.8f}","Q":"{bar.taker_buy_quote_volume:.8f}","B":"0"}}}}'
    )


def server_shutdown(event_ms: int, *, combined: bool, unit: int = 1) -> str:
    """What the exchange says before it cuts a connection on purpose."""
    event = f'{{"e":"serverShutdown","E":{event_ms * unit}}}'
    return f'{{"stream":"!serverShutdown","data":{event}}}' if combined else event


def mini_ticker_event(ticker: Ticker, event_ms: int, unit: int = 1) -> str:
    """A 24hrMiniTicker event."""
    return (
        f'{{"e":"24hrMiniTicker","E":{event_ms * unit},"s":"{ticker.symbol}","c":"{ticker.last:.8f}","o":"{ticker.open:.8f}",'
        f'"h":"{ticker.high:.8f}","l":"{ticker.low:.8f}","v":"{ticker.volume:.8f}","q":"{ticker.quote_volume:.8f}"}}'
    )


def ticker_event(ticker: Ticker, event_ms: int, unit: int = 1) -> str:
    """A 24hrTicker event."""
    quantity = f"{ticker.last_quantity:.8f}"
    return (
        f'{{"e":"24hrTicker","E":{event_ms * unit},"s":"{ticker.symbol}","p":"{ticker.change:.8f}",'
        f'"P":"{ticker.change_percent:.3f}","w":"{ticker.weighted_average:.8f}","x":"{ticker.previous_close:.8f}",'
        f'"c":"{ticker.last:.8f}","Q":"{quantity}","b":"{ticker.bid:.8f}","B":"{quantity}","a":"{ticker.ask:.8f}",'
        f'"A":"{quantity}","o":"{ticker.open:.8f}","h":"{ticker.high:.8f}","l":"{ticker.low:.8f}","v":"{ticker.volume:.8f}",'
        f'"q":"{ticker.quote_volume:.8f}","O":{ticker.open_time * unit},"C":{ticker.close_time * unit},"F":{ticker.first_id},'
        f'"L":{ticker.last_id},"n":{ticker.trades}}}'
    )


def full_ticker(ticker: Ticker, unit: int = 1) -> str:
    """One entry of ticker/24hr, type FULL."""
    quantity = f"{ticker.last_quantity:.8f}"
    return (
        f'{{"symbol":"{ticker.symbol}","priceChange":"{ticker.change:.8f}","priceChangePercent":"{ticker.change_percent:.3f}",'
        f'"weightedAvgPrice":"{ticker.weighted_average:.8f}","prevClosePrice":"{ticker.previous_close:.8f}",'
        f'"lastPrice":"{ticker.last:.8f}","lastQty":"{quantity}","bidPrice":"{ticker.bid:.8f}","bidQty":"{quantity}",'
        f'"askPrice":"{ticker.ask:.8f}","askQty":"{quantity}",{_window(ticker, unit)}'
    )


def short_ticker(ticker: Ticker, unit: int = 1) -> str:
    """One entry of ticker/24hr, type MINI."""
    return f'{{"symbol":"{ticker.symbol}",{_window(ticker, unit, last=True)}'


def price_ticker(ticker: Ticker) -> str:
    """One entry of ticker/price."""
    return f'{{"symbol":"{ticker.symbol}","price":"{ticker.last:.8f}"}}'


def book_ticker(ticker: Ticker) -> str:
    """One entry of ticker/bookTicker: a tick around the last price, as there is no order book."""
    quantity = f"{ticker.last_quantity:.8f}"
    return (
        f'{{"symbol":"{ticker.symbol}","bidPrice":"{ticker.bid:.8f}","bidQty":"{quantity}",'
        f'"askPrice":"{ticker.ask:.8f}","askQty":"{quantity}"}}'
    )


def _window(ticker: Ticker, unit: int, *, last: bool = False) -> str:
    """The end of a 24 hour ticker, common to both types."""
    price = f'"lastPrice":"{ticker.last:.8f}",' if last else ""
    return (
        f'"openPrice":"{ticker.open:.8f}","highPrice":"{ticker.high:.8f}","lowPrice":"{ticker.low:.8f}",{price}'
        f'"volume":"{ticker.volume:.8f}","quoteVolume":"{ticker.quote_volume:.8f}","openTime":{ticker.open_time * unit},'
        f'"closeTime":{ticker.close_time * unit},"firstId":{ticker.first_id},"lastId":{ticker.last_id},"count":{ticker.trades}}}'
    )

"""Candles as one array, and the exchange's rule for making a longer candle of shorter ones.

A set of bars is a float64 array of shape (10, n): one row a field, one column a bar, ascending by open time. Not a store:
nothing here knows where bars come from or which of them may be seen.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.base.types import Kline

Bars = NDArray[np.float64]

OPEN_TIME: Final = 0
OPEN: Final = 1
HIGH: Final = 2
LOW: Final = 3
CLOSE: Final = 4
VOLUME: Final = 5
QUOTE: Final = 6
TRADES: Final = 7
TAKER: Final = 8
TAKER_QUOTE: Final = 9
FIELDS: Final = 10

#: Decimals of every number the exchange writes.
DECIMALS: Final = 8


def empty() -> Bars:
    """No bars."""
    return np.empty((FIELDS, 0))


def tidy(values: NDArray[np.float64], decimals: int = DECIMALS) -> NDArray[np.float64]:
    """Round to the nearest number of `decimals` decimals, where a float64 still resolves them; sums become exact again."""
    resolved = np.abs(values) < 2.0**52 / 10.0**decimals
    return np.where(resolved, np.round(values, decimals), values)


def aggregate(bars: Bars, opens: NDArray[np.int64], quantity_decimals: int = DECIMALS) -> Bars:
    """Join neighbouring bars into longer ones; `opens[i]` (ascending) is the open time of the long bar that holds bar i.

    The exchange's rule: open, high and low ignore bars without a trade; a bar made of nothing else stays flat. Quantities
    are sums, the close is the last one.
    """
    count = bars.shape[1]
    if count == 0:
        return empty()
    starts = np.flatnonzero(np.concatenate(([True], opens[1:] != opens[:-1])))
    traded = bars[VOLUME] > 0
    first = np.minimum.reduceat(np.where(traded, np.arange(count), count), starts)
    silent = first == count
    joined = np.empty((FIELDS, starts.size))
    joined[OPEN_TIME] = opens[starts]
    joined[OPEN] = bars[OPEN][np.where(silent, starts, first)]
    joined[HIGH] = np.where(silent, bars[HIGH][starts], np.maximum.reduceat(np.where(traded, bars[HIGH], -np.inf), starts))
    joined[LOW] = np.where(silent, bars[LOW][starts], np.minimum.reduceat(np.where(traded, bars[LOW], np.inf), starts))
    joined[CLOSE] = bars[CLOSE][np.append(starts[1:], count) - 1]
    joined[VOLUME:] = np.add.reduceat(bars[VOLUME:], starts, axis=1)
    for field in (VOLUME, TAKER):
        joined[field] = tidy(joined[field], quantity_decimals)
    for field in (QUOTE, TAKER_QUOTE):
        joined[field] = tidy(joined[field])
    return joined


def join(bars: Bars, quantity_decimals: int = DECIMALS) -> Kline | None:
    """All `bars` as one, opening with the first; None when there are none."""
    if bars.shape[1] == 0:
        return None
    opens = np.full(bars.shape[1], bars[OPEN_TIME, 0], dtype=np.int64)
    return klines(aggregate(bars, opens, quantity_decimals))[0]


def merge(earlier: Kline, later: Kline) -> Kline:
    """Two neighbouring bars as one, by the same rule, without leaving plain numbers."""
    if earlier.volume > 0 and later.volume > 0:
        open_, high, low = earlier.open, max(earlier.high, later.high), min(earlier.low, later.low)
    elif later.volume > 0:
        open_, high, low = later.open, later.high, later.low
    else:
        open_, high, low = earlier.open, earlier.high, earlier.low
    return Kline(
        earlier.open_time,
        open_,
        high,
        low,
        later.close,
        round(earlier.volume + later.volume, DECIMALS),
        earlier.quote_volume + later.quote_volume,
        earlier.trades + later.trades,
        round(earlier.taker_buy_volume + later.taker_buy_volume, DECIMALS),
        earlier.taker_buy_quote_volume + later.taker_buy_quote_volume,
    )


def flat(open_time_ms: int, price: float) -> Kline:
    """A bar without a trade."""
    return Kline(open_time_ms, price, price, price, price, 0.0, 0.0, 0.0, 0.0, 0.0)


def klines(bars: Bars) -> list[Kline]:
    """The bars as tuples of plain numbers."""
    return [Kline(int(row[0]), *row[1:]) for row in bars.T.tolist()]

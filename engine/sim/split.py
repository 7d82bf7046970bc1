"""Cuts a candle into sixty shorter ones that add up to it exactly: the course of a bar while it forms.

A path is invented between the known open, high, low and close; quantities are spread over the parts in whole lots. The
same candle and seed always give the same parts. Not used for closed bars other than `1s`.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.base.types import Kline
from engine.sim.bars import CLOSE, FIELDS, HIGH, LOW, OPEN, OPEN_TIME, QUOTE, TAKER, TAKER_QUOTE, TRADES, VOLUME, Bars

PARTS: Final = 60

Floats = NDArray[np.float64]


def split(bar: Kline, length_ms: int, previous_close: float, seed: int, decimals: tuple[int, int]) -> Bars:
    """The sixty parts of `bar` (of `length_ms`); `decimals` are those of prices and quantities."""
    price_unit, lot_unit = 10.0 ** decimals[0], 10.0 ** decimals[1]
    lots = round(bar.volume * lot_unit)
    parts = np.zeros((FIELDS, PARTS))
    parts[OPEN_TIME] = bar.open_time + np.arange(PARTS) * (length_ms // PARTS)
    parts[OPEN : CLOSE + 1] = previous_close
    active_count = min(PARTS, lots, int(bar.trades))
    if active_count == 0:
        parts[OPEN : CLOSE + 1] = bar.close
        return parts
    rng = np.random.Generator(np.random.PCG64(seed))
    active = np.sort(rng.permutation(PARTS)[:active_count])
    _set_prices(parts, bar, active, rng, price_unit)
    shares = np.cumsum(0.25 + rng.random(active_count))
    shares /= shares[-1]
    cumulative_lots = _spread(lots, shares)
    parts[VOLUME, active] = np.diff(cumulative_lots, prepend=0.0) / lot_unit
    parts[TRADES, active] = np.diff(_spread(int(bar.trades), shares), prepend=0.0)
    taker_lots = np.floor(round(bar.taker_buy_volume * lot_unit) / lots * cumulative_lots)
    taker_lots[-1] = round(bar.taker_buy_volume * lot_unit)
    parts[TAKER, active] = np.diff(taker_lots, prepend=0.0) / lot_unit
    middle = (parts[HIGH] + parts[LOW]) / 2
    parts[QUOTE] = _scaled(parts[VOLUME] * middle, bar.quote_volume)
    parts[TAKER_QUOTE] = _scaled(parts[TAKER] * middle, bar.taker_buy_quote_volume)
    return parts


def _set_prices(parts: Bars, bar: Kline, active: NDArray[np.int64], rng: np.random.Generator, price_unit: float) -> None:
    """A bridge from open to close over the parts that trade, held within high and low, which are touched."""
    count = active.size
    steps = np.cumsum(rng.standard_normal(count))
    along = np.arange(1, count + 1) / count
    bridge = (steps - along * steps[-1]) * (bar.high - bar.low) / np.sqrt(count)
    path = np.clip(np.round((bar.open + (bar.close - bar.open) * along + bridge) * price_unit) / price_unit, bar.low, bar.high)
    path[-1] = bar.close
    opens = np.concatenate(([bar.open], path[:-1]))
    highs, lows = np.maximum(opens, path), np.minimum(opens, path)
    highs[highs.argmax()] = bar.high
    lows[lows.argmin()] = bar.low
    # A silent part stays at the close of the part before it.
    closes = np.concatenate(([parts[CLOSE, 0]], path))
    parts[OPEN : CLOSE + 1] = closes[np.searchsorted(active, np.arange(PARTS), side="right")]
    parts[OPEN, active], parts[HIGH, active], parts[LOW, active] = opens, highs, lows


def _spread(total: int, shares: Floats) -> Floats:
    """Cumulative whole numbers that end at `total`, at least one a part."""
    count = shares.size
    at_least: Floats = np.arange(1.0, count + 1.0)
    return at_least + np.floor(shares * (total - count) + 1e-9)


def _scaled(weights: Floats, total: float) -> Floats:
    """`weights` made to add up to `total`."""
    whole = float(weights.sum())
    return weights * (total / whole) if whole > 0 else weights


def running(parts: Bars) -> list[Kline]:
    """What each part leaves behind: element j is the bar made of the first j + 1 parts."""
    traded = parts[VOLUME] > 0
    seen = np.logical_or.accumulate(traded)
    totals = np.empty_like(parts)
    totals[OPEN_TIME] = parts[OPEN_TIME, 0]
    totals[CLOSE] = parts[CLOSE]
    totals[OPEN] = np.where(seen, parts[OPEN, traded.argmax()], parts[CLOSE])
    totals[HIGH] = _extreme(np.maximum.accumulate, parts[HIGH], -np.inf, traded, parts[CLOSE])
    totals[LOW] = _extreme(np.minimum.accumulate, parts[LOW], np.inf, traded, parts[CLOSE])
    totals[VOLUME:] = np.cumsum(parts[VOLUME:], axis=1)
    return [Kline(int(row[0]), *row[1:]) for row in totals.T.tolist()]


def _extreme(
    accumulate: Callable[[Floats], Floats], prices: Floats, neutral: float, traded: NDArray[np.bool_], unseen: Floats
) -> Floats:
    extremes = accumulate(np.where(traded, prices, neutral))
    return np.where(np.isfinite(extremes), extremes, unseen)

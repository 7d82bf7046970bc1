"""The courses an hour can take: a seeded stock of sixty-minute paths from which the synthetic market is composed.

A shape is dimensionless: log prices in units of the hour's volatility, relative to where the hour begins, and whole
numbers of lots and trades. Composing a market of shapes makes every longer bar cheap and exact, because rounding to a
tick and the exponential are monotone: the high of five minutes is the rounded highest of the shape, whatever the scale.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

MINUTES: Final = 60
#: Shapes of one stock; each also exists mirrored, falling where the other rises.
SHAPES: Final = 256

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Activity(NamedTuple):
    """How busy a symbol is: share of minutes without a trade, and what an average traded minute holds."""

    silence: float
    lots: float
    trades: float


#: From always traded to mostly silent.
ACTIVITIES: Final = (Activity(0.0, 1_000.0, 40.0), Activity(0.12, 400.0, 8.0), Activity(0.7, 60.0, 2.0))


class Shapes(NamedTuple):
    """A stock of shapes: arrays of (2 × SHAPES, parts of the hour)."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    typical: Floats
    lots: Integers
    taker: Integers
    trades: Integers


def make(seed: int, activity: int) -> Shapes:
    """The stock of one of `ACTIVITIES`."""
    rng = np.random.default_rng([seed, 1, activity])
    rate = ACTIVITIES[activity]
    size = (SHAPES, MINUTES)
    traded = rng.random(size) >= rate.silence
    returns = np.where(traded, rng.standard_normal(size) * np.exp(0.4 * rng.standard_normal(size)), 0.0)
    returns /= np.sqrt(np.mean(returns.sum(axis=1) ** 2))
    ordinary = 1.0 / np.sqrt(MINUTES)
    close = np.cumsum(returns, axis=1)
    before = np.concatenate((np.zeros((SHAPES, 1)), close[:, :-1]), axis=1)
    # Every other bar opens a little away from the last trade, as bid and ask alternate.
    gap = np.where(rng.random(size) < 0.5, 0.0, 0.04 * ordinary * rng.standard_normal(size))
    open_ = np.where(traded, before + gap, close)
    wick = 0.35 * ordinary * np.abs(rng.standard_normal((2, *size))) * traded
    high = np.maximum(open_, close) + wick[0]
    low = np.minimum(open_, close) - wick[1]
    typical = low + (high - low) * rng.uniform(0.3, 0.7, size)
    effort = np.exp(0.7 * rng.standard_normal(size) - 0.245) * (0.5 + np.abs(returns) / ordinary)
    lots = np.where(traded, np.maximum(1, np.rint(rate.lots * effort)), 0).astype(np.int64)
    # Two trades at least: a bar of one trade would have no range, and these have one by construction.
    trades = np.where(traded, 2 + rng.poisson(rate.trades * effort), 0).astype(np.int64)
    buying = np.clip(0.5 + 0.1 * np.sign(returns) + 0.15 * rng.standard_normal(size), 0.0, 1.0)
    taker = np.rint(lots * buying).astype(np.int64)
    return Shapes(
        open=np.concatenate((open_, -open_)),
        high=np.concatenate((high, -low)),
        low=np.concatenate((low, -high)),
        close=np.concatenate((close, -close)),
        typical=np.concatenate((typical, -typical)),
        lots=np.concatenate((lots, lots)),
        taker=np.concatenate((taker, lots - taker)),
        trades=np.concatenate((trades, trades)),
    )


def joined(stock: Shapes, minutes: int) -> Shapes:
    """The stock in longer parts, by the rule of `bars.aggregate`; a silent part stays where the one before it ended."""

    def grouped(values: NDArray[Any]) -> NDArray[Any]:
        return values.reshape(len(values), -1, minutes)

    traded = grouped(stock.lots) > 0
    silent = ~traded.any(axis=2)
    close = grouped(stock.close)[:, :, -1]
    first = traded.argmax(axis=2)[:, :, None]
    return Shapes(
        open=np.where(silent, close, np.take_along_axis(grouped(stock.open), first, axis=2)[:, :, 0]),
        high=np.where(silent, close, np.where(traded, grouped(stock.high), -np.inf).max(axis=2)),
        low=np.where(silent, close, np.where(traded, grouped(stock.low), np.inf).min(axis=2)),
        close=close,
        typical=grouped(stock.typical).mean(axis=2),
        lots=grouped(stock.lots).sum(axis=2),
        taker=grouped(stock.taker).sum(axis=2),
        trades=grouped(stock.trades).sum(axis=2),
    )


def values(stock: Shapes, scales: Floats, minutes: int) -> tuple[Floats, Floats]:
    """Lots times price of the parts of hours that begin at price 1: of all trades, and of the takers who bought.

    Both have the shape (scales, 2 × SHAPES, parts). Quote volume is the one number of a shape that does not simply scale,
    so it is summed here, once for each scale in use.
    """
    prices = np.exp(scales[:, None, None] * stock.typical)
    shape = (len(scales), len(stock.lots), -1, minutes)
    return (prices * stock.lots).reshape(shape).sum(axis=3), (prices * stock.taker).reshape(shape).sum(axis=3)

"""The courses an hour can take: a seeded stock of sixty-minute paths from which the synthetic market is composed.

A shape is dimensionless: log prices in units of the hour's volatility, relative to where the hour begins, and whole
numbers of lots and trades. Composing a market of shapes makes every longer bar cheap and exact, because rounding to a
tick and the exponential are monotone: the high of an hour is the rounded highest of the shape, whatever the scale.
"""

from typing import Final, NamedTuple

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
    """A stock of shapes: arrays of (2 × SHAPES, 60), and of (2 × SHAPES,) where the name begins with `hour`."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    typical: Floats
    lots: Integers
    taker: Integers
    trades: Integers
    hour_open: Floats
    hour_high: Floats
    hour_low: Floats
    hour_lots: Integers
    hour_taker: Integers
    hour_trades: Integers

    @property
    def hour_close(self) -> Floats:
        """Where each shape ends."""
        return self.close[:, -1]


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
    return _complete(
        *(np.concatenate(pair) for pair in ((open_, -open_), (high, -low), (low, -high), (close, -close), (typical, -typical))),
        lots=np.concatenate((lots, lots)),
        taker=np.concatenate((taker, lots - taker)),
        trades=np.concatenate((trades, trades)),
    )


def _complete(
    open_: Floats, high: Floats, low: Floats, close: Floats, typical: Floats, *, lots: Integers, taker: Integers, trades: Integers
) -> Shapes:
    """Add what the hour as a whole is, by the rule of `bars.aggregate`; a silent hour stays where it was."""
    traded = lots > 0
    silent = ~traded.any(axis=1)
    rows = np.arange(len(lots))
    return Shapes(
        *(open_, high, low, close, typical, lots, taker, trades),
        hour_open=np.where(silent, 0.0, open_[rows, traded.argmax(axis=1)]),
        hour_high=np.where(silent, 0.0, np.where(traded, high, -np.inf).max(axis=1)),
        hour_low=np.where(silent, 0.0, np.where(traded, low, np.inf).min(axis=1)),
        hour_lots=lots.sum(axis=1),
        hour_taker=taker.sum(axis=1),
        hour_trades=trades.sum(axis=1),
    )


def value_of(shapes: Shapes, scales: Floats) -> tuple[Floats, Floats]:
    """Lots times price of whole hours that begin at price 1, for each scale and shape: all trades, and the taker's.

    Both have the shape (scales, 2 × SHAPES): quote volume is the one number of an hour that does not scale, so it is
    summed here once for each scale in use.
    """
    prices = np.exp(scales[:, None, None] * shapes.typical)
    return (prices * shapes.lots).sum(axis=2), (prices * shapes.taker).sum(axis=2)

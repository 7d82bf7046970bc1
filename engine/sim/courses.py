"""How the synthetic market moves: what each symbol is like, and its hours, 240 days at a time.

Within a course each hour has a volatility (by day, by time of day, by chance) and a shape from the stock in `shapes`; hours
of equal volatility come in pairs that mirror one another, in random order. So prices wander like a random walk, volatility
clusters, and no price ever runs away: a course ends where it began. Made from the seed alone; no bars are made here.
"""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.base.types import DAY_MS
from engine.sim import assets, shapes
from engine.sim.market import Listing
from engine.sim.shapes import Shapes

COURSE_DAYS: Final = 240
COURSE_HOURS: Final = 24 * COURSE_DAYS
#: No symbol trades before 2018-01-01; all do from two years later on.
EPOCH_DAY: Final = 17_532
#: Standard deviations of a day's return that symbols have.
DAILY_VOLATILITIES: Final = (0.022, 0.03, 0.038, 0.048, 0.06)
#: Volatility of an hour, relative to its symbol's ordinary hour.
LEVELS: Final = np.array([0.35, 0.5, 0.7, 1.0, 1.4, 1.9, 2.6, 3.5])
TOP_TURNOVER: Final = 1.6e9

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Character(NamedTuple):
    """What makes one symbol different from another."""

    listing: Listing
    rank: int
    activity: int
    volatility: int
    log_price: float
    lots_an_hour: float
    trade_factor: int
    phase_days: int


class Course(NamedTuple):
    """240 days of one symbol, hour by hour; `log_open` has one entry more, the end."""

    first_hour: int
    log_open: Floats
    level: NDArray[np.int8]
    shape: NDArray[np.int16]
    unit: NDArray[np.int64]
    trades_before: Integers


def character(seed: int, rank: int) -> Character:
    """The symbol of a rank, from 0; the same whatever the number of symbols."""
    name, price = assets.asset(rank)
    rng = np.random.default_rng([seed, 2, rank])
    magnitude = int(np.floor(np.log10(price)))
    turnover = TOP_TURNOVER / (rank + 1) ** 1.25 * np.exp(0.35 * rng.standard_normal())
    activity = 0 if rank % 100 < 60 else 1 if rank % 100 < 86 else 2
    if activity == 2:
        turnover /= 20
    price *= float(np.exp(0.1 * rng.standard_normal()))
    quantity_decimals = max(0, magnitude + 1)
    listing = Listing(
        symbol=f"{name}USDT",
        base_asset=name,
        quote_asset="USDT",
        price_decimals=min(8, max(2, 4 - magnitude)),
        quantity_decimals=quantity_decimals,
        first_ms=(EPOCH_DAY + int(rng.integers(0, 700))) * DAY_MS,
    )
    return Character(
        listing=listing,
        rank=rank,
        activity=activity,
        volatility=int(rng.integers(0, len(DAILY_VOLATILITIES))) if rank >= 3 else rank,
        log_price=float(np.log(price)),
        lots_an_hour=turnover / 24 / price * 10**quantity_decimals,
        trade_factor=max(1, round(30 / (rank + 1) ** 0.8)),
        phase_days=int(rng.integers(0, COURSE_DAYS)),
    )


def course_number(who: Character, hour: int) -> int:
    """In which course an hour since the epoch lies."""
    return (hour // 24 - who.phase_days) // COURSE_DAYS


def make_course(seed: int, who: Character, number: int) -> Course:
    """One course of one symbol."""
    rng = np.random.default_rng([seed, 3, who.rank, number + 1_000])
    level = _levels(rng)
    # Hours sorted by level, in random order within it, make neighbours that can be paired.
    order = np.lexsort((rng.random(COURSE_HOURS), level))
    level[order[1::2]] = level[order[0::2]]
    picks = rng.integers(0, shapes.SHAPES, COURSE_HOURS // 2)
    rising = rng.random(COURSE_HOURS // 2) < 0.5
    shape = np.empty(COURSE_HOURS, dtype=np.int16)
    shape[order[0::2]] = picks + np.where(rising, 0, shapes.SHAPES)
    shape[order[1::2]] = picks + np.where(rising, shapes.SHAPES, 0)
    hour = stock(seed, who.activity, 60)
    steps = scales(who.volatility)[level] * hour.close[shape, 0]
    effort = LEVELS[level] * np.exp(0.3 * rng.standard_normal(COURSE_HOURS) - 0.045)
    trades = np.concatenate(([0], np.cumsum(hour.trades[shape, 0] * who.trade_factor)))
    return Course(
        first_hour=(number * COURSE_DAYS + who.phase_days) * 24,
        # Summed in order from the start, so that the close of an hour and the open of the next are the same number.
        log_open=np.cumsum(np.concatenate(([who.log_price], steps))),
        level=level.astype(np.int8),
        shape=shape,
        unit=np.maximum(1, np.rint(who.lots_an_hour / hour.lots.mean() * effort)).astype(np.int64),
        trades_before=(number - EPOCH_DAY // COURSE_DAYS + 2 << 32) + trades,
    )


def _levels(rng: np.random.Generator) -> Integers:
    """Volatility of each hour: calm and wild spells of days, livelier afternoons, and chance."""
    spells = np.convolve(rng.standard_normal(COURSE_DAYS + 6), np.full(7, 1 / np.sqrt(7)), mode="valid")
    daily = np.repeat(spells + 0.5 * rng.standard_normal(COURSE_DAYS), 24)
    hours = np.arange(COURSE_HOURS) % 24
    season = 0.8 * np.sin((hours - 9) / 24 * 2 * np.pi)
    return np.clip(np.rint(2.4 + daily + season + 0.6 * rng.standard_normal(COURSE_HOURS)), 0, len(LEVELS) - 1).astype(np.int64)


@lru_cache(maxsize=64)
def stock(seed: int, activity: int, minutes: int) -> Shapes:
    """The shapes of an activity, in parts of so many minutes."""
    return shapes.make(seed, activity) if minutes == 1 else shapes.joined(stock(seed, activity, 1), minutes)


@lru_cache(maxsize=16)
def scales(volatility: int) -> Floats:
    """Standard deviation of an hour's return at each level, so that days have the volatility stated."""
    return LEVELS * float(DAILY_VOLATILITIES[volatility] / np.sqrt(24))


@lru_cache(maxsize=128)
def value_table(seed: int, activity: int, volatility: int, minutes: int) -> tuple[Floats, Floats]:
    """`shapes.values` of an activity at the scales of a volatility."""
    return shapes.values(stock(seed, activity, 1), scales(volatility), minutes)

"""A market of its own: seeded, without end, the same at the same instant in every run, and cheap to look at anywhere.

Time is divided into courses of 240 days. Within a course each hour has a volatility (by day, by time of day, by chance)
and a shape from the stock in `shapes`; hours of equal volatility come in pairs that mirror one another, in random order.
So prices wander like a random walk, volatility clusters, and no price ever runs away: a course ends where it began.
Any instant can be computed from its course alone.
"""

import zlib
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.base.errors import SettingsError
from engine.base.types import DAY_MS, HOUR_MS, INTERVAL_MS, MINUTE_MS, SECOND_MS
from engine.sim import assets, bars, shapes
from engine.sim.bars import FIELDS, Bars
from engine.sim.market import Listing
from engine.sim.shapes import Shapes
from engine.sim.split import PARTS, split

COURSE_DAYS: Final = 240
COURSE_HOURS: Final = 24 * COURSE_DAYS
#: No symbol trades before 2018-01-01; all do from two years later on.
EPOCH_DAY: Final = 17_532
#: Standard deviations of a day's return that symbols have.
DAILY_VOLATILITIES: Final = (0.022, 0.03, 0.038, 0.048, 0.06)
#: Volatility of an hour, relative to its symbol's ordinary hour.
LEVELS: Final = np.array([0.35, 0.5, 0.7, 1.0, 1.4, 1.9, 2.6, 3.5])
TOP_TURNOVER: Final = 1.6e9
SYMBOLS_MAX: Final = 2_000
#: Courses kept in memory, about 100 kB each.
COURSES_KEPT: Final = 256

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
    log_open: NDArray[np.float64]
    level: NDArray[np.int8]
    shape: NDArray[np.int16]
    unit: NDArray[np.int64]
    trades_before: Integers


class SyntheticMarket:
    """The seeded market; implements `market.Market`."""

    base_ms = MINUTE_MS
    shortest_ms = SECOND_MS
    end_ms: int | None = None

    def __init__(self, seed: int = 1, symbols: int = 100) -> None:
        if not 1 <= symbols <= SYMBOLS_MAX:
            raise SettingsError("number of symbols is out of range", symbols, f"use 1 to {SYMBOLS_MAX}")
        self._seed = seed
        self._characters = {who.listing.symbol: who for who in (_character(seed, rank) for rank in range(symbols))}
        self.listings: Mapping[str, Listing] = {symbol: who.listing for symbol, who in self._characters.items()}
        self._courses: OrderedDict[tuple[str, int], Course] = OrderedDict()
        self._hour_blocks: dict[str, tuple[int, Bars]] = {}

    def closed(self, symbol: str, length_ms: int, start_ms: int, end_ms: int, *, first: int = 0, last: int = 0) -> Bars:
        who = self._characters[symbol]
        start_ms = max(-(-start_ms // length_ms) * length_ms, who.listing.first_ms)
        end_ms = -(-end_ms // length_ms) * length_ms
        if first:
            end_ms = min(end_ms, start_ms + first * length_ms)
        if last:
            start_ms = max(start_ms, end_ms - last * length_ms)
        if start_ms >= end_ms:
            return bars.empty()
        if length_ms == SECOND_MS:
            return self._seconds(symbol, start_ms, end_ms)
        unit_ms = HOUR_MS if length_ms >= HOUR_MS else MINUTE_MS
        units = self._hours(who, start_ms, end_ms) if unit_ms == HOUR_MS else self._minutes(who, start_ms, end_ms)
        if length_ms == unit_ms:
            return units
        opens = units[bars.OPEN_TIME].astype(np.int64)
        return bars.aggregate(units, opens - opens % length_ms, who.listing.quantity_decimals)

    def parts(self, symbol: str, open_ms: int) -> Bars | None:
        who = self._characters[symbol]
        if open_ms < who.listing.first_ms:
            return None
        rows = bars.klines(self._minutes(who, max(open_ms - MINUTE_MS, who.listing.first_ms), open_ms + MINUTE_MS))
        seed = zlib.crc32(f"{self._seed} {symbol} {open_ms}".encode())
        decimals = (who.listing.price_decimals, who.listing.quantity_decimals)
        return split(rows[-1], MINUTE_MS, rows[0].close if len(rows) > 1 else rows[0].open, seed, decimals)

    def trades_before(self, symbol: str, time_ms: int) -> int:
        who = self._characters[symbol]
        hour = time_ms // HOUR_MS
        course = self._course(who, _course_number(who, hour))
        before = int(course.trades_before[hour - course.first_hour])
        minute = time_ms % HOUR_MS // MINUTE_MS
        if minute:
            before += int(self._hour_block(who, hour)[bars.TRADES, :minute].sum())
        return before

    def _seconds(self, symbol: str, start_ms: int, end_ms: int) -> Bars:
        minutes = range(start_ms - start_ms % MINUTE_MS, end_ms, MINUTE_MS)
        blocks = [block for minute in minutes if (block := self.parts(symbol, minute)) is not None]
        seconds = np.concatenate(blocks, axis=1)
        offset = (start_ms - minutes[0]) // SECOND_MS
        return seconds[:, offset : offset + (end_ms - start_ms) // SECOND_MS]

    def _minutes(self, who: Character, start_ms: int, end_ms: int) -> Bars:
        """Minutes that open at `start_ms <= t < end_ms`, both multiples of a minute."""
        first_hour, last_hour = start_ms // HOUR_MS, (end_ms - 1) // HOUR_MS
        offset = start_ms % HOUR_MS // MINUTE_MS
        count = (end_ms - start_ms) // MINUTE_MS
        if first_hour == last_hour:
            return self._hour_block(who, first_hour)[:, offset : offset + count]
        return self._compose_minutes(who, first_hour, last_hour + 1)[:, offset : offset + count]

    def _hour_block(self, who: Character, hour: int) -> Bars:
        """One hour of minutes; the last one of each symbol is kept, since a running exchange asks for it again and again."""
        symbol = who.listing.symbol
        kept = self._hour_blocks.get(symbol)
        if kept is None or kept[0] != hour:
            kept = self._hour_blocks[symbol] = (hour, self._compose_minutes(who, hour, hour + 1))
        return kept[1]

    def _compose_minutes(self, who: Character, first_hour: int, end_hour: int) -> Bars:
        log_open, level, shape, unit = self._course_range(who, first_hour, end_hour)
        stock = _stock(self._seed, who.activity)
        scale = _scales(who.volatility)[level][:, None]
        start = log_open[:, None]
        price_unit, lot_unit = 10.0**who.listing.price_decimals, 10.0**who.listing.quantity_decimals
        lots = stock.lots[shape] * unit[:, None]
        taker = stock.taker[shape] * unit[:, None]
        prices = np.exp(start + scale * stock.typical[shape])
        columns = (
            (np.arange(first_hour * 60, end_hour * 60) * MINUTE_MS).astype(np.float64),
            np.rint(np.exp(start + scale * stock.open[shape]) * price_unit) / price_unit,
            *_wicks(start + scale * stock.high[shape], start + scale * stock.low[shape], price_unit, silent=lots == 0),
            np.rint(np.exp(start + scale * stock.close[shape]) * price_unit) / price_unit,
            lots / lot_unit,
            bars.tidy(lots / lot_unit * prices),
            (stock.trades[shape] * who.trade_factor).astype(np.float64),
            taker / lot_unit,
            bars.tidy(taker / lot_unit * prices),
        )
        return _stacked(columns)

    def _hours(self, who: Character, start_ms: int, end_ms: int) -> Bars:
        """Hours that open at `start_ms <= t < end_ms`: what their minutes add up to, without making the minutes."""
        first_hour, end_hour = start_ms // HOUR_MS, end_ms // HOUR_MS
        log_open, level, shape, unit = self._course_range(who, first_hour, end_hour)
        stock = _stock(self._seed, who.activity)
        value, taker_value = _values(self._seed, who.activity, who.volatility)
        scale = _scales(who.volatility)[level]
        price_unit, lot_unit = 10.0**who.listing.price_decimals, 10.0**who.listing.quantity_decimals
        lots = stock.hour_lots[shape] * unit
        worth = unit / lot_unit * np.exp(log_open)
        columns = (
            (np.arange(first_hour, end_hour) * HOUR_MS).astype(np.float64),
            np.rint(np.exp(log_open + scale * stock.hour_open[shape]) * price_unit) / price_unit,
            *_wicks(
                log_open + scale * stock.hour_high[shape], log_open + scale * stock.hour_low[shape], price_unit, silent=lots == 0
            ),
            np.rint(np.exp(log_open + scale * stock.hour_close[shape]) * price_unit) / price_unit,
            lots / lot_unit,
            bars.tidy(worth * value[level, shape]),
            (stock.hour_trades[shape] * who.trade_factor).astype(np.float64),
            stock.hour_taker[shape] * unit / lot_unit,
            bars.tidy(worth * taker_value[level, shape]),
        )
        return _stacked(columns)

    def _course_range(
        self, who: Character, first_hour: int, end_hour: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int8], NDArray[np.int16], Integers]:
        """Log price at the beginning, level, shape and lot unit of the hours in range, across courses."""
        pieces = []
        for number in range(_course_number(who, first_hour), _course_number(who, end_hour - 1) + 1):
            course = self._course(who, number)
            here = slice(max(first_hour - course.first_hour, 0), min(end_hour - course.first_hour, COURSE_HOURS))
            pieces.append((course.log_open[:-1][here], course.level[here], course.shape[here], course.unit[here]))
        if len(pieces) == 1:
            return pieces[0]
        log_open, level, shape, unit = zip(*pieces, strict=True)
        return np.concatenate(log_open), np.concatenate(level), np.concatenate(shape), np.concatenate(unit)

    def _course(self, who: Character, number: int) -> Course:
        key = (who.listing.symbol, number)
        course = self._courses.get(key)
        if course is None:
            course = self._courses[key] = _make_course(self._seed, who, number)
            if len(self._courses) > COURSES_KEPT:
                self._courses.popitem(last=False)
        else:
            self._courses.move_to_end(key)
        return course


def _character(seed: int, rank: int) -> Character:
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


def _course_number(who: Character, hour: int) -> int:
    return (hour // 24 - who.phase_days) // COURSE_DAYS


def _make_course(seed: int, who: Character, number: int) -> Course:
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
    stock = _stock(seed, who.activity)
    steps = _scales(who.volatility)[level] * stock.hour_close[shape]
    effort = LEVELS[level] * np.exp(0.3 * rng.standard_normal(COURSE_HOURS) - 0.045)
    lots = stock.hour_lots.mean()
    trades = np.concatenate(([0], np.cumsum(stock.hour_trades[shape] * who.trade_factor)))
    return Course(
        first_hour=(number * COURSE_DAYS + who.phase_days) * 24,
        # Summed in order from the start, so that the close of an hour and the open of the next are the same number.
        log_open=np.cumsum(np.concatenate(([who.log_price], steps))),
        level=level.astype(np.int8),
        shape=shape,
        unit=np.maximum(1, np.rint(who.lots_an_hour / lots * effort)).astype(np.int64),
        trades_before=(number - EPOCH_DAY // COURSE_DAYS + 2 << 32) + trades,
    )


def _levels(rng: np.random.Generator) -> Integers:
    """Volatility of each hour: calm and wild spells of days, livelier afternoons, and chance."""
    spells = np.convolve(rng.standard_normal(COURSE_DAYS + 6), np.full(7, 1 / np.sqrt(7)), mode="valid")
    daily = np.repeat(spells + 0.5 * rng.standard_normal(COURSE_DAYS), 24)
    hours = np.arange(COURSE_HOURS) % 24
    season = 0.8 * np.sin((hours - 9) / 24 * 2 * np.pi)
    return np.clip(np.rint(2.4 + daily + season + 0.6 * rng.standard_normal(COURSE_HOURS)), 0, len(LEVELS) - 1).astype(np.int64)


@lru_cache(maxsize=16)
def _stock(seed: int, activity: int) -> Shapes:
    return shapes.make(seed, activity)


@lru_cache(maxsize=16)
def _scales(volatility: int) -> NDArray[np.float64]:
    """Standard deviation of an hour's return at each level, so that days have the volatility stated."""
    return LEVELS * float(DAILY_VOLATILITIES[volatility] / np.sqrt(24))


@lru_cache(maxsize=64)
def _values(seed: int, activity: int, volatility: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return shapes.value_of(_stock(seed, activity), _scales(volatility))


def _wicks(
    log_high: NDArray[np.float64], log_low: NDArray[np.float64], price_unit: float, *, silent: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """High and low on the tick, rounded outwards so that the average price of the bar lies between them."""
    high, low = np.exp(log_high) * price_unit, np.exp(log_low) * price_unit
    return (
        np.where(silent, np.rint(high), np.ceil(high)) / price_unit,
        np.where(silent, np.rint(low), np.floor(low)) / price_unit,
    )


def _stacked(columns: tuple[NDArray[np.float64], ...]) -> Bars:
    stacked = np.empty((FIELDS, columns[0].size))
    for field, column in enumerate(columns):
        stacked[field] = column.ravel()
    return stacked


assert PARTS * SECOND_MS == MINUTE_MS
assert all(HOUR_MS % length == 0 or length % HOUR_MS == 0 for length in INTERVAL_MS.values())

"""A market of its own: seeded, without end, the same at the same instant in every run, and cheap to look at anywhere.

Hours come from `courses`, their inside from `shapes`; bars of any length are composed of these without making the minutes
in between, and are exactly what their minutes add up to.
"""

import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.base.errors import SettingsError
from engine.base.types import HOUR_MS, INTERVAL_MS, MINUTE_MS, SECOND_MS
from engine.sim import bars, courses
from engine.sim.bars import FIELDS, Bars
from engine.sim.courses import COURSE_HOURS, Character, Course
from engine.sim.market import Listing
from engine.sim.shapes import Shapes
from engine.sim.split import PARTS, split

SYMBOLS_MAX: Final = 2_000
#: Ranks for symbols that are listed while the market runs.
SPARE_RANKS: Final = 10_000
#: Courses kept in memory beyond one of each symbol, about 100 kB each: streams of all symbols go round and round, and a store
#: that holds one less than there are would make each of them anew every time.
COURSES_KEPT: Final = 256
#: Hours of minutes kept in memory beyond two of each symbol, 5 kB each.
HOURS_KEPT: Final = 1_024

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Made = TypeVar("Made")


class SyntheticMarket:
    """The seeded market; implements `market.Market`."""

    base_ms = MINUTE_MS
    shortest_ms = SECOND_MS
    end_ms: int | None = None

    def __init__(self, seed: int = 1, symbols: int = 100) -> None:
        if not 1 <= symbols <= SYMBOLS_MAX:
            raise SettingsError("number of symbols is out of range", symbols, f"use 1 to {SYMBOLS_MAX}")
        self._seed = seed
        self._characters = {who.listing.symbol: who for who in (courses.character(seed, rank) for rank in range(symbols))}
        self.listings: Mapping[str, Listing] = {symbol: who.listing for symbol, who in self._characters.items()}
        self._courses_kept = COURSES_KEPT + symbols
        self._hours_kept = HOURS_KEPT + 2 * symbols
        self._courses: OrderedDict[tuple[str, int], Course] = OrderedDict()
        self._hour_blocks: OrderedDict[tuple[str, int], Bars] = OrderedDict()

    def spare(self, symbol: str) -> Listing:
        """The listing of a symbol beyond those that are listed, the same for the same name; its bars are known from then on."""
        base_asset = symbol.removesuffix("USDT")
        # Ranks beyond any that is listed, all of them of the busiest activity.
        rank = SYMBOLS_MAX + 100 * (1 + zlib.crc32(symbol.encode()) % SPARE_RANKS)
        who = courses.character(self._seed, rank)
        who = who._replace(listing=who.listing._replace(symbol=symbol, base_asset=base_asset))
        self._characters[symbol] = who
        return who.listing

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
        units = self._units(who, min(length_ms, HOUR_MS), start_ms, end_ms)
        if length_ms <= HOUR_MS:
            return units
        opens = units[bars.OPEN_TIME].astype(np.int64)
        return bars.aggregate(units, opens - opens % length_ms, who.listing.quantity_decimals)

    def parts(self, symbol: str, open_ms: int) -> Bars | None:
        who = self._characters[symbol]
        if open_ms < who.listing.first_ms:
            return None
        rows = bars.klines(self._units(who, MINUTE_MS, max(open_ms - MINUTE_MS, who.listing.first_ms), open_ms + MINUTE_MS))
        seed = zlib.crc32(f"{self._seed} {symbol} {open_ms}".encode())
        decimals = (who.listing.price_decimals, who.listing.quantity_decimals)
        return split(rows[-1], MINUTE_MS, rows[0].close if len(rows) > 1 else rows[0].open, seed, decimals)

    def trades_before(self, symbol: str, time_ms: int) -> int:
        who = self._characters[symbol]
        hour = time_ms // HOUR_MS
        course = self._course(who, courses.course_number(who, hour))
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

    def _units(self, who: Character, length_ms: int, start_ms: int, end_ms: int) -> Bars:
        """Bars of a part of an hour that open at `start_ms <= t < end_ms`, both multiples of their length."""
        first_hour, last_hour = start_ms // HOUR_MS, (end_ms - 1) // HOUR_MS
        if length_ms == MINUTE_MS and first_hour == last_hour:
            units = self._hour_block(who, first_hour)
        else:
            units = self._compose(who, first_hour, last_hour + 1, length_ms // MINUTE_MS)
        offset = start_ms % HOUR_MS // length_ms
        return units[:, offset : offset + (end_ms - start_ms) // length_ms]

    def _hour_block(self, who: Character, hour: int) -> Bars:
        """One hour of minutes; the latest are kept, since a running exchange asks for the same ones again and again."""
        return _kept(
            *(self._hour_blocks, (who.listing.symbol, hour), self._hours_kept), lambda: self._compose(who, hour, hour + 1, 1)
        )

    def _compose(self, who: Character, first_hour: int, end_hour: int, minutes: int) -> Bars:
        """All bars of so many minutes in a range of hours."""
        log_open, level, shape, unit = self._course_range(who, first_hour, end_hour)
        stock = courses.stock(self._seed, who.activity, minutes)
        scale, start, unit = courses.scales(who.volatility)[level][:, None], log_open[:, None], unit[:, None]
        price_unit, lot_unit = 10.0**who.listing.price_decimals, 10.0**who.listing.quantity_decimals
        lots = stock.lots[shape] * unit
        worth = unit / lot_unit * np.exp(start)
        value, taker_value = self._values(who, stock, minutes, level, shape)
        columns = (
            (np.arange(first_hour * 60, end_hour * 60, minutes) * MINUTE_MS).astype(np.float64),
            np.rint(np.exp(start + scale * stock.open[shape]) * price_unit) / price_unit,
            *_wicks(start + scale * stock.high[shape], start + scale * stock.low[shape], price_unit, silent=lots == 0),
            np.rint(np.exp(start + scale * stock.close[shape]) * price_unit) / price_unit,
            lots / lot_unit,
            bars.tidy(worth * value),
            (stock.trades[shape] * who.trade_factor).astype(np.float64),
            stock.taker[shape] * unit / lot_unit,
            bars.tidy(worth * taker_value),
        )
        stacked = np.empty((FIELDS, columns[0].size))
        for field, column in enumerate(columns):
            stacked[field] = column.ravel()
        return stacked

    def _values(
        self, who: Character, stock: Shapes, minutes: int, level: NDArray[np.int8], shape: NDArray[np.int16]
    ) -> tuple[Floats, Floats]:
        """Lots times price, relative to the beginning of each hour: for minutes at once, for longer bars from a table."""
        if minutes > 1:
            value, taker_value = courses.value_table(self._seed, who.activity, who.volatility, minutes)
            return value[level, shape], taker_value[level, shape]
        prices: Floats = np.exp(courses.scales(who.volatility)[level][:, None] * stock.typical[shape])
        return prices * stock.lots[shape], prices * stock.taker[shape]

    def _course_range(
        self, who: Character, first_hour: int, end_hour: int
    ) -> tuple[Floats, NDArray[np.int8], NDArray[np.int16], Integers]:
        """Log price at the beginning, level, shape and lot unit of the hours in range, across courses."""
        pieces = []
        for number in range(courses.course_number(who, first_hour), courses.course_number(who, end_hour - 1) + 1):
            course = self._course(who, number)
            here = slice(max(first_hour - course.first_hour, 0), min(end_hour - course.first_hour, COURSE_HOURS))
            pieces.append((course.log_open[:-1][here], course.level[here], course.shape[here], course.unit[here]))
        if len(pieces) == 1:
            return pieces[0]
        log_open, level, shape, unit = zip(*pieces, strict=True)
        return np.concatenate(log_open), np.concatenate(level), np.concatenate(shape), np.concatenate(unit)

    def _course(self, who: Character, number: int) -> Course:
        return _kept(
            *(self._courses, (who.listing.symbol, number), self._courses_kept),
            lambda: courses.make_course(self._seed, who, number),
        )


def _kept(store: OrderedDict[tuple[str, int], Made], key: tuple[str, int], most: int, make: Callable[[], Made]) -> Made:
    """What is stored under `key`, made if need be; of more than `most` entries the one unused for longest goes."""
    found = store.get(key)
    if found is None:
        found = store[key] = make()
        if len(store) > most:
            store.popitem(last=False)
    else:
        store.move_to_end(key)
    return found


def _wicks(log_high: Floats, log_low: Floats, price_unit: float, *, silent: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """High and low on the tick, rounded outwards so that the average price of the bar lies between them."""
    high, low = np.exp(log_high) * price_unit, np.exp(log_low) * price_unit
    return (
        np.where(silent, np.rint(high), np.ceil(high)) / price_unit,
        np.where(silent, np.rint(low), np.floor(low)) / price_unit,
    )


assert PARTS * SECOND_MS == MINUTE_MS
assert all(HOUR_MS % length == 0 or length % HOUR_MS == 0 for length in INTERVAL_MS.values())

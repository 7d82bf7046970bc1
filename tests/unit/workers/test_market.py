"""The worker's picture against a plain reconstruction from the bars that were written."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.base.types import INTERVAL_MS, Kline
from engine.candles.bars import window_start_ms
from tests.unit.workers.stall import Stall, bar, bars, stall
from workers.vocabulary import BAR_FIELDS

HISTORY = 50
FIELDS = frozenset(BAR_FIELDS[1:])


def seen(stall_: Stall, as_of_ms: int, forming: bool, intervals=("1m", "5m")):
    """What the market shows, per (symbol, interval), as rows of a plain list."""
    frame = stall_.market.step(as_of_ms, forming, stall_.symbols, dict.fromkeys(intervals, FIELDS))
    shown = {}
    for interval in intervals:
        questions, _ = frame.questions(stall_.symbols, (interval,))
        for symbol, _, klines in questions:
            one = klines[interval]
            columns = [getattr(one, name) for name in BAR_FIELDS]
            assert all(column.shape == (len(one),) and not column.flags.writeable for column in columns)
            assert len(one.closed) == len(one) - one.forming
            rows = [Kline(int(row[0]), *map(float, row[1:])) for row in zip(*columns, strict=True)]
            shown[symbol, interval] = (rows, one.forming)
    return shown


def expected(model, forming_bars, as_of_ms: int, forming: bool):
    """The same from the model: interval's closed bars in the window, and the bar in progress in a forming step."""
    shown = {}
    for (symbol, interval), closed in model.items():
        length_ms = INTERVAL_MS[interval]
        start_ms = window_start_ms(as_of_ms, length_ms, HISTORY)
        rows = [row for row in closed if row.open_time >= start_ms and (forming or row.open_time + length_ms <= as_of_ms)]
        progress = forming_bars.get((symbol, interval))
        is_forming = forming and progress is not None and progress.open_time >= start_ms
        is_forming = is_forming and (not rows or progress.open_time > rows[-1].open_time)
        rows = [*rows, progress] if is_forming else rows
        if rows:
            shown[symbol, interval] = (rows, is_forming)
    return shown


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_the_picture_is_what_was_written_whatever_came_before(seed):
    # Given three symbols, the last one listed late, with holes, over two intervals
    chance = random.Random(seed)
    with stall(HISTORY, ("AUSDT", "BUSDT", "CUSDT"), 260) as one:
        model = {(symbol, interval): [] for symbol in one.symbols for interval in ("1m", "5m")}
        forming_bars = {}
        for interval in ("1m", "5m"):
            one.writer.add_interval(interval)
        minute = 1_000
        for _ in range(25):
            # When some minutes pass: bars close, some are missing at the exchange, one is revised now and then
            for _ in range(chance.choice((1, 1, 1, 2, 7, 30))):
                minute += 1
                for symbol in one.symbols:
                    if symbol == 2 and minute < 1_040:
                        continue
                    _close_minute(one, chance, model, forming_bars, symbol, minute)
            # Then every view is right: now, in the past, with the bars in progress; for some or all symbols
            for _ in range(2):
                forming = chance.random() < 0.4
                as_of_ms = (minute - (0 if forming else chance.choice((0, 0, 1, 3, 20)))) * 60_000
                assert seen(one, as_of_ms, forming) == expected(model, forming_bars, as_of_ms, forming)


def _close_minute(one, chance, model, forming_bars, symbol, minute):
    for interval, minutes in (("1m", 1), ("5m", 5)):
        length_ms = minutes * 60_000
        if minute % minutes == 0:
            number = minute // minutes - 1
            made = bar(interval, number, 100 + chance.random())
            if chance.random() < 0.95:
                history = model[symbol, interval]
                if chance.random() < 0.03 and history:
                    # A revision: an older bar comes again with other numbers.
                    place = max(len(history) - 5, 0)
                    history[place] = bar(interval, history[place].open_time // length_ms, 50 + chance.random())
                    one.writer.put_history(symbol, one.writer.add_interval(interval), [history[place]])
                one.writer.put_history(symbol, one.writer.add_interval(interval), [made])
                history.append(made)
            forming_bars.pop((symbol, interval), None)
            one.writer.put_forming(symbol, one.writer.add_interval(interval), bar(interval, number + 1, 99.0))
            forming_bars[symbol, interval] = bar(interval, number + 1, 99.0)
        if chance.random() < 0.5 and (symbol, interval) in forming_bars:
            progress = bar(interval, forming_bars[symbol, interval].open_time // length_ms, 100 + chance.random())
            one.writer.put_forming(symbol, one.writer.add_interval(interval), progress)
            forming_bars[symbol, interval] = progress


def test_a_window_begins_at_its_anchor_and_moves_by_a_tenth():
    with stall(HISTORY) as one:
        one.put(0, "1m", bars("1m", [100.0] * 150))
        lengths = []
        for minute in range(100, 120):
            (rows, _) = seen(one, minute * 60_000, False, ("1m",))[0, "1m"]
            assert rows[0].open_time % (5 * 60_000) == 0
            lengths.append(len(rows))
        assert set(lengths) == {46, 47, 48, 49, 50}


def test_an_interval_nobody_publishes_leaves_all_symbols_unready():
    with stall() as one:
        one.put(0, "1m", bars("1m", [100.0] * 3))
        frame = one.market.step(4 * 60_000, False, (0,), {"1m": FIELDS, "4h": FIELDS})
        assert frame.questions((0,), ("1m", "4h")) == ([], (0,))
        assert len(frame.questions((0,), ("1m",))[0]) == 1


def test_more_symbols_and_more_fields_later_are_no_problem():
    names = [f"S{number}USDT" for number in range(40)]
    with stall(HISTORY, names) as one:
        for symbol in one.symbols:
            one.put(symbol, "1m", bars("1m", [100.0 + symbol] * 5))
        frame = one.market.step(6 * 60_000, False, (3,), {"1m": frozenset({"close"})})
        assert frame.questions((3,), ("1m",))[0][0][2]["1m"].close.tolist() == [103.0] * 5
        frame = one.market.step(6 * 60_000, False, one.symbols, {"1m": frozenset({"high"})})
        shown = {symbol: (k["1m"].close[0], k["1m"].high[0]) for symbol, _, k in frame.questions(one.symbols, ("1m",))[0]}
        assert shown == {symbol: (100.0 + symbol, bar("1m", 1, 100.0 + symbol).high) for symbol in one.symbols}


def test_the_ticker_is_the_last_day_of_the_shortest_interval():
    with stall(100, ring_bars=300) as one:
        one.put(0, "1h", bars("1h", [100.0 + number for number in range(60)]))
        as_of_ms = 61 * 3_600_000
        frame = one.market.step(as_of_ms, False, (0,), {"1h": FIELDS})
        ((_, ticker, klines),), _ = frame.questions((0,), ("1h",))
        day = slice(-24, None)
        hour = klines["1h"]
        assert (ticker.symbol, ticker.time, ticker.last) == ("AUSDT", as_of_ms, 159.0)
        assert ticker.change_percent == pytest.approx((159.0 / hour.open[-24] - 1) * 100)
        assert (ticker.high, ticker.low) == (hour.high[day].max(), hour.low[day].min())
        assert (ticker.volume, ticker.quote_volume) == (hour.volume[day].sum(), hour.quote_volume[day].sum())


def test_a_ticker_of_a_symbol_that_stood_still_for_days_is_its_last_bar():
    with stall(100, ring_bars=300) as one:
        one.put(0, "1h", bars("1h", [100.0, 101.0]))
        frame = one.market.step(60 * 3_600_000, False, (0,), {"1h": FIELDS})
        ((_, ticker, klines),), _ = frame.questions((0,), ("1h",))
        assert (ticker.last, ticker.volume) == (101.0, klines["1h"].volume[-1])


def test_arrays_and_mapping_cannot_be_changed_by_a_filter():
    with stall() as one:
        one.put(0, "1m", bars("1m", [100.0] * 5))
        frame = one.market.step(6 * 60_000, False, (0,), {"1m": FIELDS})
        klines = frame.questions((0,), ("1m",))[0][0][2]
        with pytest.raises(ValueError, match="read-only"):
            klines["1m"].close[0] = 1.0
        with pytest.raises(ValueError, match="read-only"):
            np.add(klines["1m"].close, 1.0, out=klines["1m"].close)
        with pytest.raises(TypeError):
            klines["1m"] = None
        with pytest.raises(LookupError, match="write the interval as a constant"):
            klines["4h"]

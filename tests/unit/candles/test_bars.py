"""Bars as data: what is refused, where something is missing, and longer bars as the exchange makes them."""

import math
from itertools import groupby

import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.types import HOUR_MS, MINUTE_MS, Kline
from engine.candles.bars import check_kline, gaps, merge, resample, window_start_ms
from tests.data import SPOT_1H, SPOT_5M

GOOD = Kline(MINUTE_MS, 10.0, 12.0, 9.0, 11.0, 1.0, 10.0, 3.0, 0.5, 5.0)
FLAT = GOOD._replace(open=10.0, high=10.0, low=10.0, close=10.0, volume=0.0, quote_volume=0.0, trades=0.0)


def test_ordinary_and_tradeless_bars_are_valid() -> None:
    assert check_kline(GOOD, MINUTE_MS) == ""
    assert check_kline(FLAT, MINUTE_MS) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"open_time": MINUTE_MS + 1},
        {"open_time": 0},
        {"open_time": -MINUTE_MS},
        {"low": 10.5},
        {"high": 10.5},
        {"low": 0.0},
        {"low": -1.0},
        {"high": math.inf},
        {"open": math.nan},
        {"high": math.nan},
        {"low": math.nan},
        {"close": math.nan},
        {"close": 12.5},
        {"volume": -1.0},
        {"trades": math.nan},
        {"taker_buy_quote_volume": math.inf},
    ],
)
def test_a_bar_that_cannot_be_is_refused_with_its_numbers(change: dict[str, float]) -> None:
    wrong = GOOD._replace(**change)
    assert str(next(iter(change.values()))) in check_kline(wrong, MINUTE_MS)


def test_gaps_are_the_first_and_last_missing_open_times() -> None:
    times = [minute * MINUTE_MS for minute in (1, 2, 4, 8)]
    assert gaps(times, MINUTE_MS) == [(3 * MINUTE_MS, 3 * MINUTE_MS), (5 * MINUTE_MS, 7 * MINUTE_MS)]
    assert gaps([], MINUTE_MS) == gaps([MINUTE_MS], MINUTE_MS) == []


@given(st.sets(st.integers(1, 60)))
def test_gaps_and_bars_together_are_the_whole_range(present: set[int]) -> None:
    found = gaps([minute * MINUTE_MS for minute in sorted(present)], MINUTE_MS)
    missing = {minute for first, last in found for minute in range(first // MINUTE_MS, last // MINUTE_MS + 1)}
    whole = set(range(min(present), max(present) + 1)) if present else set()
    assert missing == whole - present


def test_merging_keeps_the_later_argument_and_the_order_of_time() -> None:
    other = GOOD._replace(close=9.5)
    late = GOOD._replace(open_time=5 * MINUTE_MS)
    assert merge([late, GOOD], [other]) == [other, late]
    assert merge([other], [GOOD]) == [GOOD]
    assert merge() == merge([], []) == []


@pytest.mark.parametrize("symbol", ["ALPINEUSDT", "ELFUSDT"])
def test_recorded_hours_are_reproduced_from_recorded_five_minutes(symbol: str) -> None:
    # Given the two symbols whose hours the naive first, max and min get wrong
    fives, hours = recorded(SPOT_5M, symbol), recorded(SPOT_1H, symbol)
    whole = {hour for hour, part in groupby(fives, lambda bar: bar.open_time // HOUR_MS) if len(list(part)) == 12}
    # When
    made = {bar.open_time: bar for bar in resample(fives, HOUR_MS)}
    # Then
    compared = [hour for hour in hours if hour.open_time // HOUR_MS in whole]
    assert len(compared) > 1000
    assert all(made[hour.open_time][:5] == hour[:5] for hour in compared)
    assert all(made[hour.open_time].volume == pytest.approx(hour.volume, rel=1e-9) for hour in compared)


def test_an_unfinished_longer_bar_is_made_of_what_there_is() -> None:
    minutes = [GOOD._replace(open_time=minute * MINUTE_MS, close=10.0 + minute / 10) for minute in (58, 59, 60)]
    first, last = resample(minutes, HOUR_MS)
    assert (first.open_time, first.close, first.volume) == (0, 15.9, 2.0)
    assert (last.open_time, last.close, last.volume) == (HOUR_MS, 16.0, 1.0)
    assert resample([], HOUR_MS) == []


@given(as_of_ms=st.integers(10**12, 2 * 10**12), history_bars=st.integers(1, 5000), length_ms=st.sampled_from([1000, 60_000]))
def test_a_window_holds_nine_tenths_to_all_of_the_history_and_begins_on_the_grid(
    as_of_ms: int, history_bars: int, length_ms: int
) -> None:
    start_ms = window_start_ms(as_of_ms, length_ms, history_bars)
    step = max(1, history_bars // 10)
    visible = as_of_ms // length_ms - start_ms // length_ms
    assert history_bars - step + 1 <= visible <= history_bars
    assert start_ms % (step * length_ms) == 0


@given(as_of_ms=st.integers(10**12, 2 * 10**12), later_ms=st.integers(0, 10**9), history_bars=st.integers(1, 5000))
def test_a_window_never_moves_back(as_of_ms: int, later_ms: int, history_bars: int) -> None:
    before = window_start_ms(as_of_ms, MINUTE_MS, history_bars)
    assert before <= window_start_ms(as_of_ms + later_ms, MINUTE_MS, history_bars)


def recorded(path: object, symbol: str) -> list[Kline]:
    """Recorded bars without their last, which may be unfinished; amounts that are not recorded are 0."""
    table = pyarrow.parquet.read_table(path, filters=[("symbol", "=", symbol)]).sort_by("open_time")
    names = ("open_time", "open", "high", "low", "close", "volume")
    columns = (table.column(name).to_pylist() for name in names)
    return [Kline(*row, 0.0, 0.0, 0.0, 0.0) for row in zip(*columns, strict=True)][:-1]

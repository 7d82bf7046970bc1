"""What can be seen of a market at an instant: the documented rules of klines, and nothing of the future."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.base.types import DAY_MS, HOUR_MS, MINUTE_MS, Kline
from engine.sim import bars
from engine.sim.grid import INTERVALS, grid_of
from engine.sim.recorded import RecordedMarket
from engine.sim.rolling import Rolling
from engine.sim.synthetic import SyntheticMarket
from engine.sim.tape import Tape
from tests.data import SPOT_5M

MARKET = SyntheticMarket(seed=5, symbols=100)
NOW_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS + 17 * MINUTE_MS + 42_000


def history(tape: Tape, symbol: str = "BTCUSDT", interval: str = "1m", now_ms: int = NOW_MS, **asked: int) -> list[Kline]:
    table = tape.history(
        *(symbol, tape.grid(symbol, interval), now_ms),
        start_ms=asked.get("start"),
        end_ms=asked.get("end"),
        limit=asked.get("limit", 500),
    )
    return bars.klines(table)


def test_without_times_the_most_recent_bars_come_with_the_forming_one_last() -> None:
    rows = history(Tape(MARKET), limit=5)
    assert [row.open_time for row in rows] == [NOW_MS // MINUTE_MS * MINUTE_MS + step * MINUTE_MS for step in (-4, -3, -2, -1, 0)]
    assert rows[-1].open_time <= NOW_MS < rows[-1].open_time + MINUTE_MS


def test_with_a_start_the_oldest_come_and_the_forming_one_only_if_reached() -> None:
    tape = Tape(MARKET)
    start_ms = NOW_MS - 10 * MINUTE_MS
    rows = history(tape, start=start_ms, limit=3)
    first_ms = -(-start_ms // MINUTE_MS) * MINUTE_MS
    assert [row.open_time for row in rows] == [first_ms, first_ms + MINUTE_MS, first_ms + 2 * MINUTE_MS]
    assert len(history(tape, start=start_ms, limit=1_000)) == 10
    assert history(tape, start=NOW_MS + 1) == []


def test_with_an_end_the_most_recent_up_to_it_come() -> None:
    tape = Tape(MARKET)
    end_ms = NOW_MS - HOUR_MS
    rows = history(tape, end=end_ms, limit=2)
    assert rows[-1].open_time == end_ms // MINUTE_MS * MINUTE_MS
    assert len(rows) == 2


def test_start_and_end_may_be_one_and_include_both() -> None:
    tape = Tape(MARKET)
    open_ms = NOW_MS // HOUR_MS * HOUR_MS - HOUR_MS
    assert [row.open_time for row in history(tape, interval="1h", start=open_ms, end=open_ms)] == [open_ms]
    assert history(tape, interval="1h", start=open_ms, end=open_ms - 1) == []
    assert history(tape, interval="1h", start=open_ms + 1, end=open_ms + 2) == []


def test_times_out_of_range_are_moved_to_the_edge() -> None:
    tape = Tape(MARKET)
    listing = MARKET.listings["BTCUSDT"]
    assert history(tape, interval="1d", start=0, limit=1)[0].open_time == listing.first_ms
    assert history(tape, end=1 << 53, limit=1) == history(tape, limit=1)
    assert history(tape, now_ms=listing.first_ms - 1) == []


@given(st.sampled_from(INTERVALS), st.integers(0, 400 * DAY_MS), st.sampled_from(["BTCUSDT", "WANUSDT", "COTIUSDT"]))
@settings(max_examples=80, deadline=None)
def test_a_forming_bar_is_what_its_past_adds_up_to(interval: str, age_ms: int, symbol: str) -> None:
    # Given any instant
    tape, now_ms = Tape(MARKET), NOW_MS - age_ms
    grid = tape.grid(symbol, interval)
    forming = tape.forming(symbol, grid, now_ms)
    assert forming is not None
    # Then the bar holds it and is made of the seconds that are over
    assert forming.open_time == grid.open_of(now_ms)
    seconds = MARKET.closed(symbol, 1_000, now_ms // MINUTE_MS * MINUTE_MS, now_ms // 1_000 * 1_000)
    minutes = MARKET.closed(symbol, MINUTE_MS, forming.open_time, now_ms // MINUTE_MS * MINUTE_MS)
    if interval != "1s":
        assert forming.trades == minutes[bars.TRADES].sum() + seconds[bars.TRADES].sum()
    if seconds.shape[1]:
        assert forming.close == seconds[bars.CLOSE, -1]
    assert forming.low <= min(forming.open, forming.close) <= max(forming.open, forming.close) <= forming.high


@given(st.lists(st.integers(0, 5_400_000), min_size=2, max_size=30), st.sampled_from(["1m", "5m", "1h"]))
@settings(max_examples=60, deadline=None)
def test_a_forming_bar_only_grows_and_does_not_depend_on_who_looked_before(steps: list[int], interval: str) -> None:
    tape = Tape(MARKET)
    grid = tape.grid("SOLUSDT", interval)
    before: Kline | None = None
    for step in sorted(steps):
        now_ms = NOW_MS + step
        forming = tape.forming("SOLUSDT", grid, now_ms)
        fresh = Tape(MARKET).forming("SOLUSDT", grid, now_ms)
        assert forming is not None
        assert fresh is not None
        assert forming[:6] == fresh[:6]
        assert forming.trades == fresh.trades
        if before is not None and before.open_time == forming.open_time and before.volume > 0:
            assert forming.open == before.open
            assert forming.high >= before.high
            assert forming.low <= before.low
            assert forming.volume >= before.volume
        before = forming


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("offset_ms", [0, 8 * HOUR_MS, -(3 * HOUR_MS + 30 * MINUTE_MS)])
def test_bars_of_any_zone_are_what_their_minutes_add_up_to(interval: str, offset_ms: int) -> None:
    tape = Tape(MARKET)
    listing = MARKET.listings["ADAUSDT"]
    grid = grid_of(interval, first_day_ms=listing.first_ms, offset_ms=offset_ms)
    rows = bars.klines(tape.history("ADAUSDT", grid, NOW_MS, start_ms=None, end_ms=None, limit=4))
    assert len(rows) == 4
    for row in rows[:-1]:
        assert grid.open_of(row.open_time) == row.open_time
        parts = MARKET.closed(
            "ADAUSDT", min(MINUTE_MS, grid.length_ms or MINUTE_MS), row.open_time, grid.next_open(row.open_time)
        )
        joined = bars.join(parts, listing.quantity_decimals)
        assert joined is not None
        assert row[1:6] == joined[1:6]
        assert tape.final("ADAUSDT", grid, row.open_time) == row
    assert rows[-1].open_time == grid.open_of(NOW_MS)


def test_oldest_months_and_weeks_come_first_when_there_is_a_start() -> None:
    tape = Tape(MARKET)
    for interval in ("1M", "1w", "3d"):
        rows = history(tape, interval=interval, start=0, limit=3)
        first_ms = MARKET.listings["BTCUSDT"].first_ms
        grid = tape.grid("BTCUSDT", interval)
        assert rows[0].open_time == grid.open_of(first_ms)
        assert [row.open_time for row in rows[1:]] == [grid.next_open(rows[0].open_time), grid.next_open(rows[1].open_time)]


def gappy(path: Path) -> RecordedMarket:
    """Five minute bars of two symbols: one with a hole, one that ends early, in the middle of an hour."""
    times = {"HOLEUSDT": [*range(24), *range(36, 60)], "GONEUSDT": list(range(30))}
    rows = [(symbol, index) for symbol, indices in times.items() for index in indices]
    price = [100.0 + index for _, index in rows]
    start_ms = 1_700_000_000_000 // HOUR_MS * HOUR_MS
    columns = {"open": price, "high": price, "low": price, "close": price, "volume": [1.0] * len(rows)}
    open_times = [start_ms + index * 5 * MINUTE_MS for _, index in rows]
    pq.write_table(pa.table({"symbol": [symbol for symbol, _ in rows], "open_time": open_times, **columns}), path)
    return RecordedMarket(path)


def test_holes_and_ends_of_recorded_candles(tmp_path: Path) -> None:
    market = gappy(tmp_path / "a.parquet")
    tape, start_ms = Tape(market), market.begin_ms
    hour = tape.grid("HOLEUSDT", "1h")
    # In the hole nothing forms, and history leaves it out.
    assert tape.forming("HOLEUSDT", hour, start_ms + 150 * MINUTE_MS) is None
    assert len(history(tape, "HOLEUSDT", "5m", start_ms + 190 * MINUTE_MS)) == 24 + 3
    assert tape.last_price("HOLEUSDT", start_ms + 150 * MINUTE_MS) == 123.0
    # Two of four hours exist; the third is a hole.
    now_ms = start_ms + 4 * HOUR_MS
    opens = [row.open_time for row in history(tape, "HOLEUSDT", "1h", now_ms, limit=3)]
    assert opens == [start_ms + HOUR_MS, start_ms + 3 * HOUR_MS, start_ms + 4 * HOUR_MS]
    # The last hour of a symbol that left is closed with what there was.
    last = history(tape, "GONEUSDT", "1h", now_ms)[-1]
    assert (last.open_time, last.volume, last.close) == (start_ms + 2 * HOUR_MS, 6.0, 129.0)
    assert tape.forming("GONEUSDT", hour, now_ms) is None


def test_a_recorded_bar_forms_towards_what_was_recorded() -> None:
    market = RecordedMarket(SPOT_5M)
    tape = Tape(market)
    grid = tape.grid("ETHUSDT", "5m")
    open_ms = market.default_start_ms
    whole = tape.final("ETHUSDT", grid, open_ms)
    assert whole is not None
    almost = tape.forming("ETHUSDT", grid, open_ms + 300_000 - 1)
    assert almost is not None
    assert almost.open == whole.open
    assert whole.low <= almost.low
    assert almost.high <= whole.high
    assert almost.volume <= whole.volume
    assert history(tape, "ETHUSDT", "5m", open_ms + 300_000, limit=2)[0] == whole


def test_twenty_four_hours_of_a_symbol() -> None:
    tape = Tape(MARKET)
    rolling = Rolling(tape)
    now_ms = NOW_MS // MINUTE_MS * MINUTE_MS
    ticker = rolling.ticker("BTCUSDT", now_ms)
    minutes = MARKET.closed("BTCUSDT", MINUTE_MS, now_ms - DAY_MS + MINUTE_MS, now_ms)
    joined = bars.join(minutes, 5)
    assert joined is not None
    assert (ticker.open, ticker.high, ticker.low, ticker.last, ticker.volume) == joined[1:6]
    assert ticker.trades == joined.trades
    assert ticker.last_id == MARKET.trades_before("BTCUSDT", now_ms) - 1
    assert ticker.previous_close == MARKET.closed("BTCUSDT", MINUTE_MS, 0, now_ms - DAY_MS + MINUTE_MS, last=1)[bars.CLOSE, 0]
    assert ticker.bid < ticker.ask
    assert ticker.bid <= ticker.last <= ticker.ask
    assert abs(ticker.change_percent - (ticker.last / ticker.open - 1) * 100) < 1e-9


def test_twenty_four_hours_of_symbols_that_do_not_trade(tmp_path: Path) -> None:
    market = gappy(tmp_path / "a.parquet")
    rolling = Rolling(Tape(market))
    gone = rolling.ticker("GONEUSDT", market.begin_ms + 4 * HOUR_MS)
    assert (gone.last, gone.volume, gone.trades, gone.first_id, gone.last_id) == (129.0, 0.0, 0, -1, -1)
    long_gone = rolling.ticker("GONEUSDT", market.begin_ms + 90 * HOUR_MS)
    assert (long_gone.last, long_gone.open) == (129.0, 129.0)
    unborn = rolling.ticker("GONEUSDT", market.begin_ms - HOUR_MS)
    assert (unborn.last, unborn.change_percent, unborn.weighted_average) == (0.0, 0.0, 0.0)
    assert np.isfinite(unborn.ask)

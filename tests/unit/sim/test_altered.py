"""A market with holes and new symbols: by example, and against bars made of the base bars that are left."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.base.errors import SettingsError
from engine.base.types import DAY_MS, HOUR_MS, INTERVAL_MS, MINUTE_MS
from engine.sim import bars
from engine.sim.altered import Altered
from engine.sim.recorded import RecordedMarket
from engine.sim.synthetic import SyntheticMarket
from engine.sim.tape import Tape
from tests.data import SPOT_5M

START_MS = 1_790_000_000_000 // DAY_MS * DAY_MS
MARKET = SyntheticMarket(seed=5, symbols=3)
SYMBOL = "BTCUSDT"
LENGTHS = [INTERVAL_MS[name] for name in ("1m", "3m", "5m", "15m", "1h", "4h")]


def halted(*holes: tuple[int, int | None]) -> Altered:
    """A market halted from one minute after the start to another."""
    market = Altered(MARKET)
    for begin, end in holes:
        market.set_status(SYMBOL, "BREAK", START_MS + begin * MINUTE_MS)
        if end is not None:
            market.set_status(SYMBOL, "TRADING", START_MS + end * MINUTE_MS)
    return market


def opens(table: bars.Bars) -> list[int]:
    return [int(open_ms - START_MS) // MINUTE_MS for open_ms in table[bars.OPEN_TIME]]


def test_minutes_of_a_halt_do_not_exist() -> None:
    market = halted((5, 9))
    assert opens(market.closed(SYMBOL, MINUTE_MS, START_MS, START_MS + 12 * MINUTE_MS)) == [0, 1, 2, 3, 4, 9, 10, 11]
    assert market.parts(SYMBOL, START_MS + 6 * MINUTE_MS) is None
    assert market.parts(SYMBOL, START_MS + 9 * MINUTE_MS) is not None


def test_first_and_last_count_bars_that_exist() -> None:
    market = halted((5, 9), (10, 12))
    end_ms = START_MS + 20 * MINUTE_MS
    assert opens(market.closed(SYMBOL, MINUTE_MS, START_MS, end_ms, first=7)) == [0, 1, 2, 3, 4, 9, 12]
    assert opens(market.closed(SYMBOL, MINUTE_MS, START_MS, START_MS + 13 * MINUTE_MS, last=4)) == [3, 4, 9, 12]
    assert opens(market.closed(SYMBOL, MINUTE_MS, 0, START_MS + 13 * MINUTE_MS, last=1)) == [12]


def test_a_symbol_that_is_still_halted_ends() -> None:
    market = halted((5, None))
    assert opens(market.closed(SYMBOL, MINUTE_MS, START_MS, START_MS + DAY_MS)) == [0, 1, 2, 3, 4]
    assert opens(market.closed(SYMBOL, HOUR_MS, START_MS, START_MS + DAY_MS)) == [0]
    assert (market.status(SYMBOL, START_MS), market.status("ETHUSDT", START_MS)) == ("BREAK", "TRADING")


def test_seconds_of_a_halt_do_not_exist_either() -> None:
    market = halted((1, 2))
    table = market.closed(SYMBOL, 1_000, START_MS, START_MS + 3 * MINUTE_MS)
    assert table.shape[1] == 120
    assert opens(table)[::60] == [0, 2]


def test_a_halt_within_one_bar_takes_nothing_out() -> None:
    market = Altered(MARKET)
    market.set_status(SYMBOL, "HALT", START_MS + 10_000)
    market.set_status(SYMBOL, "TRADING", START_MS + 20_000)
    table = market.closed(SYMBOL, MINUTE_MS, START_MS, START_MS + HOUR_MS)
    assert table.shape[1] == 60


def test_another_kind_of_halt_is_the_same_hole() -> None:
    market = halted((5, None))
    market.set_status(SYMBOL, "CANCEL_ONLY", START_MS + 7 * MINUTE_MS)
    market.set_status(SYMBOL, "TRADING", START_MS + 9 * MINUTE_MS)
    market.set_status(SYMBOL, "TRADING", START_MS + 11 * MINUTE_MS)
    assert opens(market.closed(SYMBOL, MINUTE_MS, START_MS, START_MS + 11 * MINUTE_MS)) == [0, 1, 2, 3, 4, 9, 10]


minutes = st.integers(0, 400)
holes = st.lists(st.integers(0, 400), min_size=1, max_size=8, unique=True).map(sorted)


@given(edges=holes, start=minutes, span=st.integers(1, 500), length_ms=st.sampled_from(LENGTHS), few=st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_bars_are_made_of_the_minutes_that_are_left(edges: list[int], start: int, span: int, length_ms: int, few: int) -> None:
    # Given halts, the last one perhaps not over
    pairs = [(begin, None if place + 1 == len(edges) else edges[place + 1]) for place, begin in enumerate(edges)][::2]
    market = halted(*pairs)
    start_ms, end_ms = START_MS + start * MINUTE_MS, START_MS + (start + span) * MINUTE_MS
    # When bars are asked for
    table = market.closed(SYMBOL, length_ms, start_ms, end_ms)
    # Then they are what the minutes outside of the halts make
    whole = MARKET.closed(SYMBOL, MINUTE_MS, START_MS, START_MS + 1_400 * MINUTE_MS)
    minute = (whole[bars.OPEN_TIME] - START_MS) / MINUTE_MS
    for begin, end in pairs:
        kept = (minute < begin) | (minute >= (end or 1 << 30))
        whole, minute = whole[:, kept], minute[kept]
    times = whole[bars.OPEN_TIME].astype(np.int64)
    made = bars.aggregate(whole, times - times % length_ms, MARKET.listings[SYMBOL].quantity_decimals)
    wanted = made[:, (made[bars.OPEN_TIME] >= start_ms) & (made[bars.OPEN_TIME] < end_ms)]
    np.testing.assert_allclose(table, wanted, rtol=1e-12)
    if few:
        np.testing.assert_array_equal(market.closed(SYMBOL, length_ms, start_ms, end_ms, first=few), table[:, :few])
        np.testing.assert_array_equal(market.closed(SYMBOL, length_ms, start_ms, end_ms, last=few), table[:, -few:])


def test_a_forming_bar_comes_back_with_trading() -> None:
    market = halted((2, None))
    tape = Tape(market)
    grid = tape.grid(SYMBOL, "1m")
    now_ms = START_MS + 4 * MINUTE_MS + 30_000
    assert tape.forming(SYMBOL, grid, now_ms) is None
    market.set_status(SYMBOL, "TRADING", now_ms)
    tape.forget(SYMBOL)
    bar = tape.forming(SYMBOL, grid, now_ms)
    assert bar is not None
    assert bar.volume > 0


def test_a_new_symbol_has_so_many_bars_and_a_course_of_its_own() -> None:
    market = Altered(MARKET)
    listing = market.add("NEWUSDT", 5, START_MS + 17 * MINUTE_MS + 1)
    assert (listing.symbol, listing.base_asset, listing.first_ms) == ("NEWUSDT", "NEW", START_MS + 12 * MINUTE_MS)
    now_ms = START_MS + 17 * MINUTE_MS
    table = market.closed("NEWUSDT", MINUTE_MS, 0, now_ms)
    assert opens(table) == [12, 13, 14, 15, 16]
    assert opens(market.closed("NEWUSDT", MINUTE_MS, 0, now_ms, last=2)) == [15, 16]
    (hour,) = bars.klines(market.closed("NEWUSDT", HOUR_MS, 0, START_MS + HOUR_MS))
    first, *_ = bars.klines(table)
    assert (hour.open_time, hour.open) == (START_MS, first.open)
    others = [MARKET.closed(symbol, MINUTE_MS, START_MS, now_ms)[bars.CLOSE, -1] for symbol in MARKET.listings]
    assert table[bars.CLOSE, -1] not in others
    # The same name is the same course, in another simulator too; the market itself lists what it listed.
    again = Altered(MARKET)
    again.add("NEWUSDT", 3, now_ms)
    np.testing.assert_array_equal(again.closed("NEWUSDT", MINUTE_MS, 0, now_ms), table[:, -3:])
    assert "NEWUSDT" not in MARKET.listings


def test_recorded_candles_have_no_further_symbols() -> None:
    with pytest.raises(SettingsError, match="no candles for another symbol"):
        Altered(RecordedMarket(SPOT_5M)).add("NEWUSDT", 5, START_MS)

"""The synthetic market: exact, the same in every run, and believable."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.base.errors import SettingsError
from engine.base.types import DAY_MS, HOUR_MS, INTERVAL_MS, MINUTE_MS, SECOND_MS
from engine.sim import bars, synthetic
from engine.sim.bars import Bars
from engine.sim.synthetic import SyntheticMarket

MARKET = SyntheticMarket(seed=3, symbols=100)
NOW_MS = 1_790_000_000_000 // DAY_MS * DAY_MS
LONGER = [(name, length_ms) for name, length_ms in INTERVAL_MS.items() if length_ms > MINUTE_MS]

symbols = st.sampled_from(list(MARKET.listings))
hours = st.integers(NOW_MS // HOUR_MS - 40_000, NOW_MS // HOUR_MS + 10_000)


def assert_same(left: Bars, right: Bars) -> None:
    """Equal in every digit, but for the quote volumes, which are sums of products."""
    exact = [field for field in range(bars.FIELDS) if field not in (bars.QUOTE, bars.TAKER_QUOTE)]
    assert (left[exact] == right[exact]).all()
    np.testing.assert_allclose(left, right, rtol=1e-11, atol=1e-6)


@given(symbols, st.sampled_from(LONGER), hours)
@settings(max_examples=120, deadline=None)
def test_any_longer_bar_is_what_its_minutes_add_up_to(symbol: str, longer: tuple[str, int], hour: int) -> None:
    length_ms = longer[1]
    start_ms = hour * HOUR_MS // length_ms * length_ms
    end_ms = start_ms + 2 * max(length_ms, HOUR_MS)
    minutes = MARKET.closed(symbol, MINUTE_MS, start_ms, end_ms)
    opens = minutes[bars.OPEN_TIME].astype(np.int64)
    expected = bars.aggregate(minutes, opens - opens % length_ms, MARKET.listings[symbol].quantity_decimals)
    assert_same(MARKET.closed(symbol, length_ms, start_ms, end_ms), expected)


@given(symbols, hours, st.integers(0, 59))
@settings(max_examples=60, deadline=None)
def test_a_minute_is_what_its_seconds_add_up_to(symbol: str, hour: int, minute: int) -> None:
    start_ms = hour * HOUR_MS + minute * MINUTE_MS
    seconds = MARKET.closed(symbol, SECOND_MS, start_ms, start_ms + MINUTE_MS)
    assert seconds.shape == (10, 60)
    expected = bars.aggregate(seconds, np.full(60, start_ms), MARKET.listings[symbol].quantity_decimals)
    assert_same(MARKET.closed(symbol, MINUTE_MS, start_ms, start_ms + MINUTE_MS), expected)


@given(symbols, hours, st.integers(1, 3_000), st.sampled_from(["1m", "5m", "1h", "4h"]))
@settings(max_examples=100, deadline=None)
def test_bars_are_valid_candles_that_continue_one_another(symbol: str, hour: int, count: int, interval: str) -> None:
    length_ms = INTERVAL_MS[interval]
    start_ms = hour * HOUR_MS // length_ms * length_ms
    listing = MARKET.listings[symbol]
    table = MARKET.closed(symbol, length_ms, start_ms, start_ms + min(count, 600) * length_ms)
    prices = table[bars.OPEN : bars.CLOSE + 1]
    silent = table[bars.VOLUME] == 0
    assert (np.diff(table[bars.OPEN_TIME]) == length_ms).all()
    assert (prices > 0).all()
    assert (table[bars.LOW] <= prices).all()
    assert (table[bars.HIGH] >= prices).all()
    # A bar without a trade is flat at the close before it.
    assert (prices[:, silent] == table[bars.CLOSE, silent]).all()
    assert (table[bars.CLOSE, 1:] == table[bars.CLOSE, :-1])[silent[1:]].all()
    assert (table[bars.TRADES, silent] == 0).all()
    # Prices are on the tick, quantities on the step, the average price within the bar, takers a part of all.
    ticks, steps = prices * 10**listing.price_decimals, table[bars.VOLUME] * 10**listing.quantity_decimals
    np.testing.assert_allclose(ticks, np.rint(ticks), rtol=0, atol=1e-3)
    np.testing.assert_allclose(steps, np.rint(steps), rtol=1e-12, atol=1e-3)
    average = table[bars.QUOTE, ~silent] / table[bars.VOLUME, ~silent]
    assert (average >= table[bars.LOW, ~silent] * (1 - 1e-9)).all()
    assert (average <= table[bars.HIGH, ~silent] * (1 + 1e-9)).all()
    assert (table[bars.TAKER] <= table[bars.VOLUME]).all()


@given(symbols, hours, st.integers(0, 400), st.integers(1, 300))
@settings(max_examples=60, deadline=None)
def test_a_bar_does_not_depend_on_how_it_is_asked_for(symbol: str, hour: int, offset: int, count: int) -> None:
    # Given a stretch of minutes from one market
    start_ms = hour * HOUR_MS
    whole = MARKET.closed(symbol, MINUTE_MS, start_ms, start_ms + 1_000 * MINUTE_MS)
    # When a fresh one with the same seed and fewer symbols is asked for a piece of it
    rank = list(MARKET.listings).index(symbol)
    other = SyntheticMarket(seed=3, symbols=rank + 1)
    piece = other.closed(symbol, MINUTE_MS, start_ms + offset * MINUTE_MS, start_ms + (offset + count) * MINUTE_MS)
    # Then it is the same piece, in every bit
    assert (piece == whole[:, offset : offset + count]).all()


@given(symbols, hours)
@settings(max_examples=60, deadline=None)
def test_trade_ids_go_on_without_a_gap(symbol: str, hour: int) -> None:
    start_ms = hour * HOUR_MS // DAY_MS * DAY_MS
    minutes = MARKET.closed(symbol, MINUTE_MS, start_ms, start_ms + DAY_MS)
    ids = [MARKET.trades_before(symbol, start_ms + minute * MINUTE_MS) for minute in (0, 1, 59, 60, 61, 1_439)]
    counted = np.concatenate(([0], np.cumsum(minutes[bars.TRADES])))
    assert [number - ids[0] for number in ids] == counted[[0, 1, 59, 60, 61, 1_439]].tolist()
    assert ids[0] > 0


def test_first_and_last_so_many_bars() -> None:
    span = (NOW_MS - DAY_MS, NOW_MS)
    whole = MARKET.closed("BTCUSDT", MINUTE_MS, *span)
    assert (MARKET.closed("BTCUSDT", MINUTE_MS, *span, first=10) == whole[:, :10]).all()
    assert (MARKET.closed("BTCUSDT", MINUTE_MS, *span, last=10) == whole[:, -10:]).all()
    assert MARKET.closed("BTCUSDT", MINUTE_MS, NOW_MS, NOW_MS).shape == (10, 0)


def test_nothing_is_older_than_the_listing() -> None:
    listing = MARKET.listings["ETHUSDT"]
    oldest = MARKET.closed("ETHUSDT", DAY_MS, 0, NOW_MS, first=3)
    assert oldest[bars.OPEN_TIME, 0] == listing.first_ms
    assert MARKET.parts("ETHUSDT", listing.first_ms - MINUTE_MS) is None


def test_the_market_is_believable() -> None:
    daily = {symbol: MARKET.closed(symbol, DAY_MS, 0, NOW_MS, last=700) for symbol in MARKET.listings}
    volatility = [float(np.std(np.diff(np.log(table[bars.CLOSE])))) for table in daily.values()]
    turnover = sorted((float(table[bars.QUOTE].mean()) for table in daily.values()), reverse=True)
    ratios = [table[bars.CLOSE].max() / table[bars.CLOSE].min() for table in daily.values()]
    silence = [(MARKET.closed(symbol, MINUTE_MS, NOW_MS - DAY_MS, NOW_MS)[bars.VOLUME] == 0).mean() for symbol in daily]
    # Days move by some per cent, and no price runs away.
    assert min(volatility) > 0.015
    assert max(volatility) < 0.12
    assert max(ratios) < 50
    # A few symbols have most of the turnover; the smallest is a ten-thousandth of the largest.
    assert sum(turnover[:10]) > 0.6 * sum(turnover)
    assert turnover[0] / turnover[-1] > 5_000
    # Most are always traded; some are mostly silent.
    assert sum(share == 0 for share in silence) > 50
    assert sum(share > 0.5 for share in silence) >= 10
    # Wild hours come together.
    ranges = np.log(daily["BTCUSDT"][bars.HIGH] / daily["BTCUSDT"][bars.LOW])
    assert np.corrcoef(ranges[1:], ranges[:-1])[0, 1] > 0.2


def test_seeds_make_different_markets() -> None:
    other = SyntheticMarket(seed=4, symbols=1)
    span = (NOW_MS - HOUR_MS, NOW_MS)
    assert (other.closed("BTCUSDT", MINUTE_MS, *span) != MARKET.closed("BTCUSDT", MINUTE_MS, *span)).any()


def test_a_market_of_no_symbols_is_refused() -> None:
    with pytest.raises(SettingsError, match="number of symbols"):
        SyntheticMarket(symbols=0)


def test_a_running_exchange_of_many_symbols_makes_no_course_twice(monkeypatch):
    # Given more symbols than courses that are kept in any case
    market = SyntheticMarket(1, synthetic.COURSES_KEPT + 10)
    made = []
    make = synthetic.courses.make_course
    monkeypatch.setattr(synthetic.courses, "make_course", lambda *who: made.append(who) or make(*who))
    # When all are looked at in turn, again and again
    for minute in range(3):
        for symbol in market.listings:
            market.trades_before(symbol, NOW_MS + minute * MINUTE_MS)
    # Then
    assert len(made) == len(market.listings)

"""Where a volume weighted average price begins, and what it does with bars that say nothing."""

import numpy as np

import indicators

HOUR_MS = 3_600_000.0
# Three bars before midnight UTC, three after.
TIME = 1_700_000_000_000.0 // (24 * HOUR_MS) * (24 * HOUR_MS) + HOUR_MS * np.arange(-3, 3)
PRICE = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
VOLUME = np.array([1.0, 1.0, 2.0, 1.0, 3.0, 0.0])


def session(price: np.ndarray, volume: np.ndarray, *minutes: int) -> list[float]:
    return np.round(indicators.vwap_session(price, price, price, volume, TIME, *minutes), 9).tolist()


def rolling(price: np.ndarray, volume: np.ndarray, period: int) -> list[float]:
    return np.round(indicators.vwap_rolling(price, price, price, volume, period), 9).tolist()


def test_a_session_begins_at_midnight_utc():
    assert session(PRICE, VOLUME) == [10.0, 15.0, 22.5, 40.0, 47.5, 47.5]


def test_a_session_may_be_shorter_than_a_day():
    assert session(PRICE, VOLUME, 60) == [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    assert session(PRICE, VOLUME, 120) == [10.0, 20.0, 26.666666667, 40.0, 47.5, 60.0]


def test_before_the_first_trade_of_a_session_the_price_stands_in():
    assert session(PRICE, np.array([1.0, 1.0, 2.0, 0.0, 0.0, 1.0])) == [10.0, 15.0, 22.5, 40.0, 50.0, 60.0]


def test_bars_that_are_not_finite_are_left_out():
    gap = PRICE.copy()
    gap[1] = np.nan
    assert session(gap, VOLUME)[2:] == [23.333333333, 40.0, 47.5, 47.5]
    assert rolling(gap, VOLUME, 3)[2:] == [23.333333333, 33.333333333, 41.666666667, 47.5]
    boundless = VOLUME.copy()
    boundless[1] = np.inf
    assert rolling(PRICE, boundless, 2)[1:3] == [10.0, 30.0]


def test_a_window_forgets_a_huge_bar_and_knows_when_nothing_was_traded():
    volume = np.array([1.0, 1e30, 2.0, 1.0, 0.0, 0.0])
    assert rolling(PRICE, volume, 2)[2:] == [20.0, 33.333333333, 40.0, 60.0]

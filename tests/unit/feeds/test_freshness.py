"""A close is overdue by real time, whatever the exchange's speed."""

import pytest

from engine.feeds.freshness import State, newest_closed_ms, overdue_ms, state_of

MINUTE = 60_000
T = 1_700_000_040_000 // MINUTE * MINUTE


@pytest.mark.parametrize("now_ms, opened", [(T, T - MINUTE), (T + 1, T - MINUTE), (T - 1, T - 2 * MINUTE), (T + MINUTE, T)])
def test_a_bar_closes_when_time_reaches_its_end(now_ms: int, opened: int) -> None:
    assert newest_closed_ms(now_ms, MINUTE) == opened


@pytest.mark.parametrize(
    "rate, late_ms, overdue",
    [
        (1.0, 4_999, 0),
        (1.0, 5_000, T - MINUTE),
        (60.0, 59_999, 0),
        (60.0, 300_000, T - MINUTE),
    ],
)
def test_the_grace_is_real_time(rate: float, late_ms: int, overdue: int) -> None:
    assert overdue_ms(T + late_ms, rate, MINUTE, T - 2 * MINUTE, 5_000) == overdue


def test_of_several_missing_bars_the_newest_overdue_is_named() -> None:
    assert overdue_ms(T + 5_000, 1.0, MINUTE, T - 10 * MINUTE, 5_000) == T - MINUTE


def test_nothing_is_overdue_when_all_is_settled() -> None:
    assert overdue_ms(T + 50_000, 1.0, MINUTE, T - MINUTE, 5_000) == 0


@pytest.mark.parametrize(
    "has_bars, is_asking, is_overdue, is_vain, state",
    [
        (False, True, True, True, State.NO_DATA),
        (True, False, False, False, State.LIVE),
        (True, True, False, False, State.REPAIRING),
        (True, False, True, False, State.REPAIRING),
        (True, True, True, True, State.STALE),
        (True, False, False, True, State.LIVE),
    ],
)
def test_one_word_for_a_series(has_bars: bool, is_asking: bool, is_overdue: bool, is_vain: bool, state: State) -> None:
    assert state_of(has_bars=has_bars, is_asking=is_asking, is_overdue=is_overdue, is_vain=is_vain) is state

"""The record of a trader's behaviour: strikes that fade, signals by the hour they belong to, CPU time by the cycle."""

import random

import pytest

from engine.supervisor.conduct import CYCLES_MAX, HOUR_MS, MINUTE_MS, MINUTES_MAX, Conduct, HourlyCount

NOON = 1_700_006_400_000
M5 = 5 * MINUTE_MS


def signals(conduct: Conduct, number: int, at_ms: int, *, first: bool = False) -> None:
    """So many symbols begin to match as of one instant, each on a bar of its own."""
    for symbol in range(number):
        conduct.signal(f"S{symbol}", at_ms - M5, at_ms, first=first)


# --- strikes ------------------------------------------------------------------------------------------------------------


def test_a_strike_is_forgotten_after_its_time_and_not_before():
    conduct = Conduct()
    conduct.strike(NOON)
    assert conduct.strikes(NOON + HOUR_MS - 1, HOUR_MS, M5) == 1
    assert conduct.strikes(NOON + HOUR_MS, HOUR_MS, M5) == 0


def test_overruns_on_many_symbols_as_of_one_instant_are_one_strike():
    conduct = Conduct()
    for _ in range(40):
        conduct.strike(NOON)
    assert conduct.strikes(NOON, HOUR_MS, M5) == 1


def test_a_single_symbol_that_takes_more_than_all_may_take_counts_each_time():
    conduct = Conduct()
    for _ in range(3):
        conduct.strike_more(NOON)
    assert conduct.strikes(NOON, HOUR_MS, M5) == 3


def test_a_trader_that_runs_once_in_four_hours_is_caught_as_well():
    conduct = Conduct()
    for turn in range(3):
        conduct.strike(NOON + turn * 4 * HOUR_MS)
    assert conduct.strikes(NOON + 8 * HOUR_MS, HOUR_MS, 4 * HOUR_MS) == 3
    assert conduct.strikes(NOON + 41 * HOUR_MS, HOUR_MS, 4 * HOUR_MS) == 2


# --- floods -------------------------------------------------------------------------------------------------------------


def test_a_hundred_signals_in_an_hour_are_allowed_and_one_more_is_a_flood():
    conduct = Conduct()
    signals(conduct, 100, NOON)
    assert conduct.flood(100, 1_000) is None
    conduct.signal("ONE", NOON, NOON + HOUR_MS - MINUTE_MS, first=False)
    verdict = conduct.flood(100, 1_000)
    assert verdict is not None
    assert verdict == ("flood", "more than 100 signals in an hour")


def test_signals_spread_over_more_than_an_hour_are_none():
    conduct = Conduct()
    signals(conduct, 100, NOON)
    signals(conduct, 100, NOON + HOUR_MS)
    assert conduct.flood(100, 1_000) is None


def test_what_matches_when_it_is_first_asked_about_is_not_the_screens_fault():
    conduct = Conduct()
    signals(conduct, 500, NOON, first=True)
    assert conduct.flood(100, 400) is None
    # What comes to match after that is
    signals(conduct, 101, NOON + M5)
    assert conduct.flood(100, 400) is not None


def test_a_forming_bar_that_is_told_again_and_again_is_one_signal():
    conduct = Conduct()
    for second in range(1_000):
        conduct.signal("BTCUSDT", NOON, NOON + second * 10, first=False)
    assert conduct.worst_hour == 1


def test_the_circuit_breaker_comes_before_the_flood_and_either_can_be_switched_off():
    conduct = Conduct()
    signals(conduct, 1_001, NOON)
    assert conduct.flood(100, 1_000).kind == "breaker"
    assert conduct.flood(100, 0).kind == "flood"
    assert conduct.flood(0, 0) is None


@pytest.mark.parametrize("seed", range(5))
def test_late_signals_count_in_their_own_hour_in_whatever_order_they_come(seed: int):
    chance = random.Random(seed)
    instants = [NOON + chance.randrange(10 * 60) * MINUTE_MS for _ in range(400)]
    instants += instants[:1] * 9
    # As they come when symbols are caught up on one after the other
    counted = HourlyCount()
    worst = 0
    for at in instants:
        worst = max(worst, counted.add(at))
    # Then it is the same as looking at all hours afterwards
    minutes = [at // MINUTE_MS for at in instants]
    assert worst == max(sum(end - 60 < minute <= end for minute in minutes) for end in minutes)


def test_catching_up_on_ten_quiet_hours_is_no_flood():
    conduct = Conduct()
    for symbol in range(20):
        for hour in range(10):
            conduct.signal(f"S{symbol}", NOON + hour * HOUR_MS, NOON + hour * HOUR_MS, first=False)
    assert conduct.worst_hour == 20


def test_the_count_does_not_grow_without_end():
    counted = HourlyCount()
    for minute in range(2 * MINUTES_MAX):
        assert counted.add(minute * MINUTE_MS) == min(minute + 1, 60)
    assert len(counted._by_minute) == MINUTES_MAX


# --- CPU time -----------------------------------------------------------------------------------------------------------


def test_answers_as_of_one_instant_are_one_cycle():
    conduct = Conduct()
    assert conduct.cycle_ms() == {"mean": None, "p50": None, "p99": None}
    for part_us in (1_000, 2_000):
        conduct.used(NOON, part_us)
    conduct.used(NOON + M5, 5_000)
    assert conduct.cycle_ms() == {"mean": 4.0, "p50": 3.0, "p99": 5.0}


def test_only_the_last_cycles_are_kept():
    conduct = Conduct()
    conduct.used(NOON, 1_000_000)
    for number in range(1, CYCLES_MAX + 1):
        conduct.used(NOON + number * M5, 1_000)
    assert conduct.cycle_ms()["p99"] == 1.0

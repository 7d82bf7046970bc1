"""The weight budget: never more than allowed in a calendar minute, and silence when the exchange asks for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.binance.limits import LIMIT_UNTIL_KNOWN, MINUTE_MS, Budget
from engine.binance.messages import RateLimit

NOON_MS = 1_700_000_040_000 // MINUTE_MS * MINUTE_MS


def budget(limit: int = 6_000, percent: int = 80) -> Budget:
    """A budget that has learned its limit."""
    made = Budget(percent)
    made.learn([RateLimit("RAW_REQUESTS", "MINUTE", 5, 61_000), RateLimit("REQUEST_WEIGHT", "MINUTE", 1, limit)])
    return made


def test_before_the_exchange_told_its_limit_little_is_allowed() -> None:
    assert Budget(100).allowance == LIMIT_UNTIL_KNOWN
    assert budget(6_000, 80).allowance == 4_800


def test_weight_is_taken_until_the_allowance_is_used_and_again_in_the_next_minute() -> None:
    # Given
    weights = budget(limit=100, percent=50)

    # When
    waits = [weights.acquire(20, NOON_MS + 10_000) for _ in range(3)]

    # Then
    assert waits[:2] == [0.0, 0.0]
    assert 50.0 < waits[2] < 51.0
    assert weights.acquire(20, NOON_MS + 10_000 + waits[2] * 1e3) == 0.0


def test_what_the_exchange_has_counted_is_believed_when_it_is_more() -> None:
    weights = budget(limit=100, percent=100)
    weights.acquire(2, NOON_MS)

    weights.seen(90, NOON_MS, NOON_MS + 50)
    assert weights.used == 90
    weights.seen(4, NOON_MS, NOON_MS + 60)
    assert weights.used == 90
    assert weights.acquire(20, NOON_MS + 70) > 0


def test_a_count_from_the_minute_before_says_nothing() -> None:
    weights = budget(limit=100, percent=100)
    weights.seen(99, NOON_MS - 10, NOON_MS + 10)
    assert weights.used == 0


def test_a_request_heavier_than_the_allowance_goes_through_alone() -> None:
    weights = budget(limit=50, percent=100)
    assert weights.acquire(80, NOON_MS) == 0.0
    assert weights.acquire(1, NOON_MS) > 0


def test_a_pause_holds_everything_until_it_is_over() -> None:
    weights = budget()
    weights.pause(7, NOON_MS)
    weights.pause(3, NOON_MS)

    assert weights.acquire(1, NOON_MS + 1_000) == pytest.approx(6.0)
    assert not weights.banned(NOON_MS)
    assert weights.acquire(1, NOON_MS + 7_000) == 0.0


def test_a_ban_is_known_as_one_while_it_lasts() -> None:
    weights = budget()
    weights.pause(120, NOON_MS, banned=True)
    assert weights.banned(NOON_MS + 119_000)
    assert not weights.banned(NOON_MS + 120_000)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 20_000)), max_size=200), st.integers(1, 100))
def test_no_calendar_minute_ever_holds_more_than_the_allowance(requests: list[tuple[int, int]], percent: int) -> None:
    weights = budget(limit=200, percent=percent)
    now_ms = NOON_MS
    taken: dict[int, list[int]] = {}
    for weight, pause_ms in requests:
        now_ms += pause_ms
        if weights.acquire(weight, now_ms) == 0.0:
            taken.setdefault(now_ms // MINUTE_MS, []).append(weight)
    for weights_of_minute in taken.values():
        assert sum(weights_of_minute) <= weights.allowance or len(weights_of_minute) == 1

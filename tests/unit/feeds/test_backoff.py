"""Pauses grow and are spread; attempts stay below what the exchange allows."""

from hypothesis import given
from hypothesis import strategies as st

from engine.feeds.backoff import ATTEMPTS_MAX, ATTEMPTS_WINDOW_S, Attempts, full_jitter_s


def test_the_ceiling_doubles_up_to_its_limit() -> None:
    ceilings = [full_jitter_s(failures, lambda: 1.0, 0.5, 60.0) for failures in range(10)]
    assert ceilings == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_pause_lies_below_its_ceiling(failures: int, chance: float) -> None:
    assert 0 <= full_jitter_s(failures, lambda: chance, 0.5, 60.0) <= 60.0


@given(st.lists(st.floats(0, 30), max_size=1_000))
def test_no_window_holds_more_attempts_than_allowed(pauses: list[float]) -> None:
    attempts = Attempts(most=5, window_s=60.0)
    now_s, made = 0.0, []
    for pause in pauses:
        now_s += pause
        wait_s = attempts.acquire(now_s)
        if wait_s:
            assert 0 < wait_s <= 60.0
        else:
            made.append(now_s)
    for first in made:
        assert sum(first <= moment < first + 60.0 for moment in made) <= 5


def test_the_limit_stays_below_three_hundred_in_five_minutes() -> None:
    assert ATTEMPTS_MAX < 300
    assert ATTEMPTS_WINDOW_S == 300.0

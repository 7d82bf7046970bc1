"""How long a series may be silent is learnt from itself; questions about silence are few."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.feeds.silence import PATIENCE_FACTOR, PATIENCE_MAX_S, PATIENCE_MIN_S, Questions, Silence

GAPS = st.lists(st.floats(0.25, 400.0), min_size=1, max_size=40)


def listened(gaps: list[float], begun_s: float = 0.0) -> tuple[Silence, float]:
    """One series whose events come after these pauses, and the time of the last."""
    silence, now_s = Silence(), begun_s
    silence.add(1, now_s)
    for gap_s in [1.0, *gaps]:
        now_s += gap_s
        silence.hear(np.array([True]), now_s)
    return silence, now_s


def too_long(silence: Silence, now_s: float) -> bool:
    return bool(silence.too_long(now_s)[0])


@pytest.mark.parametrize("gap_s", [0.5, 2.0, 3.5])
def test_a_busy_series_is_asked_about_after_seven_seconds(gap_s: float) -> None:
    silence, now_s = listened([gap_s] * 20)
    assert not too_long(silence, now_s + PATIENCE_MIN_S)
    assert too_long(silence, now_s + PATIENCE_MIN_S + 0.1)


def test_a_series_that_is_usually_quiet_is_left_alone_for_longer() -> None:
    silence, now_s = listened([40.0, 25.0, 38.0])
    assert not too_long(silence, now_s + 75.0)
    assert too_long(silence, now_s + 85.0)


def test_a_single_long_pause_is_forgotten_in_time() -> None:
    silence, now_s = listened([100.0, *[2.0] * 60])
    assert too_long(silence, now_s + PATIENCE_MIN_S + 0.1)


def test_a_question_in_vain_doubles_the_patience_until_the_next_event() -> None:
    silence, now_s = listened([2.0] * 5)
    silence.vain(0, now_s + 8.0)
    assert not too_long(silence, now_s + 16.0)
    assert too_long(silence, now_s + 16.1)
    silence.hear(np.array([True]), now_s + 20.0)
    # The pause of twenty seconds was a true one.
    assert not too_long(silence, now_s + 59.0)
    assert too_long(silence, now_s + 61.0)


def test_the_pause_before_a_stream_begins_again_teaches_nothing() -> None:
    silence, now_s = listened([2.0] * 5)
    silence.restart(0, now_s + 300.0)
    silence.hear(np.array([True]), now_s + 302.0)
    assert too_long(silence, now_s + 302.0 + PATIENCE_MIN_S + 0.1)


@given(GAPS)
def test_patience_is_bounded_and_covers_the_gaps_of_late(gaps: list[float]) -> None:
    silence, _ = listened(gaps)
    patience_s = silence.patience_s[0]
    assert PATIENCE_MIN_S <= patience_s <= PATIENCE_MAX_S
    assert patience_s >= min(PATIENCE_FACTOR * gaps[-1], PATIENCE_MAX_S) * 0.999
    assert silence.usual_s[0] <= max(gaps) * 1.001


@given(GAPS)
def test_series_do_not_disturb_each_other(gaps: list[float]) -> None:
    alone, _ = listened(gaps)
    together, now_s = Silence(), 0.0
    together.add(2, 0.0)
    together.add(1, 0.0)
    together.remove([1])
    for gap_s in [1.0, *gaps]:
        now_s += gap_s
        together.hear(np.array([False, True]), now_s)
    assert together.patience_s[1] == alone.patience_s[0]
    assert together.patience_s[0] == PATIENCE_MIN_S


def test_the_one_most_out_of_the_ordinary_comes_first() -> None:
    silence = Silence()
    silence.add(3, 0.0)
    silence.patience_s[:] = (100.0, 10.0, 50.0)
    assert silence.urgency([0, 1, 2], 200.0) == [1, 2, 0]


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.integers(0, 50)), max_size=60))
def test_questions_never_exceed_their_rate(steps: list[tuple[float, int]]) -> None:
    questions, now_s, asked = Questions(per_s=4.0, burst=8.0), 10.0, 0
    for pause_s, wanted in steps:
        now_s += pause_s
        count = min(wanted, questions.allowed(now_s))
        questions.asked(count)
        asked += count
    assert asked <= 8 + 4.0 * (now_s - 10.0) + 1e-6

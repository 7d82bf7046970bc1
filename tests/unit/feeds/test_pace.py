"""Offset and rate of the exchange's clock are found from samples with slow and uneven networks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.feeds.pace import BASELINE_MAX_S, STILL, Pace, Sample

START_MS = 1_700_000_000_000.0


def sample(rate: float, at_s: float, before_s: float = 0.001, after_s: float = 0.001, start_ms: float = START_MS) -> Sample:
    """A sample of a clock that showed `start_ms` at 0 and runs `rate` times as fast, read at `at_s`."""
    return Sample(int(start_ms + at_s * 1e3 * rate), at_s - before_s, at_s + after_s)


def test_one_sample_says_nothing_yet() -> None:
    pace = Pace()
    assert pace.sample(sample(1, 0)) is None
    assert not pace.is_certain


@pytest.mark.parametrize("rate", [1.0, 2.0, 10.0, 60.0, 100.0, 3_000.0, 0.5])
def test_two_samples_a_third_of_a_second_apart_tell_the_rate(rate: float) -> None:
    pace = Pace()
    pace.sample(sample(rate, 0))
    line = pace.sample(sample(rate, 0.3))

    assert line is not None
    assert line.rate == rate
    assert pace.is_certain
    assert line.at(10.0) == pytest.approx(START_MS + 10_000 * rate, abs=2 * rate + 1)


@given(st.lists(st.tuples(st.floats(0.0005, 0.2), st.floats(0.0005, 0.2)), min_size=8, max_size=8))
def test_a_slow_and_uneven_network_does_not_make_a_real_clock_run_wrong(delays: list[tuple[float, float]]) -> None:
    pace = Pace()
    for number, (before_s, after_s) in enumerate(delays):
        pace.sample(sample(1, number * 10.0, before_s, after_s))
    assert pace.line is not None
    assert pace.line.rate == 1.0
    assert pace.line.at(100.0) == pytest.approx(START_MS + 100_000, abs=201)


def test_a_clock_that_stands_still_is_followed_when_it_starts_and_when_it_stops() -> None:
    # Given a clock that waits
    pace = Pace()
    pace.sample(sample(0, 0))
    line = pace.sample(sample(0, 0.3))
    assert line is not None
    assert line.rate == STILL

    # When it runs
    ran = [pace.sample(sample(60, at_s)) for at_s in (5.0, 5.3)]

    # Then the first look forgets the past, and the second knows the rate
    assert ran[0] is None
    assert ran[1] is not None
    assert ran[1].rate == 60.0

    # When it stops
    end_ms = START_MS + 60 * 6_000
    stopped = [pace.sample(sample(0, at_s, start_ms=end_ms)) for at_s in (20.0, 20.3)]
    assert stopped[0] is None
    assert stopped[1] is not None
    assert stopped[1].rate == STILL


def test_a_clock_of_slightly_different_crystal_still_counts_as_running_like_ours() -> None:
    pace = Pace()
    drift = 1.00003
    at_s = 0.0
    while at_s < 10 * BASELINE_MAX_S:
        pace.sample(sample(drift, at_s, 0.002, 0.002))
        at_s += 10.0
    assert pace.line is not None
    assert pace.line.rate == 1.0
    assert pace.line.at(at_s) == pytest.approx(START_MS + at_s * 1e3 * drift, abs=5)


def test_an_event_from_the_future_moves_the_line_and_one_from_the_past_does_not() -> None:
    pace = Pace()
    pace.sample(sample(1, 0))
    pace.sample(sample(1, 0.3))

    assert pace.nudge(START_MS + 900, 1.0) is None
    nudged = pace.nudge(START_MS + 1_100, 1.0)
    assert nudged is not None
    assert nudged.at(1.0) == START_MS + 1_100

"""When bars open, against the calendar."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.types import DAY_MS, HOUR_MS, INTERVAL_MS
from engine.sim.grid import INTERVALS, grid_of

times = st.integers(1_000_000_000_000, 2_000_000_000_000)
offsets = st.sampled_from([0, HOUR_MS, -HOUR_MS, 5 * HOUR_MS + 45 * 60_000, 14 * HOUR_MS, -12 * HOUR_MS])


def instant(time_ms: int, offset_ms: int = 0) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms + offset_ms)


@given(st.sampled_from(INTERVALS), times, offsets)
def test_every_instant_lies_in_its_bar(interval: str, time_ms: int, offset_ms: int) -> None:
    grid = grid_of(interval, first_day_ms=1_500_000_000_000, offset_ms=offset_ms)
    open_ms = grid.open_of(time_ms)
    assert open_ms <= time_ms < grid.next_open(open_ms)
    assert grid.open_of(grid.next_open(open_ms)) == grid.next_open(open_ms)
    assert grid.open_of(open_ms - 1) < open_ms
    assert grid.opens_of(np.array([time_ms, open_ms]))[1] == open_ms
    assert (open_ms - grid.phase_ms) % grid.granule_ms == 0


@pytest.mark.parametrize("interval", INTERVAL_MS)
def test_regular_bars_open_at_multiples_of_their_length(interval: str) -> None:
    grid = grid_of(interval, first_day_ms=7 * DAY_MS)
    assert grid.is_regular
    assert grid.open_of(1_726_000_123_456) % INTERVAL_MS[interval] == 0


@given(times, offsets)
def test_weeks_open_on_mondays_and_months_on_the_first(time_ms: int, offset_ms: int) -> None:
    week = instant(grid_of("1w", offset_ms=offset_ms).open_of(time_ms), offset_ms)
    month = instant(grid_of("1M", offset_ms=offset_ms).open_of(time_ms), offset_ms)
    now = instant(time_ms, offset_ms)
    assert (week.weekday(), week.hour, week.minute) == (0, 0, 0)
    assert (month.year, month.month, month.day, month.hour) == (now.year, now.month, 1, 0)


def test_three_days_count_from_the_first_trading_day() -> None:
    first_day_ms = 19_723 * DAY_MS
    grid = grid_of("3d", first_day_ms=first_day_ms + 5 * HOUR_MS)
    assert grid.open_of(first_day_ms + 4 * DAY_MS) == first_day_ms + 3 * DAY_MS


def test_a_zone_with_minutes_needs_shorter_bars_than_hours() -> None:
    assert grid_of("1d", offset_ms=5 * HOUR_MS + 45 * 60_000).granule_ms == 15 * 60_000
    assert grid_of("1d").granule_ms == DAY_MS
    assert not grid_of("1d", offset_ms=HOUR_MS).is_regular
    assert grid_of("1h", offset_ms=HOUR_MS).is_regular

"""Longer bars made of shorter ones, compared with a slow twin that is obviously right."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.base.types import Kline
from engine.sim import bars

price = st.integers(1, 10_000).map(lambda ticks: ticks / 100)
lots = st.integers(0, 3)


@st.composite
def some_bars(draw: st.DrawFn, most: int = 20) -> list[Kline]:
    rows = []
    for minute in range(draw(st.integers(1, most))):
        volume = draw(lots) / 10
        low, open_, close, high = sorted(draw(price) for _ in range(4)) if volume else [draw(price)] * 4
        rows.append(Kline(minute * 60_000, open_, high, low, close, volume, volume * close, float(volume > 0), 0.0, 0.0))
    return rows


def table(rows: list[Kline]) -> bars.Bars:
    return np.array(rows, dtype=np.float64).T


def slow_join(rows: list[Kline]) -> tuple[float, ...]:
    """Open, high, low, close, volume of all rows as one bar."""
    counted = [row for row in rows if row.volume > 0] or rows[:1]
    return (
        counted[0].open,
        max(row.high for row in counted),
        min(row.low for row in counted),
        rows[-1].close,
        round(sum(row.volume for row in rows), 8),
    )


@given(some_bars(), st.integers(1, 7))
def test_long_bars_ignore_silent_short_ones(rows: list[Kline], minutes: int) -> None:
    opens = np.array([row.open_time // (minutes * 60_000) * minutes * 60_000 for row in rows], dtype=np.int64)
    joined = bars.klines(bars.aggregate(table(rows), opens))
    for bar in joined:
        parts = [row for row, open_ms in zip(rows, opens, strict=True) if open_ms == bar.open_time]
        assert bar[1:6] == slow_join(parts)
        assert bar.trades == sum(row.trades for row in parts)
    assert [bar.open_time for bar in joined] == sorted(set(opens.tolist()))


@given(some_bars())
def test_merging_one_by_one_is_joining_all_at_once(rows: list[Kline]) -> None:
    merged = rows[0]
    for row in rows[1:]:
        merged = bars.merge(merged, row)
    joined = bars.join(table(rows))
    assert joined is not None
    assert merged[:6] == joined[:6]
    assert abs(merged.quote_volume - joined.quote_volume) < 1e-6


def test_nothing_joined_is_nothing() -> None:
    assert bars.join(bars.empty()) is None
    assert bars.aggregate(bars.empty(), np.empty(0, dtype=np.int64)).shape == (10, 0)


def test_sums_of_decimals_are_decimals_again() -> None:
    assert bars.tidy(np.array([0.1 + 0.2]))[0] == 0.3
    assert bars.tidy(np.array([1e15 + 0.25]))[0] == 1e15 + 0.25

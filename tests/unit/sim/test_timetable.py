"""What is due when: every close once and in order, updates no more often than promised; in virtual time."""

from collections import defaultdict
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.base.types import INTERVAL_MS, MINUTE_MS
from engine.sim.grid import grid_of
from engine.sim.streams import Stream
from engine.sim.timetable import LAG_MAX_MS, LAG_MIN_MS, Due, Pace, Timetable

START_MS = 1_726_000_000_000


def kline(interval: str, symbol: str = "BTCUSDT") -> Stream:
    return Stream(f"{symbol.lower()}@kline_{interval}", "kline", symbol, interval, grid_of(interval), update_ms=2_000)


def run(timetable: Timetable, steps: list[int], at_most: int = 1_000) -> list[tuple[int, Due]]:
    """Everything that is due while time moves on by `steps`, with the moment at which it was taken."""
    now_ms, taken = START_MS, []
    for step in steps:
        now_ms += step
        while True:
            due = timetable.take(now_ms, at_most)
            taken += [(now_ms, one) for one in due]
            if len(due) < at_most:
                break
    return taken


@given(
    st.floats(0.1, 10_000),
    st.integers(0, 100),
    st.lists(st.integers(1, 900_000), min_size=1, max_size=40),
    st.sets(st.sampled_from(["1s", "1m", "5m", "1h"]), min_size=1),
    st.integers(1, 5),
)
@settings(max_examples=60, deadline=None)
def test_every_close_is_due_once_in_order_and_not_before_its_bar_is_over(
    speed: float, seed: int, steps: list[int], intervals: set[str], at_most: int
) -> None:
    # Given streams of some intervals, when time moves in steps of any size
    timetable = Timetable(speed=speed, seed=seed)
    for interval in intervals:
        timetable.add(kline(interval), START_MS)
    taken = run(timetable, steps, at_most)
    end_ms = START_MS + sum(steps)
    # Then the closes of each stream are all bars from the one that was forming, without a hole or a double
    for interval in intervals:
        length_ms = INTERVAL_MS[interval]
        closes = [(now_ms, due.open_ms) for now_ms, due in taken if due.kind == "close" and due.stream.interval == interval]
        first_ms = START_MS // length_ms * length_ms
        assert [open_ms for _, open_ms in closes] == [first_ms + length_ms * count for count in range(len(closes))]
        assert all(now_ms >= open_ms + length_ms + min(LAG_MIN_MS, length_ms // 4) for now_ms, open_ms in closes)
        # And none that is over for longer than the lag is missing.
        last_ms = closes[-1][1] + length_ms if closes else first_ms
        assert last_ms + length_ms + LAG_MAX_MS > end_ms


@given(st.floats(0.1, 10_000), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_updates_come_at_most_every_two_seconds_and_twice_a_real_second(speed: float, seed: int) -> None:
    timetable = Timetable(speed=speed, seed=seed)
    timetable.add(kline("1h"), START_MS)
    step = max(1, int(25 * speed))
    moments = [now_ms for now_ms, due in run(timetable, [step] * 400) if due.kind == "update"]
    gaps_ms = [later - sooner for sooner, later in pairwise(moments)]
    assert moments
    assert all(gap_ms / speed >= 499 for gap_ms in gaps_ms)
    assert all(gap_ms >= 2_000 * min(1, speed) - 1 for gap_ms in gaps_ms)


def test_no_update_overtakes_a_close() -> None:
    timetable = Timetable(speed=1.0, seed=2)
    stream = kline("1m")
    timetable.add(stream, START_MS)
    closed_until_ms = START_MS // MINUTE_MS * MINUTE_MS
    for now_ms, due in run(timetable, [10] * 60_000):
        if due.kind == "close":
            closed_until_ms = due.open_ms + MINUTE_MS
        else:
            assert closed_until_ms <= now_ms < closed_until_ms + MINUTE_MS


def test_lags_are_spread_like_those_measured_and_the_same_in_every_run() -> None:
    lags = defaultdict(list)
    for _ in range(2):
        timetable = Timetable(speed=1.0, seed=9)
        timetable.add(kline("1m"), START_MS)
        for now_ms, due in run(timetable, [5] * 720_000):
            if due.kind == "close":
                lags[due.open_ms].append(now_ms - due.open_ms - MINUTE_MS)
    assert all(len(set(pair)) == 1 for pair in lags.values())
    spread = sorted(pair[0] for pair in lags.values())
    assert spread[0] < 200
    assert spread[-1] > 1_000
    assert spread[len(spread) // 2] < 1_000


def test_a_stream_that_is_removed_is_due_no_more_and_may_come_back() -> None:
    timetable = Timetable(speed=1.0, seed=1)
    stream = kline("1m")
    timetable.add(stream, START_MS)
    timetable.remove(stream.name)
    assert timetable.take(START_MS + 10 * MINUTE_MS, 100) == []
    timetable.add(stream, START_MS + 10 * MINUTE_MS)
    closes = [due for due in timetable.take(START_MS + 12 * MINUTE_MS + 30_000, 100) if due.kind == "close"]
    assert len({due.open_ms for due in closes}) == len(closes) == 3


def test_where_time_stops_the_last_close_is_still_told() -> None:
    until_ms = START_MS // MINUTE_MS * MINUTE_MS + 3 * MINUTE_MS
    timetable = Timetable(speed=1.0, seed=1, until_ms=until_ms)
    timetable.add(kline("1m"), START_MS)
    closes = [due.open_ms for due in timetable.take(until_ms, 100) if due.kind == "close"]
    assert closes == [until_ms - 3 * MINUTE_MS, until_ms - 2 * MINUTE_MS, until_ms - MINUTE_MS]


def test_tickers_are_due_every_second() -> None:
    timetable = Timetable(speed=1.0, seed=1)
    timetable.add(Stream("!miniTicker@arr", "all_mini_tickers"), START_MS)
    moments = [now_ms for now_ms, _ in run(timetable, [10] * 1_000)]
    assert len(moments) == 10
    assert timetable.next_ms() is not None


def test_closes_can_be_told_sooner_and_forming_bars_more_often() -> None:
    timetable = Timetable(speed=1.0, seed=4, pace=Pace(close_lag_ms=200, update_ms=500))
    stream = kline("1m")
    timetable.add(stream, START_MS)
    assert timetable.period_ms(stream) == 500
    taken = run(timetable, [10] * 30_000)
    lags = [now_ms - due.open_ms - MINUTE_MS for now_ms, due in taken if due.kind == "close"]
    assert len(lags) == 5
    assert all(LAG_MIN_MS <= lag <= 210 for lag in lags)
    assert 500 < sum(due.kind == "update" for _, due in taken) <= 600

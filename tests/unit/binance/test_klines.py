"""A klines reply is held against its question before anybody believes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import BadReply
from engine.base.types import Kline
from engine.binance.klines import asked_for


def row(opened: int) -> Kline:
    return Kline(opened, 2, 3, 1, 2, 1, 1, 1, 1, 1)


def test_what_was_asked_for_is_passed_on() -> None:
    rows = [row(10), row(20), row(30)]
    assert asked_for(rows, 10, 30, 3) == rows
    assert asked_for(rows, None, None, 1_000) == rows
    assert asked_for([], 10, 30, 3) == []


def test_rows_beyond_the_limit_or_the_end_are_left_out() -> None:
    rows = [row(10), row(20), row(30)]
    assert asked_for(rows, 10, None, 2) == rows[:2]
    assert asked_for(rows, 10, 25, 1_000) == rows[:2]


@pytest.mark.parametrize("times", [(10, 10), (20, 10), (10, 30, 20), (10, 20, 10)])
def test_rows_doubled_or_out_of_order_are_refused_as_a_whole(times: tuple[int, ...]) -> None:
    with pytest.raises(BadReply, match="out of order"):
        asked_for([row(time) for time in times], 10, None, 1_000)


def test_a_server_that_ignores_where_to_start_is_not_believed() -> None:
    with pytest.raises(BadReply, match="before what was asked for"):
        asked_for([row(10), row(20)], 20, None, 1_000)


@given(st.lists(st.integers(0, 50), max_size=20), st.integers(0, 50), st.integers(0, 50), st.integers(1, 20))
def test_whatever_comes_is_within_the_question_or_refused(times: list[int], start_ms: int, end_ms: int, limit: int) -> None:
    try:
        found = [kline.open_time for kline in asked_for([row(time) for time in times], start_ms, end_ms, limit)]
    except BadReply:
        assert times != sorted(set(times)) or times[0] < start_ms
    else:
        assert found == sorted(set(found))
        assert len(found) <= limit
        assert all(start_ms <= time <= end_ms for time in found)

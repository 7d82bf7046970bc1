"""What is believed of a page: which rows, and which of them are closed."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.types import Kline
from engine.feeds.asks import NEVER_MS, Ask
from engine.feeds.pages import Page, read, rest_of

MINUTE = 60_000
T = 1_700_000_040_000 // MINUTE * MINUTE


def bar(index: int, high: float = 3.0) -> Kline:
    return Kline(T + index * MINUTE, 2.0, high, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0)


def ask(first: int, last: int, *, closed: int | None = None, is_first: bool = False) -> Ask:
    closed_ms = NEVER_MS if closed is None else T + closed * MINUTE
    return Ask(T + first * MINUTE, T + last * MINUTE, first=is_first, closed_ms=closed_ms)


def test_the_last_row_is_open_unless_something_says_that_it_is_not() -> None:
    rows = [bar(0), bar(1)]
    assert read(rows, ask(0, 1), MINUTE, 0.0, inf) == Page([bar(0)], bar(1), bar(1).open_time, 0)
    for sure_ms, closed in ((T + 2 * MINUTE, None), (0.0, 1)):
        assert read(rows, ask(0, 1, closed=closed), MINUTE, sure_ms, inf).closed == rows


def test_a_row_that_cannot_be_true_is_left_out_but_shows_that_those_before_it_are_closed() -> None:
    page = read([bar(0), bar(1, high=0.5)], ask(0, 1), MINUTE, 0.0, inf)
    assert (page.closed, page.forming, page.invalid) == ([bar(0)], None, 1)


def test_a_row_of_the_future_proves_nothing() -> None:
    page = read([bar(0), bar(900)], ask(0, 1), MINUTE, 0.0, T + 2 * MINUTE)
    assert (page.closed, page.forming, page.invalid) == ([], bar(0), 1)


@given(st.lists(st.integers(0, 12), max_size=20), st.integers(0, 13))
def test_a_page_in_any_order_and_with_doubles_is_the_same_page(indices: list[int], sure: int) -> None:
    rows = [bar(index) for index in indices]
    page = read(rows, ask(0, 12), MINUTE, T + sure * MINUTE, inf)
    known = sorted(set(rows))
    assert page.closed + ([page.forming] if page.forming else []) == known
    assert all(row.open_time + MINUTE <= T + sure * MINUTE or row != known[-1] for row in page.closed)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_server_that_ignores_where_to_start_is_not_asked_for_ever(is_first: bool) -> None:
    assert rest_of(ask(5, 9, is_first=is_first), [bar(0), bar(1)], MINUTE) is None
    assert rest_of(ask(5, 9, is_first=is_first), [], MINUTE) is None


def test_a_full_page_is_followed_by_the_rest() -> None:
    found = rest_of(ask(0, 9), [bar(0), bar(1)], MINUTE)
    assert found is not None
    assert found.start_ms == T + 2 * MINUTE
    assert rest_of(ask(0, 1), [bar(0), bar(1)], MINUTE) is None

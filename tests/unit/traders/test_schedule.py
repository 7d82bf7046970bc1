"""The closing rule: who is due, when bars arrive in any order."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.base.types import INTERVAL_MS
from engine.traders.schedule import Due, Plan, Schedule

M1, M5, H1 = INTERVAL_MS["1m"], INTERVAL_MS["5m"], INTERVAL_MS["1h"]
NOON = 12 * H1


class Market:
    """Close times of the newest closed bars, as the candle store would tell them."""

    def __init__(self) -> None:
        self.newest: dict[tuple[int, int], int] = {}
        self.holes: set[tuple[int, int, int]] = set()
        self.stale: set[tuple[int, int]] = set()

    def newest_close_ms(self, symbol: int, length_ms: int) -> int:
        return self.newest.get((symbol, length_ms), 0)

    def has_bar(self, symbol: int, length_ms: int, open_ms: int) -> bool:
        return (symbol, length_ms, open_ms) not in self.holes

    def is_live(self, symbol: int, length_ms: int) -> bool:
        return (symbol, length_ms) not in self.stale

    def close(self, schedule: Schedule, symbol: int, length_ms: int, close_ms: int) -> list[Due]:
        self.newest[symbol, length_ms] = max(close_ms, self.newest_close_ms(symbol, length_ms))
        return schedule.closed(symbol, length_ms)


def close_plan(filter_id: int = 1, refresh_ms: int = M5, *lengths_ms: int) -> Plan:
    return Plan(filter_id, refresh_ms, frozenset({refresh_ms, *lengths_ms}))


def test_a_symbol_is_due_once_every_interval_that_closes_at_the_instant_has_arrived():
    for order in permutations([M5, H1]):
        # Given a trader driven by 5m that also reads 1h, with bars up to 11:55
        market = Market()
        market.newest = {(0, M5): NOON - M5, (0, H1): NOON - H1}
        schedule = Schedule(market)
        schedule.add(close_plan(1, M5, H1), [0], lambda _: NOON - M5)
        # When the bars that close at noon arrive in this order
        first = market.close(schedule, 0, order[0], NOON)
        second = market.close(schedule, 0, order[1], NOON)
        # Then only the second makes the symbol due
        assert first == []
        assert second == [Due(0, NOON, False, (1,))]


def test_symbols_do_not_wait_for_one_another():
    market = Market()
    schedule = Schedule(market)
    schedule.add(close_plan(), [0, 1], lambda _: NOON - M5)
    assert market.close(schedule, 1, M5, NOON) == [Due(1, NOON, False, (1,))]
    assert market.close(schedule, 0, M5, NOON) == [Due(0, NOON, False, (1,))]


def test_an_interval_that_does_not_close_at_the_instant_is_not_waited_for():
    market = Market()
    market.newest = {(0, H1): NOON}
    schedule = Schedule(market)
    schedule.add(close_plan(1, M5, H1), [0], lambda _: NOON)
    assert market.close(schedule, 0, M5, NOON + M5) == [Due(0, NOON + M5, False, (1,))]


def test_nothing_is_due_before_every_interval_has_history():
    market = Market()
    schedule = Schedule(market)
    schedule.add(close_plan(1, M5, H1), [0], lambda _: NOON)
    assert market.close(schedule, 0, M5, NOON + M5) == []
    assert schedule.waiting(1) == {0}


def test_closes_that_were_missed_follow_one_by_one_and_in_order():
    market = Market()
    schedule = Schedule(market)
    schedule.add(close_plan(), [0], lambda _: NOON)
    due = market.close(schedule, 0, M5, NOON + 3 * M5)
    assert [item.as_of_ms for item in due] == [NOON + M5, NOON + 2 * M5, NOON + 3 * M5]


def test_an_instant_at_which_the_exchange_made_no_bar_is_passed_over():
    # Given an outage of the exchange that swallowed the bar 12:00 to 12:05
    market = Market()
    market.holes.add((0, M5, NOON))
    schedule = Schedule(market)
    schedule.add(close_plan(), [0], lambda _: NOON)
    # When the next bar closes, only its own instant is asked about
    assert [item.as_of_ms for item in market.close(schedule, 0, M5, NOON + 2 * M5)] == [NOON + 2 * M5]


def test_a_late_long_bar_holds_back_the_later_instants_of_that_symbol():
    # Given 5m bars for 12:00 and 12:05 while the hour that closed at 12:00 is still out
    market = Market()
    market.newest = {(0, H1): NOON - H1}
    schedule = Schedule(market)
    schedule.add(close_plan(1, M5, H1), [0], lambda _: NOON - M5)
    assert market.close(schedule, 0, M5, NOON) == []
    assert market.close(schedule, 0, M5, NOON + M5) == []
    # When it arrives, both instants follow in order
    assert [item.as_of_ms for item in market.close(schedule, 0, H1, NOON)] == [NOON, NOON + M5]


def test_traders_with_the_same_refresh_and_intervals_are_due_in_one_evaluation():
    market = Market()
    schedule = Schedule(market)
    for filter_id in (1, 2, 3):
        schedule.add(close_plan(filter_id), [0], lambda _: NOON)
    assert market.close(schedule, 0, M5, NOON + M5) == [Due(0, NOON + M5, False, (1, 2, 3))]


def test_a_trader_that_woke_up_behind_is_asked_alone_about_what_it_missed():
    # Given one trader asked up to 12:10 and another only up to 12:00
    market = Market()
    market.newest = {(0, M5): NOON + 2 * M5}
    schedule = Schedule(market)
    schedule.add(close_plan(1), [0], lambda _: NOON + 2 * M5)
    schedule.add(close_plan(2), [0], lambda _: NOON)
    # Then only the second is due for 12:05 and 12:10, and both for 12:15
    assert schedule.catch_up([0]) == [Due(0, NOON + M5, False, (2,)), Due(0, NOON + 2 * M5, False, (2,))]
    assert market.close(schedule, 0, M5, NOON + 3 * M5) == [Due(0, NOON + 3 * M5, False, (1, 2))]


def test_a_removed_trader_is_not_due_any_more_and_others_are():
    market = Market()
    schedule = Schedule(market)
    schedule.add(close_plan(1), [0, 1], lambda _: NOON)
    schedule.add(close_plan(2), [0], lambda _: NOON)
    schedule.remove(1, [0])
    assert market.close(schedule, 0, M5, NOON + M5) == [Due(0, NOON + M5, False, (2,))]
    assert market.close(schedule, 1, M5, NOON + M5) == [Due(1, NOON + M5, False, (1,))]
    schedule.remove(1)
    schedule.remove(2)
    assert market.close(schedule, 0, M5, NOON + 2 * M5) == []


def test_a_time_driven_trader_runs_on_its_own_grid_over_symbols_that_have_bars():
    market = Market()
    market.newest = {(0, M1): NOON, (2, M1): NOON}
    schedule = Schedule(market)
    schedule.add(Plan(7, 10_000, frozenset({M1}), seconds=True), [0, 1, 2], lambda _: 0)
    first = schedule.time_driven(NOON + 3_000)
    assert first == [Due(0, NOON + 3_000, True, (7,)), Due(2, NOON + 3_000, True, (7,))]
    assert schedule.time_driven(NOON + 9_999) == []
    assert schedule.next_run_ms() == NOON + 10_000
    assert len(schedule.time_driven(NOON + 10_000)) == 2


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_the_order_of_arrival_each_trader_is_asked_about_each_instant_once_and_in_order(data):
    # Given two symbols, three traders with different intervals and starting points
    lengths = {1: (M5,), 2: (M5, H1), 3: (M1, M5)}
    since = {key: NOON - M5 * data.draw(st.integers(0, 3)) for key in lengths}
    market = Market()
    for symbol in (0, 1):
        market.newest.update({(symbol, M1): NOON - 3 * M5, (symbol, M5): NOON - 3 * M5, (symbol, H1): NOON - H1})
    schedule = Schedule(market)
    for key, read in lengths.items():
        schedule.add(close_plan(key, M5, *read), [0, 1], lambda _, key=key: since[key])
    # When the bars up to 12:15 arrive, in order within a series and in any order across series
    queues = {
        (symbol, length): list(range(NOON - 3 * M5 + length, NOON + 3 * M5 + 1, length))
        for symbol in (0, 1)
        for length in (M1, M5)
    }
    queues |= {(symbol, H1): [NOON] for symbol in (0, 1)}
    asked: dict[tuple[int, int], list[int]] = {}
    while queues:
        symbol, length = key = data.draw(st.sampled_from(sorted(queues)))
        for due in market.close(schedule, symbol, length, queues[key].pop(0)):
            for filter_id in due.filter_ids:
                asked.setdefault((filter_id, due.symbol), []).append(due.as_of_ms)
        if not queues[key]:
            del queues[key]
    # Then
    for (filter_id, _), instants in asked.items():
        assert instants == list(range(since[filter_id] + M5, NOON + 3 * M5 + 1, M5))
    assert len(asked) == 6


def test_a_time_driven_trader_passes_over_symbols_while_any_of_their_series_is_not_fresh():
    market = Market()
    market.newest = {(symbol, length): NOON for symbol in (0, 1) for length in (M1, H1)}
    schedule = Schedule(market)
    schedule.add(Plan(7, 10_000, frozenset({M1, H1}), seconds=True), [0, 1], lambda _: 0)
    market.stale = {(1, H1)}
    assert [due.symbol for due in schedule.time_driven(NOON)] == [0]
    # And it is asked about them again as soon as they are
    market.stale = set()
    assert [due.symbol for due in schedule.time_driven(NOON + 10_000)] == [0, 1]


def test_a_close_driven_trader_is_not_asked_while_a_close_that_it_reads_stays_out_however_stale_the_series():
    market = Market()
    market.newest = {(0, M5): NOON - M5, (0, H1): NOON - H1}
    schedule = Schedule(market)
    schedule.add(close_plan(1, M5, H1), [0], lambda _: NOON - M5)
    for close_ms in range(NOON, NOON + H1, M5):
        assert market.close(schedule, 0, M5, close_ms) == []
    # Then all that was missed follows, in order
    assert [due.as_of_ms for due in market.close(schedule, 0, H1, NOON)] == list(range(NOON, NOON + H1, M5))

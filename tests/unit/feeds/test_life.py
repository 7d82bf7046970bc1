"""When a socket is opened, when it gives way, and when its replacement will do."""

from hypothesis import given
from hypothesis import strategies as st

from engine.feeds.life import AGE_JITTER, COMPLETE_MAX_S, Handover, Step, View, age_limit_s, is_ready, is_worthless, next_step

INF = float("inf")
VIEWS = st.lists(st.builds(View, st.floats(0, 100), st.booleans(), st.booleans()), max_size=2)


def test_without_a_socket_one_is_opened_as_soon_as_allowed() -> None:
    assert next_step([], 5.0, 5.0) == (Step.OPEN, 5.0)
    assert next_step([], 5.0, 7.5) == (Step.WAIT, 7.5)


def test_a_socket_is_left_alone_until_it_is_to_be_replaced() -> None:
    assert next_step([View(100.0)], 50.0, 0.0) == (Step.WAIT, 100.0)
    assert next_step([View(100.0)], 100.0, 0.0) == (Step.OPEN, 100.0)
    assert next_step([View(100.0)], 100.0, 130.0) == (Step.WAIT, 130.0)


def test_the_old_socket_goes_when_the_new_one_is_ready_and_is_told_once() -> None:
    old, new = View(0.0), View(INF)
    assert next_step([old, new], 1.0, 0.0) == (Step.WAIT, INF)
    assert next_step([old, new._replace(ready=True)], 1.0, 0.0)[0] is Step.RETIRE
    assert next_step([old._replace(going=True), new._replace(ready=True)], 1.0, 0.0) == (Step.WAIT, INF)


@given(VIEWS, st.floats(0, 200), st.floats(0, 200))
def test_never_more_than_two_sockets_and_no_attempt_too_early(sockets: list[View], now_s: float, open_at_s: float) -> None:
    step, until_s = next_step(sockets, now_s, open_at_s)
    assert step is not Step.OPEN or (len(sockets) < 2 and now_s >= open_at_s)
    assert step is not Step.RETIRE or (len(sockets) == 2 and sockets[1].ready)
    assert step is not Step.WAIT or until_s > now_s


@given(st.floats(0, 1, exclude_max=True))
def test_the_age_is_spread_and_stays_below_a_day(chance: float) -> None:
    limit_s = age_limit_s(82_800.0, lambda: chance)
    assert 82_800.0 * (1 - AGE_JITTER) <= limit_s <= 82_800.0 * (1 + AGE_JITTER) < 86_400.0


def test_a_socket_takes_over_when_it_delivers_all() -> None:
    state = Handover(opened_s=0.0, complete_s=1.0, delivered=True, predecessor_delivered=True)
    assert is_ready(state, 1.0, 10.0)
    assert not is_ready(state._replace(complete_s=None), 100.0, 10.0)


def test_in_a_quiet_market_the_list_of_subscriptions_is_enough_after_a_while() -> None:
    state = Handover(opened_s=0.0, complete_s=1.0, delivered=False, predecessor_delivered=False)
    assert not is_ready(state, 10.9, 10.0)
    assert is_ready(state, 11.0, 10.0)


def test_one_that_delivers_nothing_while_the_old_one_does_will_not_do() -> None:
    state = Handover(opened_s=0.0, complete_s=1.0, delivered=False, predecessor_delivered=True)
    assert not is_worthless(state, 10.9, 10.0)
    assert is_worthless(state, 11.0, 10.0)
    assert not is_ready(state, 1_000.0, 10.0)


def test_one_that_never_carries_everything_will_not_do() -> None:
    state = Handover(opened_s=5.0, complete_s=None, delivered=False, predecessor_delivered=False)
    assert not is_worthless(state, COMPLETE_MAX_S, 10.0)
    assert is_worthless(state, 5.0 + COMPLETE_MAX_S, 10.0)
    # One that is not open yet is bounded by the time to open.
    assert not is_worthless(state._replace(opened_s=INF), 1e9, 10.0)

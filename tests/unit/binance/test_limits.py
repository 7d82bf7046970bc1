"""The budget: never more than allowed in a calendar window, by whatever clock the exchange counts."""

import heapq

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.binance.limits import (
    DOUBT_MS,
    LIMIT_UNTIL_KNOWN,
    MINUTE_MS,
    REQUESTS,
    WEIGHT,
    Budget,
    Ticket,
    told_weights,
)
from engine.binance.messages import RateLimit

NOON_MS = 1_700_000_040_000 // (5 * MINUTE_MS) * 5 * MINUTE_MS


def budget(limit: int = 6_000, percent: int = 80, requests: int = 300_000) -> Budget:
    """A budget that has learned its limits."""
    made = Budget(percent)
    made.learn([RateLimit(REQUESTS, "MINUTE", 5, requests), RateLimit(WEIGHT, "MINUTE", 1, limit)], NOON_MS)
    return made


def spent(weights: Budget, weight: int, now_ms: float, told: int | None = None) -> None:
    """A request that is answered at once."""
    weights.done(weights.take(weight, now_ms), now_ms, None if told is None else {MINUTE_MS: told})


def test_before_the_exchange_told_its_limit_little_is_allowed() -> None:
    assert Budget(100).allowance == LIMIT_UNTIL_KNOWN
    assert budget(6_000, 80).allowance == 4_800


def test_weight_is_taken_until_the_allowance_is_used_and_again_in_the_next_minute() -> None:
    # Given
    weights = budget(limit=100, percent=50)

    # When
    for _ in range(2):
        assert weights.wait_s(20, NOON_MS + 10_000) == 0.0
        spent(weights, 20, NOON_MS + 10_000)
    wait_s = weights.wait_s(20, NOON_MS + 10_000)

    # Then
    assert wait_s == pytest.approx(50.0 + DOUBT_MS / 1e3)
    assert weights.wait_s(20, NOON_MS + 10_000 + wait_s * 1e3) == 0.0


def test_a_request_in_flight_is_charged_to_every_minute_in_which_it_may_have_arrived() -> None:
    weights = budget(limit=100, percent=100)
    ticket = weights.take(60, NOON_MS + 30_000)

    assert weights.wait_s(60, NOON_MS + 90_000) > 0
    weights.done(ticket, NOON_MS + 91_000)
    assert weights.wait_s(60, NOON_MS + 92_000) > 0
    assert weights.wait_s(60, NOON_MS + 121_500) == 0.0


def test_what_was_never_sent_costs_nothing() -> None:
    weights = budget(limit=100, percent=100)
    ticket = weights.take(80, NOON_MS + MINUTE_MS - 200)
    weights.never_sent(ticket)
    weights.done(ticket, NOON_MS + MINUTE_MS + 5_000)
    for now_ms in (NOON_MS + MINUTE_MS - 100, NOON_MS + MINUTE_MS + 5_000):
        assert weights.wait_s(100, now_ms) == 0.0


def test_what_others_behind_our_address_spend_is_not_ours_to_spend() -> None:
    # Given
    weights = budget(limit=100, percent=100)
    now_ms = NOON_MS + 10_000

    # When
    spent(weights, 2, now_ms, told=90)

    # Then
    assert weights.used == 90
    assert weights.wait_s(10, now_ms) == 0.0
    assert weights.wait_s(12, now_ms) > 0

    # And a count that lags behind, or a lower one, takes nothing back
    spent(weights, 2, now_ms, told=4)
    assert weights.used == 92


def test_what_others_spend_is_not_mistaken_for_ours_while_much_of_ours_is_in_flight() -> None:
    """Of eight requests sent at once, nobody knows which the exchange counted first: others may have spent all the rest."""
    # Given
    weights = budget(limit=100, percent=100)
    now_ms = NOON_MS + 10_000
    flying = [weights.take(2, now_ms) for _ in range(8)]

    # When
    weights.done(flying[0], now_ms + 50, {MINUTE_MS: 90})

    # Then
    assert weights.wait_s(2, now_ms + 50) > 0
    for ticket in flying[1:]:
        weights.done(ticket, now_ms + 60, {MINUTE_MS: 90})
    spent(weights, 2, now_ms + 70, told=92)
    assert weights.used == 92


def test_near_the_turn_of_a_minute_a_count_is_a_rumour_that_one_request_looks_into() -> None:
    # Given a reply that may be about the minute before or about this one
    weights = budget(limit=100, percent=100)
    turn_ms = NOON_MS + MINUTE_MS
    weights.done(weights.take(1, turn_ms - 10), turn_ms + 10, {MINUTE_MS: 99})

    # Then nothing is sent until it is clear which minute it is
    wait_s = weights.wait_s(50, turn_ms + 20)
    assert wait_s == pytest.approx((DOUBT_MS - 20) / 1e3)
    now_ms = turn_ms + 20 + wait_s * 1e3
    assert weights.wait_s(50, now_ms) == 0.0
    ticket = weights.take(50, now_ms)
    assert 0 < weights.wait_s(1, now_ms + 1) < 1

    # And the next reply tells that nobody else has spent anything
    weights.done(ticket, now_ms + 100, {MINUTE_MS: 51})
    assert weights.wait_s(40, now_ms + 100) == 0.0


def test_what_was_sent_near_the_turn_of_a_minute_is_ours_not_that_of_others() -> None:
    # Given requests of which nobody knows to which minute they belong
    weights = budget(limit=100, percent=100)
    turn_ms = NOON_MS + MINUTE_MS
    for number in range(1, 31):
        spent(weights, 1, turn_ms + 100, told=number)

    # When the exchange did count them in this minute
    spent(weights, 1, turn_ms + 5_000, told=31)

    # Then
    assert weights.used == 31

    # And if it did not, because others had spent as much, what may still be used is the same
    weights = budget(limit=100, percent=100)
    for _ in range(30):
        spent(weights, 1, turn_ms + 100)
    spent(weights, 1, turn_ms + 5_000, told=31)
    assert weights.used >= 31


def test_a_request_that_was_given_up_may_have_been_counted_or_not() -> None:
    weights = budget(limit=100, percent=100)
    now_ms = NOON_MS + 10_000
    weights.done(weights.take(40, now_ms), now_ms + 9_000)
    spent(weights, 2, now_ms + 9_000, told=60)
    assert weights.wait_s(2, now_ms + 9_000) > 0


def test_raw_requests_are_counted_in_windows_of_their_own() -> None:
    weights = budget(requests=10, percent=100)
    for _ in range(10):
        assert weights.wait_s(2, NOON_MS + 70_000) == 0.0
        spent(weights, 2, NOON_MS + 70_000)
    assert weights.wait_s(2, NOON_MS + 130_000) == pytest.approx(300 - 130 + DOUBT_MS / 1e3)


def test_what_was_used_before_a_window_was_known_counts_in_it() -> None:
    # Given
    weights = Budget(100)
    spent(weights, 30, NOON_MS + 5_000)
    flying = weights.take(10, NOON_MS + 5_000)

    # When
    weights.learn([RateLimit(WEIGHT, "SECOND", 10, 50)], NOON_MS + 5_500)

    # Then
    assert (weights.limit, weights.used) == (50, 40)
    assert weights.wait_s(20, NOON_MS + 5_500) == pytest.approx(4.5 + DOUBT_MS / 1e3)
    weights.done(flying, NOON_MS + 5_600)
    assert weights.wait_s(20, NOON_MS + 11_500) == 0.0


def test_a_request_heavier_than_the_allowance_goes_through_alone() -> None:
    weights = budget(limit=50, percent=100)
    assert weights.wait_s(80, NOON_MS) == 0.0
    spent(weights, 80, NOON_MS)
    assert weights.wait_s(1, NOON_MS) > 0


def test_a_share_is_left_for_what_is_urgent() -> None:
    weights = budget(limit=100, percent=100)
    spent(weights, 85, NOON_MS + 5_000)
    assert weights.wait_s(10, NOON_MS + 5_000, keep_percent=10) > 0
    assert weights.wait_s(10, NOON_MS + 5_000) == 0.0


@pytest.mark.parametrize(
    "nonsense",
    [
        RateLimit(WEIGHT, "MINUTE", 1, 0),
        RateLimit(WEIGHT, "MINUTE", 1, -6_000),
        RateLimit(WEIGHT, "MINUTE", 0, 6_000),
        RateLimit(WEIGHT, "MINUTE", -1, 6_000),
        RateLimit(WEIGHT, "FORTNIGHT", 1, 6_000),
        RateLimit(WEIGHT, "DAY", 400, 6_000),
        RateLimit(REQUESTS, "MINUTE", 5, 10**30),
        RateLimit("ORDERS", "SECOND", 10, 1),
    ],
)
def test_a_limit_that_makes_no_sense_is_told_once_and_changes_nothing(
    nonsense: RateLimit, caplog: pytest.LogCaptureFixture
) -> None:
    weights = budget(6_000, 100)
    for _ in range(2):
        weights.learn([nonsense], NOON_MS)
    weights.learn([], NOON_MS)
    assert weights.limit == 6_000
    assert weights.wait_s(20, NOON_MS) == 0.0
    assert len(caplog.messages) == (nonsense.rate_limit_type != "ORDERS")


def test_the_time_that_much_weight_takes_is_told_in_minutes_of_the_budget() -> None:
    weights = budget(limit=100, percent=100)
    now_ms = NOON_MS + 20_000
    spent(weights, 40, now_ms)
    assert weights.seconds_for(60, now_ms) == 0.0
    assert weights.seconds_for(61, now_ms) == 40.0
    assert weights.seconds_for(161, now_ms) == 100.0


def test_weights_used_are_read_from_the_headers_whatever_else_they_hold() -> None:
    headers = {
        "x-mbx-used-weight": "5",
        "X-MBX-USED-WEIGHT-1M": "17",
        "x-mbx-used-weight-10s": "3",
        "X-MBX-USED-WEIGHT-1Y": "4",
        "X-MBX-USED-WEIGHT-": "4",
        "X-MBX-USED-WEIGHT-1H": "many",
        "X-MBX-USED-WEIGHT-1D": "-1",
    }
    assert told_weights(headers) == {MINUTE_MS: 17, 10_000: 3}


#: So far from the turn of a minute is near, in ms.
NEAR_MS = 1_500


class CountingExchange:
    """Counts what arrives by its own clock and remembers each request beyond a limit; the reply tells the weight used."""

    def __init__(self, offset_ms: int, weight_limit: int, request_limit: int) -> None:
        self._offset_ms = offset_ms
        self._limits = weight_limit, request_limit
        self._weight: dict[int, int] = {}
        self._requests: dict[int, int] = {}
        self.refused: list[tuple[int, int]] = []

    def arrive(self, weight: int, at_ms: int) -> int:
        """One request; returns the weight used of the minute."""
        minute, five = (at_ms + self._offset_ms) // MINUTE_MS, (at_ms + self._offset_ms) // (5 * MINUTE_MS)
        self._weight[minute] = self._weight.get(minute, 0) + weight
        self._requests[five] = self._requests.get(five, 0) + 1
        if self._weight[minute] > self._limits[0] or self._requests[five] > self._limits[1]:
            self.refused.append((at_ms, weight))
        return self._weight[minute]


def play(weights: Budget, exchange: CountingExchange, plan: list[tuple[int, int, int, int]], in_flight_max: int) -> int:
    """Send what the plan says (pause, weight, way there, way back in ms) when the budget allows it; returns how many were.

    A pause below zero means: until near the next turn of a minute, where mistakes are made.
    """
    now_ms, sent = NOON_MS, 0
    coming: list[tuple[int, int, Ticket, int]] = []

    arrivals: list[tuple[int, int, int, Ticket]] = []
    for number, (pause_ms, weight, there_ms, back_ms) in enumerate(plan):
        now_ms = max(now_ms, (now_ms // MINUTE_MS + 1) * MINUTE_MS + pause_ms + NEAR_MS) if pause_ms < 0 else now_ms + pause_ms
        while True:
            # Arrivals and replies happen in the order of time, whatever was sent first.
            events = sorted([(one[0], 0) for one in arrivals] + [(one[0], 1) for one in coming])
            if events and (events[0][0] <= now_ms or len(arrivals) + len(coming) >= in_flight_max):
                at_ms, is_reply = events[0]
                now_ms = max(now_ms, at_ms)
                if is_reply:
                    _, _, ticket, told = heapq.heappop(coming)
                    weights.done(ticket, at_ms, {MINUTE_MS: told})
                else:
                    arrivals.sort(key=lambda one: one[0])
                    _, key, back, ticket = arrivals.pop(0)
                    heapq.heappush(coming, (at_ms + back, key, ticket, exchange.arrive(ticket.weight, at_ms)))
                continue
            wait_s = weights.wait_s(weight, now_ms)
            if not wait_s:
                break
            now_ms += max(1, int(wait_s * 1e3))
        arrivals.append((now_ms + there_ms, number, back_ms, weights.take(weight, now_ms)))
        sent += 1
    for at_ms, _, _, ticket in sorted(arrivals, key=lambda one: one[0]):
        exchange.arrive(ticket.weight, at_ms)
    return sent


delays = st.one_of(st.just(0), st.integers(0, 300), st.integers(0, 9_000))
pauses = st.one_of(st.just(0), st.integers(0, 1_000), st.integers(0, 20_000), st.integers(-2 * NEAR_MS, -1))
requests = st.tuples(pauses, st.sampled_from([1, 2, 20, 40, 80]), delays, delays)


@settings(max_examples=250, deadline=None)
@given(
    st.lists(requests, min_size=1, max_size=40),
    st.one_of(st.sampled_from([-DOUBT_MS, DOUBT_MS]), st.integers(-DOUBT_MS, DOUBT_MS)),
    st.integers(80, 120),
    st.integers(5, 60),
    st.integers(1, 16),
)
@example([(-2_000, 80, 0, 0), (0, 80, 0, 0)], DOUBT_MS, 100, 60, 4)
@example([(-2_000, 80, 0, 0), (900, 80, 0, 0)], -DOUBT_MS, 100, 60, 4)
@example([(-3_000, 80, 5_000, 0), (2_700, 80, 0, 0)], 0, 100, 60, 4)
def test_an_exchange_that_counts_never_has_to_refuse_who_is_alone(
    plan: list[tuple[int, int, int, int]], offset_ms: int, weight_limit: int, request_limit: int, in_flight_max: int
) -> None:
    # Given
    exchange = CountingExchange(offset_ms, weight_limit, request_limit)
    weights = budget(weight_limit, 100, request_limit)

    # When
    sent = play(weights, exchange, plan, in_flight_max)

    # Then
    assert sent == len(plan)
    assert not exchange.refused

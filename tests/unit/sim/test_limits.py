"""Budgets, refusals and bans of one address, by the clock passed in."""

from engine.sim.limits import Gate, Limits, Throttle

LIMITS = Limits(weight_per_minute=100, requests_per_5_minutes=1_000, refusals_before_ban=3, connections_per_5_minutes=4)
NOON_S = 1_700_000_040.0 // 300 * 300


def test_weight_is_counted_by_the_calendar_minute() -> None:
    gate = Gate(LIMITS)
    assert gate.request("a", 60, NOON_S + 50) == ("ok", 60, 0)
    assert gate.request("a", 40, NOON_S + 59.9) == ("ok", 100, 0)
    assert gate.request("a", 60, NOON_S + 60) == ("ok", 60, 0)


def test_too_much_weight_is_refused_until_the_next_minute() -> None:
    gate = Gate(LIMITS)
    gate.request("a", 100, NOON_S)
    assert gate.request("a", 1, NOON_S + 18.5) == ("too_much_weight", 101, 42)
    assert gate.request("a", 1, NOON_S + 60).kind == "ok"


def test_addresses_do_not_share_a_budget() -> None:
    gate = Gate(LIMITS)
    gate.request("a", 100, NOON_S)
    assert gate.request("b", 100, NOON_S).kind == "ok"


def test_going_on_means_a_ban_and_the_next_one_is_longer() -> None:
    gate = Gate(LIMITS)
    gate.request("a", 100, NOON_S)
    kinds = [gate.request("a", 1, NOON_S + 1).kind for _ in range(4)]
    assert kinds == ["too_much_weight"] * 3 + ["banned"]
    # While it lasts, nothing is answered, and the time left is told.
    assert gate.request("a", 1, NOON_S + 61) == ("banned", 0, 60)
    assert gate.request("a", 1, NOON_S + 121).kind == "ok"
    # Who does it again within a day is banned for twice as long.
    gate.request("a", 100, NOON_S + 122)
    again = [gate.request("a", 1, NOON_S + 122) for _ in range(3)]
    assert (again[-1].kind, again[-1].retry_after_s) == ("banned", 240)


def test_bans_do_not_grow_beyond_three_days() -> None:
    gate, now_s = Gate(LIMITS), NOON_S
    for _ in range(20):
        while (verdict := gate.request("a", 101, now_s)).kind != "banned":
            pass
        assert verdict.retry_after_s <= LIMITS.longest_ban_s
        now_s += verdict.retry_after_s
    assert verdict.retry_after_s == LIMITS.longest_ban_s


def test_raw_requests_are_limited_too() -> None:
    gate = Gate(LIMITS._replace(requests_per_5_minutes=2))
    assert [gate.request("a", 0, NOON_S + 299).kind for _ in range(3)] == ["ok", "ok", "too_many_requests"]
    assert gate.request("a", 0, NOON_S + 300).kind == "ok"


def test_connection_attempts_are_limited_in_any_five_minutes() -> None:
    gate = Gate(LIMITS)
    assert [gate.connection("a", NOON_S + second) for second in range(4)] == [0, 0, 0, 0]
    assert gate.connection("a", NOON_S + 10) == 291
    assert gate.connection("b", NOON_S + 10) == 0
    assert gate.connection("a", NOON_S + 400) == 0


def test_five_messages_in_any_second_are_enough() -> None:
    throttle = Throttle(5)
    assert all(throttle.message(second / 10) for second in range(5))
    assert not throttle.message(0.9)
    assert throttle.message(1.95)

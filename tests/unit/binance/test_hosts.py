"""Which host is asked: the preferred one while it works, another after failures, and back again."""

from hypothesis import given
from hypothesis import strategies as st

from engine.binance.hosts import FAILURES_MAX, REST_S, Hosts

URLS = ("a", "b", "c")


def test_the_preferred_host_is_used_while_it_works() -> None:
    hosts = Hosts([*URLS, "a"])
    assert hosts.urls == URLS
    for _ in range(FAILURES_MAX - 1):
        hosts.failed("a", 0.0)
    assert hosts.current(0.0) == "a"
    hosts.worked("a")
    hosts.failed("a", 0.0)
    assert hosts.current(0.0) == "a"


def test_after_failures_in_a_row_the_next_is_used_and_later_the_preferred_one_again() -> None:
    # Given
    hosts = Hosts(URLS)

    # When
    for _ in range(FAILURES_MAX):
        hosts.failed("a", 0.0)

    # Then
    assert hosts.current(0.0) == "b"
    assert hosts.current(REST_S - 1) == "b"
    assert hosts.current(REST_S) == "a"


def test_a_second_chance_is_one_failure_long_and_the_next_comes_later() -> None:
    hosts = Hosts(URLS)
    hosts.failed("a", 0.0, leave=True)
    hosts.failed("a", REST_S)
    assert hosts.current(2 * REST_S) == "b"
    assert hosts.current(3 * REST_S) == "a"
    hosts.worked("a")
    hosts.failed("a", 3 * REST_S)
    assert hosts.current(3 * REST_S) == "a"


def test_a_host_of_no_use_is_left_at_once() -> None:
    hosts = Hosts(URLS)
    hosts.failed("a", 0.0, leave=True)
    hosts.failed("b", 1.0, leave=True)
    assert hosts.current(1.0) == "c"


def test_when_all_were_left_the_one_left_longest_ago_is_tried() -> None:
    hosts = Hosts(URLS)
    for at_s, url in enumerate(("b", "a", "c")):
        hosts.failed(url, float(at_s), leave=True)
    assert hosts.current(3.0) == "b"


def test_a_single_host_is_always_the_one() -> None:
    hosts = Hosts(["a"])
    for at_s in range(100):
        hosts.failed("a", float(at_s), leave=at_s % 2 == 0)
        assert hosts.current(float(at_s)) == "a"


@given(st.lists(st.tuples(st.sampled_from(URLS), st.sampled_from("fwl"), st.floats(0, 100)), max_size=60))
def test_whatever_happens_there_is_a_host_and_one_that_works_is_chosen_again(history: list[tuple[str, str, float]]) -> None:
    hosts = Hosts(URLS)
    now_s = 0.0
    for url, what, pause_s in history:
        now_s += pause_s
        if what == "w":
            hosts.worked(url)
        else:
            hosts.failed(url, now_s, leave=what == "l")
        assert hosts.current(now_s) in URLS
    for url in URLS:
        hosts.worked(url)
    assert hosts.current(now_s) == "a"

"""Streams find their place on connections and keep it."""

from hypothesis import given
from hypothesis import strategies as st

from engine.feeds.plan import Changes, plan

NAMES = st.lists(st.integers(0, 40).map("s{}".format), unique=True, max_size=30)


def applied(current: dict[int, set[str]], changes: Changes) -> dict[int, set[str]]:
    """The world after the changes."""
    world = {number: set(names) for number, names in current.items() if number not in changes.close}
    for number, gone in changes.unsubscribe.items():
        world[number] -= set(gone)
    for number, new in changes.subscribe.items():
        world[number] |= set(new)
    for number, names in changes.open.items():
        assert number not in world
        world[number] = set(names)
    return world


def test_the_first_streams_open_as_many_connections_as_they_need() -> None:
    assert plan(["a", "b", "c"], {}, 2).open == {0: ["a", "b"], 1: ["c"]}


def test_a_new_stream_goes_where_there_is_room_and_moves_nothing() -> None:
    changes = plan(["a", "b", "c", "d"], {0: {"a", "b"}, 1: {"c"}}, 2)
    assert changes == Changes(subscribe={1: ["d"]})


def test_a_stream_that_is_not_needed_is_left_and_its_place_filled() -> None:
    changes = plan(["a", "c"], {0: {"a", "b"}}, 2)
    assert changes == Changes(subscribe={0: ["c"]}, unsubscribe={0: ["b"]})


def test_a_connection_without_streams_is_closed() -> None:
    assert plan(["a"], {0: {"a"}, 1: {"b"}}, 2) == Changes(close=[1])


def test_a_stream_on_two_connections_leaves_the_later() -> None:
    assert plan(["a", "b"], {0: {"a"}, 1: {"a", "b"}}, 2) == Changes(unsubscribe={1: ["a"]})


def test_nothing_wished_closes_everything() -> None:
    assert plan([], {0: {"a"}, 3: {"b"}}, 5) == Changes(close=[0, 3])


def test_a_connection_that_takes_less_keeps_what_it_has_and_gets_nothing_new() -> None:
    changes = plan(["a", "b", "c", "d"], {0: {"a", "b"}, 1: {"c"}}, 3, {0: 1, 1: 1})
    assert changes == Changes(open={2: ["d"]})


@given(NAMES, st.dictionaries(st.integers(0, 5), st.sets(st.integers(0, 40).map("s{}".format), max_size=8)), st.integers(8, 12))
def test_the_changes_lead_to_the_wish_and_leave_what_is_in_place(
    needed: list[str], current: dict[int, set[str]], most: int
) -> None:
    world = applied(current, plan(needed, current, most))

    placed = [name for names in world.values() for name in names]
    assert sorted(placed) == sorted(needed)
    assert all(0 < len(names) <= most for names in world.values())
    for name in needed:
        homes = [number for number in sorted(current) if name in current[number]]
        if homes:
            assert name in world[homes[0]]
    assert plan(needed, world, most) == Changes()

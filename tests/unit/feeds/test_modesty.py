"""A connection that was told it is too much carries less for a while, but never next to nothing."""

from hypothesis import given
from hypothesis import strategies as st

from engine.feeds.modesty import MODESTY_S, PACE_MAX, Modesty


def test_nothing_is_held_back_before_anything_happened() -> None:
    assert (Modesty(400).capacity(0.0), Modesty(400).pace(0.0)) == (400, 1.0)


def test_a_cut_for_too_much_takes_a_quarter_and_slows_down_for_an_hour() -> None:
    modesty = Modesty(400)
    assert modesty.cut_for_too_much(400, 10.0) == 300
    assert (modesty.capacity(11.0), modesty.pace(11.0)) == (300, 2.0)
    assert (modesty.capacity(10.0 + MODESTY_S), modesty.pace(10.0 + MODESTY_S)) == (400, 1.0)


@given(st.integers(1, 1_024), st.integers(0, 1_024), st.integers(1, 50))
def test_cuts_without_end_do_not_multiply_connections(most: int, carried: int, cuts: int) -> None:
    modesty = Modesty(most)
    carried = min(carried, most)
    for number in range(cuts):
        kept = modesty.cut_for_too_much(carried, float(number))
        assert min(carried, max(1, most // 4)) <= kept <= carried
        carried = kept
    assert modesty.capacity(float(cuts)) >= max(1, most // 4) or modesty.capacity(float(cuts)) >= carried
    assert modesty.pace(float(cuts)) <= PACE_MAX


def test_where_there_is_no_room_what_was_accepted_stays() -> None:
    modesty = Modesty(400)
    assert modesty.no_room(400, 150, 0.0) == 150
    assert modesty.capacity(1.0) == 150


def test_an_exchange_without_any_room_is_asked_for_a_few() -> None:
    assert Modesty(400).no_room(400, 0, 0.0) == 25

"""Instants are written as text, whatever number they are."""

from hypothesis import given
from hypothesis import strategies as st

from engine.base.clock import iso_utc


def test_an_instant_is_written_in_utc_with_milliseconds() -> None:
    assert iso_utc(1_700_006_400_007) == "2023-11-15T00:00:00.007Z"


@given(st.integers())
def test_no_number_from_the_network_is_too_large_to_be_written(time_ms: int) -> None:
    """A clock set to nonsense must not end whoever tells of it."""
    assert len(iso_utc(time_ms)) == len("2023-11-15T00:00:00.007Z")

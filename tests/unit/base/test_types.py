"""Intervals are on a grid, or refused with the reason and a way out."""

import pytest

from engine.base.errors import SettingsError
from engine.base.types import INTERVAL_MS, IRREGULAR_INTERVALS, interval_ms


def test_every_interval_on_a_grid_has_its_length() -> None:
    assert [interval_ms(name) for name in INTERVAL_MS] == sorted(INTERVAL_MS.values())


@pytest.mark.parametrize("name", IRREGULAR_INTERVALS)
def test_an_interval_off_the_grid_is_refused_with_its_reason_and_what_to_do(name: str) -> None:
    with pytest.raises(SettingsError, match="not supported") as caught:
        interval_ms(name)
    assert IRREGULAR_INTERVALS[name] in str(caught.value)
    assert "1d" in caught.value.advice


@pytest.mark.parametrize("name", ["", "7m", "5M", "1W", "m"])
def test_what_is_no_interval_is_refused_with_all_that_are(name: str) -> None:
    with pytest.raises(SettingsError, match="1s 1m"):
        interval_ms(name)

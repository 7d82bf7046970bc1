"""Reading refresh, symbols and intervals of a trader."""

import pytest

from engine.base.errors import TraderError
from engine.traders.spec import Refresh, choose_symbols, parse_refresh, sorted_intervals

RANKED = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
LISTED = frozenset({*RANKED, "ADAUSDT"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5m", Refresh(300_000, False, "5m")),
        ("10s", Refresh(10_000, True, "")),
        ("1s", Refresh(1_000, False, "1s")),
        ("90s", Refresh(90_000, True, "")),
        ("86400s", Refresh(86_400_000, True, "")),
    ],
)
def test_a_refresh_is_an_interval_or_seconds(text, expected):
    assert parse_refresh(text) == expected


@pytest.mark.parametrize("text", ["", "0s", "5", "5M", "1w", "1M", "86401s", "-1s", "5 m", "99999s", "٣s", "5m\n"])
def test_any_other_refresh_is_refused_with_its_value(text):
    with pytest.raises(TraderError) as refused:
        parse_refresh(text)
    assert refused.value.found == repr(text)


def test_intervals_come_once_each_and_shortest_first():
    assert sorted_intervals(["1h", "5m", "1h", "1d"]) == ("5m", "1h", "1d")


@pytest.mark.parametrize("name", ["7m", "1w", "3d", ""])
def test_an_interval_without_a_regular_grid_is_refused(name):
    with pytest.raises(TraderError, match="interval"):
        sorted_intervals(["5m", name])


def test_symbols_are_the_most_traded_of_the_universe_or_the_names_that_were_said():
    assert choose_symbols(["top:2"], RANKED, LISTED) == ("BTCUSDT", "ETHUSDT")
    assert choose_symbols([], RANKED, LISTED) == RANKED
    assert choose_symbols(["ADAUSDT", "BTCUSDT", "ADAUSDT"], RANKED, LISTED) == ("ADAUSDT", "BTCUSDT")


@pytest.mark.parametrize("said", [["NOPEUSDT"], ["BTCUSDT", "top:2"], ["top:0"], ["btcusdt"]])
def test_a_symbol_the_exchange_does_not_have_is_refused_by_name(said):
    with pytest.raises(TraderError, match="not traded"):
        choose_symbols(said, RANKED, LISTED)

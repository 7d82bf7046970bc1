"""The symbols of an engine: the most traded, or those named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import SettingsError
from engine.binance.messages import SymbolInfo, Ticker24h
from engine.feeds.universe import BAND, choose, choose_again, hold, rank

SYMBOLS = [
    SymbolInfo("ETHUSDT", "TRADING", "ETH", "USDT"),
    SymbolInfo("BTCUSDT", "TRADING", "BTC", "USDT"),
    SymbolInfo("BTCEUR", "TRADING", "BTC", "EUR"),
    SymbolInfo("OLDUSDT", "BREAK", "OLD", "USDT"),
    SymbolInfo("NOSPOTUSDT", "TRADING", "NOSPOT", "USDT", is_spot_trading_allowed=False),
    SymbolInfo("ADAUSDT", "TRADING", "ADA", "USDT"),
    SymbolInfo("QUIETUSDT", "TRADING", "QUIET", "USDT"),
]
TICKERS = [Ticker24h(name, volume) for name, volume in {"BTCUSDT": 9e9, "ETHUSDT": 5e9, "ADAUSDT": 5e9, "OLDUSDT": 1e10}.items()]
RANKED = ["BTCUSDT", "ADAUSDT", "ETHUSDT", "QUIETUSDT"]


def test_symbols_are_ranked_by_volume_then_name_and_only_those_that_trade() -> None:
    assert rank(SYMBOLS, TICKERS, "USDT") == RANKED
    assert rank(SYMBOLS, TICKERS, "EUR") == ["BTCEUR"]


def test_a_named_symbol_that_is_halted_now_keeps_no_engine_from_starting() -> None:
    assert choose("OLDUSDT,BTCUSDT", RANKED, SYMBOLS, 512) == ["OLDUSDT", "BTCUSDT"]


@pytest.mark.parametrize(
    "wish, chosen", [("2", RANKED[:2]), (" 100 ", RANKED), ("ethusdt, BTCEUR,ETHUSDT", ["ETHUSDT", "BTCEUR"])]
)
def test_a_number_takes_the_most_traded_and_names_take_themselves(wish: str, chosen: list[str]) -> None:
    assert choose(wish, RANKED, SYMBOLS, 512) == chosen


@pytest.mark.parametrize(
    "wish, told",
    [
        ("BTCUSTD", "BTCUSDT"),
        ("0", "number"),
        ("-3", "number"),
        (",", "names"),
        ("", "names"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_with_what_to_do(wish: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        choose(wish, RANKED, SYMBOLS, 512)


def test_more_symbols_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(SettingsError, match="ENGINE_MAX_SYMBOLS"):
        choose("4", RANKED, SYMBOLS, 3)


def test_a_quote_asset_without_symbols_is_refused() -> None:
    with pytest.raises(SettingsError, match="ENGINE_QUOTE_ASSET"):
        choose("10", [], SYMBOLS, 512)


NAMES = [f"S{number:03}USDT" for number in range(60)]
rankings = st.permutations(NAMES)
sizes = st.integers(1, 70)


@given(sizes, rankings, st.sets(st.sampled_from([*NAMES, "GONEUSDT"])))
def test_whatever_was_in_the_universe_is_full_ordered_and_of_symbols_that_rank_high_enough(number, ranked, current):
    held = hold(number, ranked, current)
    assert len(held) == min(number, len(ranked))
    assert held == [name for name in ranked if name in held]
    assert set(ranked[: int(number / BAND)]) <= set(held)
    assert set(held) <= set(ranked[: max(number, int(number * BAND))])
    # And one that was out comes only when it is among the first N
    assert set(held) - current <= set(ranked[:number])


@given(sizes, rankings, st.sets(st.sampled_from(NAMES)))
def test_the_same_ranking_changes_a_universe_once_and_not_again(number, ranked, current):
    held = hold(number, ranked, current)
    assert hold(number, ranked, held) == held


@given(st.integers(12, 40), rankings, st.data())
def test_neighbours_that_change_places_change_nothing(number, ranked, data):
    held = set(hold(number, ranked, ()))
    place = data.draw(st.integers(0, len(ranked) - 2))
    ranked[place], ranked[place + 1] = ranked[place + 1], ranked[place]
    assert set(hold(number, ranked, held)) == held


def test_a_symbol_stays_until_it_is_clearly_behind_and_one_that_is_clearly_ahead_pushes_it_aside():
    ranked = NAMES[:20]
    before = ranked[:10]
    # Rank 12 of 10 stays, and the one at rank 10 waits for a free place
    slipped = [*ranked[:9], ranked[10], ranked[11], ranked[9], *ranked[12:]]
    assert set(hold(10, slipped, before)) == set(before)
    # Rank 13 goes, and the best that is out takes its place
    fallen = [*ranked[:9], ranked[10], ranked[11], ranked[12], ranked[9], *ranked[13:]]
    assert hold(10, fallen, before) == fallen[:10]
    # A newcomer at the very top need not wait for a free place
    assert hold(10, ["NEWUSDT", *ranked], before) == ["NEWUSDT", *ranked[:9]]


def test_names_stay_whatever_the_ranking():
    assert choose_again("ETHUSDT,OLDUSDT", RANKED, ["ETHUSDT", "OLDUSDT"], 512) == ["ETHUSDT", "OLDUSDT"]
    assert choose_again("3", RANKED, RANKED[:3], 2) == RANKED[:2]

"""The symbols of an engine: the most traded, or those named."""

import pytest

from engine.base.errors import SettingsError
from engine.binance.messages import SymbolInfo, Ticker24h
from engine.feeds.universe import choose, rank

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


@pytest.mark.parametrize(
    "wish, chosen", [("2", RANKED[:2]), (" 100 ", RANKED), ("ethusdt, BTCEUR,ETHUSDT", ["ETHUSDT", "BTCEUR"])]
)
def test_a_number_takes_the_most_traded_and_names_take_themselves(wish: str, chosen: list[str]) -> None:
    assert choose(wish, RANKED, SYMBOLS, 512) == chosen


@pytest.mark.parametrize(
    "wish, told",
    [
        ("BTCUSTD", "BTCUSDT"),
        ("OLDUSDT", "BREAK"),
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

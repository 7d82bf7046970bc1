"""Long lists of the exchange: an entry that cannot be read is left out, and said so."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import BadReply
from engine.binance.listings import exchange_info, tickers_24h

SYMBOL = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}
LIMIT = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6_000}


def body(**fields: object) -> bytes:
    return json.dumps({"serverTime": 1, "rateLimits": [LIMIT], "symbols": [SYMBOL], **fields}).encode()


def test_a_whole_reply_is_read_as_it_is() -> None:
    info = exchange_info(body())
    assert info.symbols[0].symbol == "BTCUSDT"
    assert info.rate_limits[0].limit == 6_000


@pytest.mark.parametrize(
    "limits", [None, [], [{}, LIMIT], [{"rateLimitType": 5}, None, LIMIT], [dict(LIMIT, limit="many"), LIMIT]]
)
def test_limits_that_cannot_be_read_do_not_hide_symbols(limits: object) -> None:
    info = exchange_info(body(rateLimits=limits))
    assert [symbol.symbol for symbol in info.symbols] == ["BTCUSDT"]
    assert len(info.rate_limits) == (LIMIT in (limits or []))  # type: ignore[operator]


def test_a_symbol_that_cannot_be_read_costs_that_symbol_only(caplog: pytest.LogCaptureFixture) -> None:
    info = exchange_info(body(symbols=[{"symbol": "X"}, SYMBOL, 7]))
    assert [symbol.symbol for symbol in info.symbols] == ["BTCUSDT"]
    assert "2 symbols of the exchange are malformed" in caplog.text


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b"<html>", body(symbols=[]), body(symbols=None), body(symbols=5), body()[:-9]]
)
def test_what_holds_no_symbol_is_refused(text: bytes) -> None:
    with pytest.raises(BadReply):
        exchange_info(text)


def test_tickers_are_read_one_by_one_when_they_must_be() -> None:
    good = {"symbol": "BTCUSDT", "quoteVolume": "12.5"}
    assert [found.quote_volume for found in tickers_24h(json.dumps([good]).encode())] == [12.5]
    assert [found.symbol for found in tickers_24h(json.dumps([good, {"symbol": "X"}, 3]).encode())] == ["BTCUSDT"]
    none = [dict(good, quoteVolume=text) for text in ("nan", "inf", "-1")]
    assert tickers_24h(json.dumps(none).encode()) == []
    with pytest.raises(BadReply):
        tickers_24h(b'{"code":-1,"msg":"x"}')


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_read_or_refused(text: bytes) -> None:
    for read in (exchange_info, tickers_24h):
        try:
            read(text)
        except BadReply:
            continue

"""Other people's clients, pointed at the simulator by URL: they must not notice that it is not the exchange."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from engine.sim.run import Ready
from tests.component.sim_process import simulator

SYMBOLS = 12
#: Without these ccxt asks for accounts and margins, which are not market data.
CCXT_OPTIONS = {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}

pytestmark = [
    pytest.mark.peer,
    # Both libraries use websockets' older interface, and say so when they are imported.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def exchange() -> Iterator[Ready]:
    with simulator("--speed", "60", "--symbols", str(SYMBOLS), "--seed", "3") as ready:
        yield ready


def assert_rows(rows: list[list[Any]], count: int, step_ms: int) -> None:
    assert len(rows) == count
    opens = [row[0] for row in rows]
    assert opens == list(range(opens[0], opens[0] + count * step_ms, step_ms))
    for row in rows:
        open_, high, low, close = (float(price) for price in row[1:5])
        assert low <= min(open_, close) <= max(open_, close) <= high


def test_python_binance_blocking(exchange: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    import binance
    from binance.exceptions import BinanceAPIException

    monkeypatch.setattr(binance.Client, "API_URL", f"{exchange.rest}/api")
    client = binance.Client()
    try:
        assert client.ping() == {}
        now_ms = client.get_server_time()["serverTime"]
        assert len(client.get_exchange_info()["symbols"]) == SYMBOLS
        symbol = client.get_symbol_info("ETHUSDT")
        assert symbol is not None
        assert symbol["status"] == "TRADING"
        assert_rows(client.get_klines(symbol="BTCUSDT", interval="5m", limit=30), 30, 300_000)
        assert_rows(client.get_ui_klines(symbol="BTCUSDT", interval="1d", limit=3), 3, 86_400_000)
        # Its own paging needs startTime, endTime and limit to be honoured.
        paged = client.get_historical_klines("BTCUSDT", "1m", now_ms - 1_500 * 60_000, now_ms - 60_000)
        assert_rows(paged, 1_499 if now_ms % 60_000 else 1_500, 60_000)
        assert client.get_ticker(symbol="BTCUSDT")["symbol"] == "BTCUSDT"
        assert len(client.get_ticker()) == len(client.get_all_tickers()) == len(client.get_orderbook_tickers()) == SYMBOLS
        assert client.get_symbol_ticker(symbol="SOLUSDT")["symbol"] == "SOLUSDT"
        assert int(client.response.headers["x-mbx-used-weight-1m"]) > 0
        with pytest.raises(BinanceAPIException) as refusal:
            client.get_klines(symbol="NOPEUSDT", interval="1m")
        assert (refusal.value.code, refusal.value.message) == (-1121, "Invalid symbol.")
    finally:
        client.close_connection()
        client.loop.close()


async def test_python_binance_asynchronous(exchange: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    import binance

    monkeypatch.setattr(binance.AsyncClient, "API_URL", f"{exchange.rest}/api")
    monkeypatch.setattr(binance.BinanceSocketManager, "STREAM_URL", f"{exchange.ws}/")
    client = await binance.AsyncClient.create()
    try:
        assert_rows(await client.get_klines(symbol="BTCUSDT", interval="1h"), 500, 3_600_000)
        assert len(await client.get_ticker()) == SYMBOLS
        manager = binance.BinanceSocketManager(client)
        async with manager.kline_socket("BTCUSDT", "1m") as socket:
            closes: list[dict[str, Any]] = []
            while len(closes) < 2:
                event = await socket.recv()
                assert (event["e"], event["k"]["i"]) == ("kline", "1m")
                closes += [event["k"]] * event["k"]["x"]
        assert closes[1]["t"] == closes[0]["T"] + 1
        # What the stream told is what history tells.
        rows = await client.get_klines(symbol="BTCUSDT", interval="1m", startTime=closes[0]["t"], limit=2)
        for row, k in zip(rows, closes, strict=True):
            assert row == [k["t"], *(k[key] for key in "ohlcv"), k["T"], k["q"], k["n"], k["V"], k["Q"], "0"]
        names = ["btcusdt@kline_1m", "ethusdt@miniTicker"]
        async with manager.multiplex_socket(names) as socket:
            assert {(await socket.recv())["stream"] for _ in range(8)} == set(names)
        async with manager.miniticker_socket() as socket:
            assert {entry["e"] for entry in await socket.recv()} == {"24hrMiniTicker"}
        async with manager.symbol_ticker_socket("BTCUSDT") as socket:
            assert (await socket.recv())["e"] == "24hrTicker"
    finally:
        await client.close_connection()


def pointed(binance: Any, exchange: Ready) -> Any:
    """A client of ccxt with the simulator's addresses."""
    client = binance({"options": CCXT_OPTIONS})
    for interface in ("public", "private", "v1"):
        client.urls["api"][interface] = f"{exchange.rest}/api/v3"
    client.urls["api"].setdefault("ws", {})["spot"] = f"{exchange.ws}/ws"
    return client


def test_ccxt(exchange: Ready) -> None:
    import ccxt

    client = pointed(ccxt.binance, exchange)
    markets = client.load_markets()
    assert len(markets) == SYMBOLS
    market = markets["BTC/USDT"]
    assert (market["spot"], market["active"], market["precision"]["price"]) == (True, True, 0.01)
    assert market["limits"]["cost"]["min"] == 5.0
    assert_rows(client.fetch_ohlcv("BTC/USDT", "15m", limit=20), 20, 900_000)
    since_ms = client.fetch_time() // 3_600_000 * 3_600_000 - 50 * 3_600_000
    rows = client.fetch_ohlcv("ETH/USDT", "1h", since=since_ms, limit=10)
    assert_rows(rows, 10, 3_600_000)
    assert rows[0][0] == since_ms
    ticker = client.fetch_ticker("BTC/USDT")
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert ticker["bid"] < ticker["ask"]
    assert len(client.fetch_tickers()) == len(client.fetch_bids_asks()) == SYMBOLS
    assert client.fetch_last_prices(["BTC/USDT"])["BTC/USDT"]["price"] > 0
    with pytest.raises(ccxt.BadRequest, match=r"-1120.*Invalid interval\."):
        client.fetch_ohlcv("BTC/USDT", "7m")
    with pytest.raises(ccxt.BadSymbol):
        client.public_get_klines({"symbol": "NOPEUSDT", "interval": "1m"})
    client.session.close()


async def test_ccxt_pro(exchange: Ready) -> None:
    import ccxt.pro

    client = pointed(ccxt.pro.binance, exchange)
    try:
        async with asyncio.timeout(60):
            opens: list[int] = []
            while len(set(opens)) < 3:
                opens.append((await client.watch_ohlcv("BTC/USDT", "1m"))[-1][0])
            assert sorted(opens) == opens
            assert {later - sooner for sooner, later in zip(sorted(set(opens)), sorted(set(opens))[1:], strict=False)} == {60_000}
            assert (await client.watch_ticker("ETH/USDT"))["last"] > 0
            several = await client.watch_ohlcv_for_symbols([["SOL/USDT", "1m"], ["ETH/USDT", "5m"]])
            assert set(several) <= {"SOL/USDT", "ETH/USDT"}
    finally:
        await client.close()

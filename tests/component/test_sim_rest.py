"""The simulator's REST interface over a real socket, held against the documented rules."""

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import pytest

from engine.base.types import DAY_MS, HOUR_MS, MINUTE_MS
from engine.sim import server
from engine.sim.clock import SimulatedClock
from engine.sim.limits import Limits
from engine.sim.market import Market
from engine.sim.recorded import RecordedMarket
from engine.sim.server import Simulator
from engine.sim.synthetic import SyntheticMarket
from tests.data import CAPTURES, SPOT_5M

NOW_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS + 17 * MINUTE_MS + 42_000
MARKET = SyntheticMarket(seed=5, symbols=100)


class Client:
    """Asks one simulator, and remembers the last reply's status and headers."""

    def __init__(self, session: aiohttp.ClientSession, sim: Simulator) -> None:
        self.session = session
        self.sim = sim
        self.status = 0
        self.headers: dict[str, str] = {}

    async def get(self, path: str, headers: dict[str, str] | None = None, **parameters: object) -> Any:
        query = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
        async with self.session.get(f"{self.sim.rest_url}/api/v3/{path}", params=query, headers=headers) as reply:
            self.status, self.headers = reply.status, dict(reply.headers)
            body = await reply.text()
        return json.loads(body) if body and self.headers.get("Content-Type", "").startswith("application/json") else body

    @property
    def weight(self) -> int:
        assert self.headers["X-MBX-USED-WEIGHT"] == self.headers["X-MBX-USED-WEIGHT-1M"]
        return int(self.headers["X-MBX-USED-WEIGHT-1M"])


@asynccontextmanager
async def running(market: Market, now_ms: int, limits: Limits | None = None) -> AsyncIterator[Client]:
    """A client of a simulator whose time stands still."""
    clock = SimulatedClock(now_ms, held=True)
    async with aiohttp.ClientSession() as session, Simulator(market, clock, limits=limits) as sim:
        yield Client(session, sim)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with running(MARKET, NOW_MS) as client:
        yield client


@contextmanager
def frozen(monkeypatch: pytest.MonkeyPatch, second: float) -> Iterator[None]:
    """This machine's wall clock, standing at a second of a minute; limits are counted by it."""
    with monkeypatch.context() as patch:
        patch.setattr(server.time, "time", lambda: 1_800_000_000 // 300 * 300 + second)
        yield


async def test_ping_and_time(client: Client) -> None:
    assert await client.get("ping") == {}
    assert client.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert await client.get("time") == {"serverTime": NOW_MS}
    assert await client.get("time", headers={"X-MBX-TIME-UNIT": "MICROSECOND"}) == {"serverTime": NOW_MS * 1_000}
    assert await client.get("time", x="1") == {"code": -1101, "msg": "Too many parameters; expected '0' and received '1'."}
    assert client.status == 400


async def test_klines_are_the_bars_of_the_market_and_the_last_one_forms(client: Client) -> None:
    rows = await client.get("klines", symbol="BTCUSDT", interval="5m", limit="3")
    truth = client.sim.truth("BTCUSDT", "5m", rows[0][0], NOW_MS)
    for row, bar in zip(rows[:2], truth, strict=True):
        numbers = [*bar[1:6], bar.quote_volume, bar.taker_buy_volume, bar.taker_buy_quote_volume]
        open_, high, low, close, volume, quote, taker, taker_quote = (f"{number:.8f}" for number in numbers)
        close_ms = bar.open_time + 5 * MINUTE_MS - 1
        assert row == [bar.open_time, open_, high, low, close, volume, close_ms, quote, int(bar.trades), taker, taker_quote, "0"]
    assert rows[2][0] <= NOW_MS < rows[2][6]


async def test_klines_default_to_500_and_never_exceed_1000(client: Client) -> None:
    assert len(await client.get("klines", symbol="BTCUSDT", interval="1m")) == 500
    assert len(await client.get("klines", symbol="BTCUSDT", interval="1m", limit="5000")) == 1_000


async def test_klines_by_time(client: Client) -> None:
    start_ms = NOW_MS // HOUR_MS * HOUR_MS - DAY_MS
    asked = {"symbol": "ETHUSDT", "interval": "1h"}
    oldest = await client.get("klines", **asked, startTime=str(start_ms), limit="2")
    assert [row[0] for row in oldest] == [start_ms, start_ms + HOUR_MS]
    latest = await client.get("klines", **asked, endTime=str(start_ms), limit="2")
    assert [row[0] for row in latest] == [start_ms - HOUR_MS, start_ms]
    one = await client.get("klines", **asked, startTime=str(start_ms), endTime=str(start_ms))
    assert [row[0] for row in one] == [start_ms]
    assert await client.get("klines", **asked, startTime=str(start_ms * 1_000), endTime=str(start_ms * 1_000)) == one
    assert await client.get("klines", **asked, startTime=str(start_ms), endTime=str(start_ms - 1)) == []
    assert await client.get("klines", **asked, startTime=str(NOW_MS + 1)) == []
    assert await client.get("uiKlines", **asked, startTime=str(start_ms), endTime=str(start_ms)) == one


async def test_paging_by_start_time_gives_every_bar_once(client: Client) -> None:
    start_ms, opens = NOW_MS // DAY_MS * DAY_MS - DAY_MS, []
    while page := await client.get("klines", symbol="SOLUSDT", interval="1m", startTime=str(start_ms), limit="700"):
        opens += [row[0] for row in page]
        start_ms = page[-1][0] + MINUTE_MS
    first_ms = NOW_MS // DAY_MS * DAY_MS - DAY_MS
    assert opens == list(range(first_ms, NOW_MS, MINUTE_MS))


async def test_klines_in_another_zone_and_unit(client: Client) -> None:
    rows = await client.get("klines", symbol="BTCUSDT", interval="1d", timeZone="8", limit="2")
    assert {row[0] % DAY_MS for row in rows} == {16 * HOUR_MS}
    months = await client.get("klines", symbol="BTCUSDT", interval="1M", limit="3")
    assert months[0][6] + 1 == months[1][0]
    headers = {"X-MBX-TIME-UNIT": "microsecond"}
    micro = await client.get("klines", headers=headers, symbol="BTCUSDT", interval="1d", timeZone="8", limit="2")
    assert (micro[0][0], micro[0][6]) == (rows[0][0] * 1_000, rows[1][0] * 1_000 - 1)
    assert micro[0][1:6] == rows[0][1:6]
    assert (await client.get("ping", headers={"X-MBX-TIME-UNIT": "DAY"}))["code"] == -1194


@pytest.mark.parametrize(
    ("path", "parameters", "code"),
    [
        ("klines", {"symbol": "NOPEUSDT", "interval": "1m"}, -1121),
        ("klines", {"symbol": "btcusdt", "interval": "1m"}, -1100),
        ("klines", {"symbol": "BTCUSDT", "interval": "7m"}, -1120),
        ("klines", {"symbol": "BTCUSDT"}, -1102),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "0"}, -1130),
        ("ticker/24hr", {"symbol": "NOPEUSDT"}, -1121),
        ("ticker/24hr", {"symbol": "BTCUSDT", "type": "x"}, -1139),
        ("ticker/price", {"symbols": '["BTCUSDT","NOPEUSDT"]'}, -1121),
        ("ticker/price", {"symbol": "BTCUSDT", "symbolStatus": "BREAK"}, -1220),
        ("exchangeInfo", {"symbol": "NOPEUSDT"}, -1121),
    ],
)
async def test_refusals_are_told_and_cost_weight(client: Client, path: str, parameters: dict[str, str], code: int) -> None:
    answer = await client.get(path, **parameters)
    assert (client.status, set(answer), answer["code"]) == (400, {"code", "msg"}, code)
    assert client.weight >= 2


async def test_unknown_paths(client: Client) -> None:
    assert await client.get("nope") == ""
    assert (client.status, client.weight) == (404, 1)
    assert "404" in await client.get("nope", headers={"Accept": "text/html"})
    async with client.session.post(f"{client.sim.rest_url}/api/v3/ping") as reply:
        assert reply.status == 404


@pytest.mark.parametrize(
    ("path", "parameters", "weight"),
    [
        ("ping", {}, 1),
        ("time", {}, 1),
        ("exchangeInfo", {"symbol": "BTCUSDT"}, 20),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "1"}, 2),
        ("uiKlines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "1000"}, 2),
        ("ticker/24hr", {"symbol": "BTCUSDT"}, 2),
        ("ticker/24hr", {"symbols": list(MARKET.listings)[:20]}, 2),
        ("ticker/24hr", {"symbols": list(MARKET.listings)[:21]}, 40),
        ("ticker/24hr", {"symbols": list(MARKET.listings)}, 40),
        ("ticker/24hr", {}, 80),
        ("ticker/price", {"symbol": "BTCUSDT"}, 2),
        ("ticker/price", {"symbols": ["BTCUSDT"]}, 4),
        ("ticker/price", {}, 4),
        ("ticker/bookTicker", {}, 4),
    ],
)
async def test_weights(client: Client, path: str, parameters: dict[str, Any], weight: int) -> None:
    query = {
        name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":")) for name, value in parameters.items()
    }
    await client.get(path, **query)
    assert (client.status, client.weight) == (200, weight)


async def test_too_much_weight_a_pause_a_ban(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(weight_per_minute=41, refusals_before_ban=2)
    async with running(MARKET, NOW_MS, limits) as client:
        with frozen(monkeypatch, 20.0):
            # Given an address that has used its minute
            for _ in range(2):
                await client.get("exchangeInfo", symbol="BTCUSDT")
            assert (client.status, client.weight) == (200, 40)
            # When it asks for more, it is refused until the next minute
            refused = await client.get("klines", symbol="BTCUSDT", interval="1m")
            assert (client.status, client.headers["Retry-After"], client.weight) == (429, "40", 42)
            assert refused["code"] == -1003
            assert refused["msg"].startswith("Too much request weight used; current limit is 41 request weight per 1 MINUTE.")
            # And when it goes on, it is banned
            await client.get("ping")
            banned = await client.get("ping")
            assert (client.status, client.headers["Retry-After"], banned["code"]) == (418, "120", -1003)
            assert banned["msg"].startswith(f"Way too much request weight used; IP banned until {NOW_MS + 120_000}.")
        with frozen(monkeypatch, 61.0):
            await client.get("ping")
            assert (client.status, client.headers["Retry-After"]) == (418, "79")
        with frozen(monkeypatch, 141.0):
            await client.get("ping")
            assert (client.status, client.weight) == (200, 1)


async def test_exchange_info_has_what_clients_read(client: Client) -> None:
    info = await client.get("exchangeInfo")
    limits = {(limit["rateLimitType"], limit["interval"], limit["intervalNum"]): limit["limit"] for limit in info["rateLimits"]}
    assert limits[("REQUEST_WEIGHT", "MINUTE", 1)] == 6_000
    assert limits[("RAW_REQUESTS", "MINUTE", 5)] == 300_000
    assert {key for key in limits if key[0] == "ORDERS"} == {("ORDERS", "SECOND", 10), ("ORDERS", "DAY", 1)}
    assert (info["timezone"], info["serverTime"], len(info["symbols"])) == ("UTC", NOW_MS, 100)
    entry = next(entry for entry in info["symbols"] if entry["symbol"] == "BTCUSDT")
    filters = {one["filterType"]: one for one in entry["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00001000"
    assert filters["NOTIONAL"]["minNotional"] == "5.00000000"
    assert (entry["status"], entry["permissions"], entry["permissionSets"]) == ("TRADING", [], [["SPOT", "MARGIN"]])


async def test_exchange_info_has_all_keys_the_exchange_had(client: Client) -> None:
    recorded = gzip.decompress((CAPTURES / "exchange-info-2021-10-12.json.gz").read_bytes()).decode()
    real, _ = json.JSONDecoder().raw_decode(recorded[recorded.index("{") :])
    ours = await client.get("exchangeInfo")
    assert set(ours) == set(real)
    assert set(real["symbols"][0]) <= set(ours["symbols"][0])


async def test_exchange_info_narrowed(client: Client) -> None:
    assert [entry["symbol"] for entry in (await client.get("exchangeInfo", symbol="ADAUSDT"))["symbols"]] == ["ADAUSDT"]
    both = await client.get("exchangeInfo", symbols='["ADAUSDT","BTCUSDT"]', showPermissionSets="false")
    assert [entry["symbol"] for entry in both["symbols"]] == ["ADAUSDT", "BTCUSDT"]
    assert "permissionSets" not in both["symbols"][0]
    assert (await client.get("exchangeInfo", symbolStatus="HALT"))["symbols"] == []
    assert len((await client.get("exchangeInfo", permissions="SPOT"))["symbols"]) == 100
    assert (await client.get("exchangeInfo", permissions="LEVERAGED"))["symbols"] == []


async def test_tickers(client: Client) -> None:
    full = await client.get("ticker/24hr", symbol="BTCUSDT")
    short = await client.get("ticker/24hr", symbol="BTCUSDT", type="MINI")
    assert set(short) < set(full)
    assert all(full[key] == value for key, value in short.items())
    assert full["closeTime"] - full["openTime"] == DAY_MS - 1
    assert full["lastId"] - full["firstId"] + 1 == full["count"]
    change = float(full["lastPrice"]) - float(full["openPrice"])
    assert float(full["priceChange"]) == pytest.approx(change)
    assert float(full["priceChangePercent"]) == pytest.approx(change / float(full["openPrice"]) * 100, abs=0.001)
    assert float(full["lowPrice"]) <= float(full["weightedAvgPrice"]) <= float(full["highPrice"])
    everything = await client.get("ticker/24hr")
    assert [entry["symbol"] for entry in everything] == list(MARKET.listings)
    assert everything[0] == full
    assert await client.get("ticker/price", symbol="BTCUSDT") == {"symbol": "BTCUSDT", "price": full["lastPrice"]}
    listed = await client.get("ticker/price", symbols='["BTCUSDT"]')
    assert listed == [{"symbol": "BTCUSDT", "price": full["lastPrice"]}]
    book = await client.get("ticker/bookTicker", symbol="BTCUSDT")
    assert (book["bidPrice"], book["askPrice"]) == (full["bidPrice"], full["askPrice"])
    rows = await client.get("klines", symbol="BTCUSDT", interval="1m", limit="1")
    assert rows[0][4] == full["lastPrice"]


async def test_recorded_candles_over_rest() -> None:
    market = RecordedMarket(SPOT_5M)
    now_ms = market.default_start_ms
    async with running(market, now_ms) as client:
        # History is what lies before the start, of the recorded interval and longer ones
        rows = await client.get("klines", symbol="BTCUSDT", interval="5m", limit="1000")
        assert (len(rows), rows[-1][0]) == (1_000, now_ms)
        hours = await client.get("klines", symbol="BTCUSDT", interval="1h", limit="1000")
        assert len(hours) == 84
        for row, bar in zip(rows, client.sim.truth("BTCUSDT", "5m", rows[0][0], now_ms), strict=False):
            assert (row[0], *(float(text) for text in row[1:6])) == bar[:6]
        # Shorter ones are refused
        assert await client.get("klines", symbol="BTCUSDT", interval="1m") == {"code": -1120, "msg": "Invalid interval."}


async def test_symbols_without_bars_around_now_are_on_a_break() -> None:
    market = RecordedMarket(SPOT_5M)
    alpine = market.listings["ALPINEUSDT"]
    assert alpine.end_ms is not None
    async with running(market, alpine.end_ms + HOUR_MS) as client:
        status = {entry["symbol"]: entry["status"] for entry in (await client.get("exchangeInfo"))["symbols"]}
        assert (status["ALPINEUSDT"], status["SOLUSDT"]) == ("BREAK", "TRADING")
        trading = await client.get("ticker/price", symbolStatus="TRADING")
        assert {entry["symbol"] for entry in trading} == {"ELFUSDT", "SOLUSDT"}
        gone = await client.get("ticker/24hr", symbol="ALPINEUSDT")
        assert (gone["count"], gone["firstId"], gone["volume"]) == (0, -1, "0.00000000")
        rows = await client.get("klines", symbol="ALPINEUSDT", interval="5m", limit="1")
        assert rows[0][0] == alpine.end_ms - 5 * MINUTE_MS

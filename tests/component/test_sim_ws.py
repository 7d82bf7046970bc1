"""The simulator's WebSocket interface over a real socket, held against the documented rules and real captures."""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from engine.base.types import HOUR_MS, INTERVAL_MS, MINUTE_MS
from engine.sim.clock import SimulatedClock
from engine.sim.limits import Limits
from engine.sim.market import Market
from engine.sim.recorded import RecordedMarket
from engine.sim.server import Simulator
from engine.sim.synthetic import SyntheticMarket
from tests.data import CAPTURES, SPOT_5M

START_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS
MARKET = SyntheticMarket(seed=5, symbols=100)


class Client:
    """Connects to one simulator."""

    def __init__(self, session: aiohttp.ClientSession, sim: Simulator) -> None:
        self.session = session
        self.sim = sim

    async def connect(self, path: str = "/ws", **options: Any) -> ClientWebSocketResponse:
        return await self.session.ws_connect(self.sim.ws_url + path, **options)


@asynccontextmanager
async def running(
    market: Market = MARKET, limits: Limits | None = None, *, start_ms: int = START_MS, **timing: Any
) -> AsyncIterator[Client]:
    clock = SimulatedClock(start_ms, **timing)
    async with aiohttp.ClientSession() as session, Simulator(market, clock, limits=limits) as sim:
        yield Client(session, sim)


async def hear(socket: ClientWebSocketResponse) -> Any:
    return json.loads((await socket.receive()).data)


async def ask(socket: ClientWebSocketResponse, method: str, params: list[Any] | None = None) -> Any:
    """The reply to a control message; events in between are passed over."""
    message = {"method": method, "id": 7} | ({} if params is None else {"params": params})
    await socket.send_json(message)
    while "id" not in (reply := await hear(socket)):
        pass
    return reply


async def closed(socket: ClientWebSocketResponse) -> int | None:
    """The code with which the server closes."""
    while (await socket.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING):
        pass
    return socket.close_code


@pytest.mark.parametrize("path", ["/ws/btcusdt@kline_1m", "/ws/btcusdt@kline_1m/ethusdt@kline_1m", "/ws/btcusdt%40kline_1m"])
async def test_raw_streams_by_url(path: str) -> None:
    async with running(speed=600.0) as client:
        socket = await client.connect(path)
        event = await hear(socket)
        assert event["e"] == "kline"
        assert (await ask(socket, "GET_PROPERTY", ["combined"]))["result"] is False


async def test_combined_streams_by_url() -> None:
    async with running(speed=600.0) as client:
        socket = await client.connect("/stream?streams=btcusdt@kline_1m/ethusdt@kline_1d@+08:00")
        names = {(await hear(socket))["stream"] for _ in range(8)}
        assert names == {"btcusdt@kline_1m", "ethusdt@kline_1d@+08:00"}
        assert (await ask(socket, "GET_PROPERTY", ["combined"]))["result"] is True


async def test_live_subscribing_on_a_named_raw_socket() -> None:
    async with running(speed=600.0) as client:
        socket = await client.connect("/ws/0")
        assert await ask(socket, "SUBSCRIBE", ["solusdt@kline_1m"]) == {"result": None, "id": 7}
        assert await ask(socket, "LIST_SUBSCRIPTIONS") == {"result": ["solusdt@kline_1m"], "id": 7}
        assert (await hear(socket))["s"] == "SOLUSDT"
        assert await ask(socket, "SET_PROPERTY", ["combined", True]) == {"result": None, "id": 7}
        assert (await hear(socket))["stream"] == "solusdt@kline_1m"
        assert await ask(socket, "UNSUBSCRIBE", ["solusdt@kline_1m"]) == {"result": None, "id": 7}
        assert await ask(socket, "LIST_SUBSCRIPTIONS") == {"result": [], "id": 7}


async def test_errors_do_not_end_the_connection() -> None:
    async with running() as client:
        socket = await client.connect()
        await socket.send_str("nonsense")
        assert await hear(socket) == {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}
        assert await ask(socket, "LIST_SUBSCRIPTIONS") == {"result": [], "id": 7}


def recorded_events(kind: str) -> list[dict[str, Any]]:
    events = []
    for path in sorted(CAPTURES.glob("*.ws")):
        lines = (line.partition(": ")[2] for line in path.read_text().splitlines()[1:])
        events += [event for line in lines if line and (event := json.loads(line)["data"]).get("e") == kind]
    return events


async def test_kline_events_look_like_those_the_exchange_sent() -> None:
    real = recorded_events("kline")
    assert real
    async with running(speed=600.0) as client:
        socket = await client.connect("/ws/btcusdt@kline_1m/wanusdt@kline_1m")
        ours = [await hear(socket) for _ in range(20)]
    for event in ours:
        # The same keys in the same order, and values of the same form.
        assert list(event) == list(real[0])
        assert list(event["k"]) == list(real[0]["k"])
        for key, value in event["k"].items():
            assert type(value) is type(real[0]["k"][key]), key
        for key in "ochlvqVQ":
            assert re.fullmatch(r"[0-9]+\.[0-9]{8}", event["k"][key])
    silent = [event["k"] for event in ours if event["k"]["n"] == 0]
    assert silent
    assert all(k["x"] and (k["f"], k["L"]) == (-1, -1) and k["o"] == k["h"] == k["l"] == k["c"] for k in silent)


async def test_forming_bars_grow_and_trade_ids_go_on() -> None:
    async with running(speed=1_200.0) as client:
        socket = await client.connect("/ws/btcusdt@kline_5m")
        events = [await hear(socket) for _ in range(9)]
    assert {event["k"]["x"] for event in events} == {True, False}
    last_id = None
    for event in events:
        k = event["k"]
        assert k["L"] - k["f"] + 1 == k["n"]
        assert k["T"] == k["t"] + 5 * MINUTE_MS - 1
        # A closed bar is told after it is over, a forming one while it forms.
        assert (event["E"] > k["T"]) == k["x"]
        if last_id is not None:
            assert k["f"] == last_id + 1
        if k["x"]:
            last_id = k["L"]
    assert [event["E"] for event in events] == sorted(event["E"] for event in events)


async def check_closes(client: Client, intervals: list[str], symbols: list[str], instants: int, until_s: float) -> None:
    """Listen to all streams; every close must come once, in order, with the numbers of the market."""
    socket = await client.connect("/stream")
    names = [f"{symbol.lower()}@kline_{interval}" for symbol in symbols for interval in intervals]
    closes: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for start in range(0, len(names), 100):
        await socket.send_json({"method": "SUBSCRIBE", "params": names[start : start + 100], "id": 1})
    async with asyncio.timeout(until_s):
        while not closes or min(len(closes[name]) for name in names if name.endswith(f"_{intervals[0]}")) < instants:
            event = await hear(socket)
            if "stream" in event and event["data"]["k"]["x"]:
                closes[event["stream"]].append(event["data"])
    for name in names:
        interval = name.split("_")[1]
        length_ms = INTERVAL_MS[interval]
        opens = [event["k"]["t"] for event in closes[name]]
        first_ms = client.sim.clock.start_ms // length_ms * length_ms
        assert opens == [first_ms + length_ms * count for count in range(len(opens))]
        truth = client.sim.truth(name.split("@")[0].upper(), interval, first_ms, first_ms + length_ms * len(opens))
        for event, bar in zip(closes[name], truth, strict=True):
            k = event["k"]
            told = tuple(float(k[key]) for key in "ohlcv")
            assert (k["t"], *told, k["n"]) == (*bar[:6], bar.trades)
            assert event["E"] > k["T"]


async def test_no_close_is_skipped_at_three_thousand_times_the_speed() -> None:
    market = RecordedMarket(SPOT_5M)
    async with running(market, speed=3_000.0, start_ms=market.default_start_ms, held=True) as client:
        await check_closes(client, ["5m", "15m", "1h", "4h"], list(market.listings), instants=50, until_s=60)


async def test_no_close_is_skipped_with_a_hundred_symbols() -> None:
    async with running(speed=240.0, held=True) as client:
        await check_closes(client, ["1m", "5m"], list(MARKET.listings), instants=10, until_s=60)


async def test_held_time_begins_with_the_first_kline_stream() -> None:
    async with running(speed=60.0, held=True) as client:
        socket = await client.connect("/ws/!miniTicker@arr")
        assert await ask(socket, "SUBSCRIBE", ["btcusdt@miniTicker", "nope@kline_1m"])
        assert client.sim.clock.held
        assert client.sim.clock.now_ms() == START_MS
        assert await ask(socket, "SUBSCRIBE", ["btcusdt@kline_1m"])
        await hear(socket)
        assert not client.sim.clock.held
        assert client.sim.clock.now_ms() > START_MS


async def test_time_ends_with_every_close_told(caplog: pytest.LogCaptureFixture) -> None:
    # Given time that stops after half an hour
    caplog.set_level("INFO")
    until_ms = START_MS + 30 * MINUTE_MS
    async with running(speed=3_000.0, until_ms=until_ms, held=True) as client:
        socket = await client.connect("/ws/btcusdt@kline_1m/btcusdt@kline_15m")
        closes = []
        while len(closes) < 32:
            event = await hear(socket)
            closes += [(event["k"]["i"], event["k"]["t"])] * event["k"]["x"]
        # Then all closes up to its end came, and nothing comes after them
        assert sorted(closes)[:2] == [("15m", START_MS), ("15m", START_MS + 15 * MINUTE_MS)]
        assert [open_ms for interval, open_ms in closes if interval == "1m"] == list(range(START_MS, until_ms, MINUTE_MS))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.receive(), 0.3)
        assert client.sim.clock.now_ms() == until_ms
    assert any("time has ended" in record.message for record in caplog.records)


async def test_a_stream_ends_where_its_candles_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    market = RecordedMarket(SPOT_5M)
    end_ms = market.listings["ALPINEUSDT"].end_ms
    assert end_ms is not None
    async with running(market, speed=3_000.0, start_ms=end_ms - 4 * 300_000, held=True) as client:
        socket = await client.connect("/ws/alpineusdt@kline_5m/solusdt@kline_5m")
        closes: dict[str, list[int]] = defaultdict(list)
        while len(closes["SOLUSDT"]) < 8:
            event = await hear(socket)
            if event["k"]["x"]:
                closes[event["s"]].append(event["k"]["t"])
    assert len(closes["ALPINEUSDT"]) == 4
    assert closes["ALPINEUSDT"][-1] == end_ms - 300_000
    assert any("no more candles of ALPINEUSDT" in record.message for record in caplog.records)


async def test_mini_tickers_tell_only_what_changed() -> None:
    async with running(speed=10.0) as client:
        socket = await client.connect("/ws/!miniTicker@arr")
        first, second = await hear(socket), await hear(socket)
    assert list(first[0]) == ["e", "E", "s", "c", "o", "h", "l", "v", "q"]
    assert 0 < len(second) < 100
    assert {entry["s"] for entry in second} <= set(MARKET.listings)
    assert second[0]["E"] - first[0]["E"] >= 900


async def test_tickers_of_one_symbol() -> None:
    async with running(speed=10.0) as client:
        socket = await client.connect("/ws/btcusdt@ticker/btcusdt@miniTicker")
        events = {event["e"]: event for event in [await hear(socket) for _ in range(4)]}
    assert list(events["24hrTicker"]) == list("eEspPwxcQbBaAohlvqOCFLn")
    assert events["24hrMiniTicker"]["s"] == "BTCUSDT"


async def test_all_clients_get_the_same_event() -> None:
    async with running(speed=600.0) as client:
        sockets = [await client.connect("/stream?streams=btcusdt@kline_1m") for _ in range(3)]
        heard = [[(await socket.receive()).data for _ in range(6)] for socket in sockets]
    assert set(heard[0]) & set(heard[1]) & set(heard[2]) >= set(heard[2][:3])


async def test_microseconds_where_asked_for() -> None:
    async with running(speed=60.0) as client:
        micro = await client.connect("/ws/btcusdt@kline_1m?timeUnit=MICROSECOND")
        event = await hear(micro)
        assert event["k"]["t"] % 60_000_000 == 0
        assert event["k"]["T"] == event["k"]["t"] + 60_000_000 - 1
        assert event["E"] > 10**15


async def test_more_than_five_messages_a_second_end_the_connection() -> None:
    async with running() as client:
        socket = await client.connect()
        for number in range(6):
            await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
        replies = 0
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            replies += 1
        assert message.type is WSMsgType.CLOSE
        assert (message.data, message.extra, replies <= 5) == (1008, "Too many requests", True)


async def test_pings_count_as_messages_and_are_answered() -> None:
    async with running() as client:
        socket = await client.connect(autoping=False)
        await socket.ping(b"hello")
        message = await socket.receive()
        assert (message.type, bytes(message.data)) == (WSMsgType.PONG, b"hello")
        for _ in range(6):
            await socket.ping(b"")
        assert await closed(socket) == 1008


async def test_a_long_subscribe_is_silently_ignored() -> None:
    async with running() as client:
        socket = await client.connect()
        names = [f"symbol{number}usdt@kline_1m" for number in range(180)]
        await socket.send_json({"method": "SUBSCRIBE", "params": names, "id": 1})
        fits = {"method": "SUBSCRIBE", "params": ["btcusdt@kline_1m"], "id": 2}
        text = json.dumps(fits)
        await socket.send_str(text + " " * (4_096 - len(text)))
        assert await hear(socket) == {"result": None, "id": 2}
        assert await ask(socket, "LIST_SUBSCRIPTIONS") == {"result": ["btcusdt@kline_1m"], "id": 7}


async def test_no_more_than_1024_streams() -> None:
    async with running(limits=Limits(messages_per_second=100)) as client:
        socket = await client.connect()
        for start in range(0, 1_020, 102):
            names = [f"s{number}@trade" for number in range(start, start + 102)]
            assert await ask(socket, "SUBSCRIBE", names) == {"result": None, "id": 7}
        refused = await ask(socket, "SUBSCRIBE", [f"x{number}@trade" for number in range(5)])
        assert refused == {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": 7}
        assert await ask(socket, "SUBSCRIBE", [f"x{number}@trade" for number in range(4)]) == {"result": None, "id": 7}


async def test_who_does_not_answer_pings_is_cut() -> None:
    async with running(limits=Limits(ping_every_s=0.05, pong_within_s=0.2, messages_per_second=1_000)) as client:
        deaf = await client.connect(autoping=False)
        good = await client.connect()
        hearing = asyncio.create_task(closed(good))
        pings = []
        while (message := await deaf.receive()).type is WSMsgType.PING:
            pings.append(bytes(message.data))
        assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 1008, "Pong timeout")
        assert all(ping.isdigit() for ping in pings)
        # An unsolicited pong does not help; an honest one does.
        assert not hearing.done()
        hearing.cancel()


async def test_a_connection_lives_for_a_day() -> None:
    async with running(limits=Limits(ping_every_s=0.02, connection_lifetime_s=0.1, messages_per_second=1_000)) as client:
        assert await closed(await client.connect()) == 1001


async def test_too_many_connection_attempts() -> None:
    async with running(limits=Limits(connections_per_5_minutes=2)) as client:
        for _ in range(2):
            await client.connect()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await client.connect()
        assert refusal.value.status == 429
        assert refusal.value.headers is not None
        assert int(refusal.value.headers["Retry-After"]) > 290


async def test_a_stopping_exchange_closes_its_connections() -> None:
    async with aiohttp.ClientSession() as session:
        async with Simulator(MARKET, SimulatedClock(START_MS)) as sim:
            socket = await session.ws_connect(sim.ws_url + "/ws/btcusdt@kline_1m")
            listening = asyncio.create_task(closed(socket))
            await asyncio.sleep(0)
        assert await listening == 1001


async def test_a_socket_that_is_none_gets_no_stream() -> None:
    async with running() as client:
        async with client.session.get(client.sim.rest_url + "/ws/btcusdt@kline_1m") as reply:
            assert reply.status == 404
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.connect("/nowhere")

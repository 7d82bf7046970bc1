"""The simulator's control endpoint: truth, audit, and the faults that sockets and replies meet first."""

import json

import aiohttp
import pytest

from engine.base.types import MINUTE_MS
from engine.sim.limits import Limits
from tests.component.sim_client import START_MS, end_code, hear, running


async def test_truth_is_the_market_closed_bars_only_and_no_page_ends_it() -> None:
    async with running(held=True) as client:
        first_ms = START_MS - 3_000 * MINUTE_MS
        rows = await client.truth("BTCUSDT", "1m", first_ms)
        assert [row[0] for row in rows] == list(range(first_ms, START_MS, MINUTE_MS))
        pages = await client.klines("BTCUSDT", "1m", startTime=first_ms, limit=1_000)
        assert rows[:1_000] == pages
        assert await client.truth("BTCUSDT", "1m", first_ms, endTime=first_ms + MINUTE_MS) == rows[:2]
        # The bar that forms now is no truth yet.
        assert (await client.klines("BTCUSDT", "1d", limit=1))[0][0] not in {
            row[0] for row in await client.truth("BTCUSDT", "1d", START_MS - 9 * 86_400_000)
        }


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("truth?symbol=NOPE&interval=1m&startTime=1", "symbol is not listed: 'NOPE'"),
        ("truth?symbol=BTCUSDT&interval=7m&startTime=1", "interval is not known: '7m'"),
        ("truth?symbol=BTCUSDT&interval=1m", "startTime is not an instant: None"),
        ("truth?symbol=BTCUSDT&interval=1m&startTime=soon", "startTime is not an instant: 'soon'"),
    ],
)
async def test_nonsense_is_answered_with_a_sentence(path: str, sentence: str) -> None:
    async with running(held=True) as client, client.session.get(f"{client.sim.rest_url}/sim/{path}") as reply:
        assert reply.status == 400
        assert (await reply.json())["error"].startswith(sentence)


async def test_what_is_not_there_is_told_with_what_is() -> None:
    async with running(held=True) as client:
        assert "GET /sim/truth" in (await client.steer("GET", "nowhere", expect=404))["error"]
        assert "there is no such fault: 7" in (await client.steer("DELETE", "faults/7", expect=400))["error"]
        assert "not a number: 'x'" in (await client.steer("DELETE", "faults/x", expect=400))["error"]
        assert "kind of fault is not known" in (await client.steer("POST", "faults", 400, {"kind": "plague"}))["error"]
        assert "body is not a JSON object" in (await client.steer("POST", "faults", 400, [1]))["error"]


async def test_the_audit_counts_what_a_client_did() -> None:
    async with running(limits=Limits(connections_per_5_minutes=2)) as client:
        one = await client.connect("/ws/btcusdt@kline_1m")
        two = await client.connect()
        message = json.dumps({"method": "SUBSCRIBE", "params": ["ethusdt@kline_1m", "solusdt@kline_5m"], "id": 1})
        await two.send_str(message)
        while "id" not in await hear(two):
            pass
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.connect()
        await client.klines("BTCUSDT", "1m", limit=7)
        assert (await client.ask("klines", symbol="NOPE", interval="1m"))[0] == 400
        audit = await client.steer("GET", "audit")
        assert audit["connections"] == {"open": 2, "accepted": 2, "attempts": 3, "attempts_peak_5m": 3}
        assert audit["control_frames"] == {"total": 1, "peak_1s": 1, "largest_bytes": len(message)}
        assert (audit["streams_peak"], audit["subscriptions"]) == (2, 3)
        assert audit["weight"] == {"used_1m": 4, "peak_1m": 4}
        assert audit["replies"] == {"200": 1, "400": 1}
        assert audit["klines"] == {"requests": 1, "rows": 7}
        await one.close()
        assert not (await two.send_str("{}"))
        await hear(two)
        assert (await client.steer("GET", "audit"))["connections"]["open"] == 1


async def test_faults_are_listed_and_removed() -> None:
    async with running(held=True) as client:
        number = await client.fault("http", status=503, after_s=60, symbols=["btcusdt"])
        other = await client.fault("refuse", for_s=0)
        told = await client.steer("GET", "faults")
        assert told[0] == {"id": number, "kind": "http", "after_s": 60, "symbols": ["BTCUSDT"], "status": 503} | {
            "struck": 0,
            "active": False,
        }
        assert await client.steer("DELETE", f"faults/{number}") == {}
        assert [fault["id"] for fault in await client.steer("GET", "faults")] == [other]
        assert await client.steer("DELETE", "faults") == {}
        assert await client.steer("GET", "faults") == []


@pytest.mark.parametrize(("told", "code"), [({}, 1006), ({"code": 1001}, 1001), ({"code": 4_000}, 4_000)])
async def test_sockets_are_dropped_with_any_code_or_none(told: dict[str, int], code: int) -> None:
    async with running() as client:
        sockets = [await client.connect("/ws/btcusdt@kline_1m") for _ in range(2)]
        number = await client.fault("drop", **told)
        assert [await end_code(socket) for socket in sockets] == [code, code]
        assert await client.struck(number) == 2
        # It was one blow: who comes back stays.
        again = await client.connect("/ws/btcusdt@kline_1m")
        await client.session.get(f"{client.sim.rest_url}/api/v3/ping")
        assert not again.closed
        assert (await client.steer("GET", "faults"))[0]["active"] is False


async def test_only_so_many_sockets_of_a_symbol_are_dropped() -> None:
    async with running() as client:
        bystander = await client.connect("/ws/ethusdt@kline_1m")
        sockets = [await client.connect("/ws/btcusdt@kline_1m") for _ in range(3)]
        number = await client.fault("drop", symbols=["BTCUSDT"], intervals=["1m"], count=2)
        while await client.struck(number) < 2:
            pass
        audit = await client.steer("GET", "audit")
        while audit["connections"]["open"] > 2:
            audit = await client.steer("GET", "audit")
        assert audit["connections"]["open"] == 2
        for socket in (*sockets, bystander):
            await socket.close()


@pytest.mark.parametrize(("status", "raised"), [(None, aiohttp.ClientConnectionError), (503, aiohttp.WSServerHandshakeError)])
async def test_connections_are_refused(status: int | None, raised: type[Exception]) -> None:
    async with running() as client:
        number = await client.fault("refuse", **({} if status is None else {"status": status}))
        for _ in range(2):
            with pytest.raises(raised):
                await client.connect()
        assert (await client.ask("ping"))[0] == 200
        # The library itself may try again on a line that was open before.
        assert await client.struck(number) >= 2
        await client.steer("DELETE", f"faults/{number}")
        await client.connect()


async def test_requests_are_refused_where_it_is_said() -> None:
    async with running() as client:
        await client.fault("refuse", where="rest")
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.ask("ping")
        await client.connect()
        await client.steer("DELETE", "faults")
        assert (await client.ask("ping"))[0] == 200


@pytest.mark.parametrize(
    ("status", "told", "retry_after", "content"),
    [
        (429, {"retry_after_s": 7}, "7", "application/json"),
        (429, {}, "10", "application/json"),
        (429, {"retry_after_s": 0}, None, "application/json"),
        (418, {"retry_after_s": 3}, "3", "application/json"),
        (403, {}, None, "text/html"),
        (451, {}, None, "text/html"),
        (451, {"body": "json"}, None, "application/json"),
        (500, {}, None, "application/json"),
        (503, {}, None, "text/html"),
    ],
)
async def test_replies_with_any_status(status: int, told: dict[str, object], retry_after: str | None, content: str) -> None:
    async with running() as client:
        await client.fault("http", status=status, count=1, **told)
        got, body, headers = await client.ask("ping")
        assert (got, headers.get("Retry-After")) == (status, retry_after)
        assert headers["Content-Type"].startswith(content)
        assert body.startswith("<html>") if content == "text/html" else "code" in json.loads(body)
        assert int(headers["X-MBX-USED-WEIGHT-1M"]) >= 1
        assert (await client.ask("ping"))[0] == 200


async def test_replies_are_spoiled_only_for_what_the_fault_concerns() -> None:
    async with running() as client:
        await client.fault("http", status=500, path="klines", symbols=["BTCUSDT"], intervals=["1h"])
        assert (await client.ask("klines", symbol="BTCUSDT", interval="1h"))[0] == 500
        assert (await client.ask("klines", symbol="BTCUSDT", interval="1m"))[0] == 200
        assert (await client.ask("klines", symbol="ETHUSDT", interval="1h"))[0] == 200
        assert (await client.ask("ticker/price", symbol="BTCUSDT"))[0] == 200


async def test_requests_during_a_pause_are_counted() -> None:
    async with running() as client:
        await client.fault("http", status=429, retry_after_s=60, count=1)
        await client.ask("ping")
        while not (audit := await client.steer("GET", "audit"))["requests"]["in_pause"]:
            await client.ask("ping")
        assert audit["replies"]["429"] == 1

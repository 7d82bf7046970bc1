"""What faults do to sockets, messages and bodies, as a plain client meets them."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import WSMsgType

from tests.component.sim_client import Client, end_code, hear, hear_out, running

SUBSCRIBE = {"method": "SUBSCRIBE", "params": ["btcusdt@kline_1m"], "id": 1}
SPEED = 1_200.0


async def answered(client: Client) -> None:
    """One round trip beside the socket in question."""
    await client.ask("ping")


async def test_a_silent_socket_is_accepted_and_says_nothing() -> None:
    async with running(speed=SPEED) as client:
        number = await client.fault("silent", count=1)
        mute = await client.connect("/ws/btcusdt@kline_1m", autoping=False)
        await mute.send_json(SUBSCRIBE)
        await mute.ping(b"there?")
        # The next one hears a good deal in the meantime.
        other = await client.connect("/ws/btcusdt@kline_1m")
        for _ in range(5):
            assert (await hear(other))["s"] == "BTCUSDT"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(mute.receive(), 0.1)
        assert await client.struck(number) == 1


async def test_a_black_hole_swallows_open_sockets_until_it_is_gone() -> None:
    async with running(speed=SPEED, held=True) as client:
        caught = await client.connect("/ws/btcusdt@kline_1m", autoping=False)
        await hear(caught)
        number = await client.fault("blackhole")
        while not await client.struck(number):
            pass
        await caught.ping(b"there?")
        later = await client.connect("/ws/btcusdt@kline_1m")
        for _ in range(5):
            await hear(later)
        while True:  # what was under way before
            try:
                await asyncio.wait_for(caught.receive(), 0.1)
            except TimeoutError:
                break
        await client.steer("DELETE", f"faults/{number}")
        seen = [await caught.receive() for _ in range(5)]
        while not any(message.type is WSMsgType.PONG for message in seen):
            seen.append(await caught.receive())
        assert any(message.type is WSMsgType.TEXT for message in seen)


async def test_a_black_hole_ends_by_itself_and_spares_other_symbols() -> None:
    async with running(speed=SPEED, held=True) as client:
        caught = await client.connect("/ws/btcusdt@kline_1m")
        spared = await client.connect("/ws/ethusdt@kline_1m")
        await client.fault("blackhole", for_s=0.3, symbols=["BTCUSDT"])
        for _ in range(3):
            await hear(spared)
        assert (await hear(caught))["s"] == "BTCUSDT"
        while (await client.steer("GET", "faults"))[0]["active"]:
            await answered(client)
        for _ in range(20):
            assert (await hear(caught))["s"] == "BTCUSDT"


async def test_sockets_are_cut_at_an_age() -> None:
    async with running() as client:
        await client.fault("lifetime", s=0.1)
        assert [await end_code(await client.connect()) for _ in range(2)] == [1001, 1001]
        await client.steer("DELETE", "faults")
        await client.fault("lifetime", s=0, code=1008, count=1)
        assert await end_code(await client.connect()) == 1008
        socket = await client.connect()
        await socket.send_json(SUBSCRIBE)
        assert await hear(socket) == {"result": None, "id": 1}


@pytest.mark.parametrize("path", ["/ws/btcusdt@kline_1d", "/stream?streams=btcusdt@kline_1d"])
async def test_a_server_that_goes_says_so_first(path: str) -> None:
    async with running(held=True) as client:
        socket = await client.connect(path)
        number = await client.fault("shutdown", s=0.2)
        while "serverShutdown" not in (text := (await socket.receive()).data):
            pass
        told = json.loads(text)
        assert list(told.get("data", told)) == ["e", "E"]
        assert told.get("stream", "!serverShutdown") == "!serverShutdown"
        assert not socket.closed
        assert await end_code(socket) == 1001
        assert await client.struck(number) == 1


async def test_a_subscribe_is_ignored_and_the_next_one_is_not() -> None:
    async with running(held=True) as client:
        await client.fault("ignore_subscribe", count=1, symbols=["BTCUSDT"])
        socket = await client.connect()
        await socket.send_json({"method": "SUBSCRIBE", "params": ["ethusdt@kline_1d"], "id": 5})
        assert (await hear(socket))["id"] == 5
        await socket.send_json(SUBSCRIBE)
        await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 2})
        while (reply := await hear(socket)).get("id") != 2:
            assert "id" not in reply
        assert reply["result"] == ["ethusdt@kline_1d"]
        await socket.send_json(SUBSCRIBE)
        while "id" not in (reply := await hear(socket)):
            pass
        assert reply == {"result": None, "id": 1}


async def test_messages_can_be_too_many_at_once() -> None:
    async with running() as client:
        await client.fault("too_many", count=1)
        socket = await client.connect()
        await socket.send_json(SUBSCRIBE)
        message = await hear_out(socket)
        assert (message.data, message.extra) == (1008, "Too many requests")
        assert (await (await client.connect()).send_json(SUBSCRIBE)) is None


async def test_a_drop_is_repeated_while_it_lasts() -> None:
    async with running() as client:
        number = await client.fault("drop", every_s=0.1, code=1012)
        for _ in range(3):
            assert await end_code(await client.connect()) == 1012
        assert await client.struck(number) == 3


async def test_a_fault_waits_for_its_time() -> None:
    async with running() as client:
        number = await client.fault("drop", after_s=0.3)
        socket = await client.connect()
        await answered(client)
        assert (await client.steer("GET", "faults"))[0]["active"] is False
        assert not socket.closed
        assert await end_code(socket) == 1006
        assert await client.struck(number) == 1


async def test_slow_bodies_arrive_in_two_parts_and_whole() -> None:
    async with running(held=True) as client:
        good = await client.ask("klines", symbol="BTCUSDT", interval="1m")
        await client.fault("slow_body", ms=200, path="klines", count=1)
        query = {"symbol": "BTCUSDT", "interval": "1m"}
        async with client.session.get(f"{client.sim.rest_url}/api/v3/klines", params=query) as reply:
            first = await reply.content.readany()
            # Others are not held up.
            await answered(client)
            assert first != good[1].encode()
            assert first + await reply.content.read() == good[1].encode()
            assert reply.headers["X-MBX-USED-WEIGHT-1M"]


async def test_a_client_may_lose_patience_with_a_slow_body() -> None:
    async with running(held=True) as client:
        await client.fault("slow_body", ms=300)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.ask("exchangeInfo")
        await client.steer("DELETE", "faults")
        assert (await client.ask("ping"))[0] == 200


async def test_json_is_torn() -> None:
    async with running(held=True) as client:
        good = (await client.ask("klines", symbol="BTCUSDT", interval="1m"))[1]
        await client.fault("truncated", count=1)
        status, body, headers = await client.ask("klines", symbol="BTCUSDT", interval="1m")
        assert (status, int(headers["Content-Length"])) == (200, len(body))
        assert good.startswith(body) and len(body) < len(good)  # noqa: PT018
        with pytest.raises(json.JSONDecodeError):
            json.loads(body)
        assert (await client.ask("klines", symbol="BTCUSDT", interval="1m"))[1] == good


async def test_a_good_status_may_carry_a_page() -> None:
    async with running(held=True) as client:
        await client.fault("not_json", count=1)
        status, body, headers = await client.ask("exchangeInfo")
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
        assert body.startswith("<!DOCTYPE html>")
        assert (await client.ask("exchangeInfo"))[1].startswith("{")


async def test_the_simulator_ends_whatever_is_on() -> None:
    async with running(speed=SPEED) as client:
        sockets = [await client.connect("/ws/btcusdt@kline_1m") for _ in range(3)]
        for kind in ("blackhole", "silent", "duplicate", "not_json"):
            await client.fault(kind)
        await client.fault("delay", ms=60_000)
        mute = await client.connect("/ws/btcusdt@kline_1m")
        await mute.send_json(SUBSCRIBE)
        assert len(sockets) == 3


async def test_the_control_endpoint_needs_no_manners() -> None:
    async with running() as client:
        await client.fault("refuse", where="all")
        await client.fault("not_json")
        for _ in range(20):
            assert len(await client.steer("GET", "faults")) == 2
        await client.steer("DELETE", "faults")
        audit = await client.steer("GET", "audit")
        assert audit["requests"]["total"] == 0
        await client.fault("refuse", where="all")
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.ask("ping")

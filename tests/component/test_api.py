"""The HTTP door, over a real socket, with a view whose answers are known."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest

from engine.api.app import build
from engine.api.events import QUEUE_LENGTH_MAX, Events
from engine.api.server import Server, parse_address
from engine.api.view import View
from engine.base.errors import AddressInUse, PoolError, SettingsError
from engine.telemetry.metrics import Sample, render

TOKEN = "a-token-that-nobody-guesses"


class Engine:
    """Answers by attribute, so that a test can say what the engine is like."""

    def __init__(self) -> None:
        self.state = "healthy"
        self.is_ready = True
        self.resized: list[int] = []
        self.stopped = False
        self.events = Events()

    def view(self) -> View:
        async def signals(since: str, limit: int) -> list[dict[str, object]]:
            return [{"since": since, "limit": limit}]

        async def reload_traders() -> dict[str, object]:
            return {"traders": 3}

        async def resume_trader(name_or_id: str) -> dict[str, object]:
            return {"id": name_or_id, "resumed": True}

        async def resize(workers: int) -> dict[str, object]:
            if workers < 1:
                raise PoolError("number of workers is refused", workers, "ask for 1 to 8")
            self.resized.append(workers)
            return {"workers": workers}

        async def prepare_shutdown() -> dict[str, object]:
            raise RuntimeError("a bug")

        def shutdown() -> dict[str, object]:
            self.stopped = True
            return {"state": "stopping"}

        return View(
            health=lambda: {"state": self.state, "components": {}},
            ready=lambda: self.is_ready,
            status=lambda: {"state": "running"},
            metrics=lambda: render([Sample("bars", 7, "Closed bars.", counter=True, labels={"interval": "5m"})]),
            traders=lambda: [{"id": "t"}],
            signals=signals,
            reload_traders=reload_traders,
            resume_trader=resume_trader,
            resize=resize,
            prepare_shutdown=prepare_shutdown,
            shutdown=shutdown,
        )


@pytest.fixture
async def engine() -> Engine:
    return Engine()


@pytest.fixture
async def client(engine: Engine) -> AsyncIterator[aiohttp.ClientSession]:
    server = Server(build(engine.view(), engine.events, TOKEN), "127.0.0.1:0")
    await server.start()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(f"http://{server.address}", headers=headers) as session:
        yield session
    engine.events.close()
    await server.stop()


@pytest.mark.parametrize(("state", "status"), [("healthy", 200), ("degraded", 200), ("unhealthy", 503)])
async def test_health_answers_503_only_when_unhealthy(engine, client, state, status):
    engine.state = state
    async with client.get("/health") as answer:
        assert answer.status == status
        assert (await answer.json())["state"] == state


async def test_ready_is_503_until_the_engine_is_ready(engine, client):
    engine.is_ready = False
    async with client.get("/ready") as answer:
        assert answer.status == 503


async def test_metrics_are_prometheus_text_with_our_prefix(client):
    async with client.get("/metrics") as answer:
        assert 'engine_bars_total{interval="5m"} 7.0' in await answer.text()


@pytest.mark.parametrize("path", ["/status", "/traders", "/signals", "/ws"])
@pytest.mark.parametrize("header", ["", "Bearer wrong", f"Basic {TOKEN}", "Bearer ünïcode"])
async def test_everything_else_needs_the_token(client, path, header):
    async with client.get(path, headers={"Authorization": header}) as answer:
        body = await answer.json()
    assert answer.status == 401
    assert set(body["error"]) == {"code", "message", "details", "request_id"}
    assert TOKEN not in str(body)


async def test_a_trader_is_resumed_by_its_name_and_not_without_the_token(client):
    async with client.post("/traders/my bounce/resume", json={}) as answer:
        assert await answer.json() == {"id": "my bounce", "resumed": True}
    async with client.post("/traders/bounce/resume", headers={"Authorization": ""}) as answer:
        assert answer.status == 401


async def test_resize_reaches_the_engine(engine, client):
    async with client.post("/resize", json={"workers": 3}) as answer:
        assert await answer.json() == {"workers": 3}
    assert engine.resized == [3]


@pytest.mark.parametrize("body", [b"", b"{", b'{"workers": "3"}', b'{"worker": 3}', b"[" * 5_000])
async def test_a_body_that_makes_no_sense_is_a_400_that_says_what_is_expected(client, body):
    async with client.post("/resize", data=body) as answer:
        assert answer.status == 400
        assert '{"workers": N}' in (await answer.json())["error"]["message"]


async def test_an_error_of_the_engine_is_told_with_what_was_found_and_what_to_do(client):
    async with client.post("/resize", json={"workers": 0}) as answer:
        error = (await answer.json())["error"]
    assert answer.status == 409
    assert error["details"] == {"found": "0", "advice": "ask for 1 to 8"}


async def test_a_bug_is_a_500_without_its_insides(client, caplog):
    async with client.post("/prepare-shutdown") as answer:
        assert answer.status == 500
        assert "a bug" not in await answer.text()
    assert "a bug" in caplog.text


@pytest.mark.parametrize("limit", ["0", "x", "10001", "-1"])
async def test_a_limit_out_of_range_is_refused(client, limit):
    async with client.get("/signals", params={"limit": limit}) as answer:
        assert answer.status == 400


async def test_unknown_paths_and_methods_are_json_errors(client):
    async with client.get("/nothing") as answer:
        assert (await answer.json())["error"]["code"] == "not_found"
    async with client.delete("/status") as answer:
        assert answer.status == 405


async def test_a_listener_gets_the_state_and_then_every_event(engine, client):
    async with client.ws_connect("/ws") as socket:
        assert (await socket.receive_json())["type"] == "status"
        engine.events.publish("signal", {"symbol": "BTCUSDT"})
        assert await socket.receive_json() == {"type": "signal", "data": {"symbol": "BTCUSDT"}}


async def test_a_listener_that_does_not_keep_up_is_given_up_and_others_go_on():
    # Given two listeners, one of which never reads
    events = Events()
    slow, quick = events.subscribe(), events.subscribe()
    # When more events come than a listener may owe
    for number in range(QUEUE_LENGTH_MAX + 5):
        events.publish("bar", number)
        quick.queue.get_nowait()
    # Then only the slow one is lost
    assert slow.lost
    assert not quick.lost
    events.publish("bar", "last")
    assert msgspec.json.decode(quick.queue.get_nowait())["data"] == "last"


async def test_shutdown_is_accepted(engine, client):
    async with client.post("/shutdown") as answer:
        assert answer.status == 202
    assert engine.stopped


async def test_a_taken_port_is_named(engine):
    first = Server(build(engine.view(), engine.events, TOKEN), "127.0.0.1:0")
    await first.start()
    try:
        with pytest.raises(AddressInUse, match=first.address):
            await Server(build(engine.view(), engine.events, TOKEN), first.address).start()
    finally:
        await first.stop()


@pytest.mark.parametrize("address", ["", "8080", "localhost:", "localhost:99999", "localhost:http"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(SettingsError, match="http address"):
        parse_address(address)


async def test_concurrent_requests_are_all_answered(client):
    async def ask() -> int:
        async with client.get("/status") as answer:
            return answer.status

    assert set(await asyncio.gather(*(ask() for _ in range(50)))) == {200}

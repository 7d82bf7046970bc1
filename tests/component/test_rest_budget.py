"""The REST client and an exchange that counts, refuses and bans: alone it is never refused, and a refusal is obeyed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest

from engine.base.errors import Banned
from engine.binance.limits import Budget
from engine.binance.pauses import FILE_NAME
from engine.binance.rest import RestClient
from engine.sim.clock import SimulatedClock
from engine.sim.limits import Limits
from engine.sim.server import Simulator
from engine.sim.synthetic import SyntheticMarket

START_MS = 1_709_294_400_000
MARKET = SyntheticMarket(1, 5)


@pytest.fixture
async def exchange() -> AsyncIterator[Simulator]:
    """An exchange of little patience: 200 of weight a minute, a ban after ten refusals."""
    limits = Limits(weight_per_minute=200, first_ban_s=4)
    async with Simulator(MARKET, SimulatedClock(START_MS), limits=limits) as made:
        yield made


def client(exchange: Simulator, state_dir: Path | None = None, connections: int = 8) -> RestClient:
    return RestClient(
        exchange.rest_url, timeout_s=10.0, retries=1, budget=Budget(100), connections=connections, state_dir=state_dir
    )


async def control(exchange: Simulator, path: str, fault: object = None) -> dict[str, object]:
    """The simulator's own door; nothing there is weighed."""
    async with (
        aiohttp.ClientSession() as session,
        session.request("POST" if fault else "GET", f"{exchange.rest_url}/sim/{path}", json=fault) as reply,
    ):
        found: dict[str, object] = msgspec.json.decode(await reply.read())
        return found


async def spend(rest: RestClient, requests: int) -> list[asyncio.Task[object]]:
    """So many requests at once; those that cannot be sent now are left waiting."""
    name = next(iter(MARKET.listings))
    tasks = [asyncio.create_task(rest.klines(name, "1m", limit=1)) for _ in range(requests)]
    await asyncio.wait(tasks, timeout=1.5)
    return tasks  # type: ignore[return-value]


async def end(tasks: list[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_is_alone_is_never_refused_however_much_is_wanted(exchange: Simulator) -> None:
    async with client(exchange) as rest:
        await rest.exchange_info()
        tasks = await spend(rest, 300)
        audit = await control(exchange, "audit")
        await end(tasks)

    assert set(audit["replies"]) == {"200"}  # type: ignore[call-overload]
    # Nearly all of the minute's weight was used; a turn of the minute meanwhile makes it more.
    assert rest.requests >= 80
    assert rest.failures == 0


async def test_what_another_program_spends_is_left_to_it(exchange: Simulator) -> None:
    async with client(exchange) as other, client(exchange) as rest:
        await rest.exchange_info()
        await end(await spend(other, 60))
        await rest.ping()
        tasks = await spend(rest, 300)
        audit = await control(exchange, "audit")
        await end(tasks)

    assert set(audit["replies"]) == {"200"}  # type: ignore[call-overload]


async def test_after_a_refusal_nobody_sends_anything_until_the_pause_is_over(exchange: Simulator) -> None:
    await control(exchange, "faults", {"kind": "http", "status": 429, "retry_after_s": 2, "count": 1})
    async with client(exchange) as rest:
        tasks = await spend(rest, 8)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(rest.ping(), 0.1)
        sent = rest.requests
        await asyncio.gather(*tasks)
        audit = await control(exchange, "audit")

    assert sent <= 8
    assert audit["requests"]["in_pause"] == 0  # type: ignore[index]
    assert audit["replies"] == {"200": 8, "429": 1}


async def test_a_ban_is_obeyed_by_the_next_process_too(exchange: Simulator, tmp_path: Path) -> None:
    # Given
    await control(exchange, "faults", {"kind": "http", "status": 418, "retry_after_s": 120, "count": 1})
    async with client(exchange, tmp_path) as rest:
        with pytest.raises(Banned):
            await rest.ping()
        with pytest.raises(Banned):
            await rest.time()

    # When
    async with client(exchange, tmp_path) as after_restart:
        for ask in (after_restart.time, after_restart.exchange_info, after_restart.ticker_24hr, after_restart.ping):
            with pytest.raises(Banned):
                await ask()
        assert after_restart.requests == 0

    # Then
    audit = await control(exchange, "audit")
    assert audit["requests"]["total"] == 1  # type: ignore[index]

    (tmp_path / FILE_NAME).write_bytes(b"\x00 nonsense")
    async with client(exchange, tmp_path) as without_memory:
        await without_memory.ping()


async def test_a_refusal_of_all_that_is_in_flight_does_not_become_a_ban(exchange: Simulator) -> None:
    """Another program has used up the weight, nobody told us, and all our connections run into it together."""
    async with client(exchange) as other, client(exchange) as rest:
        await end(await spend(other, 100))
        tasks = await spend(rest, 60)
        audit = await control(exchange, "audit")
        await end(tasks)
    assert audit["requests"]["in_pause"] == 0  # type: ignore[index]
    assert "418" not in audit["replies"]  # type: ignore[operator]

"""Pauses of traders in a real Postgres: stored with their event, replaced, cleared, and kept waiting while it is away."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from engine.persistence import queries
from engine.persistence.migrate import migrate
from engine.persistence.pauses import PauseWriter, clear_pause, list_pauses, store_pause
from engine.persistence.session import Session
from engine.traders.pause import Pause, read_pauses
from engine.traders.store import new_row

pytest_plugins = ("tests.fixtures_postgres",)

CODE = "def check(ticker, klines, ta):\n    return True\n"
WAIT_S = 20.0


@pytest.fixture
async def alice(empty_database_url: str) -> AsyncIterator[Session]:
    await migrate(empty_database_url)
    opened = Session(empty_database_url, "alice")
    yield opened
    await opened.close()


async def add(session: Session, name: str = "bounce") -> str:
    return str((await queries.add_trader(session, new_row(session.user_id, name, CODE)))["id"])


async def events(session: Session) -> list[tuple[str, ...]]:
    async with session.use("look") as connection:
        query = "SELECT type, severity, reason, machine_id, details->>'kind' FROM cloud_events ORDER BY id"
        return [tuple(row) for row in await (await connection.execute(query)).fetchall()]


async def test_a_pause_is_stored_with_its_event_and_leaves_the_version_of_the_trader_alone(alice: Session) -> None:
    trader_id = await add(alice)
    pause = Pause(trader_id, 1, "flood", "more than 100 signals in an hour", 1_700_000_000_123)
    assert await store_pause(alice, pause, "bounce", "m1")
    assert read_pauses(await list_pauses(alice)) == {trader_id: pause}
    assert await events(alice) == [("trader_paused", "warning", "more than 100 signals in an hour", "m1", "flood")]
    assert (await queries.get_trader(alice, "bounce"))["version"] == 1
    # A harder one takes its place
    harder = pause._replace(kind="breaker")
    assert await store_pause(alice, harder, "bounce", "m1")
    assert read_pauses(await list_pauses(alice)) == {trader_id: harder}
    assert [severity for _, severity, *_ in await events(alice)] == ["warning", "critical"]


async def test_a_pause_goes_when_it_is_cleared_or_its_trader_removed(alice: Session) -> None:
    first, second = await add(alice, "first"), await add(alice, "second")
    for trader_id in (first, second):
        await store_pause(alice, Pause(trader_id, 1, "killed", "", 1_000), "x", "m1")
    assert await clear_pause(alice, first)
    assert not await clear_pause(alice, first)
    await queries.remove_trader(alice, second)
    assert await list_pauses(alice) == []
    # A trader that is gone meanwhile is nothing to write down
    assert not await store_pause(alice, Pause(second, 1, "killed", "", 1_000), "x", "m1")
    assert len(await events(alice)) == 2


async def test_listeners_hear_of_a_pause_that_is_cleared(alice: Session, empty_database_url: str) -> None:
    trader_id = await add(alice)
    await store_pause(alice, Pause(trader_id, 1, "flood", "", 1_000), "bounce", "m1")
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as listening:
        await listening.execute("LISTEN engine_traders")
        await clear_pause(alice, trader_id)
        heard = [notify.payload async for notify in listening.notifies(timeout=WAIT_S, stop_after=1)]
    assert heard == [trader_id]


async def test_pauses_wait_for_a_database_that_is_away(alice: Session, empty_database_url: str) -> None:
    trader_id = await add(alice)
    where = ["postgresql://nobody@127.0.0.1:9/nowhere"]
    away = Session(lambda: where[0], "alice")
    stored: list[str] = []
    writer = PauseWriter(away, "m1", stored.append)
    running = asyncio.create_task(writer.run())
    try:
        # Given a pause that comes while nothing answers
        writer.put(Pause(trader_id, 1, "strikes", "3 strikes", 1_000), "bounce")
        assert not await writer.flush(0.3)
        assert stored == []
        # When the database is back
        where[0] = empty_database_url
        # Then it is stored, once
        assert await writer.flush(WAIT_S)
        assert stored == [trader_id]
        assert len(await list_pauses(alice)) == len(await events(alice)) == 1
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await away.close()

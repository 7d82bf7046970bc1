"""The way of signals from the spool to Postgres, with the real thing on both ends and the worst in between."""

import asyncio
import os
import shutil
import signal
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import psycopg
import pytest

from engine.base.errors import SpoolFull
from engine.persistence import queries
from engine.persistence.embedded import EmbeddedPostgres
from engine.persistence.migrate import migrate
from engine.persistence.queries import SignalRow
from engine.persistence.session import Session
from engine.persistence.writer import SignalWriter
from engine.signals.signal import Signal
from engine.signals.spool import Spool
from tests.homes import short_home

pytest_plugins = ("tests.fixtures_postgres",)


def signals_of(user_id: str, numbers: range, details: str = "") -> list[Signal]:
    return [
        Signal.found(
            user_id=user_id,
            trader_id=str(uuid.uuid5(uuid.NAMESPACE_OID, user_id)),
            trader="t",
            trader_version=1,
            symbol="BTCUSDT",
            interval="1m",
            bar_open_ms=1_795_000_020_000 + number * 60_000,
            price=number + 0.5,
            detected_ms=1_795_000_080_000 + number * 60_000,
            exchange="sim",
            details=details,
        )
        for number in numbers
    ]


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    spool = Spool(tmp_path / "spool")
    await spool.open()
    yield spool
    await spool.close()


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_spooled_is_stored_and_told_in_order(spool: Spool, alice: Session) -> None:
    told: list[str] = []

    def tell(stored: Sequence[SignalRow]) -> None:
        told.extend(row.id for row in stored)

    writer = SignalWriter(spool, alice, tell)
    writing = asyncio.create_task(writer.run())
    signals = signals_of(alice.user_id, range(2_500))

    await spool.commit(signals[:10], {})
    writer.wake()
    await spool.commit(signals[10:], {})
    assert await writer.flush(10)

    assert told == [found.id for found in signals]
    assert await queries.list_signals(alice, limit=10_000) == [found.to_json() for found in signals]
    assert (await spool.counts()).unsent == 0
    assert (writer.state.up, writer.state.written) == (True, 2_500)
    await stop(writing)


async def test_signals_left_by_an_earlier_run_are_sent_without_being_asked_for(spool: Spool, alice: Session) -> None:
    await spool.commit(signals_of(alice.user_id, range(5)), {})
    writer = SignalWriter(spool, alice)
    writing = asyncio.create_task(writer.run())
    assert await writer.flush(10)
    assert await queries.count_signals(alice) == 5
    await stop(writing)


async def test_a_row_the_database_refuses_is_set_aside_and_holds_up_no_other(spool: Spool, alice: Session) -> None:
    # Given two poisoned signals among many: Postgres has no text for the character U+0000
    good = signals_of(alice.user_id, range(300))
    bad = signals_of(alice.user_id, range(1_000, 1_002), details='{"text": "\\u0000"}')
    await spool.commit([*good[:100], bad[0], *good[100:170], bad[1], *good[170:]], {})

    writer = SignalWriter(spool, alice)
    writing = asyncio.create_task(writer.run())
    assert await writer.flush(10)

    assert await queries.count_signals(alice) == 300
    assert [refused.id for refused, _ in await spool.aside()] == [found.id for found in bad]
    assert "Unicode" in (await spool.aside())[0][1]
    assert (writer.state.up, writer.state.set_aside) == (True, 2)
    await stop(writing)


async def test_a_fault_of_the_server_blames_no_row(spool: Spool, alice: Session, database_url: str) -> None:
    # Given a table that is not there for a while
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE signals RENAME TO signals_elsewhere")
    writer = SignalWriter(spool, alice)
    writing = asyncio.create_task(writer.run())
    await spool.commit(signals_of(alice.user_id, range(3)), {})
    assert not await writer.flush(0.3)
    assert not writer.state.up
    assert "signals" in writer.state.reason

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE signals_elsewhere RENAME TO signals")
    assert await writer.flush(10)
    assert (writer.state.up, writer.state.reason, await spool.aside()) == (True, "", [])
    assert await queries.count_signals(alice) == 3
    await stop(writing)


class ForgetfulSpool(Spool):
    """A spool on a disk so full that it cannot take note of what was sent, for a while."""

    refusals = 3

    async def mark_sent(self, sequences: Sequence[int]) -> None:  # type: ignore[override]
        if self.refusals > 0:
            self.refusals -= 1
            raise SpoolFull("disk is full, spool cannot mark signals as sent")
        await super().mark_sent(sequences)


async def test_signals_go_through_while_the_disk_is_too_full_to_note_it(tmp_path: Path, alice: Session) -> None:
    spool = ForgetfulSpool(tmp_path / "spool")
    await spool.open()
    await spool.commit(signals_of(alice.user_id, range(3_500)), {})
    writer = SignalWriter(spool, alice)
    writing = asyncio.create_task(writer.run())

    assert await writer.flush(10)

    assert await queries.count_signals(alice) == writer.state.written == 3_500
    assert (await spool.counts()).unsent == 0
    await stop(writing)
    await spool.close()


def wait_dead(server: EmbeddedPostgres) -> None:
    while server.alive():
        time.sleep(0.002)


async def test_a_server_killed_again_and_again_loses_and_doubles_nothing(spool: Spool) -> None:
    # Given an embedded server with all its safety on, and signals that come all the time
    home = short_home()
    server = EmbeddedPostgres(home)
    url = await server.start()
    await migrate(url)
    session, reader = Session(url, "alice"), Session(url, "alice")
    told: asyncio.Queue[int] = asyncio.Queue()
    writer = SignalWriter(spool, session, lambda stored: told.put_nowait(len(stored)))
    writing = asyncio.create_task(writer.run())
    signals = signals_of("alice", range(6_000))

    async def find() -> None:
        for start in range(0, len(signals), 50):
            await spool.commit(signals[start : start + 50], {})
            writer.wake()
            await asyncio.sleep(0.01)

    finding = asyncio.create_task(find())
    for _ in range(3):
        written = 0
        while written < 500:
            written += await told.get()
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        await asyncio.to_thread(wait_dead, server)
        assert await server.ensure_running() == url
    await finding

    assert await writer.flush(20)
    stored = await queries.list_signals(reader, limit=10_000)
    assert stored == [found.to_json() for found in signals]
    await stop(writing)
    await session.close()
    await reader.close()
    await server.stop()
    shutil.rmtree(home)


async def test_while_the_database_is_away_everything_waits_and_the_reason_is_known(spool: Spool) -> None:
    writer = SignalWriter(spool, Session("postgresql://alice:secret@127.0.0.1:1/db", "alice"))
    writing = asyncio.create_task(writer.run())
    await spool.commit(signals_of("alice", range(20)), {})
    assert not await writer.flush(0.5)
    assert not writer.state.up
    assert writer.state.away_since_s > 0
    assert "127.0.0.1:1/db" in writer.state.reason
    assert "secret" not in writer.state.reason
    assert (await spool.counts()).unsent == 20
    await stop(writing)

"""Traders and signals in a real Postgres: versions, idempotence, shapes, notifications, speed by index."""

import asyncio
import uuid
from datetime import UTC, datetime

import psycopg
import pytest

from engine.base.errors import DatabaseError, DatabaseUnreachable, TraderError
from engine.persistence import queries
from engine.persistence.listen import TraderListener
from engine.persistence.session import Session
from engine.persistence.translation import blames_row
from engine.signals.signal import Signal
from engine.traders.store import new_row, read_rows

pytest_plugins = ("tests.fixtures_postgres",)

CODE = "def check(ticker, klines, ta):\n    return True\n"
BASE_MS = 1_795_000_000_000


def signal_of(user_id: str, number: int, **other: object) -> Signal:
    parts = {
        "user_id": user_id,
        "trader_id": str(uuid.uuid5(uuid.NAMESPACE_OID, user_id)),
        "trader": "a trader",
        "trader_version": 3,
        "symbol": "BTCUSDT",
        "interval": "5m",
        "bar_open_ms": BASE_MS + number * 300_000,
        "price": 0.1 + number,
        "detected_ms": BASE_MS + number * 300_000 + 300_123,
        "exchange": "sim",
        "details": '{"rsi": 28.5}',
    }
    return Signal.found(**(parts | other))


async def test_a_trader_is_added_read_changed_and_removed(alice: Session) -> None:
    added = await queries.add_trader(alice, new_row(alice.user_id, "bounce", CODE, refresh="5m", intervals=("5m", "1h")))
    assert (added["version"], added["enabled"], added["user_id"]) == (1, True, alice.user_id)

    renamed = await queries.update_trader(alice, added["id"], {"name": "bounce two", "strategy": {"instructions": "look"}})
    off = await queries.set_trader_enabled(alice, added["id"], False)
    off_again = await queries.set_trader_enabled(alice, added["id"], False)

    assert [renamed["version"], off["version"], off_again["version"]] == [2, 3, 3]
    assert (await queries.get_trader(alice, "bounce two"))["id"] == added["id"]
    assert (await queries.get_trader(alice, added["id"][:8]))["id"] == added["id"]
    definitions, problems = read_rows(await queries.list_traders(alice))
    assert (definitions[0].enabled, definitions[0].intervals, problems) == (False, ("5m", "1h"), {})

    await queries.remove_trader(alice, added["id"])
    assert await queries.list_traders(alice) == []
    with pytest.raises(TraderError, match="no such trader"):
        await queries.remove_trader(alice, added["id"])


async def test_a_name_that_two_traders_have_must_be_said_by_id(alice: Session) -> None:
    for _ in range(2):
        await queries.add_trader(alice, new_row(alice.user_id, "twin", CODE))
    with pytest.raises(TraderError, match="several traders are meant: twin: say which by id"):
        await queries.get_trader(alice, "twin")


async def test_an_update_from_anywhere_raises_the_version_by_one(alice: Session, database_url: str) -> None:
    added = await queries.add_trader(alice, new_row(alice.user_id, "t", CODE))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE traders SET version = 77, name = 'u' WHERE id = %s", (added["id"],))
    assert (await queries.get_trader(alice, added["id"]))["version"] == 2


async def test_the_limits_of_the_contract_hold_in_the_table_too(alice: Session) -> None:
    row = new_row(alice.user_id, "t", CODE)
    with pytest.raises(DatabaseError, match="name"):
        await queries.add_trader(alice, row | {"name": "x" * 101})


async def test_signals_written_twice_are_stored_once(alice: Session) -> None:
    signals = [signal_of(alice.user_id, number) for number in range(1_200)]

    assert await queries.insert_signals(alice, signals[:700]) == 700
    assert await queries.insert_signals(alice, signals) == 500
    assert await queries.insert_signals(alice, signals) == 0
    assert await queries.insert_signals(alice, []) == 0

    assert await queries.count_signals(alice) == 1_200


async def test_a_signal_comes_back_as_the_object_of_the_contract(alice: Session) -> None:
    stored = [signal_of(alice.user_id, number, late=number == 1) for number in range(3)]
    await queries.insert_signals(alice, stored)

    assert await queries.list_signals(alice) == [signal.to_json() for signal in stored]
    newest = await queries.list_signals(alice, limit=1)
    since = datetime.fromtimestamp(stored[1].detected_ms / 1e3, UTC)
    assert newest == await queries.list_signals(alice, since=since) == [stored[2].to_json()]


async def test_prices_and_instants_are_stored_to_the_last_digit(alice: Session) -> None:
    prices = [0.1, 1e-8, 5e-324, 123_456_789.123_456_79, 1.7976931348623157e308, 0.0, 64_123.45]
    stored = [signal_of(alice.user_id, number, price=price) for number, price in enumerate(prices)]
    await queries.insert_signals(alice, stored)
    assert await queries.list_signals(alice) == [signal.to_json() for signal in stored]
    async with alice.use("look") as connection:
        rows = await (
            await connection.execute("SELECT price::text FROM signals WHERE user_id = %s AND price < 1", (alice.user_id,))
        ).fetchall()
    assert {"0.1", "0.00000001", "0.0"} < {row[0] for row in rows}


@pytest.mark.parametrize(
    "wrong", [{"price": float("nan")}, {"price": -1.0}, {"details": "{"}, {"trader_id": str(uuid.UUID(int=1)), "symbol": ""}]
)
async def test_what_is_no_signal_is_refused_as_data(alice: Session, wrong: dict[str, object]) -> None:
    with pytest.raises(DatabaseError) as refused:
        await queries.insert_signals(alice, [signal_of(alice.user_id, 1, **wrong)])
    assert blames_row(refused.value)


async def test_new_signals_are_followed_in_the_order_in_which_they_are_stored(alice: Session, database_url: str) -> None:
    await queries.insert_signals(alice, [signal_of(alice.user_id, 9)])
    reader = Session(database_url, alice.user_id)
    following = queries.follow_signals(reader, await queries.server_time(reader), pause_s=0.01)
    coming = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)
    async with reader.use("wait for the turn after the follower's first statement"):
        pass

    prices = []
    for number in (5, 1):
        await queries.insert_signals(alice, [signal_of(alice.user_id, number)])
        prices.append((await coming)["price"])
        coming = asyncio.ensure_future(anext(following))

    assert prices == [5.1, 1.1]
    coming.cancel()
    await asyncio.gather(coming, return_exceptions=True)
    await following.aclose()
    await reader.close()


async def test_signals_of_several_users_in_one_batch_reach_their_owners(alice: Session, database_url: str) -> None:
    carol = Session(database_url, f"carol-{uuid.uuid4().hex[:8]}")
    await queries.insert_signals(alice, [signal_of(alice.user_id, 1), signal_of(carol.user_id, 2), signal_of(alice.user_id, 3)])
    assert (await queries.count_signals(alice), await queries.count_signals(carol)) == (2, 1)
    await carol.close()


async def test_changes_of_traders_are_told_within_a_second(alice: Session, database_url: str) -> None:
    told: asyncio.Queue[frozenset[str]] = asyncio.Queue()
    listener = TraderListener(Session(database_url, alice.user_id), told.put)
    listening = asyncio.create_task(listener.run())
    assert await told.get() == frozenset()

    added = await queries.add_trader(alice, new_row(alice.user_id, "t", CODE))
    assert await asyncio.wait_for(told.get(), 1) == {added["id"]}
    await queries.remove_trader(alice, added["id"])
    assert await asyncio.wait_for(told.get(), 1) == {added["id"]}

    # When the connection is cut, everything is looked at again, and changes are heard as before
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%' AND datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert await asyncio.wait_for(told.get(), 5) == frozenset()
    again = await queries.add_trader(alice, new_row(alice.user_id, "u", CODE))
    assert await asyncio.wait_for(told.get(), 1) == {again["id"]}
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_without_notifications_the_regular_look_goes_on(alice: Session, database_url: str) -> None:
    told: asyncio.Queue[frozenset[str]] = asyncio.Queue()
    listening = asyncio.create_task(TraderListener(Session(database_url, alice.user_id), told.put, poll_s=0.05).run())
    assert [await told.get() for _ in range(3)] == [frozenset()] * 3
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_session_opens_again_after_its_connection_was_cut(alice: Session, database_url: str) -> None:
    async with alice.use("look") as connection:
        pid = connection.info.backend_pid
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    with pytest.raises(DatabaseUnreachable):
        await queries.count_signals(alice)
    assert await queries.count_signals(alice) == 0


async def test_a_cancelled_statement_leaves_a_session_that_works(alice: Session) -> None:
    begun = asyncio.Event()

    async def sleep() -> None:
        async with alice.use("sleep") as connection:
            begun.set()
            await connection.execute("SELECT pg_sleep(60)")

    sleeping = asyncio.create_task(sleep())
    await begun.wait()
    await asyncio.sleep(0.05)
    sleeping.cancel()
    await asyncio.gather(sleeping, return_exceptions=True)
    assert await queries.count_signals(alice) == 0


async def test_signals_are_found_by_index_among_many(alice: Session, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO signals (id, user_id, trader_id, trader_version, symbol, interval, bar_open_time, price, exchange,
                                 detected_at)
            SELECT gen_random_uuid(), 'user ' || n % 10, gen_random_uuid(), 1, 'BTCUSDT', '5m', now(), 1, 'sim',
                   now() - n * interval '1 s' FROM generate_series(1, 50000) AS n
            """
        )
        connection.execute("ANALYZE signals")
    newest = "detected_at > '2020-01-01' ORDER BY detected_at DESC, id DESC LIMIT 100"
    for condition, index in {
        newest: "signals_of_user",
        "created_at > now() ORDER BY created_at, id": "signals_as_stored",
    }.items():
        async with alice.use("explain") as connection:
            await connection.execute("SELECT set_config('engine.user_id', 'user 3', true)")
            explain = f"EXPLAIN SELECT * FROM signals WHERE user_id = 'user 3' AND {condition}"
            plan = "\n".join(row[0] for row in await (await connection.execute(explain)).fetchall())
        assert index in plan, plan
        assert "Sort" not in plan, plan

"""No user sees or writes a row of another, on any table, however the engine is connected."""

import uuid
from collections.abc import AsyncIterator

import psycopg
import pytest

from engine.base.errors import DatabaseError
from engine.persistence import queries
from engine.persistence.migrate import migrate
from engine.persistence.session import Session
from engine.traders.store import new_row

pytest_plugins = ("tests.fixtures_postgres",)

CODE = "def check(ticker, klines, ta):\n    return True\n"
TRADER = "11111111-1111-1111-1111-111111111111"
SIGNAL = "22222222-2222-2222-2222-222222222222"
POSITION = "33333333-3333-3333-3333-333333333333"

#: A row of each table that belongs to the user in %(user)s.
ROWS = {
    "traders": f"INSERT INTO traders (id, user_id, name, filter) VALUES ('{TRADER}', %(user)s, 'n', '{{}}')",
    "trader_pauses": f"""
        INSERT INTO trader_pauses (trader_id, user_id, version, kind, since)
        VALUES ('{TRADER}', %(user)s, 1, 'flood', now())""",
    "signals": f"""
        INSERT INTO signals (id, user_id, trader_id, trader_version, symbol, interval, bar_open_time, price, exchange,
                             detected_at)
        VALUES ('{SIGNAL}', %(user)s, '{TRADER}', 1, 'BTCUSDT', '5m', now(), 1, 'sim', now())""",
    "analysis_history": f"""
        INSERT INTO analysis_history (user_id, trader_id, symbol, interval, decision)
        VALUES (%(user)s, '{TRADER}', 'BTCUSDT', '5m', 'wait')""",
    "positions": f"""
        INSERT INTO positions (id, user_id, trader_id, exchange, symbol, side, quantity)
        VALUES ('{POSITION}', %(user)s, '{TRADER}', 'sim', 'BTCUSDT', 'long', 1)""",
    "trades": f"""
        INSERT INTO trades (user_id, position_id, exchange, symbol, client_order_id, side, status, quantity)
        VALUES (%(user)s, '{POSITION}', 'sim', 'BTCUSDT', 'c1', 'buy', 'new', 1)""",
    "cloud_machines": "INSERT INTO cloud_machines (user_id, machine_id, cpus) VALUES (%(user)s, 'm', 2)",
    "cloud_metrics": "INSERT INTO cloud_metrics (user_id, machine_id) VALUES (%(user)s, 'm')",
    "cloud_costs": """
        INSERT INTO cloud_costs (user_id, machine_id, hour, cpus, seconds, cost_usd)
        VALUES (%(user)s, 'm', '2026-11-21 05:00Z', 2, 3600, 0.01)""",
    "cloud_events": "INSERT INTO cloud_events (user_id, machine_id, type) VALUES (%(user)s, 'm', 'started')",
}


@pytest.fixture(params=["role", "policies"])
async def sessions(request: pytest.FixtureRequest, empty_database_url: str) -> AsyncIterator[dict[str, Session]]:
    """Alice and Bob, by the role of the engine, or as a plain owner of the tables that may not take it."""
    url = empty_database_url
    if request.param == "policies":
        name = url.partition("@/")[2].partition("?")[0]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE owner_{name} LOGIN")
            connection.execute(f"ALTER DATABASE {name} OWNER TO owner_{name}")
        url = url.replace("engine@", f"owner_{name}@")
    await migrate(url)
    opened = {user: Session(url, user) for user in ("alice", "bob")}
    async with opened["alice"].use("look"):
        assert opened["alice"].isolation == request.param
    yield opened
    for session in opened.values():
        await session.close()


async def test_every_table_hides_and_guards_the_rows_of_others(sessions: dict[str, Session]) -> None:
    alice, bob = sessions["alice"], sessions["bob"]
    for insert in ROWS.values():
        await _affected(alice, insert, {"user": "alice"})

    for table, insert in ROWS.items():
        assert await _count(alice, table) == 1
        # When Bob reads, changes, deletes or writes in Alice's name
        assert await _count(bob, table) == 0
        assert await _affected(bob, f"UPDATE {table} SET user_id = 'bob'") == 0
        assert await _affected(bob, f"DELETE FROM {table}") == 0
        with pytest.raises(DatabaseError, match="row-level security"):
            await _affected(bob, _with_new_ids(insert), {"user": "alice"})
        # Then Alice cannot give her rows away either, and still has them
        with pytest.raises(DatabaseError, match="row-level security"):
            await _affected(alice, f"UPDATE {table} SET user_id = 'bob'")
        assert await _count(alice, table) == 1


async def test_a_session_without_a_user_sees_nothing(sessions: dict[str, Session]) -> None:
    async with sessions["alice"].use("write") as connection:
        await connection.execute(ROWS["signals"], {"user": "alice"})
        await connection.execute("SELECT set_config('engine.user_id', '', true)")
        found = await (await connection.execute("SELECT count(*) FROM signals")).fetchone()
    assert found == (0,)


def _with_new_ids(insert: str) -> str:
    """Another primary key, so that only the policy can refuse the row."""
    for known in (TRADER, SIGNAL):
        insert = insert.replace(f"VALUES ('{known}'", f"VALUES ('{uuid.uuid4()}'")
    return insert.replace(f"VALUES ('{POSITION}', %(user)s", f"VALUES ('{uuid.uuid4()}', %(user)s")


async def _count(session: Session, table: str) -> int:
    async with session.use("count") as connection:
        row = await (await connection.execute(f"SELECT count(*) FROM {table}")).fetchone()
    assert row is not None
    return int(row[0])


async def _affected(session: Session, statement: str, values: dict[str, str] | None = None) -> int:
    async with session.use("try") as connection:
        return (await connection.execute(statement, values)).rowcount


async def test_the_database_sums_costs_and_knows_lost_machines_and_old_events(sessions: dict[str, Session]) -> None:
    alice, bob = sessions["alice"], sessions["bob"]
    for table in ("cloud_machines", "cloud_costs", "cloud_events", "cloud_metrics"):
        await _affected(alice, ROWS[table], {"user": "alice"})
    await _affected(alice, "UPDATE cloud_events SET created_at = now() - interval '91 days'")

    async def ask(session: Session, expression: str) -> object:
        async with session.use("ask") as connection:
            row = await (await connection.execute(f"SELECT {expression}")).fetchone()
        assert row is not None
        return row[0]

    assert [str(await ask(user, "engine_month_cost('2026-11-30')")) for user in (alice, bob)] == ["0.01", "0"]
    assert await ask(alice, "engine_month_cost('2026-12-01')") == 0
    assert [await ask(user, "engine_machine_status()") for user in (alice, bob)] == ["lost", None]
    await _affected(alice, "UPDATE cloud_machines SET status = 'running', last_heartbeat = now()")
    assert await ask(alice, "engine_machine_status()") == "running"
    assert [await ask(user, "engine_prune_cloud()") for user in (bob, alice, alice)] == [0, 1, 0]


@pytest.fixture
def platform_url(empty_database_url: str) -> str:
    """A database of a platform that signs users in: auth.uid() answers with who it is."""
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA auth")
        connection.execute(
            "CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS"
            " $$ SELECT nullif(current_setting('request.jwt.sub', true), '')::uuid $$"
        )
        connection.execute("GRANT USAGE ON SCHEMA auth TO PUBLIC")
    return empty_database_url


async def test_where_a_platform_signs_users_in_its_word_counts(platform_url: str) -> None:
    await migrate(platform_url)
    signed_in = str(uuid.uuid4())
    session = Session(platform_url, signed_in)
    await queries.add_trader(session, new_row(signed_in, "mine", CODE))

    async with session.use("try another name") as connection:
        await connection.execute("SELECT set_config('request.jwt.sub', %s, true)", (signed_in,))
        # Then a user who is signed in cannot pass as somebody else by the engine's setting
        await connection.execute("SELECT set_config('engine.user_id', 'somebody else', true)")
        row = await (await connection.execute("SELECT name, (SELECT engine_user_id()) FROM traders")).fetchone()
    await session.close()
    assert row == ("mine", signed_in)

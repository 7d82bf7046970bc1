"""The schema grows from nothing, once, whoever else starts at the same time, and notices tampering."""

import asyncio
import subprocess
import sys
from dataclasses import replace

import psycopg
import pytest

from engine.base.errors import DatabaseUnreachable, MigrationFailed, SettingsError
from engine.persistence.migrate import Migration, migrate, migrations, status

pytest_plugins = ("tests.fixtures_postgres",)

TABLES = {
    "traders",
    "signals",
    "analysis_history",
    "positions",
    "trades",
    "cloud_machines",
    "cloud_metrics",
    "cloud_costs",
    "cloud_events",
    "trader_pauses",
    "schema_migrations",
}


async def test_from_nothing_all_tables_are_there_and_a_second_time_changes_nothing(empty_database_url: str) -> None:
    before = await status(empty_database_url)
    assert (before.applied, len(before.pending)) == ((), len(migrations()))

    applied = await migrate(empty_database_url)

    assert applied == list(before.pending)
    assert await migrate(empty_database_url) == []
    after = await status(empty_database_url)
    assert (after.pending, after.unknown, after.role) == ((), (), True)
    with psycopg.connect(empty_database_url) as connection:
        found = {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        unexplained = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND obj_description(oid) IS NULL"
        ).fetchall()
    assert found == TABLES
    assert unexplained == [("schema_migrations",)]


def test_three_processes_that_migrate_at_once_apply_each_file_once(empty_database_url: str) -> None:
    program = "import asyncio, sys; from engine.persistence.migrate import migrate; print(len(asyncio.run(migrate(sys.argv[1]))))"
    starts = [
        subprocess.Popen([sys.executable, "-c", program, empty_database_url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    outcomes = [(process.communicate(timeout=60), process.returncode) for process in starts]

    assert [code for _, code in outcomes] == [0, 0, 0], outcomes
    assert sorted(int(out) for (out, _), _ in outcomes) == [0, 0, len(migrations())]


async def test_a_migration_that_was_changed_afterwards_is_refused_by_name(empty_database_url: str) -> None:
    await migrate(empty_database_url)
    files = migrations()
    tampered = [replace(files[0], text=files[0].text + "-- one more line"), *files[1:]]

    with pytest.raises(MigrationFailed, match="changed after it was applied: 0001_foundation"):
        await migrate(empty_database_url, tampered)


async def test_a_migration_that_fails_leaves_nothing_of_itself_and_keeps_those_before(empty_database_url: str) -> None:
    good = Migration(1, "good", "CREATE TABLE good (x int)")
    bad = Migration(2, "bad", "CREATE TABLE half (x int); SELECT 1/0")

    with pytest.raises(MigrationFailed, match="0002_bad: division by zero"):
        await migrate(empty_database_url, [good, bad])

    with psycopg.connect(empty_database_url) as connection:
        there = connection.execute("SELECT to_regclass('good') IS NOT NULL, to_regclass('half') IS NOT NULL").fetchone()
    assert there == (True, False)


async def test_a_migration_numbered_below_an_applied_one_is_refused(empty_database_url: str) -> None:
    second = Migration(2, "second", "SELECT 1")
    await _apply_files_only(empty_database_url, [second])

    with pytest.raises(MigrationFailed, match="0001_late"):
        await migrate(empty_database_url, [Migration(1, "late", "SELECT 1"), second])


async def _apply_files_only(url: str, files: list[Migration]) -> None:
    """The roles step needs the tables, which these files do not make."""
    with pytest.raises(Exception, match="traders"):
        await migrate(url, files)


async def test_a_user_that_may_not_make_roles_migrates_all_the_same(empty_database_url: str) -> None:
    # Given an owner without rights beyond its database, on a cluster where it may not take the role
    name = empty_database_url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE plain_{name} LOGIN")
        connection.execute(f"ALTER DATABASE {name} OWNER TO plain_{name}")
    plain_url = empty_database_url.replace("engine@", f"plain_{name}@")

    await migrate(plain_url)

    after = await status(plain_url)
    assert (after.pending, after.role) == ((), False)


async def test_what_is_wrong_with_the_url_is_said_without_the_password() -> None:
    with pytest.raises(SettingsError) as malformed:
        await migrate("postgresql://u:sec%zzret@host/db")
    with pytest.raises(DatabaseUnreachable) as closed:
        await migrate("postgresql://u:secret@127.0.0.1:1/db")

    assert "sec" not in str(malformed.value).replace("database", "")
    assert "secret" not in str(closed.value)
    assert "127.0.0.1:1/db" in str(closed.value)
    assert "\n" not in str(closed.value)


async def test_many_tasks_of_one_process_may_migrate_at_once(empty_database_url: str) -> None:
    outcomes = await asyncio.gather(*(migrate(empty_database_url) for _ in range(4)))
    assert sorted(map(len, outcomes)) == [0, 0, 0, len(migrations())]

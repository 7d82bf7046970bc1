"""A server of the operator's own: over TCP, with passwords, users of different rights, and URLs that are wrong."""

import asyncio
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from engine.base.errors import DatabaseUnreachable, EngineError, SettingsError
from engine.persistence import queries
from engine.persistence.embedded import EmbeddedPostgres
from engine.persistence.migrate import migrate, status
from engine.persistence.session import Session
from engine.traders.store import new_row
from tests.homes import short_home

PASSWORD = "t0ps3cret"
CODE = "def check(ticker, klines, ta):\n    return True\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """HOST:PORT of a server that asks for passwords, with a database for a user who may make roles and one who may not."""
    home, port = short_home(), free_port()
    private = EmbeddedPostgres(home)
    with psycopg.connect(asyncio.run(private.start()), autocommit=True) as connection:
        for name, right in {"maker": "CREATEROLE", "plain": "NOCREATEROLE"}.items():
            connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}' {right}")
            connection.execute(f"CREATE DATABASE {name} OWNER {name}")
    asyncio.run(private.stop())
    _ask_for_passwords(home / "postgres" / "data" / "pg_hba.conf")
    server = EmbeddedPostgres(home, options={"listen_addresses": "127.0.0.1", "port": str(port)})
    asyncio.run(server.start())
    yield f"127.0.0.1:{port}"
    asyncio.run(server.stop())
    shutil.rmtree(home)


def _ask_for_passwords(rules: Path) -> None:
    rules.write_text("host all all 127.0.0.1/32 scram-sha-256\n" + rules.read_text().replace("\nhost ", "\n#host "))


@pytest.mark.parametrize("user, isolation", [("maker", "role"), ("plain", "policies")])
async def test_a_user_without_great_rights_migrates_and_is_kept_apart(address: str, user: str, isolation: str) -> None:
    url = f"postgres://{user}:{PASSWORD}@{address}/{user}"
    await migrate(url)
    assert (await status(url)).role == (isolation == "role")

    alice, bob = Session(url, "alice"), Session(url, "bob")
    await queries.add_trader(alice, new_row("alice", "mine", CODE))

    assert [len(await queries.list_traders(each)) for each in (alice, bob)] == [1, 0]
    assert alice.isolation == bob.isolation == isolation
    assert PASSWORD not in alice.place
    await alice.close()
    await bob.close()


@pytest.mark.parametrize(
    "template, kind",
    [
        ("postgres://maker:wrong-t0ps3cret@{address}/maker", DatabaseUnreachable),
        ("postgres://maker:t0ps3cret@{address}/nothing", DatabaseUnreachable),
        ("postgres://maker:t0ps3cret@{address}/maker?sslmode=require", DatabaseUnreachable),
        ("host=127.0.0.1 port=1 user=maker password='t0ps3cret' dbname=maker", DatabaseUnreachable),
        ("postgres://maker:t0ps3cret@{address}/maker?nonsense=t0ps3cret", SettingsError),
        ("mysql://maker:t0ps3cret@{address}/maker", SettingsError),
        ("t0ps3cret", SettingsError),
    ],
)
async def test_a_wrong_url_is_one_line_without_the_password(address: str, template: str, kind: type[EngineError]) -> None:
    url = template.format(address=address)
    for attempt in (migrate(url), status(url), queries.count_signals(Session(url, "alice"))):
        with pytest.raises(kind) as refused:
            await attempt
        assert "\n" not in str(refused.value)
        assert "t0ps3cret" not in str(refused.value)

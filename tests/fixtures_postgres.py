"""One embedded Postgres a test run, one fresh, migrated database a test module, made from a template.

A test module asks for it with `pytest_plugins = ("tests.fixtures_postgres",)`.
"""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from engine.persistence.embedded import EmbeddedPostgres
from engine.persistence.migrate import migrate
from engine.persistence.session import Session
from tests.homes import short_home

TEMPLATE = "engine_template"
#: Tests may forget all at a power cut.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "40"}


def url_of_database(url: str, name: str) -> str:
    """The same server, another database."""
    return url.replace("/postgres?", f"/{name}?")


def new_database(server_url: str, template: str = "template0") -> str:
    """Make a database; returns its URL."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return url_of_database(server_url, name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of the server."""
    home = short_home()
    server = EmbeddedPostgres(home, options=FAST)
    try:
        yield asyncio.run(server.start())
    finally:
        asyncio.run(server.stop())
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """Name of a database that is migrated and empty."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    asyncio.run(migrate(url_of_database(postgres_server, TEMPLATE)))
    return TEMPLATE


@pytest.fixture(scope="module")
def database_url(postgres_server: str, postgres_template: str) -> str:
    """A migrated, empty database of this test module."""
    return new_database(postgres_server, postgres_template)


@pytest.fixture
def empty_database_url(postgres_server: str) -> str:
    """A database without any table, of this test."""
    return new_database(postgres_server)


@pytest.fixture
async def alice(database_url: str) -> AsyncIterator[Session]:
    """A session of a user that nobody else uses."""
    session = Session(database_url, f"alice-{uuid.uuid4().hex[:8]}", "test")
    yield session
    await session.close()

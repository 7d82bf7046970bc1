"""The way into the database of a home, for engine and commands: a server that is set, or the embedded one; schema up to date."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from engine.persistence.embedded import EmbeddedPostgres, Role
from engine.persistence.migrate import migrate
from engine.persistence.session import Session


@asynccontextmanager
async def database(url: str, home: Path, role: Role = "command", *, up_to_date: bool = True) -> AsyncIterator[str]:
    """URL of the database while it is needed.

    With an empty `url` it is the embedded server of `home`: borrowed from a running engine, or started for as long as this
    lasts. `up_to_date` applies missing migrations first. Raises DatabaseError, DatabaseUnreachable, MigrationFailed, HomeError.
    """
    if url:
        if up_to_date:
            await migrate(url)
        yield url
        return
    server = EmbeddedPostgres(home, role)
    try:
        found = await server.start()
        if up_to_date:
            await migrate(found)
        yield found
    finally:
        await server.stop()


@asynccontextmanager
async def session(url: str, home: Path, user_id: str) -> AsyncIterator[Session]:
    """A session of one user for the length of a command."""
    async with database(url, home) as found:
        opened = Session(found, user_id, "engine command")
        try:
            yield opened
        finally:
            await opened.close()

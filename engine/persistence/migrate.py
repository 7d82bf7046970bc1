"""Brings the schema up to date: numbered SQL files, forward only, each in one transaction, checked against tampering.

Concurrent starts wait for one another on an advisory lock. After the files, `roles.sql` is applied every time: it makes the
role that sees only its user, where the connecting user may make roles.
"""

import hashlib
import importlib.resources
import re
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import AsyncConnection, sql

from engine.base.errors import MigrationFailed
from engine.persistence.session import CONNECT_TIMEOUT_S, Connection
from engine.persistence.translation import describe, one_line, parameters, translated

#: Key of the advisory lock: "engine" as a number.
LOCK_KEY = 0x656E67696E65
#: For another start that migrates, and for statements that use a table to be changed.
LOCK_TIMEOUT_S = 60

#: Oldest server the SQL is written for.
SERVER_VERSION_MIN = 150_000

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")

_LEDGER = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        version    integer PRIMARY KEY,
        name       text NOT NULL,
        checksum   text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file; the checksum is that of its bytes."""

    version: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Status:
    """What a database has of the schema."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    #: Versions in the database that this engine does not know: it was migrated by a newer one.
    unknown: tuple[str, ...]
    #: Whether the role `engine_app` exists and the connecting user may take it.
    role: bool
    server: str


def migrations() -> list[Migration]:
    """All files shipped with the package, in order."""
    found = []
    for file in importlib.resources.files("engine.persistence").joinpath("migrations").iterdir():
        name = _NAME.fullmatch(file.name)
        if name is not None:
            found.append(Migration(int(name[1]), name[2], file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.version)


async def migrate(url: str, files: Sequence[Migration] | None = None) -> list[str]:
    """Apply what is missing; returns the names applied now. Raises MigrationFailed, DatabaseUnreachable."""
    files = migrations() if files is None else files
    with translated(describe(url), "migrate the schema"):
        async with await _connect(url) as connection:
            await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'")
            await connection.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
            _check_server(connection)
            await connection.execute(_LEDGER)
            applied = await _applied(connection)
            _check_unchanged(files, applied)
            done = [await _apply(connection, file) for file in files if file.version not in applied]
            await connection.execute(_roles())
            return done


async def status(url: str) -> Status:
    """What is applied and what is missing; changes nothing."""
    with translated(describe(url), "read the state of the schema"):
        async with await _connect(url) as connection:
            row = await (await connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL")).fetchone()
            applied = await _applied(connection) if row and row[0] else {}
            role = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'engine_app' AND pg_has_role(oid, 'MEMBER'))"
            may = await (await connection.execute(role)).fetchone()
            version = connection.info.server_version
    files = migrations()
    known = {file.version for file in files}
    return Status(
        applied=tuple(_label(number, name) for number, (name, _) in sorted(applied.items())),
        pending=tuple(_label(file.version, file.name) for file in files if file.version not in applied),
        unknown=tuple(_label(number, name) for number, (name, _) in sorted(applied.items()) if number not in known),
        role=bool(may and may[0]),
        server=f"{version // 10_000}.{version % 10_000}",
    )


async def _connect(url: str) -> Connection:
    given = {"connect_timeout": str(CONNECT_TIMEOUT_S), "application_name": "engine migrate"} | parameters(url)
    return await AsyncConnection.connect(**given, autocommit=True)  # type: ignore[arg-type]


def _check_server(connection: Connection) -> None:
    version = connection.info.server_version
    if version < SERVER_VERSION_MIN:
        raise MigrationFailed("database server is too old", f"Postgres {version // 10_000}", "use Postgres 15 or newer")


async def _applied(connection: Connection) -> dict[int, tuple[str, str]]:
    rows = await (await connection.execute("SELECT version, name, checksum FROM schema_migrations")).fetchall()
    return {version: (name, checksum) for version, name, checksum in rows}


def _check_unchanged(files: Sequence[Migration], applied: dict[int, tuple[str, str]]) -> None:
    for file in files:
        if file.version in applied and applied[file.version][1] != file.checksum:
            advice = "an applied migration must never change; restore it and write a new one"
            raise MigrationFailed("migration was changed after it was applied", _label(file.version, file.name), advice)
    newest = max(applied, default=0)
    late = [_label(file.version, file.name) for file in files if file.version < newest and file.version not in applied]
    if late:
        raise MigrationFailed("migration comes before one that is applied", ", ".join(late), "give it the next number")


async def _apply(connection: Connection, file: Migration) -> str:
    label = _label(file.version, file.name)
    insert = "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)"
    try:
        async with connection.transaction():
            await connection.execute(_shipped(file.text))
            await connection.execute(insert, (file.version, file.name, file.checksum))
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise MigrationFailed("migration failed and was rolled back", f"{label}: {one_line(error)}") from error
    return label


def _roles() -> sql.SQL:
    return _shipped(importlib.resources.files("engine.persistence").joinpath("migrations", "roles.sql").read_text("utf-8"))


def _shipped(text: str) -> sql.SQL:
    """SQL of a file of this package: written by us, never put together from what a user gave."""
    return sql.SQL(text)


def _label(version: int, name: str) -> str:
    return f"{version:04d}_{name}"

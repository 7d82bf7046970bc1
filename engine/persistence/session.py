"""One connection to Postgres as one user: opened when first needed, and again after it broke.

Row-level security is what keeps users apart. A session tells the database its user and, where it may, takes the role
`engine_app`, which has no way around the policies. Statements live in `queries`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import psycopg
from psycopg import AsyncConnection

from engine.persistence.translation import describe, parameters, translated

APP_ROLE = "engine_app"
CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 15.0

#: A peer that vanished without a word is noticed within about 15 s.
KEEPALIVE = {"keepalives_idle": "5", "keepalives_interval": "3", "keepalives_count": "3", "tcp_user_timeout": "15000"}

#: How users are kept apart: by a role of its own, by policies that bind the owner too, or, for a superuser that could not
#: take the role, by the conditions of the statements alone.
Isolation = Literal["role", "policies", "none"]

#: A row is a tuple of whatever the columns hold.
Connection = AsyncConnection[tuple[Any, ...]]

#: The URL as of now; an embedded server may come back at another place.
Url = str | Callable[[], str]

_log = logging.getLogger(__name__)

_LOOK_AROUND = """
    SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'engine_app' AND pg_has_role(oid, 'MEMBER')),
           (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)
"""

#: Said anew in each transaction, so that it also holds behind a pooler that lends connections by the transaction.
_INTRODUCE = "SELECT set_config('role', %s, true), set_config('engine.user_id', %s, true)"


class Session:
    """A connection that repairs itself; one statement or transaction at a time, the next waits its turn."""

    def __init__(self, url: Url, user_id: str, purpose: str = "engine") -> None:
        self._url = url
        self._user_id = user_id
        self._purpose = purpose
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        self.isolation: Isolation = "none"

    @property
    def user_id(self) -> str:
        return self._user_id

    @property
    def place(self) -> str:
        """Where the database is, without secrets."""
        return describe(self._current_url())

    def _current_url(self) -> str:
        return self._url if isinstance(self._url, str) else self._url()

    @asynccontextmanager
    async def use(self, doing: str) -> AsyncIterator[Connection]:
        """The open connection inside a transaction; raises DatabaseUnreachable or DatabaseError, saying what it was for.

        A connection left in doubt (an error of the driver, a timeout, a cancelled task) is closed, the next use opens one.
        """
        async with self._turn:
            with translated(self.place, doing):
                async with asyncio.timeout(STATEMENT_TIMEOUT_S):
                    connection = await self.connect()
                    try:
                        async with connection.transaction():
                            await connection.execute(_INTRODUCE, (self._role, self._user_id))
                            yield connection
                    except BaseException as error:
                        if not isinstance(error, psycopg.Error) or connection.broken:
                            await self.close()
                        raise

    async def connect(self) -> Connection:
        """The connection, opened if there is none; driver errors pass through."""
        if self._connection is None or self._connection.closed:
            self._connection = None
            self._connection = await self._open()
        return self._connection

    async def _open(self) -> Connection:
        wanted = KEEPALIVE | {"connect_timeout": str(CONNECT_TIMEOUT_S), "application_name": self._purpose}
        given = parameters(self._current_url())
        # Prepared statements, too, would be lost behind a pooler.
        connection = await AsyncConnection.connect(**(wanted | given), autocommit=True, prepare_threshold=None)  # type: ignore[arg-type]
        try:
            self.isolation = await self._isolation(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _isolation(self, connection: Connection) -> Isolation:
        row = await (await connection.execute(_LOOK_AROUND)).fetchone()
        assert row is not None
        is_member, passes_policies = row
        if is_member and await self._may_take_role(connection):
            return "role"
        return "none" if passes_policies else "policies"

    async def _may_take_role(self, connection: Connection) -> bool:
        """Members may lack the right to become what they belong to, which only a try tells on every version."""
        try:
            async with connection.transaction(force_rollback=True):
                await connection.execute(_INTRODUCE, (APP_ROLE, self._user_id))
        except psycopg.errors.InsufficientPrivilege:
            _log.warning("database role %s is known but may not be taken; users are kept apart by policies", APP_ROLE)
            return False
        return True

    @property
    def _role(self) -> str:
        return APP_ROLE if self.isolation == "role" else "none"

    async def close(self) -> None:
        """Close the connection; a later use opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

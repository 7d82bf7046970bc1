"""Tells of changed traders: LISTEN/NOTIFY, with a regular look as a net for what a lost connection swallowed."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from engine.base.errors import DatabaseError
from engine.persistence.session import Connection, Session
from engine.persistence.translation import translated

CHANNEL = "engine_traders"
POLL_S = 30.0
#: Several changes of one transaction or one command are told together.
GATHER_S = 0.05
PAUSE_FIRST_S = 0.1
PAUSE_MAX_S = 5.0

_log = logging.getLogger(__name__)

#: Told with the ids of changed traders; with none, everything may have changed.
OnChange = Callable[[frozenset[str]], Awaitable[None]]


class TraderListener:
    """Listens on a connection of its own."""

    def __init__(self, session: Session, on_change: OnChange, poll_s: float = POLL_S) -> None:
        self._session = session
        self._on_change = on_change
        self._poll_s = poll_s
        #: Whether notifications arrive; without, only the regular look is left.
        self.up = False

    async def run(self) -> None:
        """Listen until cancelled. What `on_change` raises as DatabaseError counts as a lost connection."""
        pause_s = PAUSE_FIRST_S
        try:
            while True:
                try:
                    connection = await self._begin()
                    pause_s = PAUSE_FIRST_S
                    while True:
                        await self._on_change(await self._changes(connection))
                except DatabaseError as error:
                    if self.up:
                        _log.warning("changes of traders are not heard of: %s", error)
                    self.up = False
                    await self._session.close()
                    await asyncio.sleep(pause_s * random.uniform(0.7, 1.0))
                    pause_s = min(PAUSE_MAX_S, pause_s * 2)
        finally:
            self.up = False
            await self._session.close()

    async def _begin(self) -> Connection:
        """Listen first, then look at everything, so that no change falls between."""
        with translated(self._session.place, "listen for changes"):
            connection = await self._session.connect()
            await connection.execute("LISTEN engine_traders")
        self.up = True
        await self._on_change(frozenset())
        return connection

    async def _changes(self, connection: Connection) -> frozenset[str]:
        with translated(self._session.place, "listen for changes"):
            ids = [notify.payload async for notify in connection.notifies(timeout=self._poll_s, stop_after=1)]
            if not ids:
                await asyncio.wait_for(connection.execute("SELECT 1"), PAUSE_MAX_S)
                return frozenset()
            ids += [notify.payload async for notify in connection.notifies(timeout=GATHER_S)]
        return frozenset(ids)

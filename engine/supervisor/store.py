"""Where an engine keeps what must last: the spool on this disk and Postgres behind it, embedded or somewhere else.

Brings them up, keeps the embedded server in repair, and hands out the few questions the supervisor asks of them.
"""

import asyncio
import itertools
import logging
import socket
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Any

from engine.base.errors import EngineError, UsageError
from engine.base.settings import Settings
from engine.persistence import queries
from engine.persistence.embedded import EmbeddedPostgres
from engine.persistence.listen import TraderListener
from engine.persistence.migrate import migrate
from engine.persistence.pauses import PauseWriter, clear_pause, list_pauses
from engine.persistence.session import Session
from engine.persistence.translation import describe
from engine.persistence.writer import SignalWriter
from engine.signals.first_match import MatchState
from engine.signals.spool import Spool
from engine.signals.spool_file import Counts
from engine.supervisor.home import Home
from engine.traders.definition import TraderDefinition
from engine.traders.pause import Pause, read_pauses
from engine.traders.store import Problem, read_rows

log = logging.getLogger(__name__)

#: Signals that Postgres has stay in the spool so long, for a look back without a database.
KEEP_SENT_S = 24 * 3600.0
LOOK_AFTER_S = 1.0
#: Looks between two clean-ups of the spool.
PRUNE_EVERY = 60


class Store:
    """Spool and database of one engine."""

    def __init__(self, settings: Settings, home: Home, on_paused: Callable[[str], None]) -> None:
        self._settings = settings
        self._embedded = None if settings.database_url else EmbeddedPostgres(home.path)
        self._url = settings.database_url
        self.spool = Spool(home.spool_path, settings.spool_max_mb)
        self._session = Session(lambda: self._url, settings.user, "engine")
        self._write_session = Session(lambda: self._url, settings.user, "engine signals")
        self._listen_session = Session(lambda: self._url, settings.user, "engine traders")
        self._pause_session = Session(lambda: self._url, settings.user, "engine pauses")
        self.writer = SignalWriter(self.spool, self._write_session)
        self.pauses = PauseWriter(self._pause_session, settings.machine_id or socket.gethostname(), on_paused)
        self.counts = Counts(0, 0, 0, 0, 0)
        self._tasks: list[asyncio.Task[None]] = []
        self._listener: TraderListener | None = None

    async def start(self) -> None:
        """Spool open, server up, schema up to date; raises SpoolError, DatabaseError, MigrationFailed."""
        await self.spool.open()
        self.counts = await self.spool.counts()
        if self._embedded is not None:
            self._url = await self._embedded.start()
        applied = await migrate(self._url)
        if applied:
            log.info("database schema brought up to date: %s", ", ".join(applied))

    def run(self, on_traders_changed: Callable[[], Awaitable[None]]) -> None:
        """From now on: signals flow to Postgres, changes of traders are told, the embedded server is kept alive."""

        async def changed(_ids: frozenset[str]) -> None:
            await on_traders_changed()

        self._listener = TraderListener(self._listen_session, changed)
        self._tasks = [
            asyncio.create_task(self.writer.run(), name="signal-writer"),
            asyncio.create_task(self.pauses.run(), name="pause-writer"),
            asyncio.create_task(self._listener.run(), name="trader-listener"),
            asyncio.create_task(self._look_after(), name="store-repair"),
        ]

    async def _look_after(self) -> None:
        for turn in itertools.count(1):
            await asyncio.sleep(LOOK_AFTER_S)
            try:
                self.counts = await self.spool.counts()
                if turn % PRUNE_EVERY == 0:
                    await self.spool.prune(KEEP_SENT_S)
                await self._revive()
            except EngineError as error:
                log.error("store is not in order: %s", error)

    async def _revive(self) -> None:
        if self._embedded is not None and not self._embedded.alive():
            log.error("the embedded database has died and is started again")
            self._url = await self._embedded.ensure_running()

    # --- questions --------------------------------------------------------------------------------------------------

    async def states(self, current: AbstractSet[tuple[str, int]]) -> dict[tuple[str, int], MatchState]:
        """Match states as the last run left them; those of other versions than the `current` ones are forgotten."""
        found = await self.spool.load_states()
        await self.spool.forget_states(found.keys() - current)
        return {key: MatchState.decode(body) for key, body in found.items() if key in current}

    async def traders(self) -> tuple[list[TraderDefinition], dict[str, Problem]]:
        """All traders of the user, and the rows that are invalid."""
        return read_rows(await queries.list_traders(self._session))

    async def paused(self) -> dict[str, Pause]:
        """Pauses of the user's traders by id, those included that a newer version has ended."""
        return read_pauses(await list_pauses(self._session))

    async def resume(self, trader_id: str) -> bool:
        """End a pause; False when there is none."""
        return await clear_pause(self._session, trader_id)

    async def find(self, name_or_id: str) -> str:
        """The id of the trader that is meant; raises TraderError."""
        return str((await queries.get_trader(self._session, name_or_id))["id"])

    async def add_trader(self, row: dict[str, Any]) -> None:
        """Insert a trader."""
        await queries.add_trader(self._session, row)

    async def signals(self, since: str, limit: int) -> list[dict[str, Any]]:
        """The newest signals detected after `since` (ISO 8601, or empty), newest last."""
        try:
            after = datetime.fromisoformat(since) if since else None
        except ValueError as error:
            raise UsageError("since is not an instant", repr(since), "write ISO 8601, as 2026-11-21T05:00:00Z") from error
        if after is not None and after.tzinfo is None:
            after = after.replace(tzinfo=UTC)
        return await queries.list_signals(self._session, after, limit)

    @property
    def problem(self) -> str:
        """Why Postgres does not take signals, or empty."""
        return "" if self.writer.state.up else self.writer.state.reason

    def facts(self) -> dict[str, Any]:
        """The database in `engine status`; no secret."""
        return {
            "place": describe(self._url) if self._url else "",
            "embedded": self._embedded is not None,
            "state": "up" if self.writer.state.up else "away",
            "reason": self.writer.state.reason,
            "isolation": self._session.isolation,
            "written": self.writer.state.written,
            "listening": self._listener is not None and self._listener.up,
        }

    # --- the end ----------------------------------------------------------------------------------------------------

    async def stop(self, timeout_s: float) -> None:
        """Send what can be sent in time, then close; what is left stays in the spool for the next start."""
        if self._tasks and not await self.pauses.flush(timeout_s / 2):
            log.warning("pauses of traders could not be stored: they begin again at the next offence")
        if self._tasks and not await self.writer.flush(timeout_s / 2):
            left = (await self.spool.counts()).unsent
            log.warning("%d signals stay in the spool and are sent at the next start: %s", left, self.problem or "no time left")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in (self._session, self._write_session, self._pause_session, self._listen_session):
            await session.close()
        await self.spool.close()
        if self._embedded is not None:
            await self._embedded.stop()

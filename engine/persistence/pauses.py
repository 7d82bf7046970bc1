"""Pauses of traders and the events that tell of them: their statements, and a writer that does not give up.

A pause and its event are one transaction. While the database is away they wait in memory, the newest of each trader: an engine
that ends meanwhile has forgotten them, and stops the trader again at its next offence.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any, Protocol

from psycopg.types.json import Jsonb

from engine.base.errors import DatabaseError
from engine.persistence.queries import Row
from engine.persistence.session import Session
from engine.persistence.translation import blames_row

PAUSE_FIRST_S = 0.1
PAUSE_MAX_S = 5.0

_log = logging.getLogger(__name__)


class PauseRow(Protocol):
    """What a pause must have to be stored; `since_ms` since the epoch."""

    @property
    def trader_id(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def since_ms(self) -> int: ...
    @property
    def severity(self) -> str: ...
    def document(self) -> dict[str, Any]: ...


async def list_pauses(session: Session) -> list[Row]:
    """All pauses of the user: trader_id, version, kind, reason, since."""
    query = "SELECT trader_id::text, version, kind, reason, since FROM trader_pauses WHERE user_id = %s"
    async with session.use("list pauses") as connection:
        names = ("trader_id", "version", "kind", "reason", "since")
        rows = await (await connection.execute(query, (session.user_id,))).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


async def store_pause(session: Session, pause: PauseRow, trader: str, machine_id: str) -> bool:
    """Store a pause, in the place of an older one, and an event of the machine; False when its trader is gone."""
    store = """
        INSERT INTO trader_pauses (trader_id, user_id, version, kind, reason, since)
        SELECT id, user_id, %(version)s, %(kind)s, %(reason)s, 'epoch'::timestamptz + %(since_ms)s * interval '1 ms'
        FROM traders WHERE id = %(trader_id)s AND user_id = %(user_id)s
        ON CONFLICT (trader_id) DO UPDATE
        SET version = excluded.version, kind = excluded.kind, reason = excluded.reason, since = excluded.since
    """
    tell = """
        INSERT INTO cloud_events (user_id, machine_id, type, severity, reason, details)
        VALUES (%(user_id)s, %(machine_id)s, 'trader_paused', %(severity)s, %(reason)s, %(details)s)
    """
    values = {
        "user_id": session.user_id,
        "machine_id": machine_id,
        "trader_id": pause.trader_id,
        "version": pause.version,
        "kind": pause.kind,
        "reason": pause.reason,
        "since_ms": pause.since_ms,
        "severity": pause.severity,
        "details": Jsonb({"trader": trader, "trader_id": pause.trader_id} | pause.document()),
    }
    async with session.use("store a pause") as connection:
        done = await connection.execute(store, values)
        if done.rowcount:
            await connection.execute(tell, values)
    return bool(done.rowcount)


async def clear_pause(session: Session, trader_id: str) -> bool:
    """Remove a pause, which resumes the trader; False when there was none."""
    async with session.use("resume a trader") as connection:
        query = "DELETE FROM trader_pauses WHERE trader_id = %s AND user_id = %s"
        done = await connection.execute(query, (trader_id, session.user_id))
    return bool(done.rowcount)


class PauseWriter:
    """Stores pauses in the order they came; `on_stored` is told of each that the database has."""

    def __init__(self, session: Session, machine_id: str, on_stored: Callable[[str], None]) -> None:
        self._session = session
        self._machine_id = machine_id
        self._on_stored = on_stored
        self._waiting: dict[str, tuple[PauseRow, str]] = {}
        self._called = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()

    def put(self, pause: PauseRow, trader: str) -> None:
        """Store this one soon."""
        self._waiting[pause.trader_id] = (pause, trader)
        self._emptied.clear()
        self._called.set()

    async def flush(self, timeout_s: float) -> bool:
        """Wait until all are stored; False when that takes longer."""
        try:
            await asyncio.wait_for(self._emptied.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Write until cancelled."""
        again_s = PAUSE_FIRST_S
        while True:
            await self._called.wait()
            self._called.clear()
            try:
                await self._write()
            except DatabaseError as error:
                if again_s == PAUSE_FIRST_S:
                    _log.warning("pauses of traders wait for the database: %s", error)
                await asyncio.sleep(again_s * random.uniform(0.7, 1.0))
                again_s = min(PAUSE_MAX_S, again_s * 2)
                self._called.set()
            else:
                again_s = PAUSE_FIRST_S

    async def _write(self) -> None:
        for trader_id, (pause, trader) in list(self._waiting.items()):
            try:
                await store_pause(self._session, pause, trader, self._machine_id)
            except DatabaseError as error:
                if not blames_row(error):
                    raise
                _log.error("the pause of trader %s is refused by the database: %s", trader, error)
                is_stored = False
            else:
                is_stored = True
            # Another one may have come for the same trader meanwhile.
            if self._waiting.get(trader_id) == (pause, trader):
                del self._waiting[trader_id]
                if is_stored:
                    self._on_stored(trader_id)
        if self._waiting:
            self._called.set()
        else:
            self._emptied.set()

"""The way of signals from the spool into Postgres: in batches, idempotent, for as long as it takes.

A batch leaves at most `LINGER_S` after its first signal was spooled. While the database is away the signals wait in the spool
and the writer tries again with growing pauses; what the database refuses for good is found by halving the batch and set aside
with its error. A signal is marked as sent after the database has committed it, so a crash between the two sends it twice,
which its id makes harmless.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.base.errors import DatabaseError, SpoolError
from engine.persistence import queries
from engine.persistence.queries import SignalRow
from engine.persistence.session import Session
from engine.persistence.translation import blames_row

BATCH_ROWS = 1_000
#: Time for more signals of the same close to come in; part of the 250 ms a signal may take.
LINGER_S = 0.05
#: The spool is looked at so often even when nobody calls.
LOOK_S = 5.0
PAUSE_FIRST_S = 0.1
PAUSE_MAX_S = 2.0

_log = logging.getLogger(__name__)


class Spooled(Protocol):
    """A signal with the number the spool knows it by."""

    @property
    def sequence(self) -> int: ...
    @property
    def signal(self) -> SignalRow: ...


class Spool(Protocol):
    """What the writer asks of the spool."""

    async def unsent(self, limit: int, after: int = 0) -> Sequence[Spooled]: ...
    async def mark_sent(self, sequences: Sequence[int]) -> None: ...
    async def set_aside(self, sequence: int, error: str) -> None: ...


@dataclass(slots=True)
class WriterState:
    """How the writing goes; `away_since_s` and `last_written_s` are monotonic seconds, 0 for never."""

    up: bool = True
    away_since_s: float = 0.0
    #: Why it does not go, one line; empty while it does.
    reason: str = ""
    written: int = 0
    set_aside: int = 0
    last_written_s: float = 0.0


class SignalWriter:
    """Moves signals; `on_written` is told of each batch once the database has it."""

    def __init__(self, spool: Spool, session: Session, on_written: Callable[[Sequence[SignalRow]], None] | None = None) -> None:
        self._spool = spool
        self._session = session
        self._on_written = on_written
        self._called = asyncio.Event()
        self._emptied = asyncio.Event()
        #: In the database, but the spool could not take note of it yet.
        self._unmarked: list[int] = []
        self._after = 0
        self.state = WriterState()

    def wake(self) -> None:
        """Something new is in the spool."""
        self._emptied.clear()
        self._called.set()

    async def flush(self, timeout_s: float) -> bool:
        """Wait until the spool holds nothing unsent; False when that takes longer than `timeout_s`."""
        self.wake()
        try:
            await asyncio.wait_for(self._emptied.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Write until cancelled."""
        pause_s = PAUSE_FIRST_S
        while True:
            self._called.clear()
            try:
                moved = await self._move_batch()
            except (DatabaseError, SpoolError) as error:
                self._went_away(error)
                await asyncio.sleep(pause_s * random.uniform(0.7, 1.0))
                pause_s = min(PAUSE_MAX_S, pause_s * 2)
                continue
            pause_s = PAUSE_FIRST_S
            if moved < BATCH_ROWS:
                await self._wait_for_more(is_empty=moved == 0)

    async def _wait_for_more(self, is_empty: bool) -> None:
        if is_empty and not self._called.is_set():
            self._emptied.set()
        try:
            await asyncio.wait_for(self._called.wait(), LOOK_S if is_empty else LINGER_S)
            await asyncio.sleep(LINGER_S)
        except TimeoutError:
            return

    async def _move_batch(self) -> int:
        """Move the oldest signals; returns how many were looked at."""
        await self._mark()
        batch = await self._spool.unsent(BATCH_ROWS, self._after)
        if batch:
            await self._store(batch)
        elif not self.state.up:
            await queries.insert_signals(self._session, ())
        self._came_back()
        await self._mark()
        return len(batch)

    async def _store(self, batch: Sequence[Spooled]) -> None:
        try:
            await queries.insert_signals(self._session, [spooled.signal for spooled in batch])
        except DatabaseError as error:
            if not blames_row(error):
                raise
            await self._divide(batch, error)
            return
        self._unmarked.extend(spooled.sequence for spooled in batch)
        self.state.written += len(batch)
        self.state.last_written_s = time.monotonic()
        if self._on_written is not None:
            self._on_written([spooled.signal for spooled in batch])

    async def _divide(self, batch: Sequence[Spooled], error: DatabaseError) -> None:
        """Halve until the row that the database refuses stands alone."""
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._store(batch[:middle])
            await self._store(batch[middle:])
            return
        spooled = batch[0]
        _log.error("signal %s is refused by the database and set aside: %s", spooled.signal.id, error)
        await self._spool.set_aside(spooled.sequence, str(error))
        self.state.set_aside += 1

    async def _mark(self) -> None:
        """Tell the spool what is stored; on a full disk it is remembered here, so that later signals still go through."""
        if not self._unmarked:
            return
        try:
            await self._spool.mark_sent(self._unmarked)
        except SpoolError as error:
            self._after = max(self._after, *self._unmarked)
            _log.warning("spool cannot take note of %d sent signals yet: %s", len(self._unmarked), error)
            return
        self._unmarked.clear()
        self._after = 0

    def _went_away(self, error: DatabaseError | SpoolError) -> None:
        if self.state.up:
            _log.warning("signals wait in the spool: %s", error)
            self.state.away_since_s = time.monotonic()
        self.state.up = False
        self.state.reason = str(error)

    def _came_back(self) -> None:
        if not self.state.up:
            _log.info("signals are written again after %.1f s", time.monotonic() - self.state.away_since_s)
        self.state.up, self.state.reason, self.state.away_since_s = True, "", 0.0

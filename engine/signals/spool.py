"""The spool as the engine sees it: an async face, a thread of its own behind it, and group commit.

`commit` returns when its signals and match states are on the disk; nobody is told of a signal before. Commits that wait at the
same time share one transaction and one flush, and go before reads and marks, which go through the same thread.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from engine.base.errors import SpoolError, SpoolFull
from engine.signals import signal as codec
from engine.signals.signal import Signal
from engine.signals.spool_file import Batch, Counts, SpoolFile, StateKey

T = TypeVar("T")

#: The log is moved into the file when it has this size and nobody came for a moment, or at once when it has the other: the
#: move takes some milliseconds, for which a commit would have to wait.
IDLE_CHECKPOINT_BYTES = 1_000_000
IDLE_S = 0.1
FORCED_CHECKPOINT_BYTES = 32_000_000

_log = logging.getLogger(__name__)


class Spooled(NamedTuple):
    """A signal that waits for the database; `sequence` names it towards the spool."""

    sequence: int
    signal: Signal


@dataclass(slots=True)
class _Job:
    """One thing to do in the thread; `batch` is set for commits, which may be done together."""

    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    work: Callable[[SpoolFile], Any] | None
    batch: Batch | None = None


class Spool:
    """Signals that are found and perhaps not yet in the database, with the match state they followed from."""

    def __init__(self, folder: Path, max_mb: int = 1_024) -> None:
        self._folder = folder
        self._max_bytes = max_mb * 1_000_000
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        #: Where a damaged file of an earlier run was moved, if there was one.
        self.damaged: Path | None = None

    async def open(self) -> None:
        """Open or make the file; raises SpoolError, SpoolFull. A damaged file is moved aside and logged as an error."""
        file = await asyncio.to_thread(SpoolFile, self._folder, self._max_bytes)
        self.damaged = file.damaged
        self._thread = threading.Thread(target=self._run, args=(file,), name="spool", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Finish what was asked for and close the file."""
        if self._thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    async def commit(self, signals: Sequence[Signal], states: Mapping[StateKey, bytes]) -> None:
        """Make signals and states durable together; raises SpoolFull or SpoolError, and then none of it is stored."""
        batch = Batch([(signal.id, codec.encode(signal)) for signal in signals], states)
        await self._ask(None, batch)

    async def unsent(self, limit: int, after: int = 0) -> list[Spooled]:
        """The oldest signals that the database does not have, in order, from behind the sequence `after`."""
        rows = await self._ask(lambda file: file.unsent(limit, after))
        return [Spooled(sequence, codec.decode(body)) for sequence, body in rows]

    async def mark_sent(self, sequences: Iterable[int]) -> None:
        """The database has these."""
        numbers = list(sequences)
        await self._ask(lambda file: file.mark_sent(numbers))

    async def set_aside(self, sequence: int, error: str) -> None:
        """The database refuses this one for good; it stays, with its error."""
        await self._ask(lambda file: file.set_aside(sequence, error))

    async def aside(self) -> list[tuple[Signal, str]]:
        """Signals set aside, with their errors."""
        return [(codec.decode(body), error) for _, body, error in await self._ask(lambda file: file.aside())]

    async def recent(self, limit: int) -> list[Signal]:
        """The newest signals still held here, sent or not, newest last."""
        return [codec.decode(body) for body in reversed(await self._ask(lambda file: file.recent(limit)))]

    async def load_states(self) -> dict[StateKey, bytes]:
        """All match states, by (trader id, version)."""
        return await self._ask(lambda file: file.states())

    async def forget_states(self, keys: Iterable[StateKey]) -> None:
        """Remove the states of versions that will not run again."""
        gone = list(keys)
        await self._ask(lambda file: file.forget_states(gone))

    async def prune(self, keep_s: float, limit: int = 10_000) -> int:
        """Remove signals sent longer ago than `keep_s`, at most `limit` at once; returns how many."""
        return await self._ask(lambda file: file.prune(int(keep_s * 1e3), limit))

    async def counts(self) -> Counts:
        """How much there is, and since when."""
        return await self._ask(lambda file: file.counts())

    async def _ask(self, work: Callable[[SpoolFile], T] | None, batch: Batch | None = None) -> T:
        if self._thread is None:
            raise SpoolError("spool is closed", self._folder)
        loop = asyncio.get_running_loop()
        job = _Job(loop, loop.create_future(), work, batch)
        self._jobs.put(job)
        answer: T = await job.future
        return answer

    def _run(self, file: SpoolFile) -> None:
        """The thread: take what waits, all commits together and first, then the rest in its order."""
        going = True
        while going:
            waiting = self._take(patient=file.wal_bytes() <= IDLE_CHECKPOINT_BYTES)
            jobs = [job for job in waiting if job is not None]
            going = len(jobs) == len(waiting)
            commits = [job for job in jobs if job.batch is not None]
            if commits:
                _answer(commits, _attempt(commits, file))
            for job in jobs:
                if job.batch is None:
                    _answer([job], _attempt([job], file))
            if not waiting or file.wal_bytes() > FORCED_CHECKPOINT_BYTES:
                file.checkpoint()
        file.close()

    def _take(self, patient: bool) -> list[_Job | None]:
        """All that waits now; without `patient`, nothing when nobody comes for a moment."""
        try:
            waiting = [self._jobs.get(timeout=None if patient else IDLE_S)]
        except queue.Empty:
            return []
        while not self._jobs.empty():
            waiting.append(self._jobs.get())
        return waiting


def _attempt(group: list[_Job], file: SpoolFile) -> Any:
    """The answer, or the exception that the askers get; the thread itself goes on whatever happens."""
    try:
        work = group[0].work
        if work is not None:
            return work(file)
        file.commit([job.batch for job in group if job.batch is not None])
    except SpoolFull as error:
        # Emptying the log may give the disk back what the next attempt needs.
        file.checkpoint()
        return error
    except Exception as error:
        return error
    return None


def _answer(group: list[_Job], answer: Any) -> None:
    for job in group:
        try:
            job.loop.call_soon_threadsafe(_resolve, job.future, answer)
        except RuntimeError:
            _log.debug("nobody waits for an answer of the spool any more")


def _resolve(future: asyncio.Future[Any], answer: Any) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)

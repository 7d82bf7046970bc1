"""The pool: carries out "spawn" and "kill", keeps a nursery alive, and tells of every death exactly once.

Not here: how many workers there should be and what they do; that is the dispatcher's brain.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from engine.base.errors import WorkerBootFailed
from engine.pool.liveness import Boots, Death, Watch, cause_of
from engine.pool.process import Nursery, NurseryOptions, Said

log = logging.getLogger(__name__)

#: How long the nursery's word on a worker's exit code is waited for, once the worker is known to be dead.
STATUS_WAIT_S = 0.1
#: A warm nursery that does not fork within this time is stuck and is replaced.
FORK_LIMIT_S = 5.0
#: A nursery that is warming up and says nothing for so long is stuck; the longest single step is compiling one kernel.
WARM_LIMIT_S = 120.0


class Listener(Protocol):
    """Who is told what happens to workers."""

    def forked(self, slot: int, generation: int, pid: int) -> None:
        """The process exists."""

    def stocked(self) -> None:
        """The nursery has loaded machine code: those forked from now on have it, and no others."""

    def lost(self, slot: int, generation: int, cause: Death) -> None:
        """The process is gone, or will not come to be."""


@dataclass(slots=True, eq=False)
class _Worker:
    slot: int
    generation: int
    watch: Watch | None = None
    asked: bool = False
    doomed: bool = False
    status: int | None = None
    timer: asyncio.TimerHandle | None = None


class Pool:
    """Nursery and workers of one engine. All methods on the loop's thread.

    `open_log` makes the write end of a log pipe for a process of the given name; `on_warming` is told (done, total, name)
    while the nursery warms up; `on_broken` that it does not come up, after which the pool does nothing any more.
    """

    def __init__(
        self,
        options: NurseryOptions,
        open_log: Callable[[str], int],
        on_warming: Callable[[int, int, str], None] = lambda _done, _total, _name: None,
        on_broken: Callable[[WorkerBootFailed], None] = lambda _error: None,
    ) -> None:
        self._options = options
        self._open_log = open_log
        self._on_warming = on_warming
        self._on_broken = on_broken
        self._listener: Listener | None = None
        self._nursery: Nursery | None = None
        self._workers: dict[tuple[int, int], _Worker] = {}
        self._by_pid: dict[int, _Worker] = {}
        self._boots = Boots()
        self._patience: asyncio.TimerHandle | None = None
        self._restart: asyncio.TimerHandle | None = None
        self._warm = False
        self._stopping = False
        self._broken: WorkerBootFailed | None = None
        self._changed = asyncio.Event()
        #: All indicators there are, as the nursery says when it is warm.
        self._known: frozenset[str] = frozenset()
        #: Indicators that filters use; those this nursery has been told of; those it has machine code of.
        self._needed: set[str] = set()
        self._told: set[str] = set()
        self._prepared: set[str] = set()
        self.nursery_starts = 0

    # --- what the supervisor asks ---------------------------------------------------------------------------------------

    def start(self, listener: Listener) -> None:
        """Start the nursery; `listener` is told of workers. Workers may be asked for at once and come when it is warm."""
        self._listener = listener
        self._start_nursery()

    async def warm(self) -> None:
        """Wait until the nursery is warm; raises WorkerBootFailed when it does not come up."""
        while not self._warm:
            if self._broken is not None:
                raise self._broken
            self._changed.clear()
            await self._changed.wait()

    async def prepare(self, names: Iterable[str]) -> None:
        """Wait until machine code of these indicators lies ready for all workers; names of anything else do no harm.

        What is asked for before the nursery is warm is there before the first worker. Raises WorkerBootFailed when the nursery
        does not come up.
        """
        self._needed |= set(names)
        await self.warm()
        wanted = self._known & set(names)
        self._tell_needs()
        while not wanted <= self._prepared:
            if self._broken is not None:
                raise self._broken
            self._changed.clear()
            await self._changed.wait()

    def _tell_needs(self) -> None:
        new = (self._needed & self._known) - self._told
        if self._nursery is not None and self._warm and new:
            self._told |= new
            self._nursery.need(sorted(new))

    @property
    def nursery_pid(self) -> int | None:
        """Process id of the nursery, if there is one."""
        return self._nursery.pid if self._nursery is not None else None

    def spawn(self, slot: int, generation: int) -> None:
        """Have a worker in this slot; `forked` follows, or `lost`."""
        worker = self._workers[slot, generation] = _Worker(slot, generation)
        self._ask(worker)

    def kill(self, slot: int, generation: int) -> None:
        """End a worker; `lost` follows."""
        worker = self._workers.get((slot, generation))
        if worker is None:
            return
        worker.doomed = True
        if worker.watch is not None:
            worker.watch.kill()
        elif not worker.asked:
            self._end(worker, "killed")

    async def stop(self, timeout_s: float) -> None:
        """End nursery and workers: ask, and after `timeout_s` kill; returns when all of them are dead."""
        self._stopping = True
        for timer in (self._patience, self._restart):
            if timer is not None:
                timer.cancel()
        if self._nursery is not None:
            self._nursery.ask_to_stop()
        if not await self._gone(timeout_s):
            for worker in self._workers.values():
                if worker.watch is not None:
                    worker.watch.kill()
            if self._nursery is not None:
                self._nursery.kill()
            await self._gone(None)

    async def _gone(self, timeout_s: float | None) -> bool:
        """Wait until there is no process any more; False when it takes longer."""

        async def wait() -> None:
            while self._nursery is not None or any(worker.watch is not None for worker in self._workers.values()):
                self._changed.clear()
                await self._changed.wait()

        try:
            await asyncio.wait_for(wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    # --- nursery --------------------------------------------------------------------------------------------------------

    def _start_nursery(self) -> None:
        self._restart = None
        self._warm = False
        self.nursery_starts += 1
        try:
            self._nursery = Nursery(self._options, self._open_log("nursery"), self._said, self._nursery_died)
        except WorkerBootFailed as error:
            log.error("%s", error)
            self._try_again("it cannot be started")
            return
        self._be_patient(WARM_LIMIT_S)

    def _be_patient(self, limit_s: float | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(limit_s, self._nursery_stuck) if limit_s is not None else None

    def _nursery_stuck(self) -> None:
        if self._nursery is not None:
            log.error("nursery %d does not get on and is replaced", self._nursery.pid)
            self._nursery.kill()

    def _said(self, said: Said) -> None:
        if said.warming is not None:
            if not self._warm:
                self._be_patient(WARM_LIMIT_S)
            self._on_warming(*said.warming)
        elif said.warm:
            self._warm = True
            self._known = frozenset(said.names)
            self._boots.succeeded()
            self._be_patient(None)
            self._changed.set()
            # Before workers: they take what is loaded by then with them.
            self._tell_needs()
            for worker in list(self._workers.values()):
                self._ask(worker)
        elif said.prepared is not None:
            self._stocked(said.prepared, said.fresh, said.problem)
        elif said.forked is not None:
            self._forked(said.forked, said.generation, said.pid)
        elif said.exited is not None:
            ended = self._by_pid.get(said.exited)
            if ended is not None:
                ended.status = said.status
                self._dead(ended)

    def _stocked(self, names: Iterable[str], fresh: bool, problem: str) -> None:
        if problem:
            log.error("indicators are not ready, filters that use them will fail: %s", problem)
        if fresh:
            assert self._listener is not None
            self._listener.stocked()
        self._prepared |= set(names)
        self._changed.set()

    def _nursery_died(self) -> None:
        assert self._nursery is not None
        code, was_warm = self._nursery.returncode, self._warm
        self._nursery, self._warm = None, False
        self._told.clear()
        self._prepared.clear()
        self._be_patient(None)
        self._changed.set()
        for worker in list(self._workers.values()):
            if worker.watch is not None and worker.watch.alive:
                # The kernel kills them with their parent; to do it as well is to be sure, and their descriptors will tell.
                worker.watch.kill()
            elif worker.asked:
                self._end(worker, "nursery")
        if self._stopping:
            return
        log.error("nursery ended with code %s and is started again", code)
        if was_warm:
            self._schedule_restart(self._boots.first_pause_s)
        else:
            self._try_again(f"it ended with code {code}")

    def _try_again(self, reason: str) -> None:
        pause_s = self._boots.failed()
        if pause_s is not None:
            self._schedule_restart(pause_s)
            return
        advice = "run `python -m workers --help`, and see the log lines above"
        self._broken = WorkerBootFailed(f"nursery did not come up {self._boots.failures} times in a row", reason, advice)
        self._changed.set()
        self._on_broken(self._broken)

    def _schedule_restart(self, pause_s: float) -> None:
        self._restart = asyncio.get_running_loop().call_later(pause_s, self._start_nursery)

    # --- workers --------------------------------------------------------------------------------------------------------

    def _ask(self, worker: _Worker) -> None:
        if not self._warm or self._nursery is None or worker.asked or self._stopping:
            return
        log_fd = self._open_log(f"worker-{worker.slot}")
        try:
            worker.asked = self._nursery.fork(worker.slot, worker.generation, log_fd)
        finally:
            os.close(log_fd)
        loop = asyncio.get_running_loop()
        if worker.asked:
            worker.timer = loop.call_later(FORK_LIMIT_S, self._nursery_stuck)
        else:
            worker.timer = loop.call_later(STATUS_WAIT_S, self._ask, worker)

    def _forked(self, slot: int, generation: int, pid: int) -> None:
        worker = self._workers.get((slot, generation))
        if worker is None or worker.watch is not None:
            log.error("nursery forked a worker nobody asked for: slot %d generation %d", slot, generation)
            self._nursery_stuck()
            return
        self._still(worker)
        try:
            worker.watch = Watch(pid, lambda: self._died(worker))
        except ProcessLookupError:
            self._end(worker, "crash")
            return
        self._by_pid[pid] = worker
        assert self._listener is not None
        self._listener.forked(slot, generation, pid)
        if worker.doomed or self._stopping:
            worker.watch.kill()

    def _died(self, worker: _Worker) -> None:
        """Its descriptor says so; the exit code comes from the nursery, if it is able to tell."""
        if worker.doomed or worker.status is not None or self._nursery is None:
            self._dead(worker)
        else:
            worker.timer = asyncio.get_running_loop().call_later(STATUS_WAIT_S, self._dead, worker)

    def _dead(self, worker: _Worker) -> None:
        cause = "nursery" if self._nursery is None and worker.status is None else cause_of(worker.status)
        self._end(worker, cause)

    def _end(self, worker: _Worker, cause: Death) -> None:
        self._still(worker)
        if worker.watch is not None:
            worker.watch.close()
            self._by_pid.pop(worker.watch.pid, None)
            worker.watch = None
        self._workers.pop((worker.slot, worker.generation), None)
        self._changed.set()
        assert self._listener is not None
        self._listener.lost(worker.slot, worker.generation, cause)

    @staticmethod
    def _still(worker: _Worker) -> None:
        if worker.timer is not None:
            worker.timer.cancel()
            worker.timer = None

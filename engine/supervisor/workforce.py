"""Nursery, workers and dispatcher of one engine, wired together; and the one setter of their number."""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence

from engine.base.errors import PoolError, WorkerBootFailed
from engine.base.settings import Settings
from engine.candles.segment import Segment
from engine.dispatch.limits import Limits
from engine.dispatch.router import Callbacks, Dispatcher
from engine.pool.pool import Pool
from engine.pool.process import NurseryOptions
from engine.pool.resize import granted_cpus, workers_wished
from engine.supervisor import sandbox
from engine.supervisor.home import Home
from engine.wire.messages import LoadFilter
from engine.wire.slots import Slots
from engine.wire.sockets import endpoint_for

log = logging.getLogger(__name__)

#: Longest wait for workers after a resize.
RESIZE_TIMEOUT_S = 30.0
#: Longest wait at the start for the first worker's word on its lockdown; each later one is judged when it comes.
LOCKDOWN_TIMEOUT_S = 10.0
#: Status slots beyond the largest pool, so that a new worker need not wait for one that leaves.
SLOTS_SPARE = 8
ATTRIBUTES = re.compile(r"\.\s*(\w+)")


class Workforce:
    """Everything that runs filters. Made inside the running loop."""

    def __init__(
        self,
        settings: Settings,
        home: Home,
        segment: Segment,
        open_log: Callable[[str], int],
        callbacks: Callbacks,
        on_warming: Callable[[int, int, str], None],
    ) -> None:
        self._settings = settings
        self._slots = Slots.create(settings.max_workers + SLOTS_SPARE)
        endpoint = endpoint_for(home.path)
        options = NurseryOptions(
            endpoint,
            segment.fd,
            self._slots.fd,
            settings.history_bars,
            indicator_memory_mb=settings.indicator_memory_mb,
        )
        self._pool = Pool(options, open_log, on_warming, self._broke)
        limits = Limits(
            slots=settings.max_workers + SLOTS_SPARE,
            hard_limit_s=settings.task_hard_limit_ms / 1e3,
            soft_limit_ms=settings.filter_soft_limit_ms,
        )
        required = () if settings.allow_unsandboxed else sandbox.REQUIRED
        self.dispatcher = Dispatcher(endpoint, self._pool, self._slots, limits, callbacks, required)
        self._reminder = sandbox.Reminder()
        self.target = workers_wished(settings.workers, settings.max_workers, settings.machine_cpus or granted_cpus())
        self.problem = ""
        #: Filters that wait for machine code, and who waits for them.
        self._waiting: dict[int, LoadFilter] = {}
        self._loading: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start the nursery and ask for workers; they come when it is warm."""
        self._pool.start(self.dispatcher)
        self.dispatcher.resize(self.target)

    async def warm(self) -> None:
        """Wait until kernels are warm and a worker is locked down; raises WorkerBootFailed, or SandboxRefused."""
        await self._pool.warm()
        await self.dispatcher.wait_lockdown(LOCKDOWN_TIMEOUT_S)
        self.watch_lockdown(asyncio.get_running_loop().time())

    def sandbox(self) -> sandbox.Sandbox:
        """What all workers have given up."""
        found = self.dispatcher.lockdowns.by_slot.values()
        return sandbox.of_all(found, allow_unsandboxed=self._settings.allow_unsandboxed)

    def watch_lockdown(self, now_s: float) -> None:
        """Raises SandboxRefused when a worker lacks what is required; where that is allowed, says so loudly now and then."""
        refused = self.dispatcher.lockdowns.refused
        if refused is not None:
            raise sandbox.refusal(*refused)
        if self._settings.allow_unsandboxed:
            found = self.sandbox()
            if found.is_unsandboxed and self._reminder.is_due(now_s):
                log.critical("%s", found.line())

    def load_filters(self, messages: Sequence[LoadFilter]) -> None:
        """Let workers know filters, all together, as soon as machine code of the indicators they use lies ready."""
        self._waiting.update({message.filter_id: message for message in messages})
        loading = asyncio.get_running_loop().create_task(self._load(messages))
        self._loading.add(loading)
        loading.add_done_callback(self._loading.discard)

    async def _load(self, messages: Sequence[LoadFilter]) -> None:
        # Of every name after a dot; what the code means is judged where it runs.
        names = {name for message in messages for name in ATTRIBUTES.findall(message.code)}
        try:
            await self._pool.prepare(names)
        except WorkerBootFailed as error:
            log.error("traders are not loaded: %s", error)
            return
        for message in messages:
            if self._waiting.get(message.filter_id) is message:
                del self._waiting[message.filter_id]
                self.dispatcher.load_filter(message)

    def drop_filter(self, filter_id: int) -> None:
        """Forget a filter and what is queued of it, or do not load it at all."""
        self._waiting.pop(filter_id, None)
        self.dispatcher.drop_filter(filter_id)

    def _broke(self, error: WorkerBootFailed) -> None:
        self.problem = str(error)

    async def resize(self, target: int, reason: str) -> int:
        """Wish for `target` workers and wait until they are there; raises PoolError when they are not in time."""
        if not 1 <= target <= self._settings.max_workers:
            raise PoolError("number of workers is refused", target, f"ask for 1 to {self._settings.max_workers}")
        log.info("workers: %d to %d (%s)", self.target, target, reason)
        self.target = target
        self.dispatcher.resize(target)
        if not await self.dispatcher.wait_ready(RESIZE_TIMEOUT_S):
            ready = self.dispatcher.stats().ready
            raise PoolError("workers are not ready in time", f"{ready} of {target}", "see `engine status` and the log")
        return self.dispatcher.stats().ready

    @property
    def nursery_pid(self) -> int | None:
        return self._pool.nursery_pid

    async def stop(self, timeout_s: float) -> None:
        """Let workers leave, then end what is left, and let go of socket and slots."""
        for loading in list(self._loading):
            loading.cancel()
        await self._pool.stop(timeout_s)
        self.dispatcher.close()
        await asyncio.sleep(0)
        self._slots.close()

"""The glue between the brain and the world: socket and timers in the supervisor's asyncio loop, no decision of its own.

Bytes of workers become events, instructions become messages, processes and callbacks. Everything that happens in one turn
of the loop is handed to the brain together. All methods are called on the loop's thread.
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from engine.base.errors import WireError
from engine.dispatch.answers import plain_text
from engine.dispatch.events import (
    Cause,
    Due,
    Evaluation,
    Event,
    FilterDropped,
    FilterKnown,
    PongHeard,
    Resize,
    Stocked,
    Tick,
    Unreachable,
    WorkerForked,
    WorkerLost,
    WorkerReady,
    WorkerUnfit,
)
from engine.dispatch.inbound import event_of, message_of
from engine.dispatch.instructions import (
    CycleEnded,
    DrainWorker,
    DropOn,
    GiveUp,
    Instruction,
    KillWorker,
    Loaded,
    LoadOn,
    Outcome,
    PingWorker,
    Question,
    Refused,
    Report,
    SendTask,
    SpawnWorker,
    Superseded,
)
from engine.dispatch.limits import Limits
from engine.dispatch.lockdowns import Lockdowns
from engine.dispatch.state import Brain
from engine.dispatch.stats import Stats, percentile
from engine.wire.codec import encode
from engine.wire.messages import Drain, DropFilter, FilterLoaded, FilterRefusal, LoadFilter, Message, Ping, Pong, Ready
from engine.wire.slots import Slots
from engine.wire.sockets import RECEIVE_BATCH, Router, identity_of, parse_identity

log = logging.getLogger(__name__)

#: Longest pause between two looks at deadlines, in seconds.
TICK_S = 0.25
#: Cycles whose duration is kept for the percentiles.
CYCLES_KEPT = 2_000


class Hands(Protocol):
    """Who starts and ends processes; every spawn is followed by at most one `forked` and exactly one `lost`, if it dies."""

    def spawn(self, slot: int, generation: int) -> None:
        """Start a worker."""

    def kill(self, slot: int, generation: int) -> None:
        """End it by SIGKILL."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Who is told what, on the loop's thread; order within each is the order of the answers."""

    on_result: Callable[[Sequence[Outcome]], None]
    on_give_up: Callable[[int, Sequence[Question], str], None]
    on_loaded: Callable[[FilterLoaded], None]
    on_refused: Callable[[FilterRefusal], None]


class Dispatcher:
    """Has evaluations done by workers and reports what came of them."""

    def __init__(
        self,
        endpoint: str,
        hands: Hands,
        slots: Slots,
        limits: Limits,
        callbacks: Callbacks,
        required: Collection[str] = (),
    ) -> None:
        """`required` names measures of the lockdown without which a worker is given nothing."""
        self.lockdowns = Lockdowns(required)
        self._loop = asyncio.get_running_loop()
        self._brain = Brain(limits)
        self._hands = hands
        self._slots = slots
        self._callbacks = callbacks
        self._router = Router(endpoint)
        self._fd = self._router.fd
        self._inbox: list[Event] = []
        self._planned: asyncio.Handle | None = None
        self._wake: asyncio.TimerHandle | None = None
        self._pids: dict[int, int] = {}
        self._pongs: dict[int, Pong] = {}
        #: What workers that are gone had counted.
        self._hits_before = 0
        self._misses_before = 0
        self._cycles_s: deque[float] = deque(maxlen=CYCLES_KEPT)
        self._changed = asyncio.Event()
        self._closed = False
        self._tick_s = min(TICK_S, limits.hard_limit_s / 4)
        self._loop.add_reader(self._fd, self._readable)
        self._ticker = self._loop.call_later(self._tick_s, self._tick)

    # --- what the supervisor asks ---------------------------------------------------------------------------------------

    def submit(self, evaluations: Sequence[Evaluation]) -> None:
        """Have these done; per symbol and filter they are reported in the order of their instants."""
        self._post(Due(evaluations))

    def load_filter(self, message: LoadFilter) -> None:
        """Let workers know a filter; `on_loaded` or `on_refused` follows once."""
        self._post(FilterKnown(message))

    def drop_filter(self, filter_id: int) -> None:
        """Forget a filter and what is queued of it; what is running may still be reported."""
        self._post(FilterDropped(filter_id))

    def resize(self, target: int) -> None:
        """Wish for so many workers; see `wait_ready`."""
        self._post(Resize(target))

    async def wait_ready(self, timeout_s: float) -> bool:
        """Wait until as many workers as wished are ready; False when they are not in time."""
        return await self._wait_until(lambda: self._brain.crew.ready() == self._brain.crew.target, timeout_s)

    async def wait_lockdown(self, timeout_s: float) -> bool:
        """Wait until a worker has said what it gave up; False when none has in time."""
        return await self._wait_until(lambda: bool(self.lockdowns.by_slot or self.lockdowns.refused), timeout_s)

    async def drain(self, timeout_s: float) -> bool:
        """Wait until everything submitted is reported; False when it is not in time."""
        return await self._wait_until(lambda: not self._brain.work.open_cycles, timeout_s)

    async def _wait_until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        deadline = self._loop.time() + timeout_s
        while self._inbox or not condition():
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, deadline - self._loop.time()))
            except TimeoutError:
                return False
        return True

    def stats(self) -> Stats:
        """How it goes."""
        work, crew = self._brain.work, self._brain.crew
        ordered = sorted(self._cycles_s)
        spares = [worker for worker in crew.spares() if worker.slot in self._pids]
        return Stats(
            target=crew.target,
            ready=crew.ready(),
            pids=tuple(self._pids[worker.slot] for worker in crew.seated() if worker.slot in self._pids),
            spares=sum(worker.at_work for worker in spares),
            spare_pids=tuple(self._pids[worker.slot] for worker in spares),
            open_questions=work.open_questions,
            open_cycles=work.open_cycles,
            suspects=len(work.filters.suspects),
            cycle_p50_ms=percentile(ordered, 0.50) * 1e3,
            cycle_p99_ms=percentile(ordered, 0.99) * 1e3,
            rss_bytes=sum(pong.rss_bytes for pong in self._pongs.values()),
            memory_hits=self._hits_before + sum(pong.memory_hits for pong in self._pongs.values()),
            memory_misses=self._misses_before + sum(pong.memory_misses for pong in self._pongs.values()),
            memory_bytes=sum(pong.memory_bytes for pong in self._pongs.values()),
            spares_bytes=sum(self._pongs[worker.slot].own_bytes for worker in spares if worker.slot in self._pongs),
            counts=asdict(self._brain.counts),
        )

    def close(self) -> None:
        """Stop listening and let go of the socket; workers are the pool's to end."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._fd)
        self._ticker.cancel()
        if self._planned is not None:
            self._planned.cancel()
        if self._wake is not None:
            self._wake.cancel()
        self._router.close()

    # --- what the pool tells ----------------------------------------------------------------------------------------------

    def forked(self, slot: int, generation: int, pid: int) -> None:
        """A worker's process exists."""
        self._pids[slot] = pid
        self._post(WorkerForked(slot, generation))

    def stocked(self) -> None:
        """The nursery has loaded machine code: workers forked from now on have it, and no others."""
        self._post(Stocked())

    def lost(self, slot: int, generation: int, cause: Cause) -> None:
        """A worker's process is gone, or could not be made."""
        if self._closed:
            return
        # An answer it gave before it died counts.
        self._receive()
        self._pids.pop(slot, None)
        self.lockdowns.lost(slot)
        last = self._pongs.pop(slot, None)
        if last is not None:
            self._hits_before += last.memory_hits
            self._misses_before += last.memory_misses
        self._post(WorkerLost(slot, generation, cause, self._slots.read(slot)))
        self._slots.clear(slot)

    # --- turns of the loop ------------------------------------------------------------------------------------------------

    def _post(self, event: Event) -> None:
        self._inbox.append(event)
        self._plan()

    def _plan(self) -> None:
        """What else happens in this turn of the loop goes to the brain with it."""
        if self._planned is None and not self._closed:
            self._planned = self._loop.call_soon(self._turn)

    def _readable(self) -> None:
        if not self._closed:
            self._receive()
            if self._inbox:
                self._turn()

    def _tick(self) -> None:
        self._ticker = self._loop.call_later(self._tick_s, self._tick)
        # What has arrived is read first: a supervisor that was held up must not blame the workers for it.
        self._receive()
        self._post(Tick({slot: self._slots.read(slot) for slot in self._pids}))

    def _turn(self) -> None:
        if self._planned is not None:
            self._planned.cancel()
            self._planned = None
        if self._closed:
            return
        events, self._inbox = self._inbox, []
        instructions = self._brain.handle(events, self._loop.time())
        # Workers first: while they compute, the answers go upward.
        upward = [one for one in instructions if not self._carry_out(one)]
        for instruction in upward:
            self._tell(instruction)
        self._changed.set()
        self._set_alarm(self._brain.wake_at)
        if len(upward) < len(instructions):
            # The socket's descriptor is edge-triggered, and sending may have swallowed an edge.
            self._receive()
            if self._inbox:
                self._plan()

    def _set_alarm(self, at: float) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if at < math.inf:
            self._wake = self._loop.call_at(at, self._turn)

    # --- instructions out -------------------------------------------------------------------------------------------------

    def _carry_out(self, instruction: Instruction) -> bool:
        """Do what concerns workers; False for what is to be told upward."""
        match instruction:
            case SendTask(slot, generation, task):
                self._send(slot, generation, task)
            case LoadOn(slot, generation, message):
                self._send(slot, generation, message)
            case DropOn(slot, generation, filter_id):
                self._send(slot, generation, DropFilter(filter_id))
            case PingWorker(slot, generation, sequence):
                self._send(slot, generation, Ping(sequence))
            case DrainWorker(slot, generation):
                self._send(slot, generation, Drain())
            case SpawnWorker(slot, generation):
                self._hands.spawn(slot, generation)
            case KillWorker(slot, generation, cause, reason):
                level = logging.INFO if cause == "retired" else logging.WARNING
                log.log(level, "worker %d.%d is ended: %s: %s", slot, generation, cause, plain_text(reason))
                self._hands.kill(slot, generation)
            case _:
                return False
        return True

    def _send(self, slot: int, generation: int, message: Message) -> None:
        if not self._router.send(identity_of(slot, generation), encode(message)):
            self._post(Unreachable(slot, generation))

    def _tell(self, instruction: Instruction) -> None:
        """Hand one instruction upward; a callback that fails is the loop's to report and stops nobody else."""
        try:
            match instruction:
                case Report(outcomes):
                    self._callbacks.on_result(outcomes)
                case GiveUp(filter_id, questions, reason):
                    self._callbacks.on_give_up(filter_id, questions, reason)
                case Loaded(message):
                    self._callbacks.on_loaded(message)
                case Refused(refusal):
                    self._callbacks.on_refused(refusal)
                case CycleEnded(seconds):
                    self._cycles_s.append(seconds)
                case Superseded(filter_ids, question):
                    log.debug("time-driven question %s of %d filters gave way to a newer one", question, len(filter_ids))
        except Exception as error:
            context: dict[str, Any] = {"message": "a callback of the dispatcher failed", "exception": error}
            self._loop.call_exception_handler(context)

    # --- bytes in ---------------------------------------------------------------------------------------------------------

    def _receive(self) -> None:
        messages = self._router.receive_all()
        for identity, data in messages:
            try:
                slot, generation = parse_identity(identity)
            except WireError as error:
                log.warning("message of a stranger is ignored: %s", error)
                continue
            message = message_of(data)
            event = event_of(slot, generation, message)
            if isinstance(event, PongHeard) and isinstance(message, Pong) and slot in self._pids:
                self._pongs[slot] = message
            if isinstance(event, WorkerReady) and isinstance(message, Ready):
                lacking = self.lockdowns.ready(slot, generation, message)
                if lacking:
                    self._inbox.append(WorkerUnfit(slot, generation, lacking))
                    continue
            if event is not None:
                self._inbox.append(event)
        if len(messages) >= RECEIVE_BATCH:
            self._loop.call_soon(self._readable)

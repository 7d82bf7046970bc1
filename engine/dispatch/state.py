"""The brain: what happened and the time in, what to do out. No socket, no clock, no process, no randomness.

A worker is asked about the symbols of its own share (`symbol % workers`), all filters that are due in one message, so that
an indicator is computed once in the machine and found in the memory of the same worker next time. An idle worker takes
over from a busy one after a moment, and at once from one that is dead.
"""

import math
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from engine.dispatch.answers import complaint
from engine.dispatch.crew import Crew
from engine.dispatch.events import (
    Cause,
    Due,
    Event,
    FilterDropped,
    FilterKnown,
    LoadedOn,
    Nonsense,
    PongHeard,
    RefusedOn,
    Resize,
    Stocked,
    TaskAnswered,
    Tick,
    Unreachable,
    WorkerForked,
    WorkerLost,
    WorkerReady,
    WorkerUnfit,
)
from engine.dispatch.filters import POINTS
from engine.dispatch.instructions import Instruction, SendTask
from engine.dispatch.limits import Counts, Limits
from engine.dispatch.queue import Queue
from engine.dispatch.work import Work
from engine.dispatch.workers import Flight, State, Worker
from engine.wire.slots import Status

#: Of the hard limit: a worker may be stopped by its own timer this early, since it does not set it anew for every filter.
OVER_SHARE: Final = 0.9


class Brain:
    """All state of the dispatcher."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.counts = Counts()
        self._out: list[Instruction] = []
        self.work = Work(self.limits, self.counts, self._emit)
        self.crew = Crew(self.limits, self.counts, self._emit)
        #: When `handle` should be called at the latest even if nothing happens; infinity: no need.
        self.wake_at = math.inf
        #: When a suspect was asked last, or when there was none.
        self._suspects_at = 0.0

    def _emit(self, instruction: Instruction) -> None:
        self._out.append(instruction)

    def handle(self, events: Iterable[Event], now: float) -> list[Instruction]:
        """Take note of what happened by `now` (monotonic seconds); returns what to do, in this order."""
        self.work.now = self.crew.now = now
        self.wake_at = math.inf
        if not self.work.filters.suspects:
            self._suspects_at = now
        for event in events:
            _HANDLERS[type(event)](self, event)
        self.crew.mend()
        self.crew.equip(self.work.filters)
        self._plan()
        for worker in self.crew.workers.values():
            if worker.state is State.GONE:
                self.wake_at = min(self.wake_at, worker.respawn_at)
        out, self._out = self._out, []
        return out

    # --- what happened --------------------------------------------------------------------------------------------------

    def _due(self, event: Due) -> None:
        self.work.submit(event.evaluations)

    def _filter_known(self, event: FilterKnown) -> None:
        self.work.known(event.message)

    def _filter_dropped(self, event: FilterDropped) -> None:
        self.work.dropped(event.filter_id)

    def _resize(self, event: Resize) -> None:
        self.crew.target = event.target

    def _forked(self, event: WorkerForked) -> None:
        worker = self.crew.at(event.slot, event.generation)
        if worker is not None:
            self.crew.forked(worker)

    def _stocked(self, _event: Stocked) -> None:
        self.crew.stock += 1

    def _ready(self, event: WorkerReady) -> None:
        worker = self.crew.at(event.slot, event.generation)
        if worker is not None:
            self.crew.ready_now(worker)

    def _unfit(self, event: WorkerUnfit) -> None:
        worker = self.crew.at(event.slot, event.generation)
        if worker is not None:
            self.crew.doom(worker, "boot", event.lacking)

    def _lost(self, event: WorkerLost) -> None:
        worker = self.crew.at(event.slot, event.generation)
        if worker is None:
            return
        flight, loading = worker.flight, worker.loading
        cause = worker.doom or self._judged(event, flight)
        if worker.state is State.LEAVING and cause == "left":
            cause = "retired"
        at_work = worker.state is not State.SPAWNING and worker.ready_at > 0
        self.crew.gone(worker, blameless=cause == "nursery" or flight is not None or (at_work and cause == "killed"))
        self.work.filters.unprobe(worker.slot)
        if flight is not None:
            self.work.lost(flight, cause, event.status)
        elif loading and cause in POINTS:
            self._lost_loading(loading, cause, event.status)

    def _judged(self, event: WorkerLost, flight: Flight | None) -> Cause:
        """A SIGKILL when the time of a filter's run was over is the kernel's, at the limit that the worker set itself."""
        status = event.status
        if event.cause != "killed" or flight is None or status.task_id != flight.task.task_id or not status.filter_id:
            return event.cause
        if self.crew.now - status.started_ns / 1e9 < OVER_SHARE * self.limits.hard_limit_s:
            return event.cause
        self.counts.deadlines += 1
        return "deadline"

    def _lost_loading(self, loading: Collection[int], cause: Cause, status: Status) -> None:
        """It died over a filter it was loading: the one its slot names, or the only one; else they are tried one by one."""
        if status.filter_id in loading:
            self.work.strike(status.filter_id, cause, POINTS[cause], alone=True)
        elif len(loading) == 1 or cause == "deadline":
            self.work.strike(next(iter(loading)), cause, POINTS[cause], alone=True)
        else:
            self.crew.one_by_one = True

    def _loaded(self, event: LoadedOn) -> None:
        worker = self.crew.at(event.slot, event.generation)
        if worker is not None and self.crew.told_of(worker, event.message.filter_id):
            worker.loaded.add(event.message.filter_id)
            self.work.loaded(event.message)
            if event.message.filter_id not in self.work.filters.accepted:
                # It was dropped or given up meanwhile: let the worker forget it.
                worker.epoch = -1

    def _refused(self, event: RefusedOn) -> None:
        worker = self.crew.at(event.slot, event.generation)
        if worker is None or not self.crew.told_of(worker, event.message.filter_id):
            return
        if event.message.filter_id in self.work.filters.accepted:
            # All judge by the same list; its trader shall not suffer from one that has fallen.
            self.crew.doom(worker, "lied", f"it refuses filter {event.message.filter_id}, which another has accepted")
        else:
            self.work.refused(event.message)

    def _answered(self, event: TaskAnswered) -> None:
        worker = self.crew.at(event.slot, event.generation)
        if worker is None:
            return
        flight = worker.flight
        if worker.state is State.DOOMED:
            self.counts.late_messages += 1
            return
        if flight is None or flight.task.task_id != event.task_id:
            self.crew.stray(worker)
            return
        wrong = complaint(flight.task, event.results)
        if wrong:
            self.crew.doom(worker, "lied", wrong)
            return
        worker.flight = None
        worker.boots_failed = 0
        worker.questions += sum(len(entry.filter_ids) for entry in flight.entries)
        patience = worker.loading or worker.state is State.LEAVING
        worker.deadline = self.crew.now + self.limits.hard_limit_s if patience else None
        if worker.state is State.BUSY:
            worker.move(State.IDLE)
        self.work.answered(flight, event.results)

    def _pong(self, event: PongHeard) -> None:
        worker = self.crew.at(event.slot, event.generation)
        if worker is not None:
            self.crew.pong(worker, event.sequence, event.own_bytes - event.held_bytes)

    def _nonsense(self, event: Nonsense) -> None:
        worker = self.crew.at(event.slot, event.generation)
        if worker is not None:
            self.crew.doom(worker, "lied", event.what)

    def _unreachable(self, event: Unreachable) -> None:
        worker = self.crew.at(event.slot, event.generation)
        if worker is not None:
            self.crew.doom(worker, "unreachable", "its socket is closed")

    def _tick(self, event: Tick) -> None:
        self.crew.tick(event.statuses)

    # --- who does what --------------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        idle = [worker for worker in self.crew.seated() if worker.state is State.IDLE and not worker.loading]
        if not idle:
            return
        idle.sort(key=lambda worker: worker.slot)
        if self._suspects_wait() or len(idle) > 1:
            self._plan_suspects(idle)
        if self.work.lanes and self.work.lanes.is_overdue(self.work.now):
            self._plan_heavy(idle, 1, overdue=True)
        shares = self._shares()
        for worker in list(idle):
            if worker.slot in shares:
                self._give(worker, self.work.queue, shares.pop(worker.slot))
                idle.remove(worker)
        for worker in list(idle):
            if shares and self._steal(worker, shares):
                idle.remove(worker)
        self._plan_suspects(idle)
        self._plan_heavy(idle, len(idle))

    def _suspects_wait(self) -> bool:
        """Whether suspects have been left behind all others for as long as one of them may hold a worker."""
        return self.crew.now - self._suspects_at >= self.limits.hard_limit_s

    def _plan_suspects(self, idle: list[Worker]) -> None:
        """One suspect at a time, so that a killer never takes more than one worker.

        The last idle worker is given to others first, who have waited for a killer once already.
        """
        flights = (worker.flight for worker in self.crew.workers.values())
        if not idle or not self.work.filters.suspects or any(one is not None and one.alone is not None for one in flights):
            return
        for filter_id, suspect in self.work.filters.suspects.items():
            assert suspect.alone is not None
            symbols = suspect.alone.free()
            if symbols:
                self._give(idle.pop(0), suspect.alone, symbols, filter_id)
                self._suspects_at = self.crew.now
                return

    def _plan_heavy(self, idle: list[Worker], number: int, *, overdue: bool = False) -> None:
        """Slices of heavy filters; where one question takes longer than a slice, one worker stays free for all others."""
        seated = self.crew.seated()
        for worker in idle[:number]:
            turn = self.work.lanes.ready(self._too_bulky(seated), None if overdue else self.work.queue)
            if turn is None:
                return
            own = [symbol for symbol in turn.symbols if worker in seated and seated[symbol % len(seated)] is worker]
            self._give(worker, turn.lane, own or turn.symbols, part=True)
            idle.remove(worker)
            self.work.lanes.served(turn.filter_id, self.work.now)

    def _too_bulky(self, seated: list[Worker]) -> list[int]:
        """Heavy filters that must wait, since all workers but one are at such questions."""
        bulky = {filter_id for filter_id in self.work.filters.heavy if self.work.is_bulky(filter_id)}
        at_it = sum(one.flight is not None and one.flight.entries[0].filter_ids[0] in bulky for one in seated)
        return list(bulky) if at_it >= max(1, len(seated) - 1) else []

    def _shares(self) -> dict[int, list[int]]:
        """Symbols that may be asked about now, by the slot of their owner."""
        slots = [worker.slot for worker in self.crew.seated()]
        shares: dict[int, list[int]] = {}
        if slots:
            for symbol in self.work.queue.free():
                shares.setdefault(slots[symbol % len(slots)], []).append(symbol)
        return shares

    def _steal(self, thief: Worker, shares: dict[int, list[int]]) -> bool:
        """Take over all of the largest share whose owner cannot work, or half of one whose owner is busy for long.

        False when there is none to take yet.
        """
        ripe: list[tuple[int, int]] = []
        for slot, symbols in shares.items():
            flight = self.crew.workers[slot].flight
            ripe_at = flight.sent_at + self.limits.steal_after_s if flight is not None else -math.inf
            if ripe_at <= self.crew.now:
                ripe.append((len(symbols), slot))
            else:
                self.wake_at = min(self.wake_at, ripe_at)
        if not ripe:
            return False
        _, slot = max(ripe)
        symbols = shares.pop(slot)
        if self.crew.workers[slot].state is State.BUSY and len(symbols) > 1:
            half = len(symbols) // 2
            shares[slot] = symbols[half:]
            symbols = symbols[:half]
        taken = self._give(thief, self.work.queue, symbols)
        self.counts.stolen += taken
        return True

    def _give(self, worker: Worker, queue: Queue, symbols: list[int], alone: int | None = None, *, part: bool = False) -> int:
        budget = self.work.slice() if part else self.work.budget(alone=alone is not None)
        entries = queue.take(symbols, budget)
        worker.flight = self.work.task(entries, alone)
        worker.move(State.BUSY)
        self._emit(SendTask(worker.slot, worker.generation, worker.flight.task))
        return len(entries)


_HANDLERS: Final[dict[type, Callable[[Brain, Any], None]]] = {
    Due: Brain._due,
    FilterKnown: Brain._filter_known,
    FilterDropped: Brain._filter_dropped,
    Resize: Brain._resize,
    WorkerForked: Brain._forked,
    Stocked: Brain._stocked,
    WorkerReady: Brain._ready,
    WorkerUnfit: Brain._unfit,
    WorkerLost: Brain._lost,
    LoadedOn: Brain._loaded,
    RefusedOn: Brain._refused,
    TaskAnswered: Brain._answered,
    PongHeard: Brain._pong,
    Nonsense: Brain._nonsense,
    Unreachable: Brain._unreachable,
    Tick: Brain._tick,
}

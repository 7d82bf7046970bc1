"""The workers: how many are wished, who is there, who must go, and which filters each holds.

Every pass compares the wish with what is there and mends the difference, so nothing depends on having seen every event.
Not here: what the workers are asked.
"""

from collections.abc import Callable, Mapping

from engine.dispatch.events import Cause
from engine.dispatch.filters import Filters
from engine.dispatch.instructions import DrainWorker, DropOn, Instruction, KillWorker, LoadOn, PingWorker, SpawnWorker
from engine.dispatch.limits import Counts, Limits
from engine.dispatch.workers import SPARE, State, Worker
from engine.wire.slots import IDLE, Status

#: A killed worker that nobody has reported dead after so long is killed again.
KILL_AGAIN_S = 2.0
#: A spare is forked so long after the one before took a seat: a fork takes CPU that others need at that moment.
SPARE_AFTER_S = 0.03
#: A worker that lived so long is not counted as one that fails at its start.
SETTLED_S = 1.0


class Crew:
    """Workers by slot: as many as wished have seats, by which symbols are shared out; a spare waits for one to become free.

    A seat keeps its share while the worker on it is replaced. Who cannot work changes places with the spare at once.
    """

    def __init__(self, limits: Limits, counts: Counts, emit: Callable[[Instruction], None]) -> None:
        self._limits = limits
        self._counts = counts
        self._emit = emit
        self._generations: dict[int, int] = {}
        self.target = 0
        #: Set after a worker died over one of several filters that it was loading: new ones are tried singly from then on.
        self.one_by_one = False
        #: How often the nursery has loaded machine code that workers forked before lack, and cannot load themselves.
        self.stock = 0
        self.workers: dict[int, Worker] = {}
        self.now = 0.0

    def at(self, slot: int, generation: int) -> Worker | None:
        """The worker that lives there, or None (counted) when the message is one of a dead predecessor."""
        worker = self.workers.get(slot)
        if worker is None or worker.generation != generation or worker.state is State.GONE:
            self._counts.late_messages += 1
            return None
        return worker

    def seated(self) -> list[Worker]:
        """Those that have a share of the symbols, in the order of their seats; some may be dead and not replaced yet."""
        return sorted((one for one in self._staying() if one.seat != SPARE), key=lambda one: one.seat)

    def spares(self) -> list[Worker]:
        """Those that wait, or will."""
        return [worker for worker in self._staying() if worker.seat == SPARE]

    def _staying(self) -> list[Worker]:
        return [worker for _, worker in sorted(self.workers.items()) if not worker.leaving]

    def ready(self) -> int:
        """How many may be given work."""
        return sum(worker.at_work for worker in self.seated())

    # --- size ---------------------------------------------------------------------------------------------------------

    def mend(self) -> None:
        """Start who is missing, let go who is too many or too old, and put the spare where somebody cannot work."""
        seated = self.seated()
        for worker in sorted(seated, key=_usefulness)[: max(0, len(seated) - self.target)]:
            self._retire(worker)
        for _ in range(self.target - len(seated)):
            self._seat()
        spares = self.spares()
        wished = self._limits.spares if self.target else 0
        for worker in spares[wished:]:
            self._retire(worker)
        for _ in range(wished - len(spares)):
            self._hire(SPARE)
        self._promote()
        for worker in (*self.seated(), *self.spares()):
            if worker.state is State.GONE and worker.respawn_at <= self.now:
                worker.reborn()
                worker.stock = self.stock
                self._generations[worker.slot] = worker.generation
                self._emit(SpawnWorker(worker.slot, worker.generation))
        self._renew()
        self._promote()

    def _seat(self) -> None:
        """One more seat, for the spare if it is there."""
        taken = {worker.seat for worker in self.workers.values()}
        seat = next(number for number in range(len(taken) + 1) if number not in taken)
        spare = self._spare_at_hand()
        if spare is not None:
            spare.seat = seat
        else:
            self._hire(seat)

    def _hire(self, seat: int) -> None:
        slot = next((slot for slot in range(self._limits.slots) if slot not in self.workers), None)
        if slot is not None:
            self.workers[slot] = Worker(slot, self._generations.get(slot, 0), seat, respawn_at=self.now)

    def _spare_at_hand(self) -> Worker | None:
        return next((one for one in self.spares() if one.state is State.IDLE and one.stock == self.stock), None)

    def _promote(self) -> None:
        """Whoever cannot work, or not for long, changes places with the spare; its slot is where the next spare comes from."""
        for worker in self.seated():
            spare = self._spare_at_hand() if not worker.at_work else None
            if spare is not None:
                worker.seat, spare.seat = spare.seat, worker.seat
                if worker.state is not State.LEAVING:
                    worker.respawn_at = max(worker.respawn_at, self.now + SPARE_AFTER_S)
                self._counts.promoted += 1

    def _renew(self) -> None:
        """Have those replaced that were forked too early for filters to come, or grew too much.

        One after the other: the rest works on meanwhile. Who has only just come holds nothing yet, and could not
        be given all that is accepted: it goes at once.
        """
        staying = self._staying()
        old = [one for one in staying if one.at_work and not one.loading and (one.worn or one.stock < self.stock)]
        going = [worker for worker in old if worker.epoch < 0]
        if not going and not any(worker.state in (State.SPAWNING, State.LEAVING, State.DOOMED) for worker in staying):
            going = sorted(old, key=self._order_of_renewal)[:1]
        for worker in going:
            self._counts.recycled += worker.worn
            worker.move(State.LEAVING, "it grew too much" if worker.worn else "forked before machine code that it lacks")
            worker.deadline = self.now + self._limits.hard_limit_s
            self._emit(DrainWorker(worker.slot, worker.generation))

    def _order_of_renewal(self, worker: Worker) -> tuple[bool, bool, bool, float]:
        """Machine code first, and then the spare first, since it goes where the next one was; of those that grew the oldest."""
        lacks = worker.stock < self.stock
        return (not lacks, lacks and worker.seat != SPARE, lacks and worker.state is State.BUSY, worker.ready_at)

    def _retire(self, worker: Worker) -> None:
        worker.leaving = True
        if worker.state is State.GONE:
            del self.workers[worker.slot]
        elif worker.state is State.SPAWNING:
            self.doom(worker, "retired", "it is not needed any more")
        elif worker.at_work:
            worker.move(State.LEAVING)
            worker.deadline = self.now + self._limits.hard_limit_s
            self._emit(DrainWorker(worker.slot, worker.generation))

    # --- life and death ------------------------------------------------------------------------------------------------

    def forked(self, worker: Worker) -> None:
        """The process exists: patience for its boot begins."""
        worker.stock = self.stock  # it may have been asked for before
        if worker.state is State.SPAWNING:
            worker.deadline = self.now + self._limits.boot_limit_s

    def ready_now(self, worker: Worker) -> None:
        """It said Ready."""
        if worker.state is State.SPAWNING:
            worker.move(State.IDLE)
            worker.deadline, worker.ready_at = None, self.now
            # Before it has done anything: what it tells of its memory now is what later growth is measured from.
            self._send_ping(worker)
        elif worker.state is not State.DOOMED:
            self.doom(worker, "lied", "it said Ready twice")

    def doom(self, worker: Worker, cause: Cause, reason: str) -> None:
        """It must die; its task is taken back when it is dead."""
        if worker.state in (State.DOOMED, State.GONE):
            return
        worker.move(State.DOOMED, cause)
        worker.doom, worker.deadline = cause, self.now + KILL_AGAIN_S
        self._counts.deadlines += cause == "deadline"
        self._counts.lies += cause == "lied"
        self._emit(KillWorker(worker.slot, worker.generation, cause, reason))

    def stray(self, worker: Worker) -> None:
        """It sent what nobody asked for; that is not believed for ever."""
        self._counts.strays += 1
        worker.strays += 1
        if worker.strays > self._limits.strays_max:
            self.doom(worker, "lied", "it answers what nobody asked")

    def gone(self, worker: Worker, *, blameless: bool) -> None:
        """The process is dead; its slot is free for the next, at once unless its workers keep dying for nothing."""
        settled = worker.ready_at > 0 and self.now - worker.ready_at >= SETTLED_S
        renewed = worker.state is State.LEAVING
        worker.boots_failed = 0 if settled or blameless or renewed else worker.boots_failed + 1
        worker.move(State.GONE, worker.doom or "")
        worker.flight, worker.ready_at = None, 0.0
        self._counts.lost_workers += not (worker.leaving or renewed)
        if worker.leaving:
            del self.workers[worker.slot]
            return
        worker.respawn_at = self.now if worker.seat != SPARE else max(worker.respawn_at, self.now)
        if worker.boots_failed > 1:
            pause_s = self._limits.respawn_after_s * 2.0 ** min(worker.boots_failed - 2, 10)
            worker.respawn_at += min(pause_s, self._limits.respawn_after_max_s)

    # --- patience -------------------------------------------------------------------------------------------------------

    def tick(self, statuses: Mapping[int, Status]) -> None:
        """Ping, and kill who does not get on."""
        for worker in list(self.workers.values()):
            if worker.state is State.DOOMED:
                self._kill_again(worker)
            elif worker.flight is not None:
                self._watch_task(worker, statuses.get(worker.slot, IDLE))
            elif worker.deadline is not None and self.now >= worker.deadline:
                self._run_out(worker)
            if worker.at_work:
                self._ping(worker)

    def _kill_again(self, worker: Worker) -> None:
        if worker.deadline is not None and self.now >= worker.deadline:
            worker.deadline = self.now + KILL_AGAIN_S
            self._emit(KillWorker(worker.slot, worker.generation, worker.doom or "deadline", "it is still not dead"))

    def _watch_task(self, worker: Worker, status: Status) -> None:
        """Patience begins anew with each filter the worker comes to, but not without end."""
        flight = worker.flight
        assert flight is not None
        if status.task_id == flight.task.task_id and status.started_ns != flight.mark:
            flight.mark = status.started_ns
            flight.deadline = min(self.now + self._limits.watch_limit_s, flight.deadline_max)
        if self.now >= flight.deadline:
            self.doom(worker, "deadline", f"no progress with its task for {self._limits.hard_limit_s:g} s")

    def _run_out(self, worker: Worker) -> None:
        if worker.state is State.SPAWNING:
            self.doom(worker, "boot", "it did not become ready")
        elif worker.state is State.LEAVING:
            self.doom(worker, "retired", "it was asked to leave and did not")
        elif worker.loading:
            self.doom(worker, "deadline", "it did not finish loading a filter")

    def _ping(self, worker: Worker) -> None:
        if self.now - worker.pinged_at < self._limits.ping_every_s:
            return
        # A busy worker answers after its task, whose deadline watches over it meanwhile.
        if worker.state is State.IDLE and not worker.loading and worker.pings - worker.pong >= 2:
            self.doom(worker, "silent", f"no answer to {worker.pings - worker.pong} pings")
            return
        if worker.state is State.BUSY and worker.pings > worker.pong:
            return
        self._send_ping(worker)

    def _send_ping(self, worker: Worker) -> None:
        worker.pings += 1
        worker.pinged_at = self.now
        self._emit(PingWorker(worker.slot, worker.generation, worker.pings))

    def pong(self, worker: Worker, sequence: int, memory_bytes: int) -> None:
        """It answered a ping, and told how much memory it has that it does not account for."""
        if not worker.pong < sequence <= worker.pings:
            self.stray(worker)
            return
        worker.pong = sequence
        if worker.began_bytes is None:
            worker.began_bytes = memory_bytes
        worker.worn = memory_bytes - worker.began_bytes > self._limits.growth_bytes_max

    # --- filters on workers ----------------------------------------------------------------------------------------------

    def equip(self, filters: Filters) -> None:
        """See that each worker holds what is accepted, and that one of them tries what is new."""
        for worker in self.workers.values():
            if worker.at_work and worker.epoch != filters.epoch:
                worker.epoch = filters.epoch
                self._bring_up_to_date(worker, filters)
        if filters.fresh:
            self._probe(filters)

    def _probe(self, filters: Filters) -> None:
        if any(worker.at_work and worker.stock < self.stock for worker in self.workers.values()):
            # New filters may call what those lack; they are being replaced.
            return
        able = [worker for worker in self.workers.values() if worker.at_work]
        if self.one_by_one:
            able = [worker for worker in able if not worker.loading]
        if not able:
            return
        # A spare if there is one: nobody waits for it, should it not survive this.
        probe = min(able, key=lambda one: (one.seat != SPARE, one.state is State.BUSY, bool(one.loading), one.slot))
        for filter_id, found in list(filters.fresh.items())[: 1 if self.one_by_one else None]:
            filters.probe(filter_id, probe.slot)
            self._load(probe, filter_id, LoadOn(probe.slot, probe.generation, found.message))

    def _bring_up_to_date(self, worker: Worker, filters: Filters) -> None:
        held = worker.loaded | worker.loading.keys()
        for filter_id in sorted(held - filters.accepted.keys()):
            if filter_id not in filters or filter_id in worker.loaded:
                worker.loaded.discard(filter_id)
                self._emit(DropOn(worker.slot, worker.generation, filter_id))
        for filter_id, message in filters.accepted.items():
            if filter_id not in held:
                self._load(worker, filter_id, LoadOn(worker.slot, worker.generation, message))

    def _load(self, worker: Worker, filter_id: int, instruction: LoadOn) -> None:
        if not worker.loading and worker.flight is None:
            worker.deadline = self.now + self._limits.hard_limit_s
        worker.loading[filter_id] = None
        self._emit(instruction)

    def told_of(self, worker: Worker, filter_id: int) -> bool:
        """It answered for a filter it was sent; False, counted as a stray, when it was not sent that."""
        if filter_id not in worker.loading:
            self.stray(worker)
            return False
        del worker.loading[filter_id]
        if worker.at_work:
            worker.deadline = self.now + self._limits.hard_limit_s if worker.loading else None
        return True


def _usefulness(worker: Worker) -> tuple[bool, bool, int, int]:
    """Sort key: who is let go first. Not at work, idle, little in its memory, youngest slot."""
    return (worker.at_work, worker.state is State.BUSY, worker.questions, -worker.slot)

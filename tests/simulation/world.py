"""A world of workers that crash, hang, lie, are slow, lose answers and speak after their death; all of it from one seed."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.dispatch.events import (
    Due,
    Evaluation,
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
    WorkerForked,
    WorkerLost,
    WorkerReady,
)
from engine.dispatch.instructions import (
    DrainWorker,
    DropOn,
    GiveUp,
    Instruction,
    KillWorker,
    LoadOn,
    PingWorker,
    Report,
    SendTask,
    SpawnWorker,
    Superseded,
)
from engine.dispatch.limits import Limits
from engine.dispatch.state import Brain
from engine.wire.messages import FilterLoaded, FilterRefusal, FilterResult, LoadFilter, Match, Task
from engine.wire.slots import IDLE, Status
from tests.simulation.ledger import Ledger

TROUBLE_S = 12.0
PEACE_S = 2_000.0
TICK_S = 0.25
KINDS = ("good", "good", "good", "good", "good", "slow", "crash", "hang", "lie", "refuse", "crash_loading", "hang_loading")
DEADLY = frozenset({"crash", "hang", "lie", "refuse", "crash_loading", "hang_loading"})


@dataclass
class Process:
    """One worker's process as the world knows it."""

    slot: int
    generation: int
    alive: bool = True
    hung: bool = False
    free_at: float = 0.0
    task_id: int = 0
    held: set[int] = field(default_factory=set)
    status: Status = IDLE
    #: How often machine code had been loaded when it was forked.
    stock: int = 0


class World:
    """Runs the brain; `run` raises AssertionError when an invariant does not hold."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.limits = Limits(
            slots=12,
            spares=self.random.choice([0, 1, 1]),
            hard_limit_s=1.0,
            questions_max=self.random.choice([8, 60, 20_000]),
            boot_limit_s=2.0,
            ping_every_s=1.0,
        )
        self.brain = Brain(self.limits)
        self.ledger = Ledger()
        self.now = 100.0
        self.steps = 0
        self.target = 0
        self._calendar: list[tuple[float, int, Callable[[], list[Event]]]] = []
        self._number = 0
        self._processes: dict[tuple[int, int], Process] = {}
        self._kinds: dict[int, str] = {}
        self._wanted: set[int] = set()
        self._unlucky: dict[int, int] = {}
        self._instants: dict[int, int] = {}
        self._stock = 0
        #: The stock that each filter needs.
        self._needs: dict[int, int] = {}
        self.tells_loading = self.random.random() < 0.5
        self.kernel_kills = self.random.random() < 0.5
        # How bad this world is: nothing at all, or any of it, at a strength of its own.
        self.faults = {
            name: self.random.choice([0.0, 0.02, 0.15])
            for name in ("killed", "freeze", "lost_answer", "late", "boot", "nursery", "nonsense", "deaf_to_kill", "growth")
        }

    def run(self) -> None:
        """Trouble, then peace; in peace everything must come to its end and the wished size be reached."""
        self._at(0.0, lambda: [Resize(self._wish())])
        for number in range(1, self.random.randint(2, 12)):
            self._at(self.random.uniform(0, 3), lambda number=number: self._new_filter(number))
        for _ in range(self.random.randint(5, 60)):
            self._at(self.random.uniform(0.5, TROUBLE_S), self._submit)
        for _ in range(self.random.randint(0, 6)):
            self._at(self.random.uniform(0.5, TROUBLE_S), lambda: [Resize(self._wish())])
        for _ in range(self.random.randint(0, 3)):
            self._at(self.random.uniform(3, TROUBLE_S), self._drop_filter)
        self._at(TROUBLE_S, self._peace)
        self._at(0.0, self._tick)
        while self._calendar and not self._settled():
            at, _, act = heapq.heappop(self._calendar)
            self.now = max(self.now, at)
            assert self.now < 100.0 + TROUBLE_S + PEACE_S, f"no end: {self._what_is_missing()}"
            events = act()
            self._handle(events)

    def _settled(self) -> bool:
        crew = self.brain.crew
        return (
            self.now > 100.0 + TROUBLE_S
            and not self.ledger.open
            and not self.brain.work.open_cycles
            and crew.ready() == self.target
            and all(worker.at_work for worker in crew.workers.values())
            and len(crew.workers) == self.target + self.limits.spares
        )

    def _what_is_missing(self) -> str:
        states = [(w.slot, w.generation, w.state.value, w.leaving) for w in self.brain.crew.workers.values()]
        return f"open {list(self.ledger.open)[:5]}, cycles {self.brain.work.open_cycles}, workers {states}, wished {self.target}"

    # --- time -----------------------------------------------------------------------------------------------------------

    def _at(self, delay_s: float, act: Callable[[], list[Event]]) -> None:
        self._number += 1
        heapq.heappush(self._calendar, (self.now + delay_s, self._number, act))

    def _soon(self, *events: Event) -> None:
        self._at(self.random.uniform(0.0001, 0.003), lambda: list(events))

    def _tick(self) -> list[Event]:
        self._at(TICK_S, self._tick)
        return [Tick({process.slot: process.status for process in self._processes.values() if process.alive})]

    def _chance(self, fault: str) -> bool:
        return self.random.random() < self.faults[fault]

    def _peace(self) -> list[Event]:
        self.faults = dict.fromkeys(self.faults, 0.0)
        return []

    # --- what people do ---------------------------------------------------------------------------------------------------

    def _wish(self) -> int:
        self.target = self.random.randint(1, 6)
        return self.target

    def _new_filter(self, number: int) -> list[Event]:
        self._kinds[number] = self.random.choice(KINDS)
        self._wanted.add(number)
        known = FilterKnown(LoadFilter(number, f"trader {number}", self._kinds[number]))
        events: list[Event] = [known]
        if self.random.random() < 0.3:
            self._stock += 1
            events = [Stocked(), known]
        self._needs[number] = self._stock
        return events

    def _drop_filter(self) -> list[Event]:
        if not self._wanted:
            return []
        number = self.random.choice(sorted(self._wanted))
        self._wanted.discard(number)
        self.ledger.drop(number)
        return [FilterDropped(number)]

    def _submit(self) -> list[Event]:
        if not self._wanted:
            return []
        forming = self.random.random() < 0.3
        filter_ids = tuple(sorted(self.random.sample(sorted(self._wanted), self.random.randint(1, len(self._wanted)))))
        evaluations = []
        for symbol in self.random.sample(range(20), self.random.randint(1, 20)):
            self._instants[symbol] = self._instants.get(symbol, 0) + self.random.choice([1, 1, 5])
            evaluations.append(Evaluation(symbol, self._instants[symbol], forming, filter_ids))
        self.ledger.submitted(evaluations)
        return [Due(evaluations)]

    # --- the brain, and what it wants done ----------------------------------------------------------------------------------

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, TaskAnswered | WorkerLost):
                self._is_back(event)
        instructions = self.brain.handle(events, self.now)
        self.steps += 1
        for instruction in instructions:
            self._carry_out(instruction)
        self._check_seats()
        if self.brain.wake_at < float("inf"):
            self._at(max(0.0, self.brain.wake_at - self.now), list)
        questions = sum(self.ledger.open.values())
        counted = self.brain.work.open_questions
        # What a worker is doing of a dropped filter is open for the brain, and forgotten in the books.
        assert counted == questions or (self.ledger.dropped and counted > questions), f"{counted} open, {questions} in the books"

    def _check_seats(self) -> None:
        """No two on one seat, no spare at work, as many seats as wished, and no dead seat while the spare could have it."""
        crew = self.brain.crew
        seated, spares = crew.seated(), crew.spares()
        seats = [worker.seat for worker in seated]
        assert len(set(seats)) == len(seats), f"seats {seats}"
        assert len(seated) <= crew.target, f"{len(seated)} seats where {crew.target} are wished"
        assert len(spares) <= self.limits.spares, f"{len(spares)} spares"
        assert not any(one.state.value == "busy" for one in spares), "a spare is at work"
        idle = [one for one in spares if one.state.value == "idle" and one.stock == crew.stock]
        waiting = [one.slot for one in seated if not one.at_work]
        assert not (idle and waiting), f"slots {waiting} cannot work while a spare is ready"

    def _is_back(self, event: TaskAnswered | WorkerLost) -> None:
        """The brain is about to learn it; an answer it will not believe does not count."""
        worker = self.brain.crew.workers.get(event.slot)
        if worker is None or worker.generation != event.generation or worker.flight is None:
            return
        if isinstance(event, TaskAnswered):
            believed = event.task_id == worker.flight.task.task_id and worker.state.value in ("busy", "leaving")
            if not believed or any(match.symbol == 999 for result in event.results for match in result.matches):
                return
        self.ledger.back(event.slot, event.generation)

    def _carry_out(self, instruction: Instruction) -> None:  # noqa: C901 (one line a kind)
        match instruction:
            case Report():
                self.ledger.reported(instruction)
            case GiveUp(filter_id):
                guilty = self._kinds.get(filter_id) in DEADLY or filter_id in self.ledger.dropped
                assert guilty or self._unlucky.get(filter_id, 0) >= 2, f"innocent filter {filter_id}: {instruction.reason}"
                self._wanted.discard(filter_id)
                self.ledger.gave_up(instruction)
            case Superseded():
                self.ledger.superseded(instruction)
            case SpawnWorker(slot, generation):
                self._spawn(slot, generation)
            case KillWorker(slot, generation):
                self._kill(slot, generation)
            case SendTask(slot, generation, task):
                self.ledger.sent(instruction, self.limits.questions_max)
                self._work(self._processes[slot, generation], task)
            case LoadOn(slot, generation, message):
                self._load(self._processes[slot, generation], message)
            case DropOn(slot, generation, filter_id):
                self._processes[slot, generation].held.discard(filter_id)
            case DrainWorker(slot, generation):
                process = self._processes[slot, generation]
                if not process.hung:
                    self._at(max(0.0, process.free_at - self.now) + 0.002, lambda: self._die(process, "left"))
            case PingWorker(slot, generation, sequence):
                process = self._processes[slot, generation]
                if not process.hung:
                    grown = sequence > 1 and self._chance("growth")
                    self._later(process, 0.001, lambda: [PongHeard(slot, generation, sequence, 300_000_000 * grown)])

    # --- what workers do ----------------------------------------------------------------------------------------------------

    def _spawn(self, slot: int, generation: int) -> None:
        assert all(not one.alive for one in self._processes.values() if one.slot == slot), f"two workers in slot {slot}"
        process = self._processes[slot, generation] = Process(slot, generation)
        if self._chance("boot"):
            death = self.random.choice(["crash", "nursery", "boot"])
            self._at(self.random.uniform(0.001, 0.1), lambda: self._die(process, death))
            return
        self._at(0.002, lambda: self._fork(process))
        if self._chance("boot"):
            process.hung = True
            return
        self._later(process, 0.007, lambda: [WorkerReady(slot, generation)])

    def _fork(self, process: Process) -> list[Event]:
        process.stock = self._stock
        return [WorkerForked(process.slot, process.generation)] if process.alive else []

    def _kill(self, slot: int, generation: int) -> None:
        process = self._processes.get((slot, generation))
        if process is not None and process.alive and not self._chance("deaf_to_kill"):
            self._at(self.random.uniform(0.0005, 0.01), lambda: self._die(process, "killed"))

    def _die(self, process: Process, cause: str) -> list[Event]:
        if not process.alive:
            return []
        process.alive = False
        return [WorkerLost(process.slot, process.generation, cause, process.status)]  # type: ignore[arg-type]

    def _later(self, process: Process, takes_s: float, act: Callable[[], list[Event]]) -> None:
        """The worker does one thing after the other; what it has sent arrives even if it is dead by then."""
        begun = max(self.now, process.free_at)
        process.free_at = begun + takes_s * self.random.uniform(0.5, 2.0)
        transit_s = self.random.uniform(0.0001, 0.4) if self._chance("late") else 0.0002

        def sends() -> list[Event]:
            if process.alive and not process.hung:
                self._at(transit_s, act)
            return []

        self._at(process.free_at - self.now, sends)

    def _load(self, process: Process, message: LoadFilter) -> None:
        lacks = self._needs[message.filter_id] > process.stock
        assert not lacks, f"worker {process.slot}.{process.generation} lacks machine code of filter {message.filter_id}"
        kind, filter_id = self._kinds[message.filter_id], message.filter_id
        place = (process.slot, process.generation)
        if kind == "crash_loading":
            self._stop(process, Status(0, filter_id if self.tells_loading else 0, 1), "crash")
        elif kind == "hang_loading":
            self._stop(process, process.status, "")
        elif kind == "refuse":
            self._later(process, 0.001, lambda: [RefusedOn(*place, FilterRefusal(filter_id, 1, 1, "x", "no"))])
        else:
            process.held.add(filter_id)
            self._later(process, 0.001, lambda: [LoadedOn(*place, FilterLoaded(filter_id))])

    def _stop(self, process: Process, status: Status, cause: str) -> None:
        """When it comes to this message it does nothing any more, and dies if there is a cause."""
        process.free_at = max(self.now, process.free_at) + 0.001

        def stops() -> list[Event]:
            if not process.alive or process.hung:
                return []
            process.hung, process.status = True, status
            return self._die(process, cause) if cause else []

        self._at(process.free_at - self.now, stops)

    def _work(self, process: Process, task: Task) -> None:
        runs = [filter_id for step in task.steps for item in step.items for filter_id in item.filter_ids]
        assert process.held >= set(runs), f"{process} is asked for filters it does not hold: {runs}"
        place, process.task_id = (process.slot, process.generation), task.task_id
        if self._misfortune(process, task, runs):
            return
        takes_s = 0.001
        for filter_id in runs:
            kind = self._kinds[filter_id]
            takes_s += 0.08 if kind == "slow" else 0.0005
            if kind in ("crash", "hang"):
                status = Status(task.task_id, filter_id, int(self.now * 1e9))
                self._stop(process, status, "crash" if kind == "crash" else "")
                if kind == "hang" and self.kernel_kills:
                    # By its own timer, a little before the supervisor would; told as a kill from outside.
                    self._at(process.free_at - self.now + 0.95 * self.limits.hard_limit_s, lambda: self._die(process, "killed"))
                return
        lies = any(self._kinds[filter_id] == "lie" for filter_id in runs)
        if self._chance("nonsense"):
            self._bad_luck(runs)
            self._later(process, takes_s, lambda: [Nonsense(*place, "noise")])
            return
        self._at(0.3, lambda: self._get_on(process, task, runs))
        self._later(process, takes_s, lambda: [TaskAnswered(*place, task.task_id, answer(task, lies, self._cost_us))])

    def _cost_us(self, filter_id: int) -> int:
        """CPU time of a question: slow filters are heavy, but for a while now and then."""
        return self.random.choice((80_000, 80_000, 5)) if self._kinds[filter_id] == "slow" else 5

    def _get_on(self, process: Process, task: Task, runs: list[int]) -> list[Event]:
        """Long tasks show in the status slot that they get on."""
        if process.alive and process.task_id == task.task_id and self.now < process.free_at:
            process.status = Status(task.task_id, self.random.choice(runs), int(self.now * 1e9))
            self._at(0.3, lambda: self._get_on(process, task, runs))
        return []

    def _misfortune(self, process: Process, task: Task, runs: list[int]) -> bool:
        """Something that no filter is guilty of."""
        if self._chance("killed"):
            if self.random.random() < 0.5:
                process.status = Status(task.task_id, self.random.choice(runs), int(self.now * 1e9))
            self._at(self.random.uniform(0, 0.02), lambda: self._die(process, "killed"))
        elif self._chance("freeze") or self._chance("lost_answer"):
            self._stop(process, Status(task.task_id, self.random.choice(runs), int(self.now * 1e9)), "")
        elif self._chance("nursery"):
            others = [other for other in self._processes.values() if other.alive]
            self._soon(*[event for other in others for event in self._die(other, "nursery")])
            return True
        else:
            return False
        self._bad_luck(runs)
        return True

    def _bad_luck(self, runs: list[int]) -> None:
        for filter_id in set(runs):
            self._unlucky[filter_id] = self._unlucky.get(filter_id, 0) + 1


def answer(task: Task, lies: bool, cost_us: Callable[[int], int]) -> tuple[FilterResult, ...]:
    """A complete answer, wrong in one symbol for a liar."""
    matches = (Match(999),) if lies else ()
    return tuple(
        FilterResult(step_number, item_number, filter_id, cost_us(filter_id) * len(item.symbols), matches)
        for step_number, step in enumerate(task.steps)
        for item_number, item in enumerate(step.items)
        for filter_id in item.filter_ids
    )

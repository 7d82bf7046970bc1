"""What is to be done: evaluations from the moment they are due until they are answered, given up, replaced or dropped.

Every question (symbol, instant, filter) that is submitted ends in exactly one of these four. Not here: workers.
"""

from collections.abc import Callable, Iterable, Sequence

from engine.dispatch.answers import outcomes
from engine.dispatch.events import Cause, Evaluation
from engine.dispatch.filters import POINTS, POINTS_MAX, Filter, Filters, Standing
from engine.dispatch.instructions import CycleEnded, GiveUp, Instruction, Loaded, Question, Refused, Report, Superseded
from engine.dispatch.lanes import SLICE_US, Lanes, is_too_much
from engine.dispatch.limits import Counts, Limits
from engine.dispatch.queue import Budget, Entry, Queue, compose
from engine.dispatch.workers import Fate, Flight
from engine.wire.messages import FilterLoaded, FilterRefusal, FilterResult, LoadFilter, Task
from engine.wire.slots import Status

#: Deaths without a visible culprit that an evaluation may live through before all its filters are asked alone.
LOSSES_MAX = 2


class Work:
    """The queue, suspects and heavy filters beside it, and the record of filters and cycles."""

    def __init__(self, limits: Limits, counts: Counts, emit: Callable[[Instruction], None]) -> None:
        self._limits = limits
        self._counts = counts
        self._emit = emit
        self._last_task_id = 0
        self._last_cycle = 0
        # Per open cycle: its questions that are still open, and when it was submitted.
        self._cycles: dict[int, tuple[int, float]] = {}
        self.now = 0.0
        self.busy: set[int] = set()
        self.queue = Queue(self.busy)
        self.lanes = Lanes(self.busy)
        self.filters = Filters()

    @property
    def open_cycles(self) -> int:
        """Submissions of which something is still to be answered."""
        return len(self._cycles)

    @property
    def open_questions(self) -> int:
        """Questions (symbol, instant, filter) that are still to be answered."""
        return sum(questions for questions, _ in self._cycles.values())

    # --- evaluations come ---------------------------------------------------------------------------------------------

    def submit(self, evaluations: Sequence[Evaluation]) -> None:
        """Queue what is due; together it is one cycle."""
        self._last_cycle = cycle = self._last_cycle + 1
        entries = [Entry(*evaluation, cycle) for evaluation in evaluations if evaluation[3]]
        questions = sum(len(entry.filter_ids) for entry in entries)
        if not questions:
            return
        self._cycles[cycle] = (questions, self.now)
        self._counts.submitted += questions
        for entry in entries:
            self._enqueue(entry, self._add)

    def _enqueue(self, entry: Entry, put: Callable[[Queue, Entry], None]) -> None:
        plain, apart = self.filters.parts(entry.filter_ids)
        if not apart:
            put(self.queue, entry)
            return
        if plain:
            put(self.queue, entry._replace(filter_ids=plain))
        for filter_id in apart:
            self._enqueue_apart(filter_id, entry._replace(filter_ids=(filter_id,)), put)

    def _enqueue_apart(self, filter_id: int, entry: Entry, put: Callable[[Queue, Entry], None]) -> None:
        found = self.filters.get(filter_id)
        if found is None:
            self._give_up_entries(filter_id, [entry], "no such filter")
        elif found.alone is not None:
            put(found.alone, entry)
        elif found.standing in (Standing.NEW, Standing.PROBING):
            found.held.append(entry)
        elif found.standing is Standing.ACCEPTED:
            lane = self.lanes.open(filter_id)
            put(lane, entry)
            if is_too_much(lane.size, found.cost_us):
                reason = f"it cannot keep up: {lane.size} questions wait, each takes {found.cost_us / 1e3:.1f} ms"
                self._end(found, Standing.GIVEN_UP, reason)
        else:
            self._give_up_entries(filter_id, [entry], found.reason)

    def _add(self, queue: Queue, entry: Entry) -> None:
        self._supersede(queue.add(entry))

    def _put_back(self, queue: Queue, entry: Entry) -> None:
        self._supersede(queue.put_back(entry))

    def _supersede(self, gone: Iterable[Entry]) -> None:
        for entry in gone:
            self._counts.superseded += len(entry.filter_ids)
            self._emit(Superseded(entry.filter_ids, Question(*entry[:3])))
            self._close(entry)

    def _close(self, entry: Entry) -> None:
        """The questions of this entry are over; the last ones end their cycle."""
        questions, since = self._cycles[entry.cycle]
        questions -= len(entry.filter_ids)
        if questions:
            self._cycles[entry.cycle] = (questions, since)
        else:
            del self._cycles[entry.cycle]
            self._counts.cycles += 1
            self._emit(CycleEnded(self.now - since))

    # --- evaluations go to workers and come back ------------------------------------------------------------------------

    def budget(self, *, alone: bool = False) -> Budget:
        """Room of one task."""
        cost_us = self.filters.cost_alone_us if alone else self.filters.cost_us
        return Budget(self._limits.questions_max, self._limits.task_cpu_us, cost_us)

    def slice(self) -> Budget:
        """Room of one slice of a heavy filter."""
        return Budget(self._limits.questions_max, SLICE_US, self.filters.cost_us)

    def is_bulky(self, filter_id: int) -> bool:
        """Whether one question of it takes longer than a slice."""
        return self.filters.cost_us((filter_id,)) > SLICE_US

    def task(self, entries: list[Entry], alone: int | None) -> Flight:
        """Make a task of entries that were taken from a queue."""
        self._last_task_id += 1
        hard_limit_ms = round(self._limits.hard_limit_s * 1e3)
        task = Task(self._last_task_id, compose(entries), self._limits.soft_limit_ms, hard_limit_ms)
        runs = sum(len(item.filter_ids) for step in task.steps for item in step.items)
        self._counts.tasks += 1
        limit_s = self._limits.watch_limit_s
        return Flight(task, entries, self.now, self.now + limit_s, self.now + limit_s * runs, alone)

    def answered(self, flight: Flight, results: Sequence[FilterResult]) -> None:
        """A checked answer: report it and set the symbols free."""
        flight.end(Fate.ANSWERED)
        changed = self.filters.learn(flight.task, results)
        self._emit(Report(outcomes(flight.task, results)))
        for entry in flight.entries:
            self.busy.discard(entry.symbol)
            self._counts.answered += len(entry.filter_ids)
            self._close(entry)
        if flight.alone is not None:
            self._acquit(flight.alone)
        for found in changed:
            self._change_lane(found)

    def _change_lane(self, found: Filter) -> None:
        """It turned out to be heavy, or light: what waits of it goes where it is asked from now on."""
        filter_id = found.message.filter_id
        if found.alone is not None or found.standing is not Standing.ACCEPTED:
            return
        if found.heavy:
            lane = self.lanes.open(filter_id)
            for entry in self.queue.strip(filter_id):
                self._add(lane, entry)
        else:
            for entry in self._leave_lane(filter_id):
                self._enqueue(entry, self._add)

    def _leave_lane(self, filter_id: int) -> list[Entry]:
        lane = self.lanes.close(filter_id)
        return lane.empty() if lane is not None else []

    def _acquit(self, filter_id: int) -> None:
        """It was asked alone and nobody died: one point less, and with none left it may ride with others again."""
        found = self.filters.get(filter_id)
        if found is None or found.alone is None:
            return
        found.points -= 1
        if found.points <= 0:
            for entry in self.filters.acquit(filter_id):
                self._enqueue(entry, self._add)

    def lost(self, flight: Flight, cause: Cause, status: Status) -> None:
        """The worker died over it: find who is to blame, and queue everything again at its old place."""
        flight.end(Fate.LOST)
        self._counts.lost_tasks += 1
        entries, blamed = flight.entries, set[int]()
        points = POINTS.get(cause, 0)
        if points:
            blamed = self._blamed(flight, cause, status)
            if not blamed and cause != "killed":
                # One of many, and nobody knows which: weak evidence against each.
                points = 1
                entries = [entry._replace(losses=entry.losses + 1) for entry in entries]
                tired = [entry for entry in entries if entry.losses >= LOSSES_MAX]
                blamed = {filter_id for entry in tired for filter_id in entry.filter_ids}
        for entry in entries:
            self.busy.discard(entry.symbol)
        for entry in reversed(entries):
            self._enqueue(entry, self._put_back)
        for filter_id in sorted(blamed):
            self.strike(filter_id, cause, points, alone=flight.alone is not None)

    @staticmethod
    def _blamed(flight: Flight, cause: Cause, status: Status) -> set[int]:
        if flight.alone is not None:
            return {flight.alone}
        # A wrong answer was written after the last filter had run: the slot says nothing about it.
        if status.task_id != flight.task.task_id or cause == "lied":
            return set()
        return {status.filter_id for entry in flight.entries if status.filter_id in entry.filter_ids}

    def strike(self, filter_id: int, cause: Cause, points: int, *, alone: bool) -> None:
        """A worker died, perhaps of it: from now on it is asked alone, and if workers still die it is given up.

        Among others it is only suspected, however many workers die at once; only alone the points add up.
        """
        found = self.filters.get(filter_id)
        if found is None or found.standing in (Standing.REFUSED, Standing.GIVEN_UP):
            return
        found.points = found.points + points if alone else max(found.points, points)
        if found.points >= POINTS_MAX:
            self._end(found, Standing.GIVEN_UP, f"it ended the worker that ran it, again when alone ({cause})")
        elif found.standing is Standing.ACCEPTED:
            apart = self.filters.suspect(found, self.busy)
            for entry in self.queue.strip(filter_id) + self._leave_lane(filter_id):
                self._add(apart, entry)

    # --- filters ------------------------------------------------------------------------------------------------------

    def known(self, message: LoadFilter) -> None:
        """A filter that may be named from now on."""
        self.filters.add(message)

    def loaded(self, message: FilterLoaded) -> None:
        """A worker holds it; the first to say so opens the way for what was held."""
        if self.filters.accept(message.filter_id):
            self._emit(Loaded(message))
            found = self.filters.get(message.filter_id)
            assert found is not None
            held, found.held = found.held, []
            found.points = 0
            for entry in held:
                self._enqueue(entry, self._add)

    def refused(self, message: FilterRefusal) -> None:
        """A worker refuses it, so nobody is asked to run it."""
        found = self.filters.get(message.filter_id)
        if found is not None and found.standing not in (Standing.REFUSED, Standing.GIVEN_UP):
            self._emit(Refused(message))
            self._end(found, Standing.REFUSED, f"refused: line {message.line}: {message.message}")

    def _end(self, found: Filter, standing: Standing, reason: str) -> None:
        """Nobody is asked to run it any more."""
        filter_id = found.message.filter_id
        entries = self._withdraw(found)
        self.filters.close(filter_id, standing, reason)
        if entries or standing is Standing.GIVEN_UP:
            self._give_up_entries(filter_id, entries, reason)

    def dropped(self, filter_id: int) -> None:
        """It is not wanted any more: what is queued of it is forgotten."""
        found = self.filters.get(filter_id)
        if found is None:
            return
        entries = self._withdraw(found)
        self.filters.drop(filter_id)
        self._counts.dropped += len(entries)
        for entry in entries:
            self._close(entry)

    def _withdraw(self, found: Filter) -> list[Entry]:
        filter_id = found.message.filter_id
        entries = self.queue.strip(filter_id) + self._leave_lane(filter_id) + found.held
        found.held = []
        return entries + (found.alone.empty() if found.alone is not None else [])

    def _give_up_entries(self, filter_id: int, entries: list[Entry], reason: str) -> None:
        self._counts.given_up += len(entries)
        self._emit(GiveUp(filter_id, tuple(Question(*entry[:3]) for entry in entries), reason))
        for entry in entries:
            self._close(entry)

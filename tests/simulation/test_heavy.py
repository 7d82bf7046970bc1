"""One heavy trader among quick ones, in virtual time: what the others have to wait for it."""

import heapq
from collections.abc import Callable

import pytest

from engine.dispatch.events import (
    Due,
    Evaluation,
    Event,
    FilterKnown,
    LoadedOn,
    Resize,
    TaskAnswered,
    WorkerForked,
    WorkerReady,
)
from engine.dispatch.instructions import GiveUp, LoadOn, Report, SendTask, SpawnWorker
from engine.dispatch.lanes import SLICE_US, WAITING_MAX, is_too_much
from engine.dispatch.state import Brain
from engine.dispatch.stats import percentile
from engine.wire.messages import FilterLoaded, FilterResult, LoadFilter, Task

SYMBOLS = 500
QUICK = tuple(range(1, 10))
HEAVY = 10
QUICK_US = 30.0
#: What a task costs beyond its filters.
TASK_US = 300.0
SECONDS = 120


class Office:
    """A brain and workers that do their tasks in exactly the time their filters take."""

    def __init__(self, workers: int, heavy_us: float) -> None:
        self.brain = Brain()
        self.costs_us = dict.fromkeys(QUICK, QUICK_US) | {HEAVY: heavy_us}
        self.now = 100.0
        self._calendar: list[tuple[float, int, Callable[[], list[Event]]]] = []
        self._number = 0
        self._left: dict[int, int] = {}
        self._begun: dict[int, float] = {}
        self.quick_s: list[float] = []
        self.heavy_answers = 0
        self.given_up: list[GiveUp] = []
        self._handle([Resize(workers), *[FilterKnown(LoadFilter(number, str(number), "")) for number in (*QUICK, HEAVY)]])

    def at(self, delay_s: float, act: Callable[[], list[Event]]) -> None:
        self._number += 1
        heapq.heappush(self._calendar, (self.now + delay_s, self._number, act))

    def run(self, until_s: float) -> None:
        while self._calendar and self._calendar[0][0] <= until_s:
            at, _, act = heapq.heappop(self._calendar)
            self.now = max(self.now, at)
            self._handle(act())

    def due(self, instant: int, *filter_ids: int) -> list[Event]:
        questions = sum(filter_id in QUICK for filter_id in filter_ids) * SYMBOLS
        if questions:
            self._left[instant], self._begun[instant] = questions, self.now
        return [Due([Evaluation(symbol, instant, False, filter_ids) for symbol in range(SYMBOLS)])]

    def _handle(self, events: list[Event]) -> None:
        for one in self.brain.handle(events, self.now):
            match one:
                case SpawnWorker(slot, generation):
                    self.at(0.0, lambda s=slot, g=generation: [WorkerForked(s, g), WorkerReady(s, g)])
                case LoadOn(slot, generation, message):
                    loaded = FilterLoaded(message.filter_id)
                    self.at(0.001, lambda s=slot, g=generation, m=loaded: [LoadedOn(s, g, m)])
                case SendTask(slot, generation, task):
                    self._work(slot, generation, task)
                case Report():
                    self._reported(one)
                case GiveUp():
                    self.given_up.append(one)
        if self.brain.wake_at < float("inf"):
            self.at(max(0.0, self.brain.wake_at - self.now), list)

    def _work(self, slot: int, generation: int, task: Task) -> None:
        results, takes_us = [], TASK_US
        for number, step in enumerate(task.steps):
            for place, item in enumerate(step.items):
                for filter_id in item.filter_ids:
                    cpu_us = self.costs_us[filter_id] * len(item.symbols)
                    takes_us += cpu_us
                    results.append(FilterResult(number, place, filter_id, int(cpu_us)))
        self.at(takes_us / 1e6, lambda: [TaskAnswered(slot, generation, task.task_id, tuple(results))])

    def _reported(self, report: Report) -> None:
        for outcome in report.outcomes:
            quick = sum(result.filter_id in QUICK for result in outcome.results)
            self.heavy_answers += (len(outcome.results) - quick) * len(outcome.symbols)
            if quick:
                self._left[outcome.as_of_ms] -= quick * len(outcome.symbols)
                if not self._left[outcome.as_of_ms]:
                    self.quick_s.append(self.now - self._begun[outcome.as_of_ms])


def quick_p99_s(workers: int, heavy_us: float, *, with_heavy: bool) -> tuple[float, Office]:
    """The quick ones run each second, the heavy one each minute together with them."""
    office = Office(workers, heavy_us)
    office.run(office.now + 1.0)
    for second in range(1, SECONDS + 1):
        filter_ids = (*QUICK, HEAVY) if with_heavy and second % 60 == 1 else QUICK
        office.at(float(second), lambda s=second, f=filter_ids: office.due(s * 1_000, *f))
    office.run(office.now + SECONDS + 60.0)
    assert len(office.quick_s) == SECONDS
    return percentile(sorted(office.quick_s), 0.99), office


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("heavy_us", [1_000.0, 50_000.0, 400_000.0])
def test_quick_traders_wait_for_one_slice_of_a_heavy_one_and_not_for_all_of_it(workers: int, heavy_us: float) -> None:
    # Given what quick traders take by themselves
    alone_s, _ = quick_p99_s(workers, heavy_us, with_heavy=False)
    # When one runs beside them that takes much longer than all of them together
    beside_s, office = quick_p99_s(workers, heavy_us, with_heavy=True)
    # Then they wait for one slice, which is one symbol where that takes longer, and the message that carries it
    slice_s = max(SLICE_US, heavy_us) / 1e6
    assert beside_s - alone_s <= slice_s + 2 * TASK_US / 1e6
    # And it is not forgotten
    assert office.heavy_answers > 0


def test_a_heavy_trader_gets_all_its_answers_where_there_is_time_for_them() -> None:
    _, office = quick_p99_s(2, 50_000.0, with_heavy=True)
    assert office.heavy_answers == 2 * SYMBOLS
    assert not office.given_up


def test_a_heavy_trader_is_served_although_light_work_never_ends() -> None:
    # Given quick traders that keep both workers busy all the time
    office = Office(2, 50_000.0)
    office.costs_us |= dict.fromkeys(QUICK, 95.0)
    office.run(office.now + 1.0)
    for number in range(1, 200):
        filter_ids = (*QUICK, HEAVY) if number == 1 else QUICK
        office.at(number * 0.1, lambda n=number, f=filter_ids: office.due(n * 1_000, *f))
    office.run(office.now + 20.0)
    # Then the heavy one gets a slice about every second
    assert 10 <= office.heavy_answers <= 30


def test_a_trader_that_cannot_keep_up_is_given_up_before_its_questions_fill_the_memory() -> None:
    office = Office(2, 400_000.0)
    office.run(office.now + 1.0)
    for number in range(1, 140):
        office.at(float(number), lambda n=number: office.due(n * 1_000, HEAVY))
    office.run(office.now + 200.0)
    ((reason, count),) = [(one.reason, len(one.questions)) for one in office.given_up if len(one.questions) > SYMBOLS]
    assert "cannot keep up" in reason
    assert count > WAITING_MAX


def test_a_filter_that_has_much_to_catch_up_with_and_is_quick_enough_is_not_given_up() -> None:
    assert is_too_much(60_000, 400_000.0)
    assert not is_too_much(60_000, 250.0)
    assert is_too_much(1_000_001, 250.0)

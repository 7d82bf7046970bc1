"""The dispatcher's decisions by example: events in, instructions out, in virtual time."""

from itertools import pairwise

import pytest

from engine.base.errors import RuleBroken
from engine.dispatch.events import (
    Due,
    Evaluation,
    Event,
    FilterDropped,
    FilterKnown,
    LoadedOn,
    RefusedOn,
    Resize,
    Stocked,
    TaskAnswered,
    Tick,
    Unreachable,
    WorkerForked,
    WorkerLost,
    WorkerReady,
)
from engine.dispatch.instructions import (
    CycleEnded,
    DrainWorker,
    GiveUp,
    Instruction,
    KillWorker,
    LoadOn,
    Report,
    SendTask,
    SpawnWorker,
    Superseded,
)
from engine.dispatch.limits import Limits
from engine.dispatch.state import Brain
from engine.dispatch.workers import Fate, Flight, State, Worker
from engine.wire.messages import FilterLoaded, FilterRefusal, FilterResult, Item, LoadFilter, Match, Step, Task
from engine.wire.slots import IDLE, Status

T = 300_000


def results(task: Task) -> tuple[FilterResult, ...]:
    return tuple(
        FilterResult(s, i, filter_id, 100)
        for s, step in enumerate(task.steps)
        for i, item in enumerate(step.items)
        for filter_id in item.filter_ids
    )


class Stage:
    """A brain, its clock, and workers that answer loads by themselves."""

    def __init__(self, workers: int = 2, filters: int = 3, limits: Limits | None = None) -> None:
        self.brain = Brain(limits or Limits(spares=0))
        self.now = 100.0
        self.all: list[Instruction] = []
        self.tell(Resize(workers))
        for slot in range(workers):
            self.tell(WorkerForked(slot, 1), WorkerReady(slot, 1))
        self.known(filters)

    def known(self, filters: int) -> None:
        """Filters 1, 2, 3 …"""
        self.tell(*[FilterKnown(LoadFilter(number, f"trader {number}", "")) for number in range(1, filters + 1)])
        # They are known to be cheap: what is not measured yet is tried on one symbol first.
        for number in range(1, filters + 1):
            found = self.brain.work.filters.get(number)
            assert found is not None
            found.cost_us, found.measured = 20.0, 100

    def tell(self, *events: Event, after_s: float = 0.0) -> list[Instruction]:
        self.now += after_s
        found = self.brain.handle(events, self.now)
        for one in list(found):
            if isinstance(one, LoadOn):
                found += self.tell(LoadedOn(one.slot, one.generation, FilterLoaded(one.message.filter_id)))
        self.all += found
        return found

    def due(self, symbols: range | list[int], as_of_ms: int, *filter_ids: int, forming: bool = False) -> list[SendTask]:
        evaluations = [Evaluation(symbol, as_of_ms, forming, filter_ids) for symbol in symbols]
        return sends(self.tell(Due(evaluations)))

    def answer(self, send: SendTask) -> list[Instruction]:
        return self.tell(TaskAnswered(send.slot, send.generation, send.task.task_id, results(send.task)))

    def crash(self, send: SendTask, filter_id: int = 0) -> list[Instruction]:
        status = Status(send.task.task_id if filter_id else 0, filter_id, 1)
        found = self.tell(WorkerLost(send.slot, send.generation, "crash", status))
        for one in found:
            if isinstance(one, SpawnWorker):
                found += self.tell(WorkerForked(one.slot, one.generation), WorkerReady(one.slot, one.generation))
        return found


def sends(instructions: list[Instruction]) -> list[SendTask]:
    return [one for one in instructions if isinstance(one, SendTask)]


def of(kind: type, instructions: list[Instruction]) -> list[Instruction]:
    return [one for one in instructions if isinstance(one, kind)]


def test_one_message_a_worker_holds_all_due_filters_over_its_share() -> None:
    stage = Stage(workers=2)
    first, second = stage.due(range(6), T, 1, 2, 3)
    assert first.task.steps == (Step(T, False, (Item((1, 2, 3), (0, 2, 4)),)),)
    assert second.task.steps == (Step(T, False, (Item((1, 2, 3), (1, 3, 5)),)),)


def test_instants_and_filters_are_grouped_compactly_and_in_order() -> None:
    stage = Stage(workers=1)
    (running,) = stage.due([9], T, 1)
    stage.due([1, 2], 2 * T, 1, 2)
    stage.due([1, 2], 2 * T, 3)
    stage.due([1], T, 3)
    (task,) = sends(stage.answer(running))
    assert task.task.steps == (
        Step(T, False, (Item((3,), (1,)),)),
        Step(2 * T, False, (Item((1, 2), (1, 2)), Item((3,), (1, 2)))),
    )


def test_a_symbol_is_never_in_two_tasks() -> None:
    stage = Stage(workers=2)
    (first,) = stage.due([4], T, 1)
    assert stage.due([4], 2 * T, 1) == []
    assert not sends(stage.tell(Tick(), after_s=0.1))
    (second,) = sends(stage.answer(first))
    assert second.task.steps[0].as_of_ms == 2 * T


def test_an_idle_worker_takes_over_from_a_busy_one_after_a_moment() -> None:
    stage = Stage(workers=2)
    (mine,) = stage.due([0], T, 1)
    assert stage.due([2, 4, 6], T, 1) == []
    assert stage.brain.wake_at == pytest.approx(100.0 + stage.brain.limits.steal_after_s)
    (stolen,) = sends(stage.tell(after_s=0.02))
    assert (mine.slot, stolen.slot) == (0, 1)
    assert stolen.task.steps[0].items[0].symbols == (2,)


def test_the_share_of_a_dead_worker_is_taken_over_at_once() -> None:
    stage = Stage(workers=2)
    stage.tell(WorkerLost(0, 1, "killed"))
    (send,) = stage.due([0, 2], T, 1)
    assert (send.slot, send.task.steps[0].items[0].symbols) == (1, (0, 2))


def test_a_task_has_a_bounded_size() -> None:
    stage = Stage(workers=1, limits=Limits(questions_max=10))
    (send,) = stage.due(range(20), T, 1, 2, 3)
    assert len(send.task.steps[0].items[0].symbols) == 3


def test_a_task_has_a_bounded_length_once_the_cost_of_its_filters_is_known() -> None:
    stage = Stage(workers=1)
    (send,) = stage.due(range(10), T, 1)
    slow = (FilterResult(0, 0, 1, 20_000),)
    stage.tell(TaskAnswered(0, 1, send.task.task_id, slow))
    # 614 µs each by now: a slice of 20 ms
    (send,) = stage.due(range(100), 2 * T, 1)
    assert len(send.task.steps[0].items[0].symbols) == 32


def test_answers_are_reported_and_the_cycle_ends_with_the_last() -> None:
    stage = Stage(workers=2)
    first, second = stage.due([0, 1], T, 1, 2)
    found = stage.answer(first)
    (report,) = of(Report, found)
    assert [(o.as_of_ms, o.symbols, len(o.results)) for o in report.outcomes] == [(T, (0,), 2)]  # type: ignore[attr-defined]
    assert not of(CycleEnded, found)
    stage.now += 0.25
    assert of(CycleEnded, stage.answer(second)) == [CycleEnded(0.25)]


def test_the_suspect_is_asked_alone_and_given_up_when_it_kills_again() -> None:
    stage = Stage(workers=1)
    (send,) = stage.due([1, 2], T, 1, 2, 3)
    # The others have waited for it once and come first.
    (rest,) = sends(stage.crash(send, filter_id=2))
    assert rest.task.steps == (Step(T, False, (Item((1, 3), (1, 2)),)),)
    (alone,) = sends(stage.answer(rest))
    assert [item.filter_ids for item in alone.task.steps[0].items] == [(2,)]
    found = stage.crash(alone)
    (gone,) = of(GiveUp, found)
    assert (gone.filter_id, len(gone.questions)) == (2, 2)  # type: ignore[attr-defined]
    assert of(CycleEnded, found)


def test_a_suspect_that_survives_alone_rides_with_the_others_again() -> None:
    stage = Stage(workers=1)
    (send,) = stage.due([1], T, 1, 2)
    (alone,) = sends(stage.crash(send, filter_id=2))
    (rest,) = sends(stage.answer(alone))
    stage.answer(rest)
    both = stage.due([1], 2 * T, 1, 2)
    stage.answer(both[0])
    stage.tell(after_s=0.1)
    for send in stage.due([2], 3 * T, 1, 2):
        assert send.task.steps[0].items[0].filter_ids == (1, 2)


def test_when_nobody_knows_the_culprit_all_are_asked_alone_after_the_second_death() -> None:
    stage = Stage(workers=1)
    (send,) = stage.due([1], T, 1, 2, 3)
    (again,) = sends(stage.crash(send))
    assert again.task.steps == send.task.steps
    (alone,) = sends(stage.crash(again))
    assert len(alone.task.steps[0].items[0].filter_ids) == 1


def test_a_kill_from_outside_is_forgiven_more_often_than_a_crash() -> None:
    stage = Stage(workers=1)
    (send,) = stage.due([1], T, 1)
    for death in range(3):
        lost = WorkerLost(0, death + 1, "killed", Status(send.task.task_id, 1, int(stage.now * 1e9)))
        assert not of(GiveUp, stage.tell(lost))
        (send,) = sends(stage.tell(WorkerForked(0, death + 2), WorkerReady(0, death + 2)))
    assert of(GiveUp, stage.tell(WorkerLost(0, 4, "killed", Status(send.task.task_id, 1, int(stage.now * 1e9)))))


def test_nobody_is_blamed_for_the_death_of_the_nursery() -> None:
    stage = Stage(workers=2)
    first, second = stage.due([0, 1], T, 1, 2)
    lost = [WorkerLost(send.slot, 1, "nursery", Status(send.task.task_id, 1, 1)) for send in (first, second)]
    assert len(of(SpawnWorker, stage.tell(*lost))) == 2
    again = sends(stage.tell(WorkerReady(0, 2), WorkerReady(1, 2)))
    assert {send.task.steps for send in again} == {first.task.steps, second.task.steps}


def test_a_worker_that_does_not_get_on_is_killed_and_one_that_does_is_not() -> None:
    stage = Stage(workers=2, limits=Limits(hard_limit_s=1.0))
    first, second = stage.due([0, 1], T, 1, 2, 3)
    for tick in range(1, 3):
        stuck = Status(first.task.task_id, 1, 5)
        busy = Status(second.task.task_id, tick, 5 + tick)
        found = stage.tell(Tick({0: stuck, 1: busy}), after_s=0.75)
    assert not of(KillWorker, found)
    (kill,) = of(KillWorker, stage.tell(Tick({0: stuck, 1: busy}), after_s=0.5))
    assert (kill.slot, kill.cause) == (0, "deadline")  # type: ignore[attr-defined]


def test_a_worker_cannot_buy_time_without_end() -> None:
    stage = Stage(workers=1, limits=Limits(hard_limit_s=1.0))
    (send,) = stage.due([0], T, 1, 2)
    kills = []
    for tick in range(10):
        kills += of(KillWorker, stage.tell(Tick({0: Status(send.task.task_id, 1, tick + 1)}), after_s=0.5))
    assert len(kills) >= 1


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        (FilterResult(0, 0, 2, 1), FilterResult(0, 0, 1, 1)),
        (FilterResult(0, 0, 1, 1), FilterResult(0, 1, 2, 1)),
        (FilterResult(0, 0, 1, 1, (Match(7),)), FilterResult(0, 0, 2, 1)),
        (FilterResult(0, 0, 1, 1, (Match(0), Match(0))), FilterResult(0, 0, 2, 1)),
        (FilterResult(0, 0, 1, 1, (Match(0, "[1]"),)), FilterResult(0, 0, 2, 1)),
        (FilterResult(0, 0, 1, 1, (Match(0, '{"a": "' + "x" * 5000 + '"}'),)), FilterResult(0, 0, 2, 1)),
        (FilterResult(0, 0, 1, -1), FilterResult(0, 0, 2, 1)),
    ],
)
def test_an_answer_that_does_not_fit_the_question_is_not_believed(wrong: tuple[FilterResult, ...]) -> None:
    stage = Stage(workers=1)
    (send,) = stage.due([0], T, 1, 2)
    found = stage.tell(TaskAnswered(0, 1, send.task.task_id, wrong))
    assert [kill.cause for kill in of(KillWorker, found)] == ["lied"]  # type: ignore[attr-defined]
    assert not of(Report, found)
    assert sends(stage.crash(send))[0].task.steps == send.task.steps


def test_a_worker_that_cannot_be_reached_is_replaced_and_no_filter_is_blamed() -> None:
    stage = Stage(workers=1)
    (send,) = stage.due([0], T, 1, 2)
    (kill,) = of(KillWorker, stage.tell(Unreachable(0, 1)))
    assert kill.cause == "unreachable"  # type: ignore[attr-defined]
    (again,) = sends(stage.crash(send, filter_id=1))
    assert again.task.steps == send.task.steps
    assert not stage.brain.work.filters.suspects


def test_late_messages_of_dead_workers_change_nothing() -> None:
    stage = Stage(workers=1)
    (send,) = stage.due([0], T, 1)
    (again,) = sends(stage.crash(send))
    assert stage.answer(send) == []
    assert stage.brain.counts.late_messages == 1
    assert of(Report, stage.answer(again))


def test_answers_to_unasked_questions_are_ignored_counted_and_in_the_end_punished() -> None:
    stage = Stage(workers=1)
    for _ in range(stage.brain.limits.strays_max):
        assert stage.tell(TaskAnswered(0, 1, 77, ())) == []
    assert of(KillWorker, stage.tell(TaskAnswered(0, 1, 77, ())))


def test_time_driven_questions_give_way_to_newer_ones_and_close_driven_never() -> None:
    stage = Stage(workers=1)
    (running,) = stage.due([5], T, 1)
    stage.due([5], T + 1, 1, 2, forming=True)
    stage.due([5], 2 * T, 1, 2)
    found = stage.tell(Due([Evaluation(5, 2 * T + 1, True, (1, 3))]))
    assert found == [Superseded((1,), (5, T + 1, True))]  # type: ignore[arg-type]
    (send,) = sends(stage.answer(running))
    asked = [(step.as_of_ms, step.forming, item.filter_ids) for step in send.task.steps for item in step.items]
    assert asked == [(T + 1, True, (2,)), (2 * T, False, (1, 2)), (2 * T + 1, True, (1, 3))]


def test_a_filter_is_tried_on_one_worker_before_the_others_get_it() -> None:
    brain = Brain()
    brain.handle([Resize(2)], 1.0)
    brain.handle([WorkerForked(0, 1), WorkerForked(1, 1), WorkerReady(0, 1), WorkerReady(1, 1)], 1.0)
    (first,) = brain.handle([FilterKnown(LoadFilter(1, "a", ""))], 1.0)
    assert isinstance(first, LoadOn)
    found = brain.handle([LoadedOn(first.slot, 1, FilterLoaded(1))], 1.0)
    assert [one.slot for one in found if isinstance(one, LoadOn)] == [1 - first.slot]


def test_evaluations_wait_for_their_filter_and_a_refused_one_gives_them_back() -> None:
    brain = Brain()
    brain.handle([Resize(1)], 1.0)
    brain.handle([WorkerForked(0, 1), WorkerReady(0, 1)], 1.0)
    brain.handle([FilterKnown(LoadFilter(1, "a", "")), FilterKnown(LoadFilter(2, "b", ""))], 1.0)
    found = brain.handle([Due([Evaluation(3, T, False, (1, 2))])], 1.0)
    assert not sends(found)
    refused = brain.handle([LoadedOn(0, 1, FilterLoaded(1)), RefusedOn(0, 1, FilterRefusal(2, 1, 1, "x", "no"))], 1.0)
    assert [(one.filter_id, len(one.questions)) for one in refused if isinstance(one, GiveUp)] == [(2, 1)]
    assert sends(refused)[0].task.steps[0].items == (Item((1,), (3,)),)


def test_a_dropped_filter_is_forgotten_and_its_questions_with_it() -> None:
    stage = Stage(workers=1)
    (running,) = stage.due([0], T, 1)
    stage.due([0], 2 * T, 1, 2)
    stage.tell(FilterDropped(1))
    (send,) = sends(stage.answer(running))
    assert send.task.steps[0].items == (Item((2,), (0,)),)
    stage.answer(send)
    assert not stage.brain.work.open_cycles


def test_shrinking_drains_an_idle_worker_first_and_waits_for_nobody() -> None:
    stage = Stage(workers=3)
    (send,) = stage.due([1], T, 1)
    found = stage.tell(Resize(1))
    assert sorted(drain.slot for drain in of(DrainWorker, found)) == [0, 2]  # type: ignore[attr-defined]
    stage.tell(WorkerLost(0, 1, "left"), WorkerLost(2, 1, "left"))
    assert stage.brain.crew.ready() == 1
    assert of(Report, stage.answer(send))


def test_workers_that_keep_dying_at_their_start_are_tried_ever_more_slowly() -> None:
    brain = Brain()
    now, starts = 100.0, []
    events: list[Event] = [Resize(1)]
    for _ in range(12):
        spawned = [one for one in brain.handle(events, now) if isinstance(one, SpawnWorker)]
        if spawned:
            starts.append(now)
            events = [WorkerLost(0, spawned[0].generation, "crash")]
        else:
            now, events = brain.wake_at, []
    pauses = [round(later - earlier, 3) for earlier, later in pairwise(starts)]
    assert pauses[:4] == [0.0, 0.1, 0.2, 0.4]


def test_what_the_tables_do_not_allow_is_an_error_with_its_history() -> None:
    worker = Worker(0)
    worker.reborn()
    with pytest.raises(RuleBroken, match=r"spawning .*busy"):
        worker.move(State.BUSY)
    flight = Flight(Task(1, (), 1), [], 0.0, 1.0, 1.0)
    flight.end(Fate.ANSWERED)
    with pytest.raises(RuleBroken, match="answered"):
        flight.end(Fate.LOST)


def test_a_hundred_traders_on_a_hundred_symbols_are_two_messages_a_cycle() -> None:
    stage = Stage(workers=2, filters=100)
    for cycle in range(1, 11):
        both = stage.due(range(100), cycle * T, *range(1, 101))
        assert len(both) == 2
        for send in both:
            assert not sends(stage.answer(send))
    assert stage.brain.counts.answered == 10 * 100 * 100
    assert stage.brain.counts.cycles == 10


def test_workers_forked_too_early_are_replaced_one_after_the_other_before_a_new_filter_reaches_them() -> None:
    # Given two workers, one of which has a task in hand
    stage = Stage(workers=2)
    (task,) = stage.due([0], T, 1)
    # When the nursery has loaded machine code, and a filter comes that calls it
    assert of(DrainWorker, stage.tell(Stocked())) == [DrainWorker(1, 1)]
    assert not of(LoadOn, stage.tell(FilterKnown(LoadFilter(9, "new", ""))))
    # Then the idle one goes first, and the other works on until it is back
    assert not of(DrainWorker, stage.answer(task))
    (again,) = stage.due([0], 2 * T, 1)
    back = stage.tell(WorkerLost(1, 1, "left", IDLE))
    assert of(SpawnWorker, back) == [SpawnWorker(1, 2)]
    ready = stage.tell(WorkerForked(1, 2), WorkerReady(1, 2))
    assert of(DrainWorker, ready) == [DrainWorker(0, 1)]
    assert {load.message.filter_id for load in of(LoadOn, ready)} == {1, 2, 3, 9}
    # And what it had in hand is answered, nothing is lost and nobody blamed
    stage.answer(again)
    stage.tell(WorkerLost(0, 1, "left", IDLE))
    stage.tell(WorkerForked(0, 2), WorkerReady(0, 2))
    assert {one.message.filter_id for one in of(LoadOn, stage.all) if (one.slot, one.generation) == (0, 2)} == {1, 2, 3, 9}
    assert (stage.brain.counts.lost_tasks, stage.brain.counts.lost_workers, stage.brain.work.open_cycles) == (0, 0, 0)
    assert not of(DrainWorker, stage.tell(Tick(), after_s=1.0))

"""The spare, the judgement of a death, and workers that grew: how little others notice when a worker goes."""

from engine.dispatch.crew import SPARE_AFTER_S
from engine.dispatch.events import (
    FilterKnown,
    PongHeard,
    Resize,
    TaskAnswered,
    Tick,
    WorkerForked,
    WorkerLost,
    WorkerReady,
)
from engine.dispatch.instructions import DrainWorker, GiveUp, Instruction, KillWorker, LoadOn, Report, SpawnWorker
from engine.dispatch.limits import Limits
from engine.wire.messages import LoadFilter
from engine.wire.slots import Status
from tests.unit.dispatch.test_brain import Stage, T, of, results, sends

HARD_S = 5.0
GROWTH_BYTES = 1_000


def stage_with_spare(workers: int = 2, filters: int = 3) -> Stage:
    """Workers in slots 0 and up, and behind them the spare, ready and holding all filters."""
    stage = Stage(workers, 0, Limits(hard_limit_s=HARD_S, growth_bytes_max=GROWTH_BYTES))
    stage.tell(WorkerForked(workers, 1), WorkerReady(workers, 1))
    stage.known(filters)
    return stage


def spawned(instructions: list[Instruction]) -> list[tuple[int, int]]:
    return [(one.slot, one.generation) for one in instructions if isinstance(one, SpawnWorker)]


def test_one_spare_is_kept_behind_the_workers_and_holds_all_filters() -> None:
    # Given two workers
    stage = stage_with_spare()
    # Then a third process holds what they hold, and is neither counted nor asked
    assert {one.slot for one in stage.all if isinstance(one, LoadOn)} == {0, 1, 2}
    assert (stage.brain.crew.ready(), [one.slot for one in stage.brain.crew.spares()]) == (2, [2])
    assert {send.slot for send in stage.due(range(10), T, 1, 2, 3)} == {0, 1}


def test_the_spare_takes_the_seat_of_a_dead_worker_at_once_and_another_is_forked_behind() -> None:
    stage = stage_with_spare()
    first, _ = stage.due(range(10), T, 1, 2)
    # When the worker in slot 0 dies of something outside
    found = stage.tell(WorkerLost(0, 1, "killed"))
    # Then in the same breath its questions are with the spare, and a moment later its slot makes the next spare
    (again,) = sends(found)
    assert (again.slot, again.task.steps) == (2, first.task.steps)
    assert stage.brain.crew.ready() == 2
    assert not spawned(found)
    assert stage.brain.wake_at == stage.now + SPARE_AFTER_S
    assert spawned(stage.tell(after_s=SPARE_AFTER_S)) == [(0, 2)]
    # And the shares of the symbols are what they were
    stage.answer(again)
    stage.tell(WorkerForked(0, 2), WorkerReady(0, 2))
    (send,) = stage.due([0, 2, 4], 2 * T, 1)
    assert send.slot == 2
    assert [one.slot for one in stage.brain.crew.spares()] == [0]


def test_the_spare_comes_before_the_dead_is_known_to_be_dead() -> None:
    stage = stage_with_spare()
    first, _ = stage.due(range(10), T, 1, 2)
    stage.due([0], 2 * T, 3)
    # When a worker lies, and is to be killed
    found = stage.tell(TaskAnswered(first.slot, 1, first.task.task_id, ()))
    assert of(KillWorker, found)
    # Then what is due next on its share goes to the spare, and what it had follows when it is dead
    (fresh,) = stage.due([10], 2 * T, 1)
    assert fresh.slot == 2
    assert not sends(stage.tell(WorkerLost(first.slot, 1, "killed")))
    (again,) = sends(stage.answer(fresh))
    assert (again.slot, again.task.steps[0]) == (2, first.task.steps[0])


def test_a_spare_that_dies_costs_nobody_anything() -> None:
    stage = stage_with_spare()
    found = stage.tell(WorkerLost(2, 1, "killed"))
    assert spawned(found) == [(2, 2)]
    assert (stage.brain.crew.ready(), stage.brain.counts.promoted) == (2, 0)


def test_growing_takes_the_spare_first_and_shrinking_leaves_it() -> None:
    stage = stage_with_spare()
    # When a third worker is wished
    found = stage.tell(Resize(3))
    # Then the spare is it, and the new process is the next spare
    assert (stage.brain.crew.ready(), spawned(found)) == (3, [(3, 1)])
    stage.tell(WorkerForked(3, 1), WorkerReady(3, 1))
    # When one is enough
    found = stage.tell(Resize(1))
    assert len(of(DrainWorker, found)) == 2
    assert [one.slot for one in stage.brain.crew.spares()] == [3]


def test_new_filters_are_tried_on_the_spare() -> None:
    # Given a filter that nobody has loaded yet
    stage = stage_with_spare(filters=0)
    (first,) = of(LoadOn, stage.brain.handle([FilterKnown(LoadFilter(1, "new", ""))], stage.now))
    # Then the spare is the first to load it, and if it dies of it no worker is lost
    assert first.slot == 2  # type: ignore[attr-defined]
    found = stage.brain.handle([WorkerLost(2, 1, "crash", Status(0, 1, 1))], stage.now)
    assert (spawned(found), stage.brain.crew.ready()) == ([(2, 2)], 2)


def test_a_kill_at_the_end_of_a_filters_time_is_its_deadline() -> None:
    # Given a worker that has been on filter 2 for as long as it may
    stage = stage_with_spare()
    first, second = stage.due(range(4), T, 1, 2)
    stage.answer(second)
    status = Status(first.task.task_id, 2, int(stage.now * 1e9))
    # When its own timer ends it
    found = stage.tell(WorkerLost(0, 1, "killed", status), after_s=0.95 * HARD_S)
    # Then that is a deadline, filter 2 is asked alone, and on its second time it is given up for that reason
    assert stage.brain.counts.deadlines == 1
    alone = next(send for send in sends(found) if send.task.steps[0].items[0].filter_ids == (2,))
    status = Status(alone.task.task_id, 2, int(stage.now * 1e9))
    (gone,) = of(GiveUp, stage.tell(WorkerLost(alone.slot, 1, "killed", status), after_s=HARD_S))
    assert "(deadline)" in gone.reason  # type: ignore[attr-defined]


def test_a_kill_before_that_is_from_outside() -> None:
    stage = stage_with_spare()
    first, _ = stage.due(range(4), T, 1, 2)
    status = Status(first.task.task_id, 2, int(stage.now * 1e9))
    assert not of(GiveUp, stage.tell(WorkerLost(0, 1, "killed", status), after_s=0.5 * HARD_S))
    assert stage.brain.counts.deadlines == 0


def test_suspects_get_their_turn_though_there_is_always_other_work() -> None:
    # Given one worker that died of filter 2, and a symbol due again and again
    stage = Stage(workers=1, limits=Limits(spares=0, hard_limit_s=HARD_S))
    stage.now += 10 * HARD_S
    (send,) = stage.due([1, 2], T, 1, 2)
    stage.now += HARD_S
    (send,) = sends(stage.crash(send, filter_id=2))
    asked: list[tuple[int, ...]] = []
    for number in range(2, 12):
        stage.due([3, 4], number * T, 1)
        stage.now += 1.0
        (send,) = sends(stage.answer(send))
        asked.append(send.task.steps[0].items[0].filter_ids)
    # Then it was left behind for a time, and asked within the hard limit
    assert (2,) in asked[: int(HARD_S) + 1]
    assert asked[0] == (1,)


def pong(stage: Stage, slot: int, generation: int, own_bytes: int, held_bytes: int) -> list[Instruction]:
    sequence = stage.brain.crew.workers[slot].pings
    return stage.tell(PongHeard(slot, generation, sequence, own_bytes, held_bytes))


def test_a_worker_that_grew_answers_and_is_then_replaced() -> None:
    # Given workers that have told what they began with
    stage = stage_with_spare()
    for slot in range(3):
        pong(stage, slot, 1, 5_000, 0)
    # When one has grown by what it remembers of indicators, nothing happens
    stage.tell(Tick(), after_s=6.0)
    assert not of(DrainWorker, pong(stage, 0, 1, 9_000, 4_000))
    # When it has grown by more while it is at work, it is to leave
    stage.tell(Tick(), after_s=6.0)
    send, second = stage.due([0, 1], T, 1)
    assert of(DrainWorker, pong(stage, 0, 1, 9_000, 2_000)) == [DrainWorker(0, 1)]
    # Then it still answers, the spare has its seat, and its slot makes the next spare
    assert of(Report, stage.tell(TaskAnswered(0, 1, send.task.task_id, results(send.task))))
    assert spawned(stage.tell(WorkerLost(0, 1, "left"))) == [(0, 2)]
    assert (stage.brain.counts.recycled, stage.brain.counts.lost_workers) == (1, 0)
    stage.answer(second)
    assert {one.slot for one in stage.due(range(10), 2 * T, 1)} == {1, 2}

"""What a fallen worker may send: nothing of it raises, touches another worker or the answers of others, or goes unpunished."""

import math

import msgspec
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from engine.base.errors import WireError
from engine.dispatch.events import FilterKnown, Nonsense, RefusedOn
from engine.dispatch.inbound import event_of, message_of
from engine.dispatch.instructions import KillWorker, Refused, Report, SendTask
from engine.dispatch.limits import Limits
from engine.dispatch.workers import State
from engine.wire.codec import MESSAGE_BYTES_MAX, encode
from engine.wire.messages import (
    Bye,
    Fault,
    FilterLoaded,
    FilterRefusal,
    FilterResult,
    LoadFilter,
    Match,
    Message,
    Pong,
    Ready,
    Task,
    TaskDone,
)
from engine.wire.sockets import parse_identity
from tests.unit.dispatch.test_brain import Stage, results, sends

T = 300_000
LIAR, HONEST = 0, 1


class Scene:
    """Two workers at work on the same filters; the first has fallen."""

    def __init__(self) -> None:
        self.stage = Stage(2, 3, Limits(spares=0))
        given = {send.slot: send for send in self.stage.due(range(6), T, 1, 2, 3)}
        self.mine, self.theirs = given[LIAR], given[HONEST]
        self.before = self.others()

    def others(self) -> object:
        """All that is not the liar's own."""
        brain = self.stage.brain
        worker = brain.crew.workers[HONEST]
        filters = brain.work.filters
        standing = [(found.message, found.standing, found.points, found.reason) for found in map(filters.get, (1, 2, 3)) if found]
        return (
            worker.state,
            worker.flight,
            set(worker.loaded),
            dict(worker.loading),
            worker.doom,
            standing,
            set(filters.accepted),
        )

    def hear(self, data: bytes) -> list[object]:
        """As the dispatcher does with bytes of the liar."""
        event = event_of(LIAR, 1, message_of(data))
        return [] if event is None else list(self.stage.tell(event))

    @property
    def liar(self) -> State:
        return self.stage.brain.crew.workers[LIAR].state


def judge(scene: Scene, data: bytes, found: list[object]) -> None:
    """Either it was a proper message that it may send now, or its end; in no case anybody else's."""
    assert scene.others() == scene.before
    kills = [one for one in found if isinstance(one, KillWorker)]
    assert all((one.slot, one.generation, one.cause) == (LIAR, 1, "lied") for one in kills)
    assert not [one for one in found if isinstance(one, Refused)]
    message = message_of(data)
    if isinstance(message, str):
        assert len(kills) == 1
    if kills:
        assert scene.liar is State.DOOMED
        # What it was asked is not answered by it any more
        truth = scene.hear(encode(TaskDone(scene.mine.task.task_id, results(scene.mine.task), 1, 1)))
        assert not [one for one in truth if isinstance(one, Report)]
        return
    assert isinstance(message, Message)
    reports = [one for one in found if isinstance(one, Report)]
    if reports:
        assert isinstance(message, TaskDone)
        assert message.task_id == scene.mine.task.task_id
    # The other's answer is taken as ever
    assert any(isinstance(one, Report) for one in scene.stage.answer(scene.theirs))


NUMBERS = st.one_of(st.integers(-3, 12), st.integers(-(2**63), 2**64 - 1))
TEXTS = st.one_of(st.sampled_from(["5m", "1h", "BTCUSDT", "exception", "deadline", "{}", '{"a":1}', ""]), st.text(max_size=30))
FAULTS = st.builds(Fault, NUMBERS, TEXTS, NUMBERS, TEXTS)
SYMBOLS = st.lists(NUMBERS, max_size=3).map(tuple)
RESULTS = st.builds(
    FilterResult,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.lists(st.builds(Match, NUMBERS, TEXTS), max_size=3).map(tuple),
    st.lists(FAULTS, max_size=3).map(tuple),
    SYMBOLS,
    SYMBOLS,
)
NAMES = st.lists(TEXTS, max_size=3).map(tuple)
MESSAGES = st.one_of(
    st.builds(TaskDone, NUMBERS, st.lists(RESULTS, max_size=10).map(tuple), NUMBERS, NUMBERS),
    st.builds(Ready, NUMBERS, NUMBERS, NUMBERS, NAMES, st.just(())),
    st.builds(FilterLoaded, NUMBERS, TEXTS, NAMES, NAMES, NUMBERS),
    st.builds(FilterRefusal, NUMBERS, NUMBERS, NUMBERS, TEXTS, TEXTS),
    st.builds(Pong, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    st.builds(Bye, TEXTS),
)


@seed(5)
@settings(max_examples=400, deadline=None, database=None)
@given(MESSAGES)
def test_any_message_of_the_right_form(message):
    scene = Scene()
    data = encode(message)
    judge(scene, data, scene.hear(data))


@seed(5)
@settings(max_examples=400, deadline=None, database=None)
@given(st.data())
def test_a_right_answer_with_something_changed(data):
    # Given the right answer
    scene = Scene()
    right = encode(TaskDone(scene.mine.task.task_id, results(scene.mine.task), 1, 1))
    # When bytes of it are changed, left out, doubled or put in
    changed = bytearray(right)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        match data.draw(st.sampled_from(["change", "cut", "double", "insert", "drop"])):
            case "change":
                changed[at] = data.draw(st.integers(0, 255))
            case "cut":
                changed = changed[: max(1, at)]
            case "double":
                changed = changed[:at] + changed
            case "insert":
                changed[at:at] = data.draw(st.binary(min_size=1, max_size=9))
            case _:
                changed = changed[:at] + changed[at + 1 :] or bytearray(b"\0")
    # Then it is the right answer still, or an answer to the same question, or a lie
    judge(scene, bytes(changed), scene.hear(bytes(changed)))


@seed(5)
@settings(max_examples=400, deadline=None, database=None)
@given(st.binary(max_size=300))
def test_any_bytes(data):
    scene = Scene()
    judge(scene, data, scene.hear(data))


@seed(5)
@settings(max_examples=300, deadline=None, database=None)
@given(st.data())
def test_a_right_answer_with_one_field_replaced_is_a_lie_or_within_its_power(data):
    # Given the right answer, in plain lists
    scene = Scene()
    plain = msgspec.msgpack.decode(encode(TaskDone(scene.mine.task.task_id, results(scene.mine.task), 1, 1)))
    # When one of its results says something else
    result = data.draw(st.sampled_from(plain[2]))
    place = data.draw(st.integers(0, len(result) - 1))
    result[place] = data.draw(
        st.one_of(NUMBERS, TEXTS, st.none(), st.floats(), st.lists(st.lists(st.one_of(NUMBERS, TEXTS), max_size=4), max_size=4))
    )
    judge(scene, msgspec.msgpack.encode(plain), scene.hear(msgspec.msgpack.encode(plain)))


@pytest.mark.parametrize(
    "spoil",
    [
        {"cpu_us": -1},
        {"cpu_us": 10**12},
        {"step": 1},
        {"item": 5},
        {"filter_id": 2},
        {"matches": (Match(99),)},
        {"matches": (Match(0), Match(0))},
        {"matches": (Match(0, "[1]"),)},
        {"matches": (Match(0, "{"),)},
        {"matches": (Match(0, '{"a":"\\u001b[2J"}'),)},
        {"matches": (Match(0, '{"a":["\\u009b2J"]}'),)},
        {"matches": (Match(0, '{"\\u202e":1}'),)},
        {"matches": (Match(0, '{"a":' + "[" * 5_000 + "}"),)},
        {"matches": (Match(0, '{"a":"' + "x" * 5_000 + '"}'),)},
        {"faults": (Fault(0, "kind", 1, ""),)},
        {"faults": (Fault(0, "exception", -1, ""),)},
        {"faults": (Fault(0, "exception", 1, "x" * 501),)},
        {"unasked": (0, 0)},
        {"unready": (7,)},
        {"matches": (Match(0),), "unasked": (0,)},
    ],
)
def test_an_answer_that_cannot_be_ends_the_worker(spoil):
    scene = Scene()
    first, *others = results(scene.mine.task)
    data = encode(TaskDone(scene.mine.task.task_id, (msgspec.structs.replace(first, **spoil), *others), 1, 1))
    found = scene.hear(data)
    assert any(isinstance(one, KillWorker) for one in found)
    judge(scene, data, found)


def test_a_worker_cannot_refuse_what_another_has_accepted():
    # Given a filter that the honest worker holds, and that the liar is sent
    stage = Stage(2, 1, Limits(spares=0))
    stage.known(1)
    brain = stage.brain
    brain.crew.workers[LIAR].loading[1] = None
    # When the liar refuses it
    found = stage.tell(RefusedOn(LIAR, 1, FilterRefusal(1, 1, 1, "x", "no")))
    # Then that is its end, and not the filter's
    assert [(one.slot, one.cause) for one in found if isinstance(one, KillWorker)] == [(LIAR, "lied")]
    assert not [one for one in found if isinstance(one, Refused)]
    assert 1 in brain.work.filters.accepted


def test_one_that_floods_with_strays_is_ended():
    scene = Scene()
    heard = [scene.hear(encode(TaskDone(10_000 + number, (), 1, 1))) for number in range(100)]
    assert sum(isinstance(one, KillWorker) for found in heard for one in found) == 1
    assert scene.others() == scene.before


def test_one_that_sends_too_much_is_ended():
    scene = Scene()
    assert isinstance(event_of(LIAR, 1, message_of(b"\0" * (MESSAGE_BYTES_MAX + 1))), Nonsense)
    data = encode(Bye("x" * 10_000)) + b"\0"
    judge(scene, data, scene.hear(data))


@given(st.binary(max_size=20))
def test_identities_of_strangers_are_refused_by_name(identity):
    try:
        slot, generation = parse_identity(identity)
    except WireError:
        return
    assert slot >= 0
    assert generation < math.inf


def test_the_scene_is_what_it_says():
    scene = Scene()
    assert isinstance(scene.mine, SendTask)
    assert isinstance(scene.mine.task, Task)
    assert scene.mine.task.task_id != scene.theirs.task.task_id
    assert scene.liar is State.BUSY
    assert not sends(scene.stage.tell(FilterKnown(LoadFilter(9, "trader 9", ""))))

"""What workers say of their lockdown: believed once, cleaned, and a worker that lacks what is required gets nothing."""

from engine.dispatch.events import Due, Evaluation, FilterKnown, LoadedOn, Resize, WorkerForked, WorkerReady, WorkerUnfit
from engine.dispatch.instructions import KillWorker, LoadOn, SendTask
from engine.dispatch.lockdowns import MEASURES_MAX, Lockdowns
from engine.dispatch.state import Brain
from engine.wire.measures import SECCOMP
from engine.wire.messages import FilterLoaded, LoadFilter, Ready

SAFE = Ready(0, 7, in_force=(SECCOMP,))
UNSAFE = Ready(0, 7, in_force=("few open files",), missing=((SECCOMP, "not\nallowed"),))


def test_a_worker_that_lacks_a_required_measure_is_refused_with_its_reason():
    lockdowns = Lockdowns({SECCOMP})
    assert lockdowns.ready(0, 1, SAFE) == ""
    assert lockdowns.refused is None
    assert SECCOMP in lockdowns.ready(1, 1, UNSAFE)
    assert lockdowns.refused == (SECCOMP, "not allowed")
    assert Lockdowns().ready(1, 1, UNSAFE) == ""


def test_a_worker_that_does_not_speak_of_a_required_measure_does_not_have_it():
    lockdowns = Lockdowns({SECCOMP})
    assert lockdowns.ready(0, 1, Ready(0, 7))
    assert lockdowns.refused is not None


def test_only_the_first_word_of_a_worker_counts_so_that_a_hijacked_one_cannot_end_the_engine():
    lockdowns = Lockdowns({SECCOMP})
    lockdowns.ready(0, 2, SAFE)
    # When it says something else later, or a message of its dead predecessor arrives
    assert lockdowns.ready(0, 2, UNSAFE) == ""
    assert lockdowns.ready(0, 1, UNSAFE) == ""
    # Then nothing is changed by it
    assert lockdowns.refused is None
    assert lockdowns.by_slot[0].missing == ()
    # And its successor is judged anew
    lockdowns.lost(0)
    assert lockdowns.ready(0, 3, UNSAFE)


def test_words_of_a_worker_are_bounded():
    lockdowns = Lockdowns()
    lockdowns.ready(0, 1, Ready(0, 7, in_force=("x" * 1_000,) * 1_000, missing=(("m\x1b" * 500, "why" * 500),) * 1_000))
    kept = lockdowns.by_slot[0]
    assert len(kept.in_force) == len(kept.missing) == MEASURES_MAX
    assert max(map(len, kept.in_force)) < 100
    assert "\x1b" not in "".join(map("".join, kept.missing))


def test_an_unfit_worker_is_ended_and_never_given_a_filter_or_a_task():
    # Given one worker that lacks what is required, and work
    brain = Brain()
    brain.handle([Resize(1), FilterKnown(LoadFilter(1, "one", "…")), Due([Evaluation(0, 60_000, False, (1,))])], 0.0)
    out = brain.handle([WorkerForked(0, 1), WorkerUnfit(0, 1, "seccomp not in force")], 0.1)
    # Then it is killed, and gets nothing however long that takes
    assert [one for one in out if isinstance(one, KillWorker)]
    out += brain.handle([], 1.0)
    assert not [one for one in out if isinstance(one, LoadOn | SendTask)]
    # While a fit one would have got the filter, and then the question
    other = Brain()
    other.handle([Resize(1), FilterKnown(LoadFilter(1, "one", "…")), Due([Evaluation(0, 60_000, False, (1,))])], 0.0)
    given = other.handle([WorkerForked(0, 1), WorkerReady(0, 1)], 0.1)
    given += other.handle([LoadedOn(0, 1, FilterLoaded(1, "1m", ("A",), ("1m",)))], 0.2)
    assert [one for one in given if isinstance(one, LoadOn)]
    assert [one for one in given if isinstance(one, SendTask)]

"""Programs by chance in a real locked worker: their own faults and answers come of them, and nothing else does."""

import contextlib
import random
import select
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, seed, settings
from hypothesis import strategies as st

from engine.base.errors import FilterRefused
from engine.dispatch.answers import complaint
from engine.wire import codec
from engine.wire.messages import FilterLoaded, FilterRefusal, Item, LoadFilter, Step, Task, TaskDone
from tests import corpus
from tests.component.nursery import Bench, bench
from tests.corpus import ordinary, screens
from tests.corpus.programs import INDICATORS, Writer
from workers import policy

AS_OF_MS = 60_000 * 61
NEIGHBOUR = (
    "def check(t, k, ta):\n    c = k['1m'].close\n    return {'sum': float(c.sum()), 'rsi': ta.rsi(c, 14)[-1], 'n': len(c)}\n"
)


class Stand:
    """A cell in which programs run beside a neighbour; made anew when one has ended it by its limit."""

    def __init__(self, cell: Bench) -> None:
        self.cell, self.generation, self.alive = cell, 0, False
        self.accepted = self.ended = self.answered = 0
        self.truth: object = None

    def fresh(self) -> None:
        if not self.alive:
            self.generation += 1
            self.cell.fork(0, self.generation)
            self.alive = True
            assert isinstance(self.load(1, NEIGHBOUR), FilterLoaded)

    def load(self, filter_id: int, source: str) -> object:
        return self.cell.ask(LoadFilter(filter_id, "chance", source), 0, self.generation)

    def run(self, source: str) -> None:
        self.fresh()
        said = self.load(2, source)
        assert isinstance(said, (FilterLoaded, FilterRefusal)), said
        if isinstance(said, FilterRefusal):
            return
        self.accepted += 1
        task = Task(1, (Step(AS_OF_MS, False, (Item((1, 2, 1), (0, 1)),)),), 50, 2_000)
        self.cell.send(task, 0, self.generation)
        done = self.answer()
        if done is None:
            return
        # What the engine takes for an answer, and the neighbour's is the same before and after
        assert complaint(task, done.results) == ""
        before, _, after = done.results
        self.truth = self.truth or before.matches
        assert before.matches == after.matches == self.truth
        assert before.faults == after.faults == ()
        self.answered += 1

    def answer(self) -> TaskDone | None:
        """None when the kernel ended the worker at its limit, the one way in which a program may."""
        while True:
            found = self.cell.router.receive_all()
            if found:
                done = codec.decode_from_worker(found[0][1])
                assert isinstance(done, TaskDone)
                return done
            if select.select([self.cell.control], [], [], 0.002)[0]:
                self.alive = False
                self.ended += 1
                assert self.cell.packet("exited")["status"] == -signal.SIGKILL, self.cell.story()
                return None


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with bench() as cell:
        cell.need(*INDICATORS)
        for symbol in cell.symbols[:2]:
            cell.put(symbol, "1m", [100.0 + symbol + n % 7 for n in range(60)])
        yield Stand(cell)


@seed(7)
@settings(max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(number=st.integers(0, 2**32))
@example(number=1)
def test_a_program_by_chance_raises_nothing_but_its_own_errors(stand, number):
    stand.run(Writer(number).program())


def test_most_of_them_ran(stand):
    assert stand.accepted > 200
    assert stand.answered > 190
    assert stand.ended < 10


SOURCES = [attack.source for attack in corpus.listed("REFUSED") + corpus.listed("RUNS")] + ordinary.ORDINARY + screens.SCREENS


@seed(7)
@settings(max_examples=600, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_a_source_with_something_changed_is_judged_and_nothing_else(number):
    # Given two of all sources there are, cut and put together, with characters changed
    chance = random.Random(number)
    one, two = chance.choice(SOURCES), chance.choice(SOURCES)
    text = list(one[: chance.randint(0, len(one))] + two[chance.randint(0, len(two)) :])
    for _ in range(chance.randint(0, 5)):
        text.insert(chance.randint(0, len(text)), chance.choice("()[]{}:,.*=@\n\t \\'\"#\0\x0c\r\u2028é＿\ud800" + "_f0x"))
    # When it is checked, then it is accepted or refused
    with contextlib.suppress(FilterRefused):
        policy.check("".join(text))

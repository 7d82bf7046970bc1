"""In which order machine code stores a row: a process that dies in the middle of it leaves what a reader would see then."""

import faulthandler
import os
import resource
import signal

import pytest

from engine.scanner import record
from tests.frames import START_MS, World, frame

#: No page is ever mapped there.
NOWHERE = 8


def die_at(world: World, word: int) -> None:
    """A child takes a frame although one address of the row leads nowhere."""
    place = world.gates._records
    child = os.fork()
    if child == 0:
        faulthandler.disable()
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        world.gates._words[place + word] = NOWHERE
        world.intake.take(frame(START_MS, START_MS + 2))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGSEGV


@pytest.mark.parametrize("word", [record.OPEN_TIME_ADDRESS, record.VALUES_ADDRESS])
def test_a_row_is_marked_before_anything_of_it_changes(word: int) -> None:
    # Given a forming bar, and memory that a child shares
    world = World(compiled=True)
    world.segment.memory.madvise(11)  # MADV_DOFORK: as an exception, a child gets the map
    world.intake.take(frame(START_MS, START_MS + 1))
    sequence, open_time, _ = (offset // 8 for offset in world.writer.forming_places(0, 0))
    before, bar = world.segment.words[sequence], world.writer.forming(0, 0)
    try:
        # When the writer dies at the first store of that part
        die_at(world, word)
        # Then the mark stands, and what comes after that part is as it was
        assert world.segment.words[sequence] == before + 1
        assert before % 2 == 0
        assert world.segment.words[open_time] == START_MS
        assert world.writer.forming(0, 0) == bar
    finally:
        world.close()


def test_a_row_left_marked_is_whole_after_the_next_write() -> None:
    world = World(compiled=True)
    world.segment.memory.madvise(11)  # MADV_DOFORK
    sequence = world.writer.forming_places(0, 0)[0] // 8
    try:
        die_at(world, record.VALUES_ADDRESS)
        assert world.segment.words[sequence] == 1

        assert world.intake.take(frame(START_MS, START_MS + 2)) is None

        assert (world.segment.words[sequence], world.intake.quick) == (2, 1)
    finally:
        world.close()

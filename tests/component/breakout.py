"""A filter that has broken out of Python, in a real locked worker: it runs any code there, and one hears what came of it."""

import contextlib
import os
import select
import signal
import sys
import textwrap
from collections.abc import Iterator

import pytest

from engine.wire import codec
from engine.wire.messages import FilterLoaded, Item, LoadFilter, Step, Task, TaskDone
from tests.component.nursery import Bench, bench
from tests.component.unchecked import MARK

PROGRAM = (sys.executable, "-P", "-m", "tests.component.unchecked")
#: How a process ends that makes a forbidden call.
KILLED = -signal.SIGSYS
SOMEBODY = 1_000

#: What a filter that has broken out would begin with.
PRELUDE = """
import ctypes, mmap, os, resource, signal, socket, subprocess, sys, threading, numpy
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    "A system call by number; its answer, or the error."
    answer = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(one) if isinstance(one, int) else one for one in arguments])
    return ctypes.get_errno() and "errno %d" % ctypes.get_errno() if answer == -1 else answer

def segment():
    "The candles as this process has them mapped."
    frame = sys._getframe()
    while frame.f_code.co_name != "live":
        frame = frame.f_back
    return frame.f_locals["self"]._segment

def address(memory):
    return numpy.frombuffer(memory, numpy.uint8).ctypes.data
"""


def users() -> list[object]:
    asroot = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
    return [pytest.param(None, id="as we are"), pytest.param(SOMEBODY, id="as uid 1000", marks=asroot)]


@contextlib.contextmanager
def open_cell(user: int | None) -> Iterator[Bench]:
    """A nursery whose workers judge no filter, as us or as a user without rights; one symbol with an hour of bars."""
    program = PROGRAM if user is None else (*PROGRAM, "--user", str(user))
    with bench(program, user) as made:
        made.put(made.symbols[0], "1m", [100.0 + n % 7 for n in range(60)])
        yield made


class Broken:
    """A worker in which a filter has broken out."""

    def __init__(self, cell: Bench) -> None:
        self.cell, self.generation = cell, sum("forked" in packet for packet in cell.packets) + 1
        self.pid = cell.fork(0, self.generation)
        self.ready = cell.ready

    def does(self, body: str) -> str | int:
        """What came of it: the text it returned or raised, or the exit code of its process."""
        body = textwrap.indent(body, "    ")
        source = (
            f"{MARK}{PRELUDE}\nPARENT, ENGINE = {self.cell.process.pid}, {os.getpid()}\ndef check(ticker, klines, ta):\n{body}"
        )
        assert isinstance(self.cell.ask(LoadFilter(1, "broken", source), 0, self.generation), FilterLoaded)
        self.cell.send(Task(1, (Step(60_000 * 61, False, (Item((1,), (0,)),)),), 60_000), 0, self.generation)
        while True:
            told, _, _ = select.select([self.cell.control, self.cell.router.fd], [], [], 0.05)
            if self.cell.control in told:
                return int(str(self.cell.packet("exited")["status"]))
            found = self.cell.router.receive_all()
            if found:
                return self._said(found[0][1])

    @staticmethod
    def _said(data: bytes) -> str:
        done = codec.decode_from_worker(data)
        assert isinstance(done, TaskDone)
        (result,) = done.results
        return result.faults[0].message if result.faults else result.matches[0].details

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
            self.cell.packet("exited")

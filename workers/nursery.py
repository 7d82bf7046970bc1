"""The process that workers are forked from: made ready once, single-threaded for life, with no secret in its memory.

Control channel, one JSON object a packet. To it: `{"fork": slot, "generation": g}` with the write end of the worker's log pipe
by SCM_RIGHTS, `{"need": [names]}` before filters come that use these indicators, `{"stop": true}`. From it:
`{"warming": [done, total, name]}`, `{"warm": true, "names": [...]}` with all indicators there are,
`{"prepared": [names], "problem": text, "fresh": whether anything was loaded}` in answer to a need,
`{"forked": slot, "generation": g, "pid": p}`, `{"exited": pid, "status": n}` (n negative: a signal).
"""

import contextlib
import gc
import json
import logging
import os
import select
import signal
import socket
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import indicators
from engine.base.errors import WorkerBootFailed
from engine.base.exitcodes import OK
from indicators import catalog
from workers import lockdown, rehearsal

log = logging.getLogger("workers.nursery")

PACKET_BYTES_MAX: Final = 65_536
#: Pause between two looks at children that compile.
LOOK_S: Final = 0.1


class _Build(NamedTuple):
    """Children at work: names as they were asked for, the indicators among them, and who compiles these."""

    names: list[str]
    known: list[str]
    builders: indicators.Builders


class Nursery:
    """The control channel and the children. `live` is the life of a worker, called in the child with (slot, generation)."""

    def __init__(self, control: socket.socket, live: Callable[[int, int], int]) -> None:
        self._control = control
        self._live = live
        self._children: set[int] = set()
        #: Names that wait for the children that compile now, if there are any.
        self._needed: list[list[str]] = []
        self._build: _Build | None = None
        # A signal handler may do nothing but leave a byte here; select wakes up from it.
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def warm(self) -> None:
        """Run everything once that any filter may use; raises WorkerBootFailed when the rehearsal fails.

        Machine code of indicators that nobody uses is not loaded: see `need`.
        """

        def say(done: int, total: int, name: str) -> None:
            self._say(warming=[done, total, name])

        # What the cache lacks is compiled by children, so that no compiler stays in the memory that workers share.
        indicators.build(rehearsal.INDICATORS, progress=say)
        indicators.warm(rehearsal.INDICATORS, progress=say)
        matches = rehearsal.rehearse()
        if matches != 2:
            raise WorkerBootFailed("rehearsal of the worker failed", f"{matches} matches", "expected 2")
        gc.collect()
        # Never looked at again by a collection, so that forks go on sharing these pages.
        gc.freeze()
        lockdown.find_writable_code()
        self._say(warm=True, names=sorted(catalog.BY_NAME))

    def serve(self) -> int:
        """Fork and reap until told to stop, or until nobody is at the other end; returns the exit code."""
        control = self._control.fileno()
        while True:
            readable, _, _ = select.select([control, self._wake_read], [], [], LOOK_S if self._build is not None else None)
            if self._wake_read in readable:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_read, 4_096)
            self._reap()
            self._look_after_needs()
            if control in readable and not self._handle():
                return OK

    def _handle(self) -> bool:
        """One request; False ends the nursery."""
        packet, descriptors, _, _ = socket.recv_fds(self._control, PACKET_BYTES_MAX, 1)
        try:
            asked: dict[str, Any] = json.loads(packet) if packet else {"stop": True}
            if asked.get("stop"):
                return False
            if "need" in asked:
                self._need(asked["need"])
            if "fork" in asked and descriptors:
                self._fork(int(asked["fork"]), int(asked["generation"]), descriptors[0])
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _need(self, names: list[str]) -> None:
        """Note what filters to come will use; names of nothing are passed over."""
        self._needed.append(names)
        self._look_after_needs()

    def _look_after_needs(self) -> None:
        """Have children compile what the cache lacks, load it, so that workers to come have it already, and say so.

        One set of children at a time: what is asked for meanwhile is theirs together when they are done, as indicators share
        code that each child compiles for itself.
        """
        while self._needed or self._build is not None:
            if self._build is None:
                names = sorted({name for names in self._needed for name in names})
                self._needed.clear()
                known = [name for name in names if name in catalog.BY_NAME]
                self._build = _Build(names, known, indicators.Builders(known))
            build = self._build
            build.builders.tell(lambda done, total, name: self._say(warming=[done, total, name]))
            if build.builders.running():
                return
            self._build = None
            problem = build.builders.failure()
            fresh = not problem and not all(kernel.loaded for kernel in catalog.kernels(build.known))
            if fresh:
                indicators.warm(build.known)
                gc.collect()
                gc.freeze()
                lockdown.find_writable_code()
            self._say(prepared=build.names, problem=problem, fresh=fresh)

    def _fork(self, slot: int, generation: int, log_fd: int) -> None:
        pid = os.fork()
        if pid == 0:
            self._become_worker(slot, generation, log_fd)
        self._children.add(pid)
        self._say(forked=slot, generation=generation, pid=pid)

    def _become_worker(self, slot: int, generation: int, log_fd: int) -> None:
        """In the child; never returns."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # Of the nursery's own descriptors the worker closes whatever it does not need.
            for stdio in range(3):
                os.dup2(log_fd, stdio)
            indicators.freeze()
            status = self._live(slot, generation)
        except BaseException:
            log.exception("worker %d failed", slot)
        finally:
            os._exit(status)

    def _reap(self) -> None:
        # One by one: children that compile are waited for by those who started them.
        for child in list(self._children):
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                self._children.discard(pid)
                self._say(exited=pid, status=os.waitstatus_to_exitcode(status))

    def _say(self, **packet: object) -> None:
        # A supervisor that is gone needs no news; the end of the channel is noticed where it is read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._control.send(json.dumps(packet).encode())

"""What a worker gives up before it sees the first filter: named measures, applied in order, each reported.

The order counts. Landlock binds threads to come, so it precedes the messaging, which makes one; the user changes after it,
for the socket lies where only the engine's user may go; limits and system calls come last, when nothing is opened any more.
A measure that the kernel does not offer is reported as missing, with the reason, and the others still hold.
"""

import ctypes
import mmap
import os
import re
import resource
import signal
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from engine.wire.measures import LANDLOCK, SECCOMP
from workers import landlock, privileges, seccomp
from workers.kernel import address_of, prctl, syscall
from workers.syscalls import MACHINES, Machine

# linux/prctl.h, linux/seccomp.h
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_MDWE: Final = 65
_MDWE_REFUSE_EXEC_GAIN: Final = 1
_SECCOMP_SET_MODE_FILTER: Final = 1
_SECCOMP_FILTER_FLAG_TSYNC: Final = 1

#: Memory that filters may take beyond what a worker has when it starts; room for libzmq's and malloc's arenas included.
HEADROOM_BYTES: Final = 1024**3
OPEN_FILES_MAX: Final = 16
#: Workers are the first to go when memory runs out: the engine makes new ones.
OOM_SCORE: Final = 900

#: Lines of /proc/self/maps that are about memory which can be written and executed.
_WRITABLE_CODE: Final = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) .wx", re.MULTILINE)
_writable_code: list[tuple[int, int]] | None = None

#: Parts of names of variables that no process running filters may have.
_SECRET_NAMES: Final = ("DATABASE_URL", "REDIS_URL", "TOKEN", "SECRET", "PASSWORD", "API_KEY", "CREDENTIAL")


class Measure(NamedTuple):
    """One thing that is given up."""

    name: str
    apply: Callable[[], None]


class Report(NamedTuple):
    """What holds, and what does not, with the reason."""

    in_force: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]


class Orphaned(Exception):
    """Whoever forked this process is gone."""


class Lockdown:
    """The way of one process into its cell. Made right after the fork: it reads what only /proc can tell."""

    def __init__(self, parent_pid: int) -> None:
        """Raises Orphaned."""
        self._parent_pid = parent_pid
        self._capabilities = privileges.effective_capabilities()
        # Opened now and read later, when nothing can be opened: sizes of this process in pages.
        self._statm_fd = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        self._in_force: list[str] = []
        self._missing: list[tuple[str, str]] = []
        self._stay_a_child()

    def before_messaging(self) -> None:
        """What binds threads that come later."""
        self._apply(
            Measure("killed first when memory runs out", _offer_to_oom),
            Measure("no new privileges", lambda: prctl(_PR_SET_NO_NEW_PRIVS, 1)),
            Measure("machine code cannot be changed", _seal_machine_code),
            Measure("no new machine code", lambda: prctl(_PR_SET_MDWE, _MDWE_REFUSE_EXEC_GAIN)),
            Measure(LANDLOCK, landlock.deny_all),
        )

    def after_messaging(self) -> Report:
        """Once sockets and threads of the messaging are there: all the rest. Raises Orphaned."""
        self._apply(
            Measure("unprivileged user", lambda: privileges.become_nobody(self._capabilities)),
            Measure("no capabilities", privileges.drop_capabilities),
        )
        # A change of user makes the kernel forget both.
        self._stay_a_child()
        self._apply(
            Measure("no memory dumps, no tracing", lambda: prctl(_PR_SET_DUMPABLE, 0)),
            Measure("no core files", lambda: _limit(resource.RLIMIT_CORE, 0)),
            Measure("no new processes", lambda: _limit(resource.RLIMIT_NPROC, 0)),
            Measure("no file writes", lambda: _limit(resource.RLIMIT_FSIZE, 0)),
            Measure("no locked memory", lambda: _limit(resource.RLIMIT_MEMLOCK, 0)),
            Measure("few open files", lambda: _limit(resource.RLIMIT_NOFILE, OPEN_FILES_MAX)),
            Measure("bounded memory", self._bound_memory),
            Measure(SECCOMP, restrict_system_calls),
        )
        return Report(tuple(self._in_force), tuple(self._missing))

    def _apply(self, *measures: Measure) -> None:
        for measure in measures:
            try:
                measure.apply()
            except (OSError, ValueError) as error:
                self._missing.append((measure.name, str(error)))
            else:
                self._in_force.append(measure.name)

    def _stay_a_child(self) -> None:
        if not die_with_parent(self._parent_pid):
            raise Orphaned

    def _bound_memory(self) -> None:
        fields = os.read(self._statm_fd, 256).split()
        os.close(self._statm_fd)
        page = resource.getpagesize()
        # Addresses in all, and private memory that may be written.
        _limit(resource.RLIMIT_AS, int(fields[0]) * page + HEADROOM_BYTES)
        _limit(resource.RLIMIT_DATA, int(fields[5]) * page + HEADROOM_BYTES)


def die_with_parent(parent_pid: int) -> bool:
    """Have the kernel kill this process when its parent ends; False when the parent is gone already."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent_pid


def secrets_in(environ: Mapping[str, str]) -> list[str]:
    """Names of variables that look like secrets; they stay in memory even when they are deleted."""
    return sorted(name for name in environ if any(part in name.upper() for part in _SECRET_NAMES))


def keep_only(descriptors: Sequence[int]) -> None:
    """Close everything that is open but these."""
    kept = sorted(descriptors)
    for low, high in zip([-1, *kept], [*kept, os.sysconf("SC_OPEN_MAX")], strict=True):
        if low + 1 < high:
            # An empty range that begins at 0 would close everything: CPython hands its end on as -1.
            os.closerange(low + 1, high)


def find_writable_code() -> list[tuple[int, int]]:
    """Address and size of all memory of this process that can be written and executed; remembered for processes it forks."""
    global _writable_code  # noqa: PLW0603 (a process has one memory)
    found = _WRITABLE_CODE.findall(Path("/proc/self/maps").read_bytes())
    _writable_code = [(int(start, 16), int(end, 16) - int(start, 16)) for start, end in found]
    return _writable_code


def restrict_system_calls(rules: Sequence[seccomp.Rule] = seccomp.RULES, otherwise: int = seccomp.KILL_PROCESS) -> None:
    """Put the filter in force for all threads of this process; raises OSError, also on a machine we have no numbers for."""
    machine = _machine()
    program = seccomp.program(machine, rules, otherwise)
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // seccomp.INSTRUCTION_BYTES, address_of(code))
    failed = syscall(machine.numbers["seccomp"], _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, header)
    if failed:
        raise OSError(f"thread {failed} has filters of its own")


def _machine() -> Machine:
    name = os.uname().machine
    if name not in MACHINES or struct.calcsize("P") != 8:
        raise OSError(f"system calls of {name} are not known: run the engine on 64-bit {' or '.join(MACHINES)}")
    return MACHINES[name]


def _offer_to_oom() -> None:
    Path("/proc/self/oom_score_adj").write_bytes(b"%d" % OOM_SCORE)


def _seal_machine_code() -> None:
    """Take the right to write from memory that can be executed: ctypes has a page of it, for callbacks that nobody uses here."""
    protect = _machine().numbers["mprotect"]
    for start, size in _writable_code if _writable_code is not None else find_writable_code():
        syscall(protect, start, size, mmap.PROT_READ | mmap.PROT_EXEC)


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))

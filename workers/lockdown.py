"""What a worker gives up before it runs the first filter: named measures, applied in order, each reported.

The order counts: what limits threads and descriptors comes after the messaging has made its own. A measure that the kernel
does not offer is reported as missing and the others still hold.
"""

import ctypes
import os
import resource
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38

#: Memory that filters may take beyond what a worker has when it starts; room for libzmq's and malloc's arenas included.
HEADROOM_BYTES: Final = 1024**3
OPEN_FILES_MAX: Final = 64

#: Parts of names of variables that no process running filters may have.
_SECRET_NAMES: Final = ("DATABASE_URL", "REDIS_URL", "TOKEN", "SECRET", "PASSWORD", "API_KEY", "CREDENTIAL")

# Loaded once, here, in the nursery.
_libc = ctypes.CDLL(None, use_errno=True)


class Measure(NamedTuple):
    """One thing that is given up."""

    name: str
    apply: Callable[[], None]


class Report(NamedTuple):
    """What holds, and what does not, with the reason."""

    in_force: tuple[str, ...]
    missing: Mapping[str, str]


def apply(measures: Sequence[Measure]) -> Report:
    """Apply them in order."""
    in_force: list[str] = []
    missing: dict[str, str] = {}
    for measure in measures:
        try:
            measure.apply()
        except (OSError, ValueError) as error:
            missing[measure.name] = str(error)
        else:
            in_force.append(measure.name)
    return Report(tuple(in_force), missing)


def before_messaging() -> tuple[Measure, ...]:
    """Right after the fork."""
    return (
        Measure("no new privileges", lambda: _prctl(_PR_SET_NO_NEW_PRIVS, 1)),
        Measure("no memory dumps, no tracing", lambda: _prctl(_PR_SET_DUMPABLE, 0)),
        Measure("no core files", lambda: _limit(resource.RLIMIT_CORE, 0)),
        Measure("private files", _private_files),
    )


def after_messaging() -> tuple[Measure, ...]:
    """Once sockets and threads of the messaging are there."""
    return (
        Measure("no new processes", lambda: _limit(resource.RLIMIT_NPROC, 0)),
        Measure("no file writes", lambda: _limit(resource.RLIMIT_FSIZE, 0)),
        Measure("no locked memory", lambda: _limit(resource.RLIMIT_MEMLOCK, 0)),
        Measure("few open files", lambda: _limit(resource.RLIMIT_NOFILE, OPEN_FILES_MAX)),
        Measure("bounded memory", lambda: _limit(resource.RLIMIT_AS, _address_space_bytes() + HEADROOM_BYTES)),
    )


def die_with_parent(parent_pid: int) -> bool:
    """Have the kernel kill this process when its parent ends; False when the parent is gone already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent_pid


def secrets_in(environ: Mapping[str, str]) -> list[str]:
    """Names of variables that look like secrets; they stay in memory even when they are deleted."""
    return sorted(name for name in environ if any(part in name.upper() for part in _SECRET_NAMES))


def _private_files() -> None:
    os.umask(0o077)


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _address_space_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

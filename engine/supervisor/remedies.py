"""What it means that a measure of the lockdown is missing, and what its owner can do about it. Pure but for `surroundings`.

The names are those that workers report (`workers.lockdown`); docs/security.md lists the same ones for people.
"""

import errno
import os
import platform
import re
from pathlib import Path
from typing import Final, NamedTuple

from engine.wire.measures import LANDLOCK, SECCOMP

#: What gVisor says of itself as a kernel: its older versions have this fixed date, newer ones their name.
_GVISOR: Final = ("Sun Jan 10 15:06:54 PST 2016", "gvisor")
_CONTAINER_MARKS: Final = ("/.dockerenv", "/run/.containerenv")
_MACHINES: Final = ("x86_64", "aarch64")
_ERROR_NUMBER: Final = re.compile(r"\[Errno (\d+)\]")

#: First Linux that has it, for measures that older ones lack.
_SINCE: Final = {LANDLOCK: "5.13", "no new machine code": "6.3", SECCOMP: "3.17"}

#: What holds less than it should without the measure.
MEANING: Final = {
    SECCOMP: "a filter that breaks out of Python could ask the kernel for anything the worker's user may do",
    LANDLOCK: "files and network are closed by the list of system calls alone, not by two locks",
    "no new machine code": "code that breaks out of Python is kept from making machine code by the list of system calls alone",
    "machine code cannot be changed": "a page that may be written and executed at once is left to code that breaks out of Python",
    "no new privileges": "without it the kernel takes no list of system calls from an ordinary user",
    "unprivileged user": "workers run as the engine's user, whose files are kept from them by the other layers alone",
    "no capabilities": "workers keep rights of root, which only the list of system calls keeps them from using",
    "killed first when memory runs out": "the kernel may end the engine or another program instead of a worker",
    "no memory dumps, no tracing": "other programs of the same user may look into workers",
    "no core files": "a crashed worker may leave a copy of its memory on disk",
    "no new processes": "new processes are kept away by the list of system calls alone",
    "no file writes": "writing to files is kept away by the list of system calls and closed files alone",
    "no locked memory": "a filter could keep memory from being swapped out",
    "few open files": "descriptors are bounded by the list of system calls alone",
    "bounded memory": "a filter that eats memory is stopped by the kernel's shortage only, and may slow this machine down before",
}


class Surroundings(NamedTuple):
    """Where the engine runs, as far as it matters to what a kernel offers."""

    release: str
    machine: str
    is_gvisor: bool
    is_container: bool


def surroundings() -> Surroundings:
    """Looked up now."""
    system = platform.uname()
    told = f"{system.release} {system.version}".lower()
    is_container = any(Path(mark).exists() for mark in _CONTAINER_MARKS) or "KUBERNETES_SERVICE_HOST" in os.environ
    return Surroundings(system.release, system.machine, any(sign.lower() in told for sign in _GVISOR), is_container)


def remedy(measure: str, reason: str, where: Surroundings) -> str:
    """What to do so that the measure holds at the next start."""
    number = _number(reason)
    if number is None and where.machine not in _MACHINES:
        return f"run the engine on 64-bit {' or '.join(_MACHINES)}, not on {where.machine}"
    if measure in ("unprivileged user", "no capabilities"):
        return "run the engine as an ordinary user, or leave it the capabilities SETUID, SETGID and SETPCAP"
    if where.is_gvisor:
        return "gVisor does not offer it: run the engine on a Linux kernel of its own (runc, or a virtual machine)"
    if measure == LANDLOCK and number == errno.EOPNOTSUPP:
        return "the kernel has it switched off: add landlock to lsm= on its command line (see /sys/kernel/security/lsm)"
    if number in (errno.EPERM, errno.EACCES) or (where.is_container and number == errno.ENOSYS):
        who = "the container's seccomp profile" if where.is_container else "a filter or policy of whoever starts the engine"
        kernel = _older(measure) if number == errno.ENOSYS else ""
        return f"{who} refuses it: use the default profile of a Docker of 2022 or newer, or one that allows it{kernel}"
    if number in (errno.ENOSYS, errno.EINVAL):
        return f"Linux {where.release} does not offer it{_older(measure)}: use a newer kernel"
    return "see the reason, and the log of the workers; engine doctor tries it again"


def _older(measure: str) -> str:
    return f" (it needs Linux {_SINCE[measure]} or newer)" if measure in _SINCE else ""


def _number(reason: str) -> int | None:
    found = _ERROR_NUMBER.search(reason)
    return int(found.group(1)) if found else None

"""Whose rights a worker has: those of nobody where it may choose, and no capability in any case."""

import os
import struct
from pathlib import Path
from typing import Final

from workers.kernel import syscall

#: The user and group that own nothing, by convention the same number everywhere.
NOBODY: Final = 65_534

_CAP_SETGID: Final = 1 << 6
_CAP_SETUID: Final = 1 << 7

#: capset(2), and its structures: version 3, this process; effective, permitted and inheritable, low words and high words.
_CAPSET: Final = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_HEADER: Final = struct.pack("=Ii", 0x20080522, 0)
_NO_CAPABILITIES: Final = bytes(24)


def effective_capabilities() -> int:
    """As a set of bits; needs /proc."""
    status = Path("/proc/self/status").read_bytes()
    return int(status.partition(b"CapEff:")[2].split()[0], 16)


def become_nobody(capabilities: int) -> None:
    """Give up user, groups and with them all capabilities, in all threads; raises OSError where root may not.

    Who is not root is left as is: there is nothing to give up, and no right to.
    """
    if os.geteuid() != 0:
        return
    if ~capabilities & (_CAP_SETUID | _CAP_SETGID):
        raise PermissionError("runs as root without the right to change its user: run the engine as another user")
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def drop_capabilities() -> None:
    """Of this thread and those it starts later; raises OSError on a machine whose number for that is not known."""
    machine = os.uname().machine
    if machine not in _CAPSET:
        raise OSError(f"capset is not known for {machine}")
    syscall(_CAPSET[machine], _CAPABILITY_HEADER, _NO_CAPABILITIES)

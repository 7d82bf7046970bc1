"""Landlock: no file, no TCP port, no abstract socket and no other process is within reach any more, whatever the user may do.

A ruleset that handles every right the kernel knows of and allows nothing. It binds the thread that asks and all threads it
starts later, so it comes before the messaging. What is open already stays open.
"""

import os
import struct
from typing import Final, NamedTuple

from workers.kernel import syscall

# The same numbers on every machine: they are newer than the tables that differ.
_CREATE_RULESET: Final = 444
_RESTRICT_SELF: Final = 446
_VERSION_FLAG: Final = 1

#: struct landlock_ruleset_attr: rights on files, rights on the network, scopes.
_RULESET: Final = struct.Struct("=QQQ")


class Rights(NamedTuple):
    """What one version of the interface can forbid, as bits."""

    files: int
    network: int
    scopes: int


# First version that has them: rights on files, bind and connect of TCP, abstract sockets and signals.
_FILES_BITS: Final = {1: 13, 2: 14, 3: 15, 5: 16}
_NETWORK_BITS: Final = {4: 2}
_SCOPES_BITS: Final = {6: 2}


def rights_of(version: int) -> Rights:
    """All that this version of the interface can forbid; newer ones than we know forbid at least the same."""
    return Rights(_newest(_FILES_BITS, version), _newest(_NETWORK_BITS, version), _newest(_SCOPES_BITS, version))


def _newest(bits: dict[int, int], version: int) -> int:
    return (1 << max((count for since, count in bits.items() if since <= version), default=0)) - 1


def version() -> int:
    """The kernel's version of the interface, from 1; raises OSError where there is none."""
    return syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)


def deny_all() -> None:
    """Give up everything; no_new_privs must be set. Raises OSError."""
    attributes = _RULESET.pack(*rights_of(version()))
    # Older kernels refuse a longer structure only where the part they do not know is not zero.
    ruleset = syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    try:
        syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)

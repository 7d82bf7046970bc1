"""Which system calls a locked worker may make, as a program for the kernel's filter (classic BPF). Pure.

An allow-list: what stands nowhere here ends the process, as does a call in the way of another architecture. Calls that
CPython and its libraries try in passing, and do well without, are answered with "permission denied" instead.
Not here: how the program is put in force (`workers.lockdown`).
"""

import errno
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from workers.syscalls import X86_64, Machine

# What a program answers (linux/seccomp.h).
KILL_PROCESS: Final = 0x80000000
ERRNO: Final = 0x00050000
ALLOW: Final = 0x7FFF0000
DENY: Final = ERRNO | errno.EACCES

# Instructions (linux/bpf_common.h): load a word of the call's description, compare, mask, answer.
_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_AND: Final = 0x54
_RETURN: Final = 0x06
_INSTRUCTION: Final = struct.Struct("=HBBI")
INSTRUCTION_BYTES: Final = _INSTRUCTION.size

# Where things stand in that description (struct seccomp_data); arguments are 64 bits, low word first on both machines.
_NUMBER_OFFSET: Final = 0
_ARCH_OFFSET: Final = 4
_ARGUMENTS_OFFSET: Final = 16

#: On x86-64, calls in the manner of x32 have this bit in their number.
X32_BIT: Final = 0x40000000

_PROT_EXEC: Final = 0x4
_MAP_SHARED: Final = 0x01  # also a bit of MAP_SHARED_VALIDATE
_MAP_ANONYMOUS: Final = 0x20


class Check(NamedTuple):
    """The low word of an argument, masked, must be one of these. The kernel looks at no more of flags either."""

    argument: int
    mask: int
    values: tuple[int, ...]


class Rule(NamedTuple):
    """What is answered to a call: `answer` where all checks hold, else `otherwise`."""

    name: str
    answer: int = ALLOW
    checks: tuple[Check, ...] = ()
    otherwise: int = KILL_PROCESS


_NO_EXEC: Final = Check(2, _PROT_EXEC, (0,))
_PRIVATE: Final = Check(3, _MAP_SHARED | _MAP_ANONYMOUS, (_MAP_ANONYMOUS,))
#: DONTNEED, FREE, HUGEPAGE, NOHUGEPAGE: what malloc and NumPy advise. Others poison pages or punch holes.
_HARMLESS_ADVICE: Final = Check(2, 0xFFFFFFFF, (4, 8, 14, 15))

#: Hot ones first, since the program is walked from the top where the kernel has no short cut.
RULES: Final = (
    # Waiting for the supervisor and answering it; libzmq's thread and its wake-ups.
    *map(Rule, ("poll", "ppoll", "read", "write", "sendto", "recvfrom", "epoll_wait", "epoll_pwait", "futex", "getpid")),
    *map(Rule, ("epoll_ctl", "close")),
    # Clocks and the timers of deadlines.
    *map(Rule, ("clock_gettime", "setitimer", "timer_settime", "rt_sigreturn", "restart_syscall")),
    *map(Rule, ("clock_nanosleep", "nanosleep", "sched_yield", "gettimeofday", "time", "clock_getres", "getrusage", "gettid")),
    # Memory of its own: never executable, never shared, never of a file.
    *map(Rule, ("brk", "munmap")),
    Rule("mmap", checks=(_NO_EXEC, _PRIVATE)),
    Rule("mprotect", checks=(_NO_EXEC,)),
    Rule("madvise", checks=(_HARMLESS_ADVICE,), otherwise=DENY),
    # It lets the one page of a worker's status slot grow over those of others. The C library then copies what is to grow.
    Rule("mremap", DENY),
    # How much memory it has, from a descriptor that was open before.
    Rule("pread64"),
    *map(Rule, ("exit", "exit_group")),
    # What CPython and its libraries try.
    *(
        Rule(name, DENY)
        for name in (
            *("open", "openat", "openat2", "stat", "lstat", "fstat", "newfstatat", "statx", "access", "faccessat", "faccessat2"),
            *("readlink", "readlinkat", "getdents64", "getcwd", "ioctl", "lseek", "getrandom", "sched_getaffinity"),
            *("rt_sigaction", "rt_sigprocmask", "sigaltstack"),
        )
    ),
)


def program(machine: Machine, rules: Sequence[Rule] = RULES, otherwise: int = KILL_PROCESS) -> bytes:
    """The filter for that machine; rules for calls it does not have are left out."""
    body = b"".join(_rule(machine.numbers[rule.name], rule) for rule in rules if rule.name in machine.numbers)
    return _head(machine) + body + _answer(otherwise)


def _head(machine: Machine) -> bytes:
    """Refuse other architectures; leave the number of the call in the register."""
    head = _load(_ARCH_OFFSET) + _jump(_JUMP_EQUAL, machine.audit_arch, 1, 0) + _answer(KILL_PROCESS) + _load(_NUMBER_OFFSET)
    if machine is X86_64:
        head += _jump(_JUMP_AT_LEAST, X32_BIT, 0, 1) + _answer(KILL_PROCESS)
    return head


def _rule(number: int, rule: Rule) -> bytes:
    """Answers on the spot, or falls through to the next rule when it is another call; so no jump is long."""
    checks = b"".join(_check(check, rule.otherwise) for check in rule.checks)
    then = checks + _answer(rule.answer)
    return _jump(_JUMP_EQUAL, number, 0, len(then) // INSTRUCTION_BYTES) + then


def _check(check: Check, otherwise: int) -> bytes:
    """Answers `otherwise` unless the argument has one of the values; the call's number is lost, and needed no more."""
    code = _load(_ARGUMENTS_OFFSET + 8 * check.argument) + _INSTRUCTION.pack(_AND, 0, 0, check.mask)
    last = len(check.values) - 1
    for place, value in enumerate(check.values):
        # Over the comparisons left and the refusal.
        code += _jump(_JUMP_EQUAL, value, last - place + 1, 0)
    return code + _answer(otherwise)


def _load(offset: int) -> bytes:
    return _INSTRUCTION.pack(_LOAD, 0, 0, offset)


def _jump(kind: int, value: int, if_so: int, if_not: int) -> bytes:
    return _INSTRUCTION.pack(kind, if_so, if_not, value)


def _answer(value: int) -> bytes:
    return _INSTRUCTION.pack(_RETURN, 0, 0, value)

"""Numbers of system calls by name, for each machine we know. Pure.

A name that a machine lacks is left out there: the C library of aarch64 polls with `ppoll`, that of x86-64 with `poll`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Machine(NamedTuple):
    """How a kernel counts."""

    #: What `os.uname().machine` says.
    name: str
    #: AUDIT_ARCH_… of its native calls; those of an older word length have another.
    audit_arch: int
    numbers: Mapping[str, int]


def _table(text: str) -> dict[str, int]:
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


X86_64: Final = Machine(
    "x86_64",
    0xC000003E,
    _table(
        """
        read 0 write 1 open 2 close 3 stat 4 fstat 5 lstat 6 poll 7 lseek 8 mmap 9 mprotect 10 munmap 11 brk 12
        rt_sigaction 13 rt_sigprocmask 14 rt_sigreturn 15 ioctl 16 pread64 17 access 21 sched_yield 24 mremap 25 madvise 28
        nanosleep 35 setitimer 38 getpid 39 sendto 44 recvfrom 45 exit 60 getcwd 79 readlink 89 gettimeofday 96 getrusage 98
        sigaltstack 131 gettid 186 time 201 futex 202 sched_getaffinity 204 getdents64 217 restart_syscall 219
        timer_settime 223 clock_gettime 228 clock_getres 229 clock_nanosleep 230 exit_group 231 epoll_wait 232 epoll_ctl 233
        openat 257 newfstatat 262 readlinkat 267 faccessat 269 ppoll 271 epoll_pwait 281 seccomp 317 getrandom 318 statx 332
        openat2 437 faccessat2 439
        """
    ),
)

AARCH64: Final = Machine(
    "aarch64",
    0xC00000B7,
    _table(
        """
        getcwd 17 epoll_ctl 21 epoll_pwait 22 ioctl 29 faccessat 48 openat 56 close 57 getdents64 61 lseek 62 read 63 write 64
        pread64 67 ppoll 73 readlinkat 78 newfstatat 79 fstat 80 exit 93 exit_group 94 futex 98 nanosleep 101 setitimer 103
        timer_settime 110 clock_gettime 113 clock_getres 114 clock_nanosleep 115 sched_getaffinity 123 sched_yield 124
        restart_syscall 128 sigaltstack 132 rt_sigaction 134 rt_sigprocmask 135 rt_sigreturn 139 getrusage 165
        gettimeofday 169 getpid 172 gettid 178 sendto 206 recvfrom 207 brk 214 munmap 215 mremap 216 mmap 222 mprotect 226
        madvise 233 seccomp 277 getrandom 278 statx 291 openat2 437 faccessat2 439
        """
    ),
)

MACHINES: Final = {machine.name: machine for machine in (X86_64, AARCH64)}

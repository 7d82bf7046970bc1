"""A kernel that refuses: `python -m tests.refusals seccomp=EPERM,landlock_create_ruleset=ENOSYS PROGRAM ARGUMENT…`.

The program is run under a filter of system calls that answers these with an error, as some containers and older kernels do;
everything else goes on as ever. Who refuses `seccomp` refuses prctl(PR_SET_SECCOMP) as well.
"""

import errno
import os
import sys

from workers import lockdown, seccomp
from workers.kernel import prctl
from workers.syscalls import MACHINES, Machine

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
#: Calls that the product makes by number, and their numbers: (x86-64, aarch64).
NUMBERS = {"seccomp": (317, 277), "prctl": (157, 167), "landlock_create_ruleset": (444, 444)}
#: Calls that containers refuse by default, as far as somebody here might make them.
NUMBERS |= {
    "clone3": (435, 435),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "personality": (135, 92),
}
CONTAINER = "clone3=ENOSYS," + ",".join(
    f"{name}=EPERM" for name in NUMBERS if name not in {"clone3", "seccomp", "prctl", "landlock_create_ruleset"}
)


def main() -> None:
    refused = dict(one.split("=") for one in sys.argv[1].split(","))
    rules = [seccomp.Rule(name, seccomp.ERRNO | getattr(errno, word)) for name, word in refused.items()]
    if "seccomp" in refused:
        option = seccomp.Check(0, 0xFFFFFFFF, (PR_SET_SECCOMP,))
        answer = seccomp.ERRNO | getattr(errno, refused["seccomp"])
        rules.append(seccomp.Rule("prctl", answer, (option,), otherwise=seccomp.ALLOW))
    place = list(MACHINES).index(os.uname().machine)
    machine = MACHINES[os.uname().machine]
    numbers = {name: pair[place] for name, pair in NUMBERS.items()}
    MACHINES[os.uname().machine] = Machine(**machine._asdict() | {"numbers": {**machine.numbers, **numbers}})
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    lockdown.restrict_system_calls(rules, seccomp.ALLOW)
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()

"""What all workers have given up, taken together; what each missing measure means; and how often that is said."""

import errno
import os

import pytest

from engine.base import exitcodes
from engine.dispatch.lockdowns import Lockdown
from engine.supervisor.remedies import Surroundings, remedy
from engine.supervisor.sandbox import UNSANDBOXED, Reminder, State, of_all, refusal
from engine.wire.measures import LANDLOCK, SECCOMP

OWN = Surroundings("6.1.0", "x86_64", is_gvisor=False, is_container=False)
CONTAINER = OWN._replace(is_container=True)
WHOLE = Lockdown((LANDLOCK, SECCOMP), ())
NO_LANDLOCK = Lockdown((SECCOMP,), ((LANDLOCK, "[Errno 38] Function not implemented"),))
NO_SECCOMP = Lockdown((LANDLOCK,), ((SECCOMP, "[Errno 1] Operation not permitted"),))
SILENT = Lockdown((), ())


@pytest.mark.parametrize(
    ("lockdowns", "state", "in_force", "missing"),
    [
        ([], State.UNKNOWN, (), set()),
        ([WHOLE, WHOLE], State.FULL, (LANDLOCK, SECCOMP), set()),
        ([WHOLE, NO_LANDLOCK], State.PARTIAL, (SECCOMP,), {LANDLOCK}),
        ([WHOLE, NO_SECCOMP, NO_LANDLOCK], State.NONE, (), {LANDLOCK, SECCOMP}),
        ([WHOLE, SILENT], State.NONE, (), {SECCOMP}),
    ],
)
def test_the_sandbox_is_as_weak_as_its_weakest_worker(lockdowns, state, in_force, missing):
    found = of_all(lockdowns, allow_unsandboxed=False)
    assert (found.state, found.in_force, set(found.missing)) == (state, in_force, missing)
    assert not found.is_unsandboxed
    document = found.document()
    assert document["lockdown"] == state
    assert {one["measure"] for one in document["missing"]} == missing
    assert all(one["reason"] and one["meaning"] and one["advice"] for one in document["missing"])


def test_what_is_allowed_by_name_is_said_loudly_and_only_where_it_is_so():
    assert of_all([NO_SECCOMP], allow_unsandboxed=True).line().startswith(UNSANDBOXED)
    assert not of_all([WHOLE], allow_unsandboxed=True).is_unsandboxed
    assert UNSANDBOXED not in of_all([NO_LANDLOCK], allow_unsandboxed=True).line()


def error(number: int) -> str:
    return str(OSError(number, os.strerror(number)))


@pytest.mark.parametrize(
    ("measure", "reason", "where", "words"),
    [
        (LANDLOCK, error(errno.ENOSYS), OWN, "Linux 6.1.0 does not offer it (it needs Linux 5.13 or newer)"),
        (LANDLOCK, error(errno.EOPNOTSUPP), OWN, "lsm="),
        (LANDLOCK, error(errno.ENOSYS), OWN._replace(is_gvisor=True), "gVisor"),
        (LANDLOCK, error(errno.EPERM), CONTAINER, "the container's seccomp profile"),
        (SECCOMP, error(errno.EPERM), CONTAINER, "the container's seccomp profile"),
        (SECCOMP, "system calls of riscv64 are not known", OWN._replace(machine="riscv64"), "run the engine on 64-bit x86_64"),
        ("no new machine code", error(errno.EINVAL), OWN, "Linux 6.3"),
        ("unprivileged user", "runs as root without the right to change its user", CONTAINER, "ordinary user"),
        ("bounded memory", "something nobody foresaw", OWN, "engine doctor"),
    ],
)
def test_each_reason_has_its_own_remedy(measure, reason, where, words):
    assert words in remedy(measure, reason, where)


def test_a_refusal_names_measure_reason_remedy_and_the_way_round_it():
    refused = refusal(SECCOMP, error(errno.EPERM))
    assert refused.exit_code == exitcodes.REFUSED
    assert all(words in str(refused) for words in (SECCOMP, "not permitted", "profile", "--allow-unsandboxed"))


def test_it_is_said_at_once_and_again_every_hour():
    reminder = Reminder()
    assert [second for second in range(100_000, 108_000, 100) if reminder.is_due(second)] == [100_000, 103_600, 107_200]

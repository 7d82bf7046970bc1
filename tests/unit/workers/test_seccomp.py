"""The program for the kernel's filter, run by an interpreter of classic BPF: what is answered to which call."""

import struct

import pytest

from workers import seccomp
from workers.seccomp import ALLOW, DENY, ERRNO, KILL_PROCESS, Check, Rule, program
from workers.syscalls import AARCH64, MACHINES, X86_64, Machine

I386 = 0x40000003
ARM = 0x40000028
MACHINE_IDS = [machine.name for machine in MACHINES.values()]


def run(code: bytes, number: int, arch: int, arguments: tuple[int, ...] = ()) -> int:
    """What the kernel would be told about this call; an instruction that is not known is an error."""
    data = struct.pack("=iIQ6Q", number, arch, 0x7F00_0000_0000, *arguments, *(0,) * (6 - len(arguments)))
    instructions = list(struct.iter_unpack("=HBBI", code))
    register, at = 0, 0
    while True:
        operation, if_so, if_not, value = instructions[at]
        at += 1
        match operation:
            case 0x20:
                (register,) = struct.unpack_from("=I", data, value)
            case 0x54:
                register &= value
            case 0x15:
                at += if_so if register == value else if_not
            case 0x35:
                at += if_so if register >= value else if_not
            case 0x06:
                return int(value)
            case _:
                raise AssertionError(f"instruction {operation:#x}")


@pytest.fixture(params=MACHINES.values(), ids=MACHINE_IDS)
def machine(request: pytest.FixtureRequest) -> Machine:
    found: Machine = request.param
    return found


def answer(machine: Machine, name: str, *arguments: int) -> int:
    return run(program(machine), machine.numbers[name], machine.audit_arch, arguments)


def test_each_call_that_has_a_rule_is_answered_by_it_and_all_others_end_the_process(machine: Machine) -> None:
    code = program(machine)
    told = {number: run(code, number, machine.audit_arch) for number in range(600)}
    plain = {
        machine.numbers[rule.name]: rule.answer for rule in seccomp.RULES if rule.name in machine.numbers and not rule.checks
    }
    checked = {machine.numbers[rule.name] for rule in seccomp.RULES if rule.checks}
    assert {number: told[number] for number in plain} == plain
    assert {told[number] for number in told.keys() - plain.keys() - checked} == {KILL_PROCESS}


def test_a_call_of_another_architecture_ends_the_process_whatever_its_number(machine: Machine) -> None:
    code = program(machine)
    foreign = {I386, ARM, X86_64.audit_arch, AARCH64.audit_arch} - {machine.audit_arch}
    assert {run(code, number, arch) for number in range(600) for arch in foreign} == {KILL_PROCESS}


def test_a_call_in_the_manner_of_x32_ends_the_process() -> None:
    code = program(X86_64)
    numbers = [seccomp.X32_BIT + number for number in range(600)] + [0xFFFFFFFF, 0x7FFFFFFF]
    assert {run(code, number if number < 2**31 else number - 2**32, X86_64.audit_arch) for number in numbers} == {KILL_PROCESS}


@pytest.mark.parametrize(
    "rights, flags, expected",
    [
        (3, 0x22, ALLOW),  # what malloc asks for
        (0, 0x4022, ALLOW),  # without reserve
        (3, 0x20022, ALLOW),  # for a stack
        (7, 0x22, KILL_PROCESS),
        (4, 0x22, KILL_PROCESS),
        (3, 0x21, KILL_PROCESS),  # shared
        (3, 0x23, KILL_PROCESS),  # shared, with flags checked
        (1, 0x02, KILL_PROCESS),  # of a file
        (1, 0x01, KILL_PROCESS),
        (3 | 4 << 32, 0x22, ALLOW),  # no right lies in the high word
    ],
)
def test_memory_is_private_of_no_file_and_never_executable(machine: Machine, rights: int, flags: int, expected: int) -> None:
    assert answer(machine, "mmap", 0, 4_096, rights, flags, 2**64 - 1, 0) == expected


@pytest.mark.parametrize("rights, expected", [(0, ALLOW), (1, ALLOW), (3, ALLOW), (5, KILL_PROCESS), (7, KILL_PROCESS)])
def test_rights_on_memory_may_change_but_not_to_execute(machine: Machine, rights: int, expected: int) -> None:
    assert answer(machine, "mprotect", 4_096, 4_096, rights) == expected


@pytest.mark.parametrize(
    "advice, expected", [(4, ALLOW), (8, ALLOW), (14, ALLOW), (15, ALLOW), (9, DENY), (100, DENY), (0, DENY)]
)
def test_advice_about_memory_is_heard_where_it_is_harmless(machine: Machine, advice: int, expected: int) -> None:
    assert answer(machine, "madvise", 4_096, 4_096, advice) == expected


def test_what_must_never_be_allowed_is_not_in_the_tables() -> None:
    dangerous = {
        *("execve", "execveat", "fork", "vfork", "clone", "clone3", "kill", "tgkill", "tkill", "ptrace", "socket", "connect"),
        *(
            "bind",
            "sendmsg",
            "sendmmsg",
            "memfd_create",
            "dup",
            "fcntl",
            "io_uring_setup",
            "bpf",
            "prctl",
            "setrlimit",
            "prlimit64",
        ),
        *("process_vm_readv", "process_vm_writev", "pidfd_send_signal", "shmat", "userfaultfd", "mount", "unshare", "setns"),
    }
    for machine in MACHINES.values():
        assert not dangerous & machine.numbers.keys()


def test_all_checks_of_a_rule_must_hold_and_each_may_have_several_values() -> None:
    rule = Rule("read", ALLOW, (Check(0, 0xFF, (1, 2, 3)), Check(5, 0xF0, (0x10,))), ERRNO | 1)
    code = program(X86_64, (rule,), otherwise=ERRNO | 2)
    calls = [(1, 0x1F), (0xF02, 0x10), (3, 0x1010), (4, 0x10), (1, 0x20), (0, 0)]
    told = [run(code, 0, X86_64.audit_arch, (first, 0, 0, 0, 0, last)) for first, last in calls]
    assert told == [ALLOW, ALLOW, ALLOW, ERRNO | 1, ERRNO | 1, ERRNO | 1]
    assert run(code, 1, X86_64.audit_arch) == ERRNO | 2


def test_every_rule_names_a_call_that_some_machine_has_and_no_call_has_two_rules() -> None:
    names = [rule.name for rule in seccomp.RULES]
    assert len(names) == len(set(names))
    assert set(names) <= X86_64.numbers.keys() | AARCH64.numbers.keys()
    for machine in MACHINES.values():
        assert len(set(machine.numbers.values())) == len(machine.numbers)


def test_the_program_is_short_enough_for_the_kernel(machine: Machine) -> None:
    assert len(program(machine)) // seccomp.INSTRUCTION_BYTES < 4_096

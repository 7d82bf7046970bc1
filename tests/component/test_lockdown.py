"""What a locked worker can still do once a filter has broken out of Python: real workers, the policy switched off, raw calls."""

import errno
import os
import re
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.candles.reader import Reader
from engine.pool.process import ENVIRONMENT_NAMES
from engine.wire.measures import LANDLOCK, SECCOMP
from engine.wire.messages import Item, Step, Task
from engine.wire.slots import SLOT_BYTES
from tests.component.breakout import KILLED, Broken, open_cell, users
from tests.component.nursery import WORKERS, Bench, bench
from tests.component.unchecked import INDICATORS
from tests.refusals import CONTAINER
from workers import vocabulary
from workers.syscalls import MACHINES

KERNEL = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])

#: Answered with "permission denied".
DENIED = {
    "read a file": "open('/etc/hostname').read()",
    "write a file": "open('/tmp/from-a-filter', 'w')",
    "list a directory": "os.listdir('/')",
    "look at a file": "os.stat('/etc/passwd')",
    "read its own environment": "open('/proc/self/environ').read()",
    "read the memory of its parent": "open('/proc/%d/mem' % PARENT, 'rb')",
    "read the memory of the engine": "open('/proc/%d/mem' % ENGINE, 'rb')",
    "open what it has mapped again": "open('/proc/self/map_files/')",
    "load a library": "ctypes.CDLL('libanl.so.1')",
    "type into a terminal": "__import__('fcntl').ioctl(0, 0x5412, b'x')",
    "handle signals": "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "cut holes into candles": "segment().memory.madvise(9)",
}

#: Answered with the end of the process.
DEADLY = {
    "open a socket": "socket.socket()",
    "open a pair of sockets": "socket.socketpair()",
    "connect with what is there": "libc.connect(5, b'\\1\\0/tmp/x', 10)",
    "fork": "os.fork()",
    "fork like C does": "libc.vfork()",
    "start a thread": "threading.Thread(target=print).start()",
    "run a program": "os.execv('/bin/true', ['true'])",
    "run a shell": "libc.system(b'true')",
    "run a child": "subprocess.run(['true'])",
    "signal its parent": "os.kill(PARENT, 0)",
    "signal the engine": "os.kill(ENGINE, 9)",
    "signal by descriptor": "signal.pidfd_send_signal(5, 9)",
    "trace": "libc.ptrace(16, PARENT, 0, 0)",
    "read another's memory": "libc.process_vm_readv(PARENT, 0, 0, 0, 0, 0)",
    "map memory to execute": "mmap.mmap(-1, 4096, mmap.MAP_PRIVATE, 7)",
    "map shared memory": "mmap.mmap(-1, 4096)",
    "map a descriptor": "libc.mmap(0, ctypes.c_size_t(4096), 1, 1, 4, 0)",
    "make memory executable": "libc.mprotect(ctypes.c_void_p(address(segment().memory)), ctypes.c_size_t(4096), 5)",
    "make a memory file": "os.memfd_create('x')",
    "make a pipe": "os.pipe()",
    "delete a file": "os.unlink('/tmp/from-a-filter')",
    "make a directory": "os.mkdir('/tmp/from-a-filter')",
    "rename": "os.rename('/tmp/a', '/tmp/b')",
    "change its root": "os.chroot('/')",
    "become root": "os.setuid(0)",
    "raise its limits": "resource.setrlimit(resource.RLIMIT_CPU, (1, 1))",
    "loosen its lockdown": "libc.prctl(4, 1, 0, 0, 0)",
    "take on a filter of its own": "libc.prctl(22, 2, 0, 0, 0)",
    "set the clock": "__import__('time').clock_settime(0, 0)",
    "choose its processors": "os.sched_setaffinity(0, {0})",
    "make a name space": "call(272, 0x10000000)",
    "ask io_uring": "call(425, 1, 0)",
    "load a program into the kernel": "call(321, 0, 0, 0)",
    "handle page faults": "call(323, 0)",
    "call in the manner of x32": "call(0x40000000 + 39)",
    "duplicate a descriptor": "os.dup(0)",
    "change a file of open descriptors": "os.fchmod(4, 0)",
}


@pytest.fixture(scope="module", params=users())
def cell(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with open_cell(request.param) as made:
        yield made


@pytest.fixture
def broken(cell: Bench) -> Iterator[Broken]:
    made = Broken(cell)
    yield made
    made.end()


@pytest.mark.parametrize("act", DENIED.values(), ids=DENIED)
def test_what_python_tries_by_the_way_is_denied(broken, act):
    assert re.search(r"Permission denied|cannot open shared object", str(broken.does(act))), act
    assert broken.does("return {'still': 'here'}") == '{"still":"here"}'


@pytest.mark.parametrize("act", DEADLY.values(), ids=DEADLY)
def test_what_nobody_needs_ends_the_worker(broken, act):
    assert broken.does(act) == KILLED
    assert not Path("/tmp/from-a-filter").exists()


def test_candles_cannot_be_written(cell, broken):
    # Given the candles as the engine has them
    before = Reader(cell.segment).copy_closed(0).values.tobytes()
    # When a filter asks for the right to write them, and writes
    assert broken.does(
        "return {'answer': libc.mprotect(ctypes.c_void_p(address(segment().memory)), ctypes.c_size_t(4096), 3)}"
    ) == ('{"answer":-1}')
    assert broken.does("ctypes.memset(address(segment().memory), 1, 4096)") == -signal.SIGSEGV
    # Then nothing has changed
    assert Reader(cell.segment).copy_closed(0).values.tobytes() == before


def test_a_locked_worker_as_the_kernel_sees_it(cell, broken):
    process = Path(f"/proc/{broken.pid}")
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
    # Nobody's rights in any thread, all of them under one filter
    root = os.geteuid() == 0 and cell.user is None
    user = str(65_534 if root else cell.user or os.geteuid())
    for thread in (process / "task").iterdir():
        told = dict(line.split(":\t", 1) for line in (thread / "status").read_text().splitlines() if ":\t" in line)
        assert (told["Seccomp"], told["Seccomp_filters"], told["NoNewPrivs"]) == ("2", "1", "1")
        assert (set(told["Uid"].split()), set(told["Gid"].split()), told["CapEff"].strip("0")) == ({user}, {user}, "")
    assert int(status["Threads"]) == 3
    assert (process / "oom_score_adj").read_text() == "900\n"
    # Of the nursery's descriptors none: its log, its own size, the socket and what the messaging wakes up by
    kinds = {re.sub(r"[:\[].*", "", str(one.readlink())) for one in (process / "fd").iterdir()}
    assert kinds == {"pipe", f"/proc/{broken.pid}/statm", "anon_inode", "socket"}
    # It shares with others the candles, which it cannot write, and one page, where it says which filter it is on
    maps = [line.split(maxsplit=5) for line in (process / "maps").read_text().splitlines()]
    shared = {(one[1], one[5]) for one in maps if one[1][3] == "s" and one[5].startswith("/memfd")}
    assert shared == {("r--s", "/memfd:engine-candles (deleted)"), ("rw-s", "/memfd:engine-slots (deleted)")}
    (page,) = [one[0].split("-") for one in maps if "engine-slots" in one[-1]]
    assert int(page[1], 16) - int(page[0], 16) == SLOT_BYTES
    assert not [one for one in maps if "w" in one[1] and "x" in one[1]]


def test_the_page_of_its_own_slot_does_not_grow_over_those_of_others(broken):
    number = MACHINES[os.uname().machine].numbers["mremap"]
    slot = "frame = sys._getframe()\nwhile frame.f_code.co_name != 'live':\n    frame = frame.f_back\n"
    slot += "slot = address(frame.f_locals['writer']._map)\n"
    for size, flags in ((4 * SLOT_BYTES, 1), (4 * SLOT_BYTES, 0)):
        grow = f"return {{'answer': call({number}, slot, {SLOT_BYTES}, {size}, {flags})}}"
        assert broken.does(slot + grow) == f'{{"answer":"errno {errno.EACCES}"}}'


@pytest.mark.skipif(KERNEL < (6, 3), reason="older kernels cannot forbid new machine code")
def test_all_measures_are_in_force_on_a_new_kernel(cell, broken):
    assert broken.ready.missing == ()
    assert {SECCOMP, LANDLOCK, "unprivileged user", "bounded memory"} <= set(broken.ready.in_force)


@pytest.mark.skipif(KERNEL < (6, 3), reason="older kernels cannot forbid new machine code")
def test_nothing_is_missing_in_a_container_with_the_usual_profile():
    # Given a kernel that refuses what containers are refused, to engine and workers alike
    with bench((sys.executable, "-m", "tests.refusals", CONTAINER, *WORKERS)) as made:
        made.fork()
        # Then the lockdown is complete all the same, and filters are answered
        assert made.ready.missing == ()
        as_of_ms = made.put(0, "1m", [100.0] * 10)
        made.load(1, "def check(ticker, klines, ta):\n    return klines['1m'].close[-1] == 100\n")
        done = made.run(Task(1, (Step(as_of_ms, False, (Item((1,), (0,)),)),), 5_000))
        assert [match.symbol for match in done.results[0].matches] == [0]


def test_a_worker_knows_only_variables_that_are_named(cell, broken):
    names = set(eval(str(broken.does("return {'names': list(os.environ)}")))["names"])
    ours = {"PYTHONHASHSEED", "LC_CTYPE", *(f"{part}_NUM_THREADS" for part in ("OPENBLAS", "OMP", "MKL", "NUMBA"))}
    assert names <= ENVIRONMENT_NAMES | ours
    assert "PATH" in names


#: Calls of every name that filters have of NumPy, with arguments that fit some of them.
EVERY_NUMPY = """
import re, zlib
def told(np, names, close, high):
    words = {}
    for name in names:
        found = []
        few, both = (close[:4],) * 3, [close, high]
        for given in ((close,), (close, high), (close, 3), few, (3.5,), (both,), (close > 102, close, high), ()):
            try:
                found.append(repr(getattr(np, name)(*given)))
            except Exception as error:
                found.append(type(error).__name__ + str(error))
        words[name] = zlib.crc32(re.sub("0x[0-9a-f]+", "", " ".join(found)).encode())
    return words
"""


@pytest.mark.parametrize("part", range(4))
def test_all_of_numpy_works_as_elsewhere(cell, broken, part):
    names = sorted(vocabulary.NUMPY)[part::4]
    close = np.array([100.0 + n % 7 for n in range(60)])
    here: dict[str, object] = {}
    exec(EVERY_NUMPY, here)
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        expected = here["told"](np, names, close, close + 1.0)
    said = broken.does(
        f"scope = {{}}\nexec({EVERY_NUMPY!r}, scope)\nbars = klines['1m']\n"
        f"return scope['told'](numpy, {names!r}, numpy.array(bars.close), numpy.array(bars.close) + 1.0)"
    )
    assert eval(str(said)) == expected


def test_indicators_that_were_loaded_before_the_fork_work(cell):
    # Given indicators of several families, loaded by the nursery
    cell.need(*INDICATORS)
    worker = Broken(cell)
    try:
        # When they are asked for
        calls = ", ".join(f"'{name}': numpy.ndim(ta.{name}(c{', v' if name == 'obv' else ''})) > 0" for name in INDICATORS)
        # Then each has an answer, and one that was not loaded says so
        said = str(worker.does(f"c, v = klines['1m'].close, klines['1m'].volume\nreturn {{{calls}}}"))
        assert eval(said.replace("true", "True")) == dict.fromkeys(INDICATORS, True)
        assert "zlema_nb was not compiled before freeze()" in str(worker.does("return ta.zlema(klines['1m'].close, 5)"))
    finally:
        worker.end()

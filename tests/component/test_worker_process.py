"""The real nursery and real workers as processes; the test is the supervisor and asks real tasks over a real segment."""

import os
import select
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.types import INTERVAL_MS
from engine.wire.messages import Bye, Drain, FilterLoaded, FilterRefusal, Item, LoadFilter, Ping, Pong, Step, Task
from tests.component.nursery import WORKERS, Bench, bench

FIVE_MS = INTERVAL_MS["5m"]
RISING = """
def check(ticker, klines, ta):
    five = klines["5m"]
    return five.close[-1] > ta.sma(five.close, 5)[-1]
"""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Bench]:
    with bench() as made:
        made.need("sma")
        made.fork()
        yield made


def test_a_task_is_answered_end_to_end(nursery):
    # Given two symbols, one rising and one falling, and a third without bars
    rising, falling, _ = nursery.symbols
    as_of_ms = nursery.put(rising, "5m", [100.0 + n for n in range(30)])
    nursery.put(falling, "5m", [100.0 - n for n in range(30)])
    loaded = nursery.load(1, RISING)
    assert loaded == FilterLoaded(1, "", (), ("5m",), 4)
    # When all three are asked about
    done = nursery.run(Task(7, (Step(as_of_ms, False, (Item((1,), nursery.symbols),)),), 500))
    # Then one matches, one does not, one is not ready
    (result,) = done.results
    assert [match.symbol for match in result.matches] == [rising]
    assert result.unready == (nursery.symbols[2],)
    assert (result.faults, result.unasked) == ((), ())
    assert nursery.slots.read(0) == (0, 0, 0)


def test_a_refused_filter_is_told_with_line_and_construct(nursery):
    refusal = nursery.load(2, "def check(ticker, klines, ta):\n    return open('/etc/passwd')\n")
    assert refusal == FilterRefusal(
        2, 2, 12, "open", "name is not known: open: a filter sees the market only: klines, ticker and ta"
    )


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "while True:\n        try:\n            while True: pass\n        except:\n            pass",
        "return sum(x for x in iter(int, 1))",
        "return sorted(range(1000), key=lambda x: [0 for _ in iter(int, 1)])",
    ],
)
def test_a_filter_that_never_ends_is_interrupted_and_the_others_go_on(nursery, body):
    as_of_ms = nursery.put(nursery.symbols[0], "1h", [100.0] * 10)
    nursery.put(nursery.symbols[1], "1h", [100.0] * 10)
    endless = f"def check(ticker, klines, ta):\n    hour = klines['1h']\n    {body}\n"
    assert isinstance(nursery.load(3, endless), FilterLoaded)
    assert isinstance(nursery.load(4, "def check(ticker, klines, ta):\n    return klines['1h'].close[-1] == 100\n"), FilterLoaded)
    done = nursery.run(Task(8, (Step(as_of_ms, False, (Item((3, 4), nursery.symbols[:2]),)),), 50))
    stuck, fine = done.results
    assert [(fault.symbol, fault.kind) for fault in stuck.faults] == [(nursery.symbols[0], "deadline")]
    assert stuck.unasked == (nursery.symbols[1],)
    assert len(fine.matches) == 2


def test_a_filter_that_takes_too_much_memory_is_a_fault_of_its_own(nursery):
    as_of_ms = nursery.put(nursery.symbols[0], "15m", [100.0] * 10)
    nursery.load(5, "def check(ticker, klines, ta):\n    return np.ones(10**10).sum() > klines['15m'].close[-1]\n")
    done = nursery.run(Task(9, (Step(as_of_ms, False, (Item((5,), nursery.symbols[:1]),)),), 500))
    assert [(fault.kind, fault.line) for fault in done.results[0].faults] == [("memory", 2)]


def test_memory_that_another_filter_left_behind_is_nobody_elses_fault(nursery):
    # Given a filter that leaves most of a worker's memory in a circle, which only a collection frees
    as_of_ms = nursery.put(nursery.symbols[0], "15m", [100.0] * 10)
    body = "kept = [np.zeros(100_000_000)]\n    kept.append(kept)\n    return klines['15m'].close[-1] == 100\n"
    nursery.load(6, f"def check(ticker, klines, ta):\n    {body}")
    nursery.load(7, "def check(ticker, klines, ta):\n    return np.zeros(50_000_000).size > klines['15m'].close[-1]\n")
    # When one that takes less, but not beside that, is asked next
    done = nursery.run(Task(10, (Step(as_of_ms, False, (Item((6, 7), nursery.symbols[:1]),)),), 500))
    # Then it is answered
    assert [(len(result.matches), result.faults) for result in done.results] == [(1, ()), (1, ())]


def test_a_worker_tells_how_it_is(nursery):
    pong = nursery.ask(Ping(3))
    assert isinstance(pong, Pong)
    assert pong.sequence == 3
    assert 10e6 < pong.rss_bytes < 500e6


def test_a_worker_holds_no_more_than_it_needs(nursery):
    pid = int(str(next(packet["pid"] for packet in nursery.packets if "forked" in packet)))
    lines = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
    limits = {line[:25].strip(): line[26:].split() for line in lines}
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert limits["Max core file size"][0] == "0"
    assert limits["Max file size"][0] == "0"
    assert limits["Max open files"][0] == "16"
    assert status["NoNewPrivs"] == "1"
    environ = Path(f"/proc/{nursery.process.pid}/environ").read_text(encoding="utf-8")
    assert "PYTHONHASHSEED=0" in environ


def test_a_worker_that_is_asked_to_leave_says_bye(nursery):
    pid = nursery.fork(1, 5)
    assert nursery.ask(Drain(), 1, 5) == Bye("drained")
    assert nursery.packet("exited") == {"exited": pid, "status": 0}


def test_the_status_slot_names_the_culprit_of_a_kill(nursery):
    # Given a filter that sits in C, where no exception reaches it
    pid = nursery.fork(2, 9)
    as_of_ms = nursery.put(nursery.symbols[0], "1m", [100.0] * 10)
    code = "def check(ticker, klines, ta):\n    return sum(range(10**13)) > klines['1m'].close[-1]\n"
    assert isinstance(nursery.ask(LoadFilter(66, "stuck", code), 2, 9), FilterLoaded)
    # When it is asked and the worker killed
    nursery.send(Task(11, (Step(as_of_ms, False, (Item((66,), nursery.symbols[:1]),)),), 60_000), 2, 9)
    while nursery.slots.read(2).filter_id != 66:
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    # Then the nursery reaps it, and the slot still tells what it was on
    assert nursery.packet("exited") == {"exited": pid, "status": -9}
    assert nursery.slots.read(2)[:2] == (11, 66)


def test_a_killed_nursery_takes_its_workers_along():
    with bench() as made:
        workers = [os.pidfd_open(made.fork(slot, 1)) for slot in (0, 1)]
        made.process.kill()
        for worker in workers:
            assert select.select([worker], [], [], 10)[0]
            os.close(worker)


def test_a_nursery_leaves_when_its_supervisor_hangs_up():
    with bench() as made:
        made.control.close()
        assert made.process.wait(10) == 0


def test_a_nursery_with_a_secret_in_its_environment_does_not_start():
    program = ("/usr/bin/env", "NUMBA_API_TOKEN=s3cret", *WORKERS)
    with tempfile.TemporaryDirectory(prefix="eng-") as home:
        made = Bench(Path(home), program)
        try:
            assert made.process.wait(30) == 70
            assert "NUMBA_API_TOKEN" in made.story()
            assert "s3cret" not in made.story()
        finally:
            made.end()

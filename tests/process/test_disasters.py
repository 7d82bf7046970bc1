"""Filters that hang in C, eat memory, recurse without end or crash the interpreter, in real workers under real lockdown.

Each rides in one cycle with two traders that do as they should. None of their answers may be lost, later ones are right, and
the one to blame is found.
"""

import os
import select
from pathlib import Path

import pytest

from engine.dispatch.limits import Limits
from engine.wire.messages import Item, Ping, Pong, Step, Task
from tests.component.nursery import bench as nursery
from tests.component.pool_bench import WAIT_S, Bench, bench
from tests.process.test_pool_real_workers import CLOSE_MS, LENGTH_MS, NEVER, WORKERS

SYMBOLS = range(10)
GOOD = 'def check(ticker, klines, ta):\n    return {"bars": len(klines["5m"].close)}\n'

#: The soft limit interrupts Python, the hard one everything; so short that a test does not wait, so long that none is unfair.
LIMITS = Limits(soft_limit_ms=300, hard_limit_s=1.0)


def body(text: str, before: str = "") -> str:
    """A filter of these lines."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return f"{before}def check(ticker, klines, ta):\n    last = klines['5m'].close[-1]\n{lines}"


TALKS = body('return {"text": "x" * 4000}')
SHOUTS = body('raise ValueError("x" * 10**6)')

#: Ends the worker by its kernel timer: the interpreter never comes back to look at a signal.
HANG_IN_C = {
    "sum of a range": body("return sum(range(10**12)) < 0"),
    "search in a range": body("return 0.5 in range(10**12)"),
    "convolution": body("big = np.ones(3_000_000)\nreturn np.convolve(big, big)[0] < 0", "import numpy as np\n"),
}
#: Ends the worker by a signal of its own.
CRASH = {
    "nested tuple hashed": body("t = ()\nfor _ in range(200_000):\n    t = (t,)\nreturn t in {1}"),
    "chain of maps summed": body(
        "chain = [last]\nfor _ in range(100_000):\n    chain = map(lambda x: x, chain)\nreturn sum(chain) < 0"
    ),
    # It is the next collection that frees them, and crashes.
    "nested slices left in a circle": body(
        "kept = last\nfor _ in range(400_000):\n    kept = slice(kept)\ncircle = [kept]\ncircle.append(circle)\nreturn False"
    ),
}
#: Ends nothing: a fault of that filter.
BOMBS = {
    "list": ("memory", body("return len([0] * 10**9) < 0")),
    "array": ("memory", body("return np.zeros(10**10)[0] < 0", "import numpy as np\n")),
    "text": ("memory", body('return len("a" * 10**10) < 0')),
    "growing list": ("memory", body("kept = []\nwhile True:\n    kept.append([0] * 10**6)")),
    "nested tuples": ("memory", body("t = (1,) * 1000\nwhile True:\n    t = (t, t) * 5_000_000")),
    "recursion": ("exception", "def down(n):\n    return down(n + 1)\n\n" + body("return down(0)")),
}


async def three_cycles(b: Bench, disaster: str, symbols: range = SYMBOLS) -> None:
    """All filters over all symbols, at three instants; every answer of the good ones comes exactly once, and is right."""
    b.load(GOOD, disaster, NEVER)
    await b.until(lambda: len(b.loaded) == 3)
    instants = [(20 + number) * LENGTH_MS for number in range(3)]
    for as_of_ms in instants:
        b.submit(symbols, as_of_ms, 1, 2, 3)
        assert await b.dispatcher.drain(WAIT_S)
    wanted = [(symbol, as_of_ms, id_) for symbol in symbols for as_of_ms in instants for id_ in (1, 3)]
    assert sorted(one for one in b.answers() if one[2] != 2) == sorted(wanted)
    said = {(o.as_of_ms, m.details) for o in b.outcomes for r in o.results if r.filter_id == 1 for m in r.matches}
    assert said == {(as_of_ms, f'{{"bars":{as_of_ms // LENGTH_MS}}}') for as_of_ms in instants}
    assert not [f for o in b.outcomes for r in o.results if r.filter_id != 2 for f in r.faults]
    assert await b.dispatcher.wait_ready(WAIT_S)


@pytest.mark.parametrize("code", HANG_IN_C.values(), ids=HANG_IN_C)
async def test_a_hang_in_c_ends_at_its_deadline_and_nobody_else_loses_an_answer(
    tmp_path: Path, candles_fd: int, code: str
) -> None:
    async with bench(tmp_path, 2, LIMITS, WORKERS, candles_fd) as b:
        await three_cycles(b, code)
        assert {id_ for id_, _, _ in b.given_up} == {2}
        assert "(deadline)" in b.given_up[0][2]
        assert b.dispatcher.stats().counts["deadlines"] >= 2


@pytest.mark.parametrize("code", CRASH.values(), ids=CRASH)
async def test_a_crash_of_the_interpreter_is_its_own_filters_fault(tmp_path: Path, candles_fd: int, code: str) -> None:
    async with bench(tmp_path, 2, LIMITS, WORKERS, candles_fd) as b:
        await three_cycles(b, code)
        assert {id_ for id_, _, _ in b.given_up} == {2}
        assert "(crash)" in b.given_up[0][2]
        assert b.dispatcher.stats().counts["deadlines"] == 0


@pytest.mark.parametrize(("kind", "code"), BOMBS.values(), ids=BOMBS)
async def test_a_bomb_is_a_fault_and_its_worker_lives_on(tmp_path: Path, candles_fd: int, kind: str, code: str) -> None:
    # A limit on time so long that only memory ends these.
    async with bench(tmp_path, 2, Limits(soft_limit_ms=60_000, hard_limit_s=60.0), WORKERS, candles_fd) as b:
        pids = b.dispatcher.stats().pids
        # A gigabyte is used up for each question: one symbol is enough.
        await three_cycles(b, code, range(1))
        assert {f.kind for o in b.outcomes for r in o.results for f in r.faults} == {kind}
        assert (b.given_up, b.dispatcher.stats().pids) == ([], pids)


async def test_the_kernel_ends_a_hang_while_the_supervisor_is_stopped(tmp_path: Path, candles_fd: int) -> None:
    async with bench(tmp_path, 1, LIMITS, WORKERS, candles_fd) as b:
        b.load(HANG_IN_C["sum of a range"])
        await b.until(lambda: b.loaded and b.dispatcher.stats().spares)
        (pid,) = b.dispatcher.stats().pids
        b.submit([0], CLOSE_MS, 1)
        await b.until(lambda: b.dispatcher.stats().counts["tasks"])
        # When this process, its supervisor, looks at nothing until the worker is dead
        watch = os.pidfd_open(pid)
        assert select.select([watch], [], [], WAIT_S)[0]
        os.close(watch)
        # Then it was the worker's own timer, and is told as a deadline
        await b.until(lambda: b.dispatcher.stats().counts["deadlines"])
        assert await b.dispatcher.drain(WAIT_S)
        assert "(deadline)" in b.given_up[0][2]


async def test_answers_that_would_be_too_large_are_cut_and_nobody_dies_of_them(tmp_path: Path, candles_fd: int) -> None:
    # Given filters that together would answer with ten megabytes, and one that says little, behind them
    talkers = [TALKS if number % 2 else SHOUTS for number in range(300)]
    async with bench(tmp_path, 1, None, WORKERS, candles_fd) as b:
        b.load(*talkers, GOOD)
        await b.until(lambda: len(b.loaded) == 301)
        filter_ids = range(1, 302)
        # When all are measured, and then asked in one task
        for number in range(12):
            b.submit(SYMBOLS, (20 + number) * LENGTH_MS, *filter_ids)
            assert await b.dispatcher.drain(WAIT_S)
        # Then each is answered, the small one in full
        assert len(b.answers()) == 12 * len(SYMBOLS) * 301
        small = [m.details for o in b.outcomes for r in o.results if r.filter_id == 301 for m in r.matches]
        assert len(small) == 12 * len(SYMBOLS)
        said = max(sum(len(m.details) for r in o.results for m in r.matches) for o in b.outcomes)
        assert said <= 4 * 1024 * 1024
        assert (b.given_up, b.dispatcher.stats().counts["lost_workers"]) == ([], 0)


async def test_workers_that_grow_are_replaced_under_load_without_loss(tmp_path: Path, candles_fd: int) -> None:
    # Given a limit that every worker is beyond as soon as it tells of its memory
    limits = Limits(ping_every_s=0.05, growth_bytes_max=-(2**40))
    async with bench(tmp_path, 2, limits, WORKERS, candles_fd) as b:
        b.load(GOOD, NEVER)
        await b.until(lambda: len(b.loaded) == 2)
        pids = set(b.dispatcher.stats().pids)
        rounds = 0
        while b.dispatcher.stats().counts["recycled"] < 10:
            rounds += 1
            b.submit(SYMBOLS, rounds * LENGTH_MS, 1, 2)
            assert await b.dispatcher.drain(WAIT_S)
        assert len(b.answers()) == len(set(b.answers())) == rounds * len(SYMBOLS) * 2
        assert (b.dispatcher.stats().counts["lost_workers"], b.given_up) == (0, [])
        assert not pids & set(b.dispatcher.stats().pids)


def test_a_worker_tells_how_much_of_its_memory_is_its_own_and_how_much_it_accounts_for() -> None:
    with nursery() as forked:
        forked.fork()
        before = forked.ask(Ping(1))
        as_of_ms = forked.put(forked.symbols[0], "5m", [100.0] * 30)
        forked.load(1, GOOD)
        forked.run(Task(1, (Step(as_of_ms, False, (Item((1,), forked.symbols[:1]),)),), 1_000))
        after = forked.ask(Ping(2))
    assert isinstance(before, Pong)
    assert isinstance(after, Pong)
    assert 0 < before.own_bytes < before.rss_bytes
    assert before.held_bytes < after.held_bytes < after.own_bytes
